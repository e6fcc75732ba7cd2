"""Those who mean harm: proxies that want more than is theirs, and what is left lying about for others."""

import base64
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import bench_case
from common import (
    ALL_FAILED,
    ENVIRONMENT,
    GLADHAND,
    PROXY_FAILED,
    SANITIZED,
    USAGE,
    CommandTest,
    is_connecting,
    resolve,
    run,
    start,
    wait_until,
)
from proxy_case import NAME, ProxyTest, read
from support import receiver, scripted
from support.scripted import http, in_turn, says, silence, socks5, ssh, tcpmux

PASSWORD = "pa:ss Qzxw"  # the last word survives any quoting
LOGIN = "jo:" + PASSWORD
IN_URL = "jo:pa%3Ass%20Qzxw"
FROM_ENVIRONMENT = {**ENVIRONMENT, "GLADHAND_PROXY_USER": "jo", "GLADHAND_PROXY_PASSWORD": PASSWORD}
NO_PASSWORD = "it wants a user and a password"


SOMEBODY = 12345  # a user of no name


class ForSomebody(CommandTest):
    def as_somebody(self, program):
        """The words that run a copy of the program as another user than root, where this is root."""
        if os.geteuid():
            return [program]
        path = self.temporary_path(os.path.basename(program))
        os.chmod(os.path.dirname(path), 0o755)
        shutil.copy(program, path)
        return ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups", path]


class CredentialsOfTheEnvironment(ProxyTest):
    """They name no proxy: where there are several, nobody can know whose they are."""

    def chain(self, *urls, env=FROM_ENVIRONMENT):
        return run(*(word for url in urls for word in ("--proxy", url)), NAME, "22", env=env)

    def test_the_first_of_a_chain_is_not_told_them(self):
        for scheme, play in (("http", http(login=LOGIN)), ("socks5h", socks5(login=LOGIN))):
            proxy = self.serve(in_turn(play, socks5(login=LOGIN), ssh))
            result = self.chain(proxy.url(scheme), "socks5h://second.example")
            self.assert_fails(result, PROXY_FAILED, proxy.url(scheme), NO_PASSWORD, hint=True)
            self.assertIn("--proxy-auth-file", result.stderr)
            self.assertNotIn("login", str(proxy.asked))

    def test_neither_is_the_second(self):
        proxy = self.serve(in_turn(http(), socks5(login=LOGIN), ssh))
        result = self.chain(proxy.url("http"), "socks5h://second.example")
        self.assert_fails(result, PROXY_FAILED, "second.example", NO_PASSWORD)

    def test_neither_is_any_of_several_routes(self):
        """The first to be tried may be anybody's."""
        for scheme, play in (("http", http(login=LOGIN)), ("socks5h", socks5(login=LOGIN))):
            proxy = self.serve(in_turn(play, ssh))
            route = ("--route", proxy.url(scheme), "--route", "socks5h://127.0.0.1:9")
            result = run(*route, NAME, "22", env=FROM_ENVIRONMENT)
            self.assert_fails(result, ALL_FAILED, NO_PASSWORD)
            self.assertNotIn("login", str(proxy.asked))
            self.assert_carries(run("--route", proxy.url(scheme), "--route", "direct", NAME, "22",
                                    env=FROM_ENVIRONMENT))
            self.assert_carries(run("--route", proxy.url(scheme, "jo"), *route[2:], NAME, "22", env=FROM_ENVIRONMENT))

    def test_a_chain_that_needs_none_works(self):
        proxy = self.serve(in_turn(http(), socks5(), ssh))
        self.assert_carries(self.chain(proxy.url("http"), "socks5h://second.example"))

    def test_the_only_one_with_a_user_and_no_password_is_meant(self):
        proxy = self.serve(in_turn(http(login="al:other"), socks5(login=LOGIN), ssh))
        self.assert_carries(self.chain(proxy.url("http", "al:other"), "socks5h://jo@second.example"))
        result = self.chain(proxy.url("http", "al"), "socks5h://jo@second.example")
        self.assert_fails(result, PROXY_FAILED, proxy.url("http"), NO_PASSWORD)

    def test_a_file_names_the_proxy_of_each(self):
        proxy = self.serve(in_turn(http(login="al:other"), socks5(login=LOGIN), ssh))
        path = self.temporary_path("logins")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(f"{proxy.url('http', 'al:other')}\nsocks5://{IN_URL}@second.example\n")
        result = run("--proxy-auth-file", path, "--proxy", proxy.url("http"), "--proxy", "socks5h://second.example",
                     NAME, "22", env=FROM_ENVIRONMENT)
        self.assert_carries(result)

    def test_no_program_inherits_them(self):
        listener, seen = self.listen(), self.temporary_path("seen")
        result = run("--before", f"sh -c 'env >{seen}'", "127.0.0.1", listener.port, env=FROM_ENVIRONMENT)
        self.assert_handed_over(result, listener)
        self.assertIn("GLADHAND_HOST", read(seen))
        self.assertNotIn("GLADHAND_PROXY", read(seen))
        proxy = self.serve(in_turn(socks5(login="jo:other"), ssh))
        program = self.temporary_path("askpass")
        with open(os.open(program, os.O_CREAT | os.O_WRONLY, 0o700), "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nenv >{seen}\necho other\n")
        self.chain(proxy.url("socks5h", "al"), "socks5h://jo@second.example",
                   env={**FROM_ENVIRONMENT, "SSH_ASKPASS": program, "SSH_ASKPASS_REQUIRE": "force"}).close()
        self.assertNotIn("GLADHAND_PROXY", read(seen))


