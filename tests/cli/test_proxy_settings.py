"""What users say about proxies: passwords, the environment, and what cannot be meant."""

import base64
import os
import shutil
import unittest

import common
from common import ENVIRONMENT, NOT_HANDED_OVER, PROXY_FAILED, TIMED_OUT, USAGE, resolve, run
from proxy_case import NAME, V4, V6, ProxyTest, eventually, is_running, read
from support import receiver, scripted
from support.scripted import http, in_turn, says, silence, socks4, socks5, ssh


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
        """Although the proxy closes the connection on which it promised to listen again."""
        def promise(peer):
            peer.take_until(b"\r\n\r\n")
            peer.say(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            peer.take_until(b"\r\n\r\n")
            peer.hang_up()
        mark = self.temporary_path("mark")
        program = self.askpass(f'echo asked >>{mark}; echo "{self.password}"\n')
        proxy = self.serve(promise, in_turn(http(login=self.login), ssh))
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
        self.assertEqual(len(proxy.peers), 1)

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
        for login, methods in (("", b"\0"), ("jo", b"\0"), ("jo:x", b"\0\x02")):
            proxy = self.serve(in_turn(picky, ssh))
            self.assert_carries(run("--proxy", proxy.url("socks5h", login), NAME, "22"))
            self.assertEqual(proxy.asked, [[methods]])

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

    def test_only_digest(self):
        proxy = self.serve(says(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=x\r\n\r\n"))
        result = self.dial("--proxy", proxy.url("http", self.in_url))
        self.assertEqual(result.status, PROXY_FAILED)
        self.assertIn("not Basic: it offers Digest", result.stderr)

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

    def test_no_url(self):
        result = self.dial(NAME, "22", ALL_PROXY="ftp://jo:hidden@p.example")
        self.assert_fails(result, USAGE, "ALL_PROXY", "ftp")
        self.assertNotIn("hidden", result.stderr)

    def test_without_the_option_it_is_not_looked_at(self):
        listener = self.listen()
        result = run("127.0.0.1", listener.port, env={**ENVIRONMENT, "ALL_PROXY": "http://127.0.0.1:9"})
        self.assert_handed_over(result, listener)


class Usage(ProxyTest):
    def test_what_cannot_be_meant(self):
        proxy = self.serve(silence)
        socks4_url, http_url = proxy.url("socks4"), proxy.url("http")
        for arguments, words in (
                (("--proxy", proxy.url("https"), NAME, "22"), "TLS"),
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
