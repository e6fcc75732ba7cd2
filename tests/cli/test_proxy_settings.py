"""What users say about proxies: passwords, the environment, and what cannot be meant."""

import base64
import os
import shutil
import subprocess
import unittest

import common
from common import ALL_FAILED, ENVIRONMENT, GLADHAND, NOT_HANDED_OVER, PROXY_FAILED, TIMED_OUT, USAGE, resolve, run, start
from proxy_case import NAME, V4, V6, ProxyTest, eventually, is_running, read
from support import receiver, scripted
from support.scripted import http, in_turn, says, silence, socks4, socks5, ssh


def version():
    return subprocess.run([GLADHAND, "--version"], check=True, capture_output=True, text=True, timeout=10).stdout


class Credentials(ProxyTest):
    """Where they come from, to whom they go, and that nobody sees them."""

    password = "pa:ss%wörd Qzxw"  # the last word survives any quoting, and is no number
    login = "jo:" + password
    in_url = "jo:pa%3Ass%25w%C3%B6rd%20Qzxw"

    def file(self, text, mode=0o600):
        path = self.temporary_path("logins")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def askpass(self, script):
        """The path of a program with that text."""
        path = self.temporary_path("askpass")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o700)
        return path

    def proxies(self, **how):
        """(scheme, a proxy that wants the login) of each kind."""
        for scheme, play in (("socks5h", socks5(login=self.login)),
                             ("http", http(login=self.login, challenge=scripted.KEEPS_CONNECTION)),
                             ("http", http(login=self.login, challenge=scripted.STRAY_BYTES)),
                             ("http", http(login=self.login, challenge=scripted.CLOSES_CONNECTION))):
            yield scheme, self.serve(in_turn(play, ssh), **how)

    def dial(self, *arguments, **variables):
        """Runs with -v, --trace and --log; nothing of what they tell is secret."""
        trace, log = self.temporary_path("trace"), self.temporary_path("log")
        result = run("-v", "--trace", trace, "--log", log, *arguments, NAME, "22", env={**ENVIRONMENT, **variables})
        encoded = base64.b64encode(self.login.encode()).decode()
        for text in (result.stderr, read(trace), read(log)):
            for secret in ("Qzxw", encoded, "wrong"):
                self.assertNotIn(secret, text)
        return result

    def assert_admitted(self, result, proxy):
        self.assert_carries(result, silent=False)
        self.assertNotIn("wrong login", str(proxy.asked))

    def test_from_the_url(self):
        for split in (False, True):
            for scheme, proxy in self.proxies(split=split):
                self.assert_admitted(self.dial("--proxy", proxy.url(scheme, self.in_url)), proxy)

    def test_from_the_file(self):
        for scheme, proxy in self.proxies():
            path = self.file("# ours\nhttps://jo:other@git.example\nhttp://jo:other@127.0.0.1:1\n\n"
                             f"{proxy.url(scheme, self.in_url)}  # this one\n{proxy.url(scheme, 'jo:other')}\n")
            self.assert_admitted(self.dial("--proxy-auth-file", path, "--proxy", proxy.url(scheme)), proxy)
            self.assert_admitted(self.dial("--proxy-auth-file", path, "--proxy", proxy.url(scheme, "jo")), proxy)

    def test_from_the_environment(self):
        for scheme, proxy in self.proxies():
            variables = {"GLADHAND_PROXY_USER": "jo", "GLADHAND_PROXY_PASSWORD": self.password}
            self.assert_admitted(self.dial("--proxy", proxy.url(scheme), **variables), proxy)
            variables["GLADHAND_PROXY_USER"] = "al"
            self.assert_admitted(self.dial("--proxy", proxy.url(scheme, "jo"), **variables), proxy)

    def test_from_the_url_of_the_environment(self):
        for scheme, proxy in self.proxies():
            self.assert_admitted(self.dial("--proxy", "env", ALL_PROXY=proxy.url(scheme, self.in_url)), proxy)

    def test_from_askpass(self):
        for scheme, proxy in self.proxies():
            asked = self.temporary_path("asked")
            program = self.askpass(f'echo "$@" >>{asked}; echo speaking >&2; echo "{self.password}"\n')
            result = self.dial("--proxy", proxy.url(scheme, "jo"), SSH_ASKPASS=program, DISPLAY=":9")
            self.assert_admitted(result, proxy)
            self.assertIn("speaking", result.stderr)
            self.assertEqual(read(asked), f"Password of jo for {proxy.url(scheme)}: \n")

    def test_askpass_as_ssh_runs_it(self):
        program = self.askpass(f'echo "{self.password}"\n')
        for variables, asks in (({"DISPLAY": ":9"}, True), ({"WAYLAND_DISPLAY": "x"}, True), ({}, False),
                                ({"SSH_ASKPASS_REQUIRE": "force"}, True), ({"SSH_ASKPASS_REQUIRE": "prefer"}, False),
                                ({"SSH_ASKPASS_REQUIRE": "never", "DISPLAY": ":9"}, False)):
            with self.subTest(variables):
                proxy = self.serve(in_turn(socks5(login=self.login), ssh))
                result = self.dial("--proxy", proxy.url("socks5h", "jo"), SSH_ASKPASS=program, **variables)
                self.addCleanup(result.close)
                self.assertEqual(result.status, 0 if asks else PROXY_FAILED, result)

    def test_nobody_is_asked_without_need(self):
        mark = self.temporary_path("mark")
        environment = {"SSH_ASKPASS": self.askpass(f"touch {mark}\n"), "SSH_ASKPASS_REQUIRE": "force"}
        for scheme, play in (("socks5h", socks5()), ("http", http()), ("socks4a", socks4())):
            proxy = self.serve(in_turn(play, ssh))
            self.assert_carries(self.dial("--proxy", proxy.url(scheme, "jo"), **environment), silent=False)
        proxy = self.serve(in_turn(http(login=self.login), ssh))
        self.assert_carries(self.dial("--proxy", proxy.url("http", self.in_url), **environment), silent=False)
        self.assertFalse(os.path.exists(mark))

    def test_the_user_is_asked_once(self):
        mark = self.temporary_path("mark")
        program = self.askpass(f'echo asked >>{mark}; echo "{self.password}"\n')
        proxy = self.serve(in_turn(http(login=self.login), ssh))
        self.assert_carries(self.dial("--proxy", proxy.url("http", "jo"), SSH_ASKPASS=program, DISPLAY=":9"),
                            silent=False)
        self.assertEqual(read(mark), "asked\n")

    def test_askpass_that_hangs(self):
        proxy = self.serve(in_turn(socks5(login=self.login), ssh))
        pid = self.temporary_path("pid")
        program = self.askpass(f"echo $$ >{pid}; exec sleep 60\n")
        result = run("--timeout", "400ms", "--proxy", proxy.url("socks5h", "jo"), NAME, "22",
                     env={**ENVIRONMENT, "SSH_ASKPASS": program, "DISPLAY": ":9"})
        self.assert_fails(result, TIMED_OUT, proxy.url("socks5h"), "400 ms")
        self.assertLess(result.exited - result.started, 1.2)
        self.assertTrue(eventually(lambda: not is_running(int(read(pid)))))

    def test_askpass_that_fails(self):
        for script in ("exit 1\n", "echo\n", f"echo '{self.password}'; exit 1\n"):
            proxy = self.serve(in_turn(socks5(login=self.login), ssh))
            result = run("--proxy", proxy.url("socks5h", "jo"), NAME, "22",
                         env={**ENVIRONMENT, "SSH_ASKPASS": self.askpass(script), "DISPLAY": ":9"})
            self.assert_fails(result, PROXY_FAILED, "it wants a user and a password", hint=True)
        result = run("--proxy", proxy.url("socks5h", "jo"), NAME, "22",
                     env={**ENVIRONMENT, "SSH_ASKPASS": "/no/such/program", "DISPLAY": ":9"})
        self.assert_fails(result, NOT_HANDED_OVER, "/no/such/program")

    def test_none(self):
        for scheme, proxy in self.proxies():
            result = run("--proxy", proxy.url(scheme), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, f"{proxy.url(scheme)}: it wants a user and a password", hint=True)

    def test_wrong_ones_are_not_told_again_for_all_the_patience(self):
        for scheme, proxy in self.proxies():
            result = run("--wait", "3s", "--proxy", proxy.url(scheme, "jo:wrong"), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, "the proxy refuses these credentials")
            self.assertEqual(str(proxy.asked).count("wrong login"), 1)

    def test_patience_asks_the_user_once(self):
        mark = self.temporary_path("mark")
        program = self.askpass(f'echo asked >>{mark}; echo "{self.password}"\n')
        proxy = self.serve(*[socks5(5, login=self.login)] * 2, in_turn(socks5(login=self.login), ssh))
        result = self.dial("--attempts", "3", "--proxy", proxy.url("socks5h", "jo"), SSH_ASKPASS=program, DISPLAY=":9")
        self.assert_carries(result, silent=False)
        self.assertEqual(read(mark), "asked\n")

    def test_a_user_who_takes_long_to_answer_is_not_the_proxys_silence(self):
        """Longer than the share of the time that one address has."""
        program = self.askpass(f'sleep 2.5; echo "{self.password}"\n')
        proxy = self.serve(in_turn(socks5(login=self.login), ssh))
        result = run("--timeout", "6s", "--proxy", proxy.url("socks5", "jo"), *resolve(NAME, V6, "192.0.2.8", V4), NAME,
                     "22", env={**ENVIRONMENT, "SSH_ASKPASS": program, "DISPLAY": ":9"})
        self.assert_carries(result)
        self.assertEqual([asked for peer in proxy.asked for asked in peer], ["login", f"{V6} port 22"])

    def test_a_user_who_would_not_say_is_not_asked_again(self):
        mark = self.temporary_path("mark")
        program = self.askpass(f"echo asked >>{mark}; exit 1\n")
        proxy = self.serve(in_turn(socks5(login=self.login), ssh))
        result = run("--wait", "3s", "--proxy", proxy.url("socks5h", "jo"), NAME, "22",
                     env={**ENVIRONMENT, "SSH_ASKPASS": program, "DISPLAY": ":9"})
        self.assert_fails(result, PROXY_FAILED, "it wants a user and a password")
        self.assertEqual(read(mark), "asked\n")

    def test_a_proxy_that_insists_on_what_is_offered(self):
        """As Tor does: without credentials none are offered."""
        def picky(peer):
            methods = peer.take(peer.take(2)[1])
            peer.asked.append(methods)
            peer.say(b"\x05" + methods[-1:])
            if methods[-1] == 2:
                peer.take(1)
                for _ in range(2):
                    peer.take(peer.take(1)[0])
                peer.say(b"\x01\0")
            peer.take(4)
            peer.take(peer.take(1)[0] + 2)
            peer.say(b"\x05\0\0" + scripted.BOUND_V4)
        mark = self.temporary_path("mark")
        asking = {**ENVIRONMENT, "SSH_ASKPASS": self.askpass(f"touch {mark}; echo x\n"), "DISPLAY": ":9"}
        for login, methods in (("", b"\0"), ("jo", b"\0"), ("jo:x", b"\0\x02"), ("jo:", b"\0\x02")):
            proxy = self.serve(in_turn(picky, ssh))
            self.assert_carries(run("--proxy", proxy.url("socks5h", login), NAME, "22", env=asking))
            self.assertEqual(proxy.asked, [[methods]])
        self.assertFalse(os.path.exists(mark))

    def test_wrong_ones(self):
        """They are told once, also where there is another address to ask for."""
        for scheme, proxy in self.proxies():
            result = run("--proxy", proxy.url(scheme, "jo:wrong"), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, f"{proxy.url(scheme)}: the proxy refuses these credentials",
                              hint=False)
            self.assertEqual(str(proxy.asked).count("wrong login"), 1)
            self.assertEqual(self.dial("--proxy", proxy.url(scheme, "jo:wrong")).status, PROXY_FAILED)
        proxy = self.serve(socks5(login=self.login))
        result = run("--proxy", proxy.url("socks5", "jo:wrong"), *resolve(NAME, V6, V4), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "the proxy refuses these credentials")
        self.assertEqual(proxy.asked, [["wrong login"]])

    def test_each_of_a_chain_gets_its_own(self):
        first, second = http(login="jo:one", challenge=scripted.CLOSES_CONNECTION), socks5(login="al:two")
        proxy = self.serve(in_turn(first, second, ssh))
        path = self.file(f"{proxy.url('http', 'jo:one')}\nsocks5://al:two@two.example\n")
        self.assert_carries(run("--proxy-auth-file", path, "--proxy", proxy.url("http"), "--proxy",
                                "socks5h://two.example",
                                NAME, "22"))

    def test_http_is_told_at_once(self):
        """Some proxies have other answers than 407 for who does not say who it is, or another challenge."""
        for otherwise in (b"HTTP/1.1 401 Unauthorized\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n", b"",
                          b"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n"):
            for source in ({"url": self.in_url}, {"file": self.in_url}, {"variables": self.password}):
                proxy = self.serve(in_turn(scripted.http_that_knows(self.login, otherwise), ssh))
                arguments, variables = ("--proxy", proxy.url("http", source.get("url", ""))), {}
                if "file" in source:
                    arguments += ("--proxy-auth-file", self.file(proxy.url("http", source["file"])))
                if "variables" in source:
                    variables = {"GLADHAND_PROXY_USER": "jo", "GLADHAND_PROXY_PASSWORD": source["variables"]}
                self.assert_carries(self.dial(*arguments, **variables), silent=False)
                self.assertEqual(len(proxy.peers), 1)

    def test_http_on_challenge(self):
        proxy = self.serve(in_turn(http(), ssh))
        self.assert_carries(self.dial("--proxy-auth", "on-challenge", "--proxy", proxy.url("http", self.in_url)),
                            silent=False)
        for challenge in (scripted.KEEPS_CONNECTION, scripted.STRAY_BYTES, scripted.CLOSES_CONNECTION):
            proxy = self.serve(in_turn(http(login=self.login, challenge=challenge), ssh))
            self.assert_admitted(self.dial("--proxy-auth", "on-challenge", "--proxy", proxy.url("http", self.in_url)),
                                 proxy)
            self.assertEqual(len(proxy.peers), 2)
        told = []

        def unauthorized(peer):
            told.append(peer.take_until(b"\r\n\r\n"))
            peer.say(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
            peer.hang_up()
        proxy = self.serve(unauthorized, in_turn(http(login=self.login), ssh))
        self.assert_admitted(self.dial("--proxy-auth", "on-challenge", "--proxy", proxy.url("http", self.in_url)), proxy)
        self.assertNotIn(b"Proxy-Authorization", told[0])

    def test_a_proxy_that_says_401(self):
        """tinyproxy says so to wrong ones."""
        proxy = self.serve(says(b"HTTP/1.1 401 Unauthorized\r\n\r\n"))
        result = run("--wait", "3s", "--proxy", proxy.url("http", "jo:wrong"), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, f"{proxy.url('http')}: the proxy refuses these credentials")
        result = run("--proxy", proxy.url("http"), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "it wants a user and a password", hint=True)

    @unittest.skipIf("no libmd" in version(), "was built without libmd")
    def test_digest(self):
        """With Basic first, which it refuses, or asked from the start; a wrong one is told once."""
        for algorithm in (None, "MD5", "SHA-256"):
            for when, login in (("at-once", ""), ("on-challenge", ""), ("at-once", "NTLM, ")):
                play = scripted.http_digest(self.login, algorithm, also=login)
                proxy = self.serve(in_turn(play, ssh))
                result = self.dial("--proxy-auth", when, "--proxy", proxy.url("http", self.in_url))
                self.assert_carries(result, silent=False)
                request = f"CONNECT {NAME}:22 HTTP/1.1"
                self.assertEqual(proxy.asked, [[request], [request + " (Digest)"]])
            proxy = self.serve(play)
            result = run("--proxy", proxy.url("http", "jo:wrong"), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, "the proxy refuses these credentials")
            self.assertEqual(str(proxy.asked).count("wrong Digest"), 1)

    @unittest.skipIf("no libmd" in version(), "was built without libmd")
    def test_digest_without_a_password(self):
        proxy = self.serve(scripted.http_digest(self.login))
        self.assert_fails(run("--proxy", proxy.url("http"), NAME, "22"), PROXY_FAILED, "it wants a", "password", hint=True)

    def test_what_only_others_speak(self):
        proxy = self.serve(says(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n"))
        for login in ("", "jo:Qzxw"):
            result = run("--proxy", proxy.url("http", login), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, "wants authentication, but neither Basic nor a Digest", "NTLM", hint=True)
            self.assertIn("cntlm", result.lines[1])

    def test_what_no_words_are_for_is_refused_before_connecting(self):
        proxy = self.serve(silence)
        for scheme, login, words in (("socks5h", "jo:" + "x" * 256, "255"), ("socks4", "a%00b", "NUL"),
                                     ("http", "jo:a%0D%0AHost:%20x", "line end")):
            self.assert_fails(run("--proxy", proxy.url(scheme, login), V4, "22"), USAGE, proxy.url(scheme), words)
        path = self.file(proxy.url("socks5", "jo:" + "x" * 256))
        self.assert_fails(run("--proxy-auth-file", path, "--proxy", proxy.url("socks5h"), NAME, "22"), USAGE, "255")
        self.assertEqual(proxy.peers, [])

    def test_an_empty_password_is_one(self):
        proxy = self.serve(in_turn(socks5(login="jo:"), ssh))
        self.assert_admitted(self.dial("--proxy", proxy.url("socks5h", "jo:")), proxy)

    def test_files_that_will_not_do(self):
        proxy = self.serve(silence)
        good = proxy.url("http", "jo:hidden") + "\n"
        fifo = self.temporary_path("fifo")
        os.mkfifo(fifo, 0o600)
        for path, words in ((self.file(good, 0o640), "others"), (self.file(good, 0o604), "others"),
                            (self.file(good + "jo:hidden@p.example\n"), "line 2"),
                            (self.file(proxy.url("http") + "\n"), "line 1"),
                            (os.path.dirname(self.file(good)), "not a file"), (fifo, "not a file"),
                            ("/no/such/file", "/no/such/file"), ("", "--proxy-auth-file")):
            with self.subTest(words):
                result = run("--proxy-auth-file", path, "--proxy", proxy.url("http"), NAME, "22")
                self.assert_fails(result, USAGE, words)
                self.assertNotIn("hidden", result.stderr)
        self.assertEqual(proxy.peers, [])


class Fields(ProxyTest):
    """--proxy-header"""

    def asked(self, *arguments, **how):
        proxy = self.serve(in_turn(scripted.http_that_knows("jo:x", b"HTTP/1.1 200 OK\r\n\r\n"), ssh))
        result = run("--proxy", proxy.url("http", how.get("login", "jo:x")), *arguments, NAME, "22")
        self.addCleanup(result.close)
        return result, proxy.asked[0][0]

    def test_they_are_in_the_request(self):
        result, request = self.asked("--proxy-header", "X-Team: a b", "--proxy-header", "X-Other:c")
        self.assert_carries(result)
        self.assertEqual(request[1:5], [f"Host: {NAME}:22", "User-Agent: gladhand", "X-Team: a b", "X-Other: c"])
        result, request = self.asked("--proxy-header", "User-Agent: Mozilla/5.0")
        self.assert_carries(result)
        self.assertEqual([line for line in request if "Agent" in line], ["User-Agent: Mozilla/5.0"])

    def test_authorization_of_another_kind(self):
        result, request = self.asked("--proxy-header", "Proxy-Authorization: Bearer t0ken")
        self.assertEqual([line for line in request if "Auth" in line], ["Proxy-Authorization: Bearer t0ken"])

    def test_a_proxy_that_knows_one_has_no_words(self):
        proxy = self.serve(says(b"HTTP/1.1 500 t0ken\r\n\r\n"))
        result = run("--proxy-header", "X-Key: t0ken", "--proxy", proxy.url("http"), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "500 Internal Server Error")
        self.assertNotIn("t0ken", result.stderr)

    def test_they_are_hidden_on_the_command_line(self):
        proxy, seen = self.serve(silence), 0
        for option in (("--proxy-header", "X-Key: t0ken"), ("--proxy-header=X-Key: t0ken",)):
            with start(*option, "--proxy", proxy.url("http"), NAME, "22") as session:
                proxy.wait_for(seen := seen + 1)
                self.assertIn("X-Key:***", cmdline(session))
                self.assertNotIn("t0ken", cmdline(session))
                session.ours.close()
                session.wait(5)

    def test_what_cannot_be_one(self):
        proxy = self.serve(silence)
        for field in ("X-Team", "X Team: hidden", "X-Team: hidden\r\nY: z", "X-Team: hidden\nY", "Host: hidden",
                      "Content-Length: 3", "Transfer-Encoding: chunked"):
            result = run("--proxy-header", field, "--proxy", proxy.url("http"), NAME, "22")
            self.assert_fails(result, USAGE, "--proxy-header")
            self.assertNotIn("hidden", result.stderr)
        self.assertEqual(proxy.peers, [])


class UnixSockets(ProxyTest):
    """Proxies on a Unix socket."""

    LOGIN = "jo:x"

    def test_all_ways_to_write_it(self):
        path = self.temporary_path("a b")
        written = path.replace(" ", "%20")
        for play, urls in ((socks5(), (f"socks5h+unix://{written}", f"socks5h://localhost{written}")),
                           (socks4(), (f"socks4a+unix://localhost{written}", f"socks4a://localhost{written}")),
                           (socks5(login=self.LOGIN), (f"socks5h+unix://{self.LOGIN}@{written}",)),
                           (http(login=self.LOGIN), (f"http+unix://{self.LOGIN}@{written}",))):
            for url in urls:
                with self.subTest(url), scripted.Server(in_turn(play, ssh), path=path) as proxy:
                    self.assert_carries(run("--proxy", url, NAME, "22"))
                    self.assertIn(NAME, str(proxy.asked[0][-1]))
                os.unlink(path)

    def test_a_password_of_the_file(self):
        path, logins = self.temporary_path("proxy"), self.temporary_path("logins")
        with open(logins, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(f"http+unix://jo:other@/other\nhttp://jo:other@localhost\nhttp+unix://{self.LOGIN}@{path}\n")
        proxy = self.serve(in_turn(http(login=self.LOGIN), ssh), path=path)
        self.assert_carries(run("--proxy-auth-file", logins, "--proxy", f"http+unix://{path}", NAME, "22"))
        self.assertEqual(len(proxy.peers), 1)

    def test_the_next_one_is_reached_from_there(self):
        path = self.temporary_path("proxy")
        self.serve(in_turn(http(), socks5(), ssh), path=path)
        self.assert_carries(run("--proxy", f"http+unix://{path}", "--proxy", "socks5h://two.example", NAME, "22"))
        result = run("--proxy", "http://one.example", "--proxy", f"http+unix://{path}", NAME, "22")
        self.assert_fails(result, USAGE, f"http+unix://{path} is on this machine, and can only be the first")

    def test_what_is_set_of_a_network_socket_has_no_meaning(self):
        for option in (("--bind", "127.0.0.1"), ("--interface", "lo"), ("--ttl", "3"), ("--keepalive=1,1,1",),
                       ("--knock", "tcp:1")):
            result = run(*option, "--proxy", "http+unix:///run/p", NAME, "22")
            self.assert_fails(result, USAGE, option[0].partition("=")[0] + " has no meaning for http+unix:///run/p")

    def test_nobody_is_there(self):
        path = self.temporary_path("proxy")
        result = run("--proxy", f"http+unix://{path}", NAME, "22")
        self.assert_fails(result, ALL_FAILED, f"connect to '{NAME}' port 22 through http+unix://{path}: ")


def cmdline(session):
    return read(f"/proc/{session.process.pid}/cmdline")


class WrongSchemes(ProxyTest):
    """What another protocol than the URL's says, and what stands in a proxy's place."""

    def test_they_are_named(self):
        for scheme, answer, words, hint in (
                ("socks5h", b"HTTP/1.1 400 Bad Request\r\n", "0x48, as HTTP does", "http://"),
                ("socks5h", b"\x15\x03\x01", "0x15, as TLS does", "TLS"),
                ("socks5h", b"SSH-2.0-x\r\n", "0x53, as SSH does", "no proxy"),
                ("socks4a", b"\x05\xff", "0x05, as SOCKS5 does", "socks5h://"),
                ("socks4a", b"HTTP/1.1 400\r\n", "0x48, as HTTP does", "http://"),
                ("http", b"\x05\xff", "as SOCKS5 does", "socks5h://"),
                ("http", b"\x15\x03\x01", "as TLS does", "TLS"),
                ("http", b"SSH-2.0-x\r\n", "as SSH does", "no proxy"),
                ("http", b"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden", "443"),
                ("http", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
                 "200: it shows a page instead of connecting", "browser"),
                ("http", b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", "302 Found: it shows another page",
                 "browser")):
            with self.subTest((scheme, answer)):
                proxy = self.serve(says(answer))
                result = run("--proxy", proxy.url(scheme), NAME, "22")
                self.assert_fails(result, PROXY_FAILED, proxy.url(scheme), words, hint=True)
                self.assertIn(hint, result.lines[1])


class Environment(ProxyTest):
    """--proxy env"""

    def dial(self, *arguments, **variables):
        return run("--proxy", "env", *arguments, env={**ENVIRONMENT, **variables})

    def test_all_proxy(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        for name in ("ALL_PROXY", "all_proxy"):
            self.assert_carries(self.dial(NAME, "22", **{name: proxy.url("socks5h")}))
        self.assert_carries(self.dial(NAME, "22", all_proxy=proxy.url("socks5h"), ALL_PROXY="http://127.0.0.1:9"))
        self.assertEqual(proxy.asked, 3 * [[f"{NAME} port 22"]])

    def test_without_a_scheme_it_is_http(self):
        proxy = self.serve(in_turn(http(), ssh))
        self.assert_carries(self.dial(NAME, "22", ALL_PROXY=f"127.0.0.1:{proxy.port}"))

    def test_no_proxy(self):
        listener, proxy = self.listen(), self.serve(silence)
        for exception in ("*", "127.0.0.1", "other.example, 127.0.0.0/8", f"127.0.0.1:{listener.port}"):
            result = self.dial("127.0.0.1", listener.port, ALL_PROXY=proxy.url("http"), NO_PROXY=exception)
            self.assert_handed_over(result, listener)
        result = self.dial(*resolve("a." + NAME, "127.0.0.1"), "a." + NAME, listener.port, ALL_PROXY=proxy.url("http"),
                           no_proxy=NAME)
        self.assert_handed_over(result, listener)
        self.assertEqual(proxy.peers, [])

    def test_a_list_without_the_target(self):
        proxy = self.serve(in_turn(http(), ssh))
        self.assert_carries(self.dial(NAME, "22", ALL_PROXY=proxy.url("http"), NO_PROXY="other.example,10.0.0.0/8"))

    def test_nothing_set(self):
        listener = self.listen()
        self.assert_handed_over(self.dial("127.0.0.1", listener.port), listener)
        self.assert_handed_over(self.dial("127.0.0.1", listener.port, ALL_PROXY="", NO_PROXY=""), listener)

    def test_a_variable_that_cannot_be_used_is_named(self):
        for variable, url, words in (("ALL_PROXY", "ftp://jo:hidden@p.example", "ftp"),
                                     ("https_proxy", "http://jo:hid/den@p.example", "path"),
                                     ("HTTP_PROXY", "https+unix://jo:hidden@/p", "certificate")):
            result = self.dial(NAME, "22", **{variable: url})
            self.assert_fails(result, PROXY_FAILED, f"{variable} cannot be used: ", words)
            self.assertNotIn("hid", result.stderr)

    def test_the_order_of_the_variables(self):
        """The more general first, the lower-case one before its upper-case twin."""
        names = ["all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"]
        proxy = self.serve(in_turn(socks5(), ssh))
        for position, name in enumerate(names):
            variables = {other: "http://127.0.0.1:9" for other in names[position + 1:]}
            result = self.dial("-v", NAME, "22", **variables, **{name: proxy.url("socks")})
            self.assert_carries(result, silent=False)
            self.assertIn(f"connect to '{NAME}' port 22 through {proxy.url('socks5h')} ({name})\n", result.stderr)

    def test_a_cgi_program_does_not_believe_http_proxy(self):
        """Its client may have set it, by a header of that name."""
        listener = self.listen()
        result = self.dial("127.0.0.1", listener.port, HTTP_PROXY="http://127.0.0.1:9", REQUEST_METHOD="GET")
        self.assert_handed_over(result, listener)

    def test_the_variable_is_named_where_its_proxy_fails(self):
        refusing = self.refusing()
        result = self.dial(NAME, "22", https_proxy=f"http://127.0.0.1:{refusing.port}")
        self.assert_fails(result, ALL_FAILED, f"through http://127.0.0.1:{refusing.port} (https_proxy): refused")

    def test_without_the_option_it_is_not_looked_at(self):
        listener = self.listen()
        result = run("127.0.0.1", listener.port, env={**ENVIRONMENT, "ALL_PROXY": "http://127.0.0.1:9"})
        self.assert_handed_over(result, listener)


class Usage(ProxyTest):
    def test_what_cannot_be_meant(self):
        proxy = self.serve(silence)
        socks4_url, http_url = proxy.url("socks4"), proxy.url("http")
        for arguments, words in (
                (("--proxy", "https+unix:///run/proxy", NAME, "22"), "certificate"),
                (("--proxy", "p.example:1080", NAME, "22"), "URL"),
                (("--proxy", "ftp://p.example", NAME, "22"), "ftp"),
                (("--proxy", "http://p.example:99999", NAME, "22"), "port"),
                (("--proxy", "http://jo:se%cret@p.example", NAME, "22"), "%"),
                (("--proxy", "http://[::1", NAME, "22"), "bracket"),
                (("--proxy", "", NAME, "22"), "URL"),
                (("--proxy", socks4_url, V6, "22"), V6),
                (("--proxy", http_url, "--proxy", socks4_url, V6, "22"), V6),
                (("--proxy", socks4_url, "--proxy", f"http://[{V6}]", NAME, "22"), V6),
                (("--proxy", socks4_url, "-6", NAME, "22"), "IPv6"),
                (("--proxy", http_url, "fe80::1%lo", "22"), "fe80::1%lo"),
                (("--proxy", proxy.url("socks5"), "fe80::1%lo", "22"), "fe80::1%lo"),
                (("--proxy", http_url, "-6", NAME, "22"), "127.0.0.1"),
                (("--proxy", http_url, "--bind", "::1", NAME, "22"), "127.0.0.1"),
                (("--proxy", http_url, "unix/run/x"), "--proxy"),
                (("--proxy", http_url, "vsock/3", "22"), "--proxy"),
                (("--proxy", http_url, "--protocol", "sctp", NAME, "22"), "SCTP"),
                (("--proxy", "env", "--proxy", http_url, NAME, "22"), "env"),
                (("--proxy-auth-file", "/dev/null", NAME, "22"), "--proxy"),
                (("--proxy-ca", "", "--proxy", http_url, NAME, "22"), "--proxy-ca"),
                (("--tcpmux", "", NAME), "--tcpmux"),
                (("--tcpmux", "a service", NAME), "--tcpmux")):
            with self.subTest(arguments):
                result = run(*arguments)
                self.assert_fails(result, USAGE, words)
                self.assertNotIn("cret", result.stderr)
        self.assertEqual(proxy.peers, [])

    def test_a_family_is_no_matter_behind_the_proxy(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        self.assert_carries(run("-4", "--proxy", proxy.url("socks5"), V6, "22"))


class Wrappers(ProxyTest):
    """torsocks and proxychains preload a library; gladhand would go past the proxy that it puts in the way."""

    def preload(self, name):
        """The environment with a library of that name, which does nothing."""
        path = self.temporary_path(name)
        shutil.copy(library(), path)
        # A sanitizer's own library wants to come first, and need not.
        return {**ENVIRONMENT, "LD_PRELOAD": path, "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def test_they_are_refused_before_any_traffic(self):
        with receiver.Listener("127.0.0.1") as listener:
            for name, wrapper in (("libtorsocks.so", "torsocks"), ("libproxychains.so.4", "proxychains")):
                result = run("127.0.0.1", listener.port, env=self.preload(name))
                self.assert_fails(result, USAGE, wrapper, "LD_PRELOAD", hint=True)
                self.assertIn("--proxy", result.lines[1])
            self.assertEqual(listener.connections, [])

    def test_proxy_resolves_the_refusal(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        result = run("--proxy", proxy.url("socks5h"), NAME, "22", env=self.preload("libtorsocks.so"))
        self.assert_carries(result)

    def test_any_other_library_is_the_users_own_affair(self):
        with receiver.Listener("127.0.0.1") as listener:
            self.assert_handed_over(run("127.0.0.1", listener.port, env=self.preload("libother.so")), listener)


def library():
    """A shared object that may be preloaded anywhere."""
    for folder in ("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib"):
        for name in ("libutil.so.1", "libdl.so.2", "libm.so.6"):
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
    raise unittest.SkipTest("needs a library to preload")


if __name__ == "__main__":
    common.main()