class Echoes(ProxyTest):
    """Nothing that we have sent is ever shown back, in whatever code the other side repeats it."""

    codes = {"plain": lambda text: text,
             "base 64": lambda text: base64.b64encode(text.encode()).decode(),
             "shifted base 64": lambda text: base64.b64encode(b"x" + text.encode()).decode(),
             "hexadecimal": lambda text: text.encode().hex(),
             "backwards": lambda text: text[::-1]}

    def assert_silent(self, *arguments, words, **how):
        """Runs with -v, --trace and --log: none of them has any of the words."""
        trace, log = self.temporary_path("trace"), self.temporary_path("log")
        result = run("-v", "--trace", trace, "--log", log, *arguments, NAME, "22", **how)
        self.addCleanup(result.close)
        self.assertEqual(result.status, PROXY_FAILED, result)
        for text in (result.stderr, read(trace), read(log)):
            self.assertTrue(text)
            for word in words:
                self.assertNotIn(word, text)
        return result

    def test_of_a_password(self):
        for name, code in self.codes.items():
            word = code(LOGIN)
            for answer in (f"HTTP/1.1 403 {word}\r\n\r\n", f"HTTP/1.1 299x{word}\r\n\r\n", f"{word}\r\n",
                           f"HTTP/1.1 407 No\r\nProxy-Authenticate: {word.replace(' ', '').replace('=', '')}\r\n\r\n"):
                for challenge in ("Content-Length: 0\r\n\r\n", "Connection: close\r\n\r\n"):
                    with self.subTest(name, answer=answer, challenge=challenge):
                        proxy = self.serve(http(answer, login=LOGIN, challenge=challenge))
                        self.assert_silent("--proxy", proxy.url("http", IN_URL), words=(word, word[:9], "Qzxw", "wxzQ"))

    def test_of_a_whole_request(self):
        def echo(peer):
            if len(server.peers) == 1:
                peer.take_until(b"\r\n\r\n")
                peer.say(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nConnection: close\r\n\r\n")
            else:
                lines = peer.take_until(b"\r\n\r\n").split(b"\r\n")
                peer.say(lines[2] + b"\r\n" + lines[0] + b"\r\n")
            peer.hang_up()
        server = self.serve(echo)
        self.assert_silent("--proxy-auth", "on-challenge", "--proxy", server.url("http", IN_URL),
                           words=("Proxy-Auth", "Basic", "CONNECT"))

    def test_by_whoever_comes_behind_the_one_that_was_told(self):
        """What a proxy knows, the next one knows: they may be the same."""
        word = base64.b64encode(LOGIN.encode()).decode()
        for behind in (http(f"HTTP/1.1 503 {word}\r\n\r\n"), says(word.encode() + b"\r\n")):
            proxy = self.serve(in_turn(socks5(login=LOGIN), behind))
            self.assert_silent("--proxy", proxy.url("socks5h", IN_URL), "--proxy", "http://b.example", words=(word,))
        for answer in (b"-" + word.encode() + b"\r\n", word.encode() + b"\r\n", 600 * word.encode()):
            proxy = self.serve(in_turn(socks5(login=LOGIN), tcpmux(answer)))
            self.assert_silent("--tcpmux", "ssh", "--proxy", proxy.url("socks5h", IN_URL), words=(word,))

    def test_by_one_that_remembers_the_dial_before(self):
        word = base64.b64encode(LOGIN.encode()).decode()
        challenge = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nConnection: close\r\n\r\n"
        proxy = self.serve(says(challenge), says(b"HTTP/1.1 502 No\r\n\r\n"),
                           says(b"HTTP/1.1 403 " + word.encode() + b"\r\n\r\n"))
        self.assert_silent("--proxy-auth", "on-challenge", "--attempts", "2", "--proxy", proxy.url("http", IN_URL),
                           words=(word,))
        self.assertEqual(len(proxy.peers), 3)

    def test_the_standards_words_stand_in(self):
        for code, words in (("403 Blocked by Qzxw", "403 Forbidden"), ("502 x", "502 Bad Gateway"), ("599 x", "599")):
            proxy = self.serve(http(f"HTTP/1.1 {code}\r\n\r\n", login=LOGIN, challenge="Connection: close\r\n\r\n"))
            self.assert_fails(run("--proxy", proxy.url("http", IN_URL), NAME, "22"), PROXY_FAILED, ": " + words)

    def test_whoever_was_told_nothing_may_speak(self):
        proxy = self.serve(http("HTTP/1.1 403 Blocked by policy 7\r\n\r\n"))
        for arguments in (("--proxy", proxy.url("http")),
                          ("--proxy-auth", "on-challenge", "--proxy", proxy.url("http", IN_URL)),
                          ("--proxy-header", "User-Agent: x", "--proxy", proxy.url("http"))):
            self.assert_fails(run(*arguments, NAME, "22"), PROXY_FAILED, "403 Blocked by policy 7")


class Files(ProxyTest):
    def test_log_and_trace_are_for_their_owner(self):
        listener = self.listen()
        log, trace = self.temporary_path("log"), self.temporary_path("trace")
        run("--log", log, "--trace", trace, "127.0.0.1", listener.port).close()
        for path in (log, trace):
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            os.chmod(path, 0o644)
        run("--log", log, "--trace", trace, "127.0.0.1", listener.port).close()
        for path in (log, trace):
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o644, "whoever made it so wants it so")

    @unittest.skipUnless(os.geteuid() == 0, "to give a file away takes root")
    def test_an_authentication_file_of_another_user_is_refused(self):
        proxy, path = self.serve(http()), self.temporary_path("logins")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(proxy.url("http", "jo:hidden") + "\n")
        os.chown(path, SOMEBODY, -1)
        result = run("--proxy-auth-file", path, "--proxy", proxy.url("http"), NAME, "22")
        self.assert_fails(result, USAGE, "another user owns it")
        self.assertEqual(proxy.peers, [])


