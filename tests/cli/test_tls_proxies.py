"""https:// proxies: TLS by gladhand-tls, which stays between ssh and the proxy. The proxies are scripted."""

import base64
import contextlib
import fcntl
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

import common
from common import ENVIRONMENT, GLADHAND, NOT_HANDED_OVER, PROXY_FAILED, TIMED_OUT, USAGE, run, start
from proxy_case import NAME, ProxyTest, eventually, is_running
from support import pipes, scripted
from support.receiver import BANNER
from support.scripted import closes, http, http_digest, in_turn, says, silence, socks5, ssh
from support.tls import Authority, tls

PROXY, SECOND = "proxy.example", "second.example"
GLADHAND_TLS = os.path.join(os.path.dirname(os.path.abspath(GLADHAND)), "gladhand-tls")


def setUpModule():
    if not os.access(GLADHAND_TLS, os.X_OK):
        raise unittest.SkipTest("gladhand-tls was not built")
    if not shutil.which("openssl"):
        raise unittest.SkipTest("needs openssl(1) for certificates")


def programs(word):
    """Pids of gladhand-tls with that argument."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
            if words[0].endswith(b"gladhand-tls") and word.encode() in words and is_running(int(pid)):
                found.append(int(pid))
    return found


class TlsTest(ProxyTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.authority = Authority(directory.name)
        cls.context = cls.authority.sign("server", f"DNS:{PROXY}", f"DNS:{SECOND}", "DNS:*.wild.example",
                                         "IP:127.0.0.1", "IP:::1")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.assert_no_programs)  # when all that tests hold is closed

    def assert_no_programs(self):
        self.assertTrue(eventually(lambda: not programs(self.authority.certificate), 10), "gladhand-tls stays")

    def serve_tls(self, play, context=None, **how):
        return self.serve(in_turn(tls(context or self.context), play), **how)

    def trusting(self, name, ca=None):
        """Options: who is trusted, and where the name is."""
        resolved = () if name == "127.0.0.1" else ("--resolve", f"{name}:127.0.0.1")
        return ["--proxy-ca", ca or self.authority.certificate, *resolved]

    def to(self, *proxies, name=PROXY):
        options = self.trusting(name)
        for proxy in proxies:
            options += ("--proxy", proxy if isinstance(proxy, str) else f"https://{name}:{proxy.port}")
        return options


class Ways(TlsTest):
    def assert_way(self, *arguments, **how):
        result = run(*arguments, **how)
        self.addCleanup(result.close)
        self.assertEqual([fcntl.fcntl(one, fcntl.F_GETFL) & os.O_NONBLOCK for one in result.descriptors], [0], result)
        passed = self.assert_carries(result)
        self.assertEqual(passed.family, socket.AF_UNIX)
        return passed

    def test_ssh_gets_a_socket(self):
        for split in (False, True):
            proxy = self.serve_tls(in_turn(http(), ssh), split=split)
            self.assert_way(*self.to(proxy), NAME, "22")
            self.assertEqual(proxy.asked, [[f"CONNECT {NAME}:22 HTTP/1.1"]])

    def test_addresses_and_names(self):
        for host in ("127.0.0.1", "PROXY.example", f"{PROXY}.", "any.wild.example"):
            proxy = self.serve_tls(in_turn(http(), ssh))
            self.assert_way(*self.to(proxy, name=host), NAME, "22")
        proxy = self.serve_tls(in_turn(http(), ssh), address="::1")
        self.assert_way("--proxy-ca", self.authority.certificate, "--proxy", proxy.url("https"), NAME, "22")

    def test_the_server_is_told_which_name_and_protocol(self):
        heard = []
        context = self.authority.sign("named", f"DNS:{PROXY}", "IP:127.0.0.1")
        context.sni_callback = lambda _tls, name, _context: heard.append(name)
        context.set_alpn_protocols(["h2", "http/1.1"])
        for name in (PROXY, "127.0.0.1"):
            proxy = self.serve_tls(in_turn(lambda peer: heard.append(peer.connection._tls.selected_alpn_protocol()),
                                           http(), ssh), context=context)
            self.assert_way(*self.to(proxy, name=name), NAME, "22")
        self.assertEqual(heard, [PROXY, "http/1.1", None, "http/1.1"])

    def test_its_own_certificate_may_be_what_is_trusted(self):
        certificate = os.path.join(self.authority.directory, "server.pem")
        proxy = self.serve_tls(in_turn(http(), ssh))
        self.assert_way("--proxy-ca", certificate, "--proxy", proxy.url("https"), NAME, "22")

    def test_the_systems_authorities(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        self.assert_way("--proxy", proxy.url("https"), NAME, "22",
                        env={**ENVIRONMENT, "SSL_CERT_FILE": self.authority.certificate})

    def test_the_environment_names_it(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        for variable in ("HTTPS_PROXY", "all_proxy"):
            self.assert_way("--proxy", "env", "--proxy-ca", self.authority.certificate, NAME, "22",
                            env={**ENVIRONMENT, variable: proxy.url("https")})

    def test_tls_in_a_tunnel(self):
        second = f"https://{SECOND}:8443"
        for before, url in ((in_turn(tls(self.context), http()), "https"), (http(), "http"), (socks5(), "socks5h")):
            proxy = self.serve(in_turn(before, tls(self.context), http(), ssh))
            self.assert_way(*self.to(f"{url}://{PROXY}:{proxy.port}", second), NAME, "22")
            self.assertEqual([asked.removeprefix("CONNECT ").removesuffix(" HTTP/1.1") for asked in proxy.asked[0]],
                             [f"{SECOND} port 8443" if url == "socks5h" else f"{SECOND}:8443", f"{NAME}:22"])

    def test_others_in_its_tunnel(self):
        proxy = self.serve_tls(in_turn(http(), socks5(), ssh))
        self.assert_way(*self.to(proxy, "socks5h://second.example"), "--until", "banner", NAME, "22")

    def test_routes(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        self.assert_way("--proxy-ca", self.authority.certificate, "--route", proxy.url("https"), NAME, "22")

    def test_passwords(self):
        """A proxy that asks is answered on a new connection."""
        wanted = f"CONNECT {NAME}:22 HTTP/1.1"
        for when, play, asked in (
                ("at-once", http(login="jo:secret"), [[wanted]]),
                ("on-challenge", http(login="jo:secret", challenge=scripted.CLOSES_CONNECTION), [[wanted], [wanted]]),
                ("on-challenge", http_digest("jo:secret"), [[wanted], [wanted + " (Digest)"]])):
            proxy = self.serve_tls(in_turn(play, ssh))
            self.assert_way("--proxy-auth", when, "--proxy-ca", self.authority.certificate, "--proxy",
                            proxy.url("https", "jo:secret"), NAME, "22")
            self.assertEqual(proxy.asked, asked)

    def test_the_password_of_a_file(self):
        """What is for http:// is not told over https://, and what git keeps is passed over."""
        path = self.temporary_path("logins")
        proxy = self.serve_tls(in_turn(http(login="jo:secret"), ssh))
        with open(path, "w", encoding="utf-8") as file:
            os.chmod(path, 0o600)
            file.write(f"https://jo:other@git.example/some/path.git\n{proxy.url('http', 'jo:other')}\n"
                       f"{proxy.url('https', 'jo:secret')}\n")
        self.assert_way("--proxy-auth-file", path, "--proxy-ca", self.authority.certificate, "--proxy",
                        proxy.url("https"), NAME, "22")

    def test_reports(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        result, events = self.trace(*self.to(proxy), NAME, "22")
        self.assert_carries(result)
        started = [event["asks_for"] for event in events if event["event"] == "handshake_started"]
        self.assertEqual(started, ["TLS", f"'{NAME}' port 22"])
        result = run("-v", *self.to(proxy), NAME, "22")
        self.assert_carries(result, silent=False)
        self.assertIn(f"ask https://{PROXY}:{proxy.port} for TLS", result.stderr)

    def test_the_benchmark(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        done = subprocess.run([os.environ["GLADHAND_BENCH"], "-n", "5", "--flood", *self.to(proxy), f"{NAME}:22"],
                              env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(len(proxy.peers), 5)


class Carried(TlsTest):
    """What is carried: every byte, both ways, each end for itself."""

    def relay(self, play):
        proxy = self.serve_tls(in_turn(http(), scripted.Peer.flush, play))
        return self.enter(pipes.Piped([GLADHAND, *self.to(proxy), NAME, "22"], env=ENVIRONMENT))

    def test_much_data_both_ways(self):
        def echo(peer):
            while piece := peer.connection.recv(65536):
                peer.connection.sendall(piece)
            peer.connection.close_notify()

        size = 16 << 20
        data = os.urandom(1 << 20) * (size >> 20)
        for as_relay in (True, False):
            if as_relay:
                piped = self.relay(echo)
                to, back, done = piped.to, piped.back, piped.close_to
            else:
                proxy = self.serve_tls(in_turn(http(), scripted.Peer.flush, echo))
                result = run(*self.to(proxy), NAME, "22")
                self.addCleanup(result.close)
                to = back = self.enter(result.socket())
                done = lambda: to.shutdown(socket.SHUT_WR)
            writer = threading.Thread(target=lambda: (pipes.write_all(to, data), done()))
            writer.start()
            self.assertTrue(pipes.read_all(back) == data)
            writer.join()
            if as_relay:
                self.assertEqual(piped.end(), (0, ""))

    def test_a_reader_that_rests(self):
        """What nobody reads yet waits, in memory that does not grow."""
        piped = self.relay(lambda peer: (peer.say(bytes(8 << 20)), peer.flush(), peer.connection.close_notify()))
        self.assertTrue(eventually(lambda: programs(self.authority.certificate)))
        time.sleep(0.5)
        pid, = programs(self.authority.certificate)
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            memory = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
        if not common.SANITIZED:
            self.assertLess(memory, 20000)
        self.assertEqual(len(pipes.read_all(piped.back)), 8 << 20)

    def test_the_clients_end_comes_first(self):
        """The server hears all and its end, and answers then."""
        heard = []

        def play(peer):
            data = b""
            while piece := peer.connection.recv(4096):
                data += piece
            heard.append(data)
            time.sleep(0.3)
            peer.connection.sendall(b"answer")
            peer.connection.close_notify()

        piped = self.relay(play)
        pipes.write_all(piped.to, b"question")
        piped.close_to()
        self.assertEqual(pipes.read_all(piped.back), b"answer")
        self.assertEqual(piped.end(), (0, ""))
        self.assertEqual(heard, [b"question"])

    def test_the_servers_end_comes_first(self):
        """With TLS's own end, and without: what the client still says is delivered."""
        for announced in (True, False):
            heard = []

            def play(peer, announced=announced, heard=heard):
                peer.connection.sendall(BANNER)
                if announced:
                    peer.connection.close_notify()
                peer.connection.shutdown(socket.SHUT_WR)
                data = b""
                while piece := peer.connection.recv(4096):
                    data += piece
                heard.append(data)

            piped = self.relay(play)
            self.assertEqual(pipes.read_all(piped.back), BANNER)
            pipes.write_all(piped.to, b"last words")
            piped.close_to()
            self.assertEqual(piped.end(), (0, ""))
            self.assertTrue(eventually(lambda heard=heard: heard == [b"last words"]), heard)

    def test_it_ends_with_ssh(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        passed = self.assert_carries(run(*self.to(proxy), NAME, "22"))
        self.assertEqual(len(programs(self.authority.certificate)), 1)
        passed.close()
        self.assertTrue(eventually(lambda: not programs(self.authority.certificate), 3))

    def test_it_keeps_nothing_of_the_users(self):
        """No terminal, no folder, no descriptor, no privilege to be gained, and no core dump."""
        proxy = self.serve_tls(in_turn(http(), ssh))
        self.assert_carries(run(*self.to(proxy), NAME, "22"))
        pid, = programs(self.authority.certificate)
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            self.assertEqual(int(file.read().rpartition(")")[2].split()[3]), pid)  # a session of its own
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            self.assertIn("NoNewPrivs:\t1\n", file.readlines())
        if os.geteuid() == 0:  # nobody else may look into it
            self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
            open_files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in sorted(os.listdir(f"/proc/{pid}/fd"))]
            self.assertEqual([name.partition(":")[0] for name in open_files], ["socket", "socket", "/dev/null"])
        else:
            self.assertRaises(PermissionError, os.listdir, f"/proc/{pid}/fd")

    @unittest.skipUnless(os.geteuid() == 0, "only root may look")
    @unittest.skipIf(common.SANITIZED, "a sanitizer keeps what is freed for a while")
    def test_it_has_forgotten_the_password(self):
        login = "jo:Qzx9vKmmWpp4Ln7TrAqeUUy3Zx8wQeRt"
        proxy = self.serve_tls(in_turn(http(login=login), ssh))
        self.assert_carries(run("--proxy-ca", self.authority.certificate, "--proxy", proxy.url("https", login), NAME,
                                "22"))
        pid, = programs(self.authority.certificate)
        seen = b""
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                begin, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                if "w" in mode:
                    memory.seek(int(begin, 16))
                    seen += memory.read(int(end, 16) - int(begin, 16))
        self.assertIn(b"SSH-2.0-", seen, "this is not its memory")
        for word in (login[-8:].encode(), base64.b64encode(login.encode())[4:16]):
            self.assertNotIn(word, seen)


class Failures(TlsTest):
    def assert_no_way(self, proxy, *words, name="127.0.0.1", ca=None, hint=None, status=PROXY_FAILED):
        result = run(*self.trusting(name, ca), "--timeout", "2s", "--proxy",
                     f"https://jo:secret@{name}:{proxy.port}", NAME, "22")
        self.assert_fails(result, status, f"connect to '{NAME}' port 22: https://{name}:{proxy.port}: ", *words,
                          hint=hint)
        self.assertEqual([asked for asked in proxy.asked if asked], [], "a password was told")

    def test_certificates(self):
        other = Authority(self.authority.directory, "other")
        for context, how in (
                (self.authority.sign("old", "IP:127.0.0.1", days=0), {"words": "its certificate has expired"}),
                (self.context, {"name": "else.example", "words": "its certificate is not for 'else.example'"}),
                (self.context, {"name": "a.b.wild.example", "words": "its certificate is not for 'a.b.wild"}),
                (self.authority.sign("named only", f"DNS:{PROXY}"), {"words": "is not for '127.0.0.1'"}),
                (other.sign("strange", "IP:127.0.0.1"), {"words": "its certificate is from nobody who is trusted",
                                                         "hint": True}),
                (self.context, {"ca": other.certificate, "words": "from nobody who is trusted", "hint": True})):
            words = how.pop("words")
            with self.subTest(words):
                self.assert_no_way(self.serve_tls(in_turn(http(), ssh), context=context), words, **how)

    def test_the_systems_authorities_do_not_know_it(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        self.assert_fails(run("--proxy", proxy.url("https"), NAME, "22"), PROXY_FAILED, "from nobody who is trusted",
                          hint=True)
        self.assertEqual(proxy.asked, [[]])

    def test_what_speaks_no_tls(self):
        for play, words in ((says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "speaks no TLS, as HTTP does"),
                            (says(b"\5\xff"), "speaks no TLS, as SOCKS5 does"),
                            (says(BANNER), "speaks no TLS, as SSH does"),
                            (closes, "closed the connection in the TLS handshake"),
                            (says(b"\x15\3\3\0\2\2\x28"), "no TLS handshake: ")):
            with self.subTest(words):
                proxy = self.serve(in_turn(lambda peer: peer.connection.recv(4096), play))
                self.assert_no_way(proxy, words)

    def test_silence(self):
        self.assert_no_way(self.serve(silence), "no TLS handshake in 2 s", status=TIMED_OUT)

    def test_an_old_version(self):
        context = self.authority.sign("of old", "IP:127.0.0.1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        self.assert_no_way(self.serve_tls(in_turn(http(), ssh), context=context), "no TLS handshake: ")

    def test_the_other_way_round(self):
        """http:// where TLS is spoken."""
        proxy = self.serve(says(b"\x15\3\3\0\2\2\x28"))
        self.assert_fails(run("--proxy", proxy.url("http"), NAME, "22"), PROXY_FAILED, "as TLS does", hint=True)

    def test_refusals_inside_tls(self):
        for play, words in ((http("HTTP/1.1 403 Forbidden\r\n\r\n"), "403 Forbidden"),
                            (http("HTTP/1.1 200 OK\r\n\r\n", login="jo:else"), "refuses these credentials"),
                            (closes, "closed the connection before it answered")):
            proxy = self.serve_tls(play)
            result = run("--proxy-ca", self.authority.certificate, "--proxy", proxy.url("https", "jo:secret"), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, words)

    def test_the_end_of_ssh_ends_it(self):
        proxy = self.serve(silence)
        with start(*self.to(proxy), NAME, "22") as session:
            self.assertTrue(eventually(lambda: programs(self.authority.certificate)))
            session.ours.close()
            session.wait(5)
            self.assertTrue(eventually(lambda: not programs(self.authority.certificate)))

    def test_files_of_authorities(self):
        proxy = self.serve_tls(in_turn(http(), ssh))
        path = self.temporary_path("ca")
        for content, status, words in ((None, USAGE, "no such file"), ("", USAGE, "no certificate"),
                                       ("-----BEGIN CERTIFICATE-----\nx\n", PROXY_FAILED, "cannot be read")):
            if content is not None:
                with open(path, "w", encoding="ascii") as file:
                    file.write(content)
            result = run("--proxy-ca", path, "--proxy", proxy.url("https"), NAME, "22")
            self.assert_fails(result, status, words)
        self.assert_fails(run("--proxy-ca", path, NAME, "22"), USAGE, "--proxy")

    def test_without_the_program(self):
        """Told before anything is sent; other proxies need it not."""
        alone = self.temporary_path("gladhand")
        shutil.copy(GLADHAND, alone)
        version = subprocess.run([alone, "--version"], env=ENVIRONMENT, capture_output=True, text=True, check=True)
        if "no gladhand-tls" not in version.stdout:
            self.skipTest("gladhand-tls is installed here")
        proxy = self.serve(in_turn(http(), ssh))
        session = common.receiver.Session([alone, "--proxy", proxy.url("https"), NAME, "22"], env=ENVIRONMENT)
        self.assert_fails(session.finish(), NOT_HANDED_OVER, "gladhand-tls", "not installed", hint=True)
        self.assertEqual(proxy.peers, [])
        session = common.receiver.Session([alone, "--proxy", proxy.url("http"), NAME, "22"], env=ENVIRONMENT)
        self.assert_carries(session.finish())


class Program(TlsTest):
    def test_it_is_nobodys_to_run(self):
        for arguments in ((), ("proxy.example",), ("a", "b", "c")):
            done = subprocess.run([GLADHAND_TLS, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (USAGE, b""))
            self.assertIn(b"is run by gladhand", done.stderr)

    def test_its_version(self):
        done = subprocess.run([GLADHAND_TLS, "--version"], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"\Agladhand-tls \S+\nOpenSSL \d")


if __name__ == "__main__":
    common.main()