class Memory(ProxyTest, ForSomebody):
    """What others of the same machine, or of the same user, can read of a process that knows a password."""

    def proc(self, session, name):
        with open(f"/proc/{session.process.pid}/{name}", "rb") as file:
            return file.read()

    def test_the_command_line_and_the_environment_show_no_password(self):
        proxy = self.serve(silence)
        with start("--proxy", proxy.url("http", IN_URL), NAME, "22", env=FROM_ENVIRONMENT) as session:
            self.assertTrue(proxy.wait_for(1))
            command = self.proc(session, "cmdline")
            self.assertIn(b"\0http://" + b"*" * len(IN_URL) + f"@127.0.0.1:{proxy.port}\0".encode(), command)
            self.assertNotIn(b"Qzxw", command)
            if os.geteuid() == 0:
                self.assertNotIn(b"Qzxw", self.proc(session, "environ"))
            else:  # not even to its own user
                self.assertRaises(PermissionError, self.proc, session, "environ")

    def test_only_the_superuser_reads_its_memory(self):
        """What is not dumpable belongs to root in /proc, whoever runs it; and it leaves no core dump."""
        proxy = self.serve(silence)
        command = [*self.as_somebody(GLADHAND), "--proxy", proxy.url("http"), NAME, "22"]
        with receiver.Session(command, env=ENVIRONMENT) as session:
            self.assertTrue(proxy.wait_for(1))
            self.assertEqual(os.stat(f"/proc/{session.process.pid}/mem").st_uid, 0)

    def test_a_relay_neither(self):
        proxy = self.serve(in_turn(http(login=LOGIN, challenge="Connection: close\r\n\r\n"), ssh))
        command = [*self.as_somebody(GLADHAND), "--relay", "--proxy", proxy.url("http", IN_URL), NAME, "22"]
        with receiver.Session(command, env=ENVIRONMENT) as session:
            self.assertTrue(session.receive())
            self.assertEqual(os.stat(f"/proc/{session.process.pid}/mem").st_uid, 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root may look")
    @unittest.skipIf(SANITIZED, "a sanitizer keeps what is freed for a while")
    def test_a_relay_has_forgotten_it(self):
        """Neither itself nor what it was made into on the wire is left anywhere."""
        for password in ("Qzx9vKmm", "Qzx9vKmmWpp4Ln7TrAqeUUy3Zx8wQeRt"):
            login = "jo:" + password
            for scheme in ("http", "socks5h"):
                for source in ("url", "file", "environment", "askpass"):
                    with self.subTest((password, scheme, source)):
                        self.assert_forgotten(scheme, login, source)

    def assert_forgotten(self, scheme, login, source):
        play = {"http": http, "socks5h": socks5}[scheme](login=login)
        proxy = self.serve(in_turn(play, ssh))
        options, url, env = self.told_by(source, proxy, scheme, login)
        in_base64 = base64.b64encode(login.encode())
        with start("--relay", *options, "--proxy", url, NAME, "22", env=env) as session:
            self.assertTrue(session.receive())
            memory = self.memory(session)
            self.assertGreater(memory.count(f"127.0.0.1:{proxy.port}".encode()), 0, "this is not its memory")
            # A block that is freed without further ado loses its first 16 octets.
            for word in (login[-8:].encode(), in_base64[4:12], in_base64[-10:-2]):
                self.assertEqual(memory.count(word), 0, word)

    def told_by(self, source, proxy, scheme, login):
        """(options, URL, environment)"""
        user, _, password = login.partition(":")
        if source == "url":
            return (), proxy.url(scheme, login), ENVIRONMENT
        if source == "environment":
            return (), proxy.url(scheme), {**ENVIRONMENT, "GLADHAND_PROXY_USER": user, "GLADHAND_PROXY_PASSWORD": password}
        path = self.temporary_path(source)
        text = proxy.url(scheme, login) if source == "file" else f"#!/bin/sh\necho {password}"
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o700), "w", encoding="ascii") as file:
            file.write(text + "\n")
        if source == "file":
            return ("--proxy-auth-file", path), proxy.url(scheme), ENVIRONMENT
        return (), proxy.url(scheme, user), {**ENVIRONMENT, "SSH_ASKPASS": path, "SSH_ASKPASS_REQUIRE": "force"}

    def memory(self, session):
        """All that it can write to."""
        parts = []
        with open(f"/proc/{session.process.pid}/mem", "rb", buffering=0) as memory:
            for line in self.proc(session, "maps").decode().splitlines():
                begin, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                if "w" in mode:
                    memory.seek(int(begin, 16))
                    parts.append(memory.read(int(end, 16) - int(begin, 16)))
        return b"\n".join(parts)

    def test_setuid_programs_are_of_no_use_where_none_is_named(self):
        hole, ours = self.black_hole(), re.search(r"NoNewPrivs:\t(\d)", read("/proc/self/status"))[1]
        for arguments, given_up in (((), "1"), (("--before", "true"), ours), (("--on-slow", "9s:true"), ours)):
            with start(*arguments, hole.address, hole.port) as session:
                wait_until(lambda: is_connecting(hole.port), "a connection that waits")
                status = self.proc(session, "status").decode()
                self.assertRegex(status, rf"NoNewPrivs:\t{given_up}\n")
                session.process.terminate()
                session.process.wait()

    def test_bench_neither(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.json")
            proxy = self.serve(in_turn(http(login=LOGIN), ssh))
            done = bench_case.run("-n", "1", "--json", path, "--proxy", proxy.url("http", IN_URL), NAME)
            self.assertEqual(done.returncode, 0, done)
            self.assertNotIn("Qzxw", read(path))

    def test_bench_shows_no_words_of_a_server_behind_one_that_was_told(self):
        word = base64.b64encode(LOGIN.encode()).decode()
        for line, shown in (("Exceeded MaxStartups " + word + "\r\n", "Exceeded MaxStartups"),
                            (word, "closed before its first line")):
            for scheme, play in (("http", http), ("socks5h", socks5)):
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "run.json")
                    proxy = self.serve(in_turn(play(login=LOGIN), says(line.encode())))
                    done = bench_case.run("-n", "1", "--until", "banner", "--json", path, "--proxy",
                                          proxy.url(scheme, IN_URL), NAME)
                    for text in (done.stdout, read(path)):
                        self.assertIn(shown, text)
                        self.assertNotIn(word[:9], text)


class Addresses(CommandTest):
    """A name's owner does not have us knock at thousands of doors."""

    def test_the_number_tried_is_bounded_and_told(self):
        port = self.refusing().port
        many = [f"127.0.{i // 200 + 1}.{i % 200 + 1}" for i in range(1000)]
        trace = self.temporary_path("trace")
        result = run("--trace", trace, *resolve(NAME, *many), NAME, port)
        self.assert_fails(result, ALL_FAILED, "refused by 127.0.1.1", "744 more not tried",
                          "a dial tries 256 addresses at most")
        self.assertEqual(read(trace).count('"attempt_started"'), 256)

    def test_one_after_another_through_a_proxy_too(self):
        proxy = self.enter(scripted.Server(socks5(5)))
        many = [f"198.18.{i // 200}.{i % 200}" for i in range(300)]
        result = run("--proxy", proxy.url("socks5"), *resolve(NAME, *many), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "connection refused (SOCKS5 reply 0x05)", "44 more not tried")
        self.assertEqual(len(proxy.peers), 256)


class Direct(ProxyTest):
    """A connection that was to go through a proxy, and does not."""

    def test_it_says_so(self):
        listener = self.listen()
        for variables, why in (({}, "none of ALL_PROXY, HTTPS_PROXY and HTTP_PROXY is set"),
                               ({"ALL_PROXY": "http://p.example", "NO_PROXY": "127.0.0.0/8"}, "NO_PROXY lists it")):
            trace = self.temporary_path("trace")
            result = run("-v", "--trace", trace, "--proxy", "env", "127.0.0.1", listener.port,
                         env={**ENVIRONMENT, **variables})
            self.addCleanup(result.close)
            self.assertEqual(result.status, 0, result)
            self.assertIn("without a proxy: " + why, result.stderr)
            self.assertIn(f'"why_direct":"{why}"', read(trace))


class InternetOnly(CommandTest):
    def test_other_targets_are_refused(self):
        for host, port in (("unix/run/x", "22"), ("vsock/3", "22"), ("vsock-mux/run/x", "22"), ("machine/x", "22")):
            self.assert_fails(run("--internet-only", host, port), USAGE, f"'{host}' is not on the internet", hint=True)

    def test_the_internet_is_not(self):
        listener = self.listen()
        self.assert_handed_over(run("--internet-only", "--", "127.0.0.1", listener.port), listener)


class Reports(bench_case.BenchTest, ForSomebody):
    """Report files in a folder where somebody else may have been first."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.port = self.serve().port

    def bench(self, path, *prefix, status=bench_case.WELL, option="--csv", program=(bench_case.BENCH,), **how):
        words = [*prefix, *program, "-n", "1", option, path, f"127.0.0.1:{self.port}"]
        done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=30,
                              check=False, **how)
        self.assertEqual(done.returncode, status, done)
        return done

    def names(self):
        return sorted(one.name for one in self.folder.iterdir())

    def test_a_name_that_can_be_guessed_is_no_trap(self):
        victim = self.folder / "victim"
        victim.write_text("mine")
        target = self.folder / "out.csv"
        self.bench(target, "sh", "-c", f'ln -s {victim} {target}.tmp$$; exec "$@"', "sh")
        self.assertEqual(victim.read_text(), "mine")
        self.assertTrue(target.read_text().startswith("host,"))
        self.assertFalse(target.is_symlink())

    def test_mode_and_owner_of_the_file_before_are_kept(self):
        target = self.folder / "out.csv"
        target.write_text("before")
        target.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(target, SOMEBODY, SOMEBODY + 1)
        before = target.stat()
        self.bench(target)
        after = target.stat()
        self.assertTrue(target.read_text().startswith("host,"))
        for field in ("st_mode", "st_uid", "st_gid"):
            self.assertEqual(getattr(after, field), getattr(before, field), field)
        self.assertNotEqual(after.st_ino, before.st_ino, "replaced at once, not written over")

    def test_a_new_file_has_the_users_umask(self):
        target = self.folder / "out.csv"
        self.bench(target, umask=0o027)
        self.assertEqual(target.stat().st_mode & 0o777, 0o640)

    def test_nothing_is_left_by_a_process_that_is_killed(self):
        target = self.folder / "out.csv"
        target.write_text("before")
        server = self.serve(delay=5)
        words = bench_case.words("-n", "1", "--until", "banner", "--csv", target, f"127.0.0.1:{server.port}")
        with subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
            server.wait_for(1)
            process.kill()
        self.assertEqual(self.names(), ["out.csv"])
        self.assertEqual(target.read_text(), "before")

    @unittest.skipUnless(os.geteuid() == 0, "to unmount takes root")
    def test_where_files_cannot_be_without_a_name(self):
        target = self.folder / "out.csv"
        target.write_text("before")
        target.chmod(0o604)
        self.bench(target, "unshare", "--mount", "sh", "-c", 'umount -l /proc; exec "$@"', "sh")
        self.assertEqual(self.names(), ["out.csv"])
        self.assertEqual(target.stat().st_mode & 0o777, 0o604)
        self.assertTrue(target.read_text().startswith("host,"))

    def test_a_link_of_ones_own_is_followed_and_stays(self):
        real, link = self.folder / "run-1.csv", self.folder / "latest.csv"
        real.write_text("before")
        link.symlink_to("run-1.csv")
        self.bench(link)
        self.assertTrue(link.is_symlink())
        self.assertTrue(real.read_text().startswith("host,"))
        self.assertEqual(self.names(), ["latest.csv", "run-1.csv"])

    def test_a_link_to_nothing_makes_nothing(self):
        link = self.folder / "latest.csv"
        link.symlink_to("nothing")
        self.assertIn("no such file", self.bench(link, status=bench_case.USAGE).stderr)
        self.assertEqual(self.names(), ["latest.csv"])

    @unittest.skipUnless(os.geteuid() == 0, "to give a link away takes root")
    def test_a_link_of_another_user_is_not_followed(self):
        victim, link = self.folder / "victim", self.folder / "out.csv"
        victim.write_text("mine")
        link.symlink_to(victim)
        os.chown(link, SOMEBODY, SOMEBODY, follow_symlinks=False)
        done = self.bench(link, status=bench_case.USAGE)
        self.assertIn("a symbolic link of another user", done.stderr)
        self.assertEqual(victim.read_text(), "mine")

    @unittest.skipUnless(os.geteuid() == 0, "to be another user takes root")
    def test_a_file_whose_owner_could_not_be_kept_is_written_over(self):
        target = self.folder / "out.csv"
        target.write_text("before " * 1000)
        target.chmod(0o666)
        self.folder.chmod(0o777)
        before = target.stat()
        self.bench(target, program=self.as_somebody(bench_case.BENCH))
        after = target.stat()
        self.assertEqual((after.st_uid, after.st_ino), (before.st_uid, before.st_ino))
        self.assertTrue(target.read_text().startswith("host,"))
        self.assertNotIn("before", target.read_text())
        self.assertEqual(self.names(), ["out.csv"])

    def test_standard_output_by_its_other_names(self):
        for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            self.assertIn("host,port", self.bench(path).stdout)
            target = self.folder / "out"
            with open(target, "wb") as file:
                subprocess.run(bench_case.words("-n", "1", "--csv", path, f"127.0.0.1:{self.port}"), env=ENVIRONMENT,
                               stdout=file, check=True, timeout=30)
            self.assertIn("\nhost,port", target.read_text(), "behind the table, not over it")

    def test_a_merged_run_is_somebody_elses_text(self):
        """A report that another machine sends may hold anything."""
        self.bench(self.folder / "run.json", option="--json")
        text = (self.folder / "run.json").read_text()
        (self.folder / "run.json").write_text(text.replace('"127.0.0.1"', '"=HYPERLINK(1)\\u001b[2J\\u00ff\\n"'))
        done = bench_case.run("--csv", self.folder / "out.csv", "--openmetrics", self.folder / "out.prom", "--merge",
                              self.folder / "run.json")
        self.assertEqual(done.returncode, 0, done)
        for name in ("out.csv", "out.prom"):
            data = (self.folder / name).read_bytes()
            self.assertNotRegex(data.decode("utf-8"), r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]|(^|,)[=+@-]")


if __name__ == "__main__":
    unittest.main()
