"""The ways through proxies: every scheme, names, chains, failures, the trace. The proxies are scripted."""

import base64
import fcntl
import os
import socket
import struct
import subprocess
import time
import unittest

from common import (ALL_FAILED, ENVIRONMENT, GLADHAND, NO_ADDRESS, NOT_HANDED_OVER, PROXY_FAILED, TIMED_OUT, USAGE,
                    CommandTest, read_json_lines, resolve, run, start)
from support import dns, pipes, scripted
from support.receiver import BANNER, free_port
from support.scripted import closes, http, in_turn, says, silence, socks4, socks5, ssh, tcpmux

NAME = "db.example"
V4, V6 = "192.0.2.7", "2001:db8::7"


class ProxyTest(CommandTest):
    def serve(self, *plays, **how):
        return self.enter(scripted.Server(*plays, **how))

    def assert_carries(self, result, *, silent=True):
        """What was passed has the whole banner of the server and is a way to it."""
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1), result)
        if silent:
            self.assertEqual(result.stderr, "")
        passed = result.socket()
        self.addCleanup(passed.close)
        self.assert_has_banner(passed)
        return passed

    def assert_has_banner(self, passed):
        passed.settimeout(5)
        passed.sendall(b"ping")
        expected, got = BANNER + b"ping", b""
        while len(got) < len(expected):
            piece = passed.recv(len(expected) - len(got))
            if not piece:
                break
            got += piece
        self.assertEqual(got, expected)

    def trace(self, *arguments, **how):
        path = self.temporary_path("trace")
        result = run("--trace", path, *arguments, **how)
        self.addCleanup(result.close)
        with open(path, encoding="utf-8") as file:
            return result, read_json_lines(file.read())


class Schemes(ProxyTest):
    """The replies come glued to the banner, or byte by byte: no byte of either is lost."""

    def assert_asks(self, scheme, play, host, asked, login="", **options):
        for split in (False, True):
            with self.subTest((scheme, host, split)):
                proxy = self.serve(in_turn(play, ssh), split=split)
                self.assert_carries(run("--proxy", proxy.url(scheme, login), host, "22", **options))
                self.assertEqual(proxy.asked, [[asked]])

    def test_socks4(self):
        self.assert_asks("socks4", socks4(), V4, f"{V4} port 22 for ''")
        self.assert_asks("socks4a", socks4(), V4, f"{V4} port 22 for ''")
        self.assert_asks("socks4a", socks4(), NAME, f"{NAME} port 22 for ''")

    def test_socks4_identification(self):
        for login in ("jo", "jo:secret"):
            self.assert_asks("socks4", socks4(), V4, f"{V4} port 22 for 'jo'", login)

    def test_socks5(self):
        for host in (V4, V6):
            self.assert_asks("socks5", socks5(), host, f"{host} port 22")
            self.assert_asks("socks5h", socks5(), host, f"{host} port 22")
        self.assert_asks("socks5h", socks5(), NAME, f"{NAME} port 22")

    def test_socks5_bound_addresses(self):
        for bound in (scripted.BOUND_V4, scripted.BOUND_V6, scripted.BOUND_NAME, scripted.BOUND_EMPTY_NAME):
            self.assert_asks("socks5h", socks5(bound=bound), NAME, f"{NAME} port 22")

    def test_http(self):
        self.assert_asks("http", http(), NAME, f"CONNECT {NAME}:22 HTTP/1.1")
        self.assert_asks("http", http(), V4, f"CONNECT {V4}:22 HTTP/1.1")
        self.assert_asks("http", http(), V6, f"CONNECT [{V6}]:22 HTTP/1.1")

    def test_http_answers(self):
        for answer in ("HTTP/1.0 200\r\n\r\n", "HTTP/1.1 299 Fine\r\nContent-Length: 100\r\n\r\n",
                       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Done\nTransfer-Encoding: chunked\n\n"):
            self.assert_asks("http", http(answer), NAME, f"CONNECT {NAME}:22 HTTP/1.1")

    def test_tcpmux(self):
        for split in (False, True):
            server = self.serve(in_turn(tcpmux(b"+go ahead\r\n"), ssh), split=split)
            self.assert_carries(run("--tcpmux", "ssh", server.address, server.port))
            self.assertEqual(server.asked, [["ssh"]])

    def test_tcpmux_behind_a_proxy_on_its_own_port(self):
        server = self.serve(in_turn(socks5(), tcpmux(b"+\r\n"), ssh))
        self.assert_carries(run("--tcpmux", "ssh", "--proxy", server.url("socks5h"), NAME))
        self.assertEqual(server.asked, [[f"{NAME} port 1", "ssh"]])

    def test_the_proxy_itself_over_ipv6_and_by_name(self):
        proxy = self.serve(in_turn(socks5(), ssh), address="::1")
        self.assert_carries(run("--proxy", proxy.url("socks5h"), NAME, "22"))
        self.refusing("127.0.0.1", proxy.port)
        self.assert_carries(run("--proxy", f"socks5h://p.example:{proxy.port}", *resolve("p.example", "127.0.0.1", "::1"),
                                NAME, "22"))


class Chains(ProxyTest):
    def test_three_kinds(self):
        for split in (False, True):
            proxy = self.serve(in_turn(http(), socks4(), socks5(), ssh), split=split)
            self.assert_carries(run("--proxy", proxy.url("http"), "--proxy", "socks4a://two.example:1081",
                                    "--proxy", f"socks5h://{V4}", NAME, "22"))
            self.assertEqual(proxy.asked, [["CONNECT two.example:1081 HTTP/1.1", f"{V4} port 1080 for ''",
                                            f"{NAME} port 22"]])

    def test_the_hop_that_fails_is_named(self):
        two = "socks5h://two.example:1080"
        for plays, status, words in (
                ((http("HTTP/1.1 403 Forbidden\r\n\r\n"),), PROXY_FAILED, "{one}: 403 Forbidden"),
                ((closes,), PROXY_FAILED, "{one}: closed the connection before it answered"),
                ((says(b"SSH-2.0-me\r\n"),), PROXY_FAILED, "{one}: speaks no HTTP/1: it answered 'SSH-2.0-me'"),
                ((says(b"\x05\xff\x1b[2J"),), PROXY_FAILED, "{one}: speaks no HTTP/1: it answered '\\x05"),
                ((silence,), TIMED_OUT, "{one}: no answer in 300 ms"),
                ((http(), socks5(2)), PROXY_FAILED, "{two}: connection not allowed by its rules"),
                ((http(), closes), PROXY_FAILED, "{two}: closed the connection before it answered the greeting"),
                ((http(), says(b"HTTP/1.1 400 Bad Request\r\n")), PROXY_FAILED,
                 "{two}: speaks no SOCKS5: its answer begins with 0x48"),
                ((http(), silence), TIMED_OUT, "{two}: no answer in 300 ms")):
            with self.subTest(words):
                one = self.serve(in_turn(*plays))
                began = time.monotonic()
                result = run("--timeout", "300ms", "--proxy", one.url("http"), "--proxy", two, NAME, "22")
                self.assert_fails(result, status, f"connect to '{NAME}' port 22: ",
                                  words.format(one=one.url("http"), two=two))
                self.assertLess(result.exited - began, 1.0)

    def test_the_first_cannot_be_reached(self):
        refusing = self.refusing()
        result = run("--proxy", f"http://127.0.0.1:{refusing.port}", "--proxy", "socks5h://two.example", NAME, "22")
        self.assert_fails(result, ALL_FAILED,
                          f"connect to '{NAME}' port 22 through http://127.0.0.1:{refusing.port}: refused by 127.0.0.1")
        hole = self.black_hole()
        result = run("--timeout", "300ms", "--proxy", f"http://127.0.0.1:{hole.port}", NAME, "22")
        self.assert_fails(result, TIMED_OUT, f"through http://127.0.0.1:{hole.port}: no answer")

    def test_the_first_has_no_address(self):
        server = self.enter(dns.Server())
        result = run("--dns-server", server.endpoint, "--proxy", "http://p.example:3128", NAME, "22")
        self.assert_fails(result, NO_ADDRESS, "through http://p.example:3128")

    def test_endless_words_are_bounded(self):
        def flood(peer):
            peer.say(b"HTTP/1.1 200 OK\r\n")
            while True:
                peer.say(b"X: " + b"y" * 1000 + b"\r\n")
                peer.flush()
        proxy = self.serve(flood)
        result = run("--proxy", proxy.url("http"), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "header section of more than")

    def test_long_reasons_are_cut(self):
        proxy = self.serve(http("HTTP/1.1 403 " + "no " * 5000 + "\r\n\r\n"))
        result = run("--proxy", proxy.url("http"), NAME, "22")
        self.assertEqual(result.status, PROXY_FAILED)
        self.assertRegex(result.stderr, r"^gladhand: connect to .*: 403 no no no[no ]+\.\.\.\n$")
        self.assertLess(len(result.stderr), 500)

    def test_tcpmux_refuses(self):
        server = self.serve(tcpmux(b"-no such service\r\n"))
        result = run("--tcpmux", "ssh", server.address, server.port)
        self.assert_fails(result, PROXY_FAILED, f"port {server.port}: the service is refused: no such service")


class Names(ProxyTest):
    """Who resolves, and what comes of several addresses."""

    def setUp(self):
        self.dns = self.enter(dns.Server(script={(NAME, "AAAA"): dns.answer(V6), (NAME, "A"): dns.answer(V4)}))

    def dial(self, url, *options):
        return run("--dns-server", self.dns.endpoint, *options, "--proxy", url, NAME, "22")

    def test_the_proxy_resolves(self):
        for scheme, play in (("socks4a", socks4()), ("socks5h", socks5()), ("http", http())):
            proxy = self.serve(in_turn(play, ssh))
            self.assert_carries(self.dial(proxy.url(scheme)))
        self.assertEqual(self.dns.queries, [])

    def test_socks5_asks_for_the_next_address_on_a_new_connection(self):
        proxy = self.serve(socks5(4), in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5")))
        self.assertEqual(proxy.asked, [[f"{V6} port 22"], [f"{V4} port 22"]])
        self.assertEqual(sorted(self.dns.asked()), [(NAME, "A"), (NAME, "AAAA")])

    def test_a_proxy_that_only_closes_may_reach_the_next(self):
        def close_when_asked(peer):
            peer.take(3 + 1)
            peer.say(b"\x05\0")
            peer.take(4 + 16 + 2)
            peer.hang_up()
        proxy = self.serve(close_when_asked, in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5")))

    def test_a_proxy_that_speaks_nonsense_is_asked_once(self):
        proxy = self.serve(says(b"HTTP/1.0 400 Bad Request\r\n\r\n"))
        self.assert_fails(self.dial(proxy.url("socks5")), PROXY_FAILED, "speaks no SOCKS5")
        self.assertEqual(len(proxy.peers), 1)

    def test_all_addresses_are_told(self):
        proxy = self.serve(socks5(4), socks5(5))
        self.assert_fails(self.dial(proxy.url("socks5")), PROXY_FAILED,
                          f"{proxy.url('socks5')}: for {V6}: host unreachable (SOCKS5 reply 0x04), "
                          f"for {V4}: connection refused (SOCKS5 reply 0x05)")
        self.assertEqual(len(proxy.peers), 2)

    def test_addresses_of_the_command_line_in_the_order_of_a_race(self):
        proxy = self.serve(socks5(1))
        result = run("--proxy", proxy.url("socks5"), *resolve(NAME, "192.0.2.1", "192.0.2.2", V6, "2001:db8::8"), NAME, "22")
        self.assertEqual(result.status, PROXY_FAILED)
        self.assertEqual(proxy.asked, [[f"{address} port 22"] for address in (V6, "192.0.2.1", "2001:db8::8", "192.0.2.2")])

    def test_socks4_asks_for_ipv4_alone(self):
        proxy = self.serve(in_turn(socks4(), ssh))
        self.assert_carries(self.dial(proxy.url("socks4")))
        self.assertEqual(self.dns.asked(), [(NAME, "A")])

    def test_family_options_hold_here(self):
        for option, address in (("-4", V4), ("-6", V6)):
            proxy = self.serve(in_turn(socks5(), ssh), address="127.0.0.1" if option == "-4" else "::1")
            self.assert_carries(self.dial(proxy.url("socks5"), option))
            self.assertEqual(proxy.asked, [[f"{address} port 22"]])

    def test_a_source_address_is_for_the_proxy_alone(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5"), "--bind", "127.0.0.1"))
        self.assertEqual(proxy.asked, [[f"{V6} port 22"]])

    def test_aaaa_a_little_late(self):
        self.dns.set(NAME, "AAAA", dns.answer(V6, delay=0.1))
        proxy = self.serve(in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5"), "--resolution-delay", "3s"))
        self.assertEqual(proxy.asked, [[f"{V6} port 22"]])

    def test_aaaa_too_late(self):
        self.dns.set(NAME, "AAAA", dns.answer(V6, delay=0.6))
        proxy = self.serve(in_turn(socks5(), ssh))
        result = self.dial(proxy.url("socks5"))
        self.assert_carries(result)
        self.assertLess(result.exited - result.started, 0.5)
        self.assertEqual(proxy.asked, [[f"{V4} port 22"]])

    def test_a_late_address_is_waited_for_where_the_first_fails(self):
        for late, first, second in (("AAAA", V4, V6), ("A", V6, V4)):
            self.dns.set(NAME, "AAAA", dns.answer(V6))
            self.dns.set(NAME, "A", dns.answer(V4))
            self.dns.set(NAME, late, dns.answer(second, delay=0.4))
            proxy = self.serve(socks5(1), in_turn(socks5(), ssh))
            self.assert_carries(self.dial(proxy.url("socks5")))
            self.assertEqual(proxy.asked, [[f"{first} port 22"], [f"{second} port 22"]])

    def test_no_such_name(self):
        for kind in ("AAAA", "A"):
            self.dns.set(NAME, kind, dns.nxdomain())
        proxy = self.serve(silence)
        self.assert_fails(self.dial(proxy.url("socks5")), NO_ADDRESS, f"connect to '{NAME}' port 22: name does not exist")
        result = run("--dns-server", self.dns.endpoint, "--proxy", proxy.url("socks5"), "--proxy", f"http://{NAME}", V4, "22")
        self.assert_fails(result, NO_ADDRESS, f"connect to '{V4}' port 22 through http://{NAME}:80: name does not exist")
        self.dns.set(NAME, "AAAA", dns.answer(V6))
        self.dns.set(NAME, "A", dns.nodata())
        self.assert_fails(self.dial(proxy.url("socks4")), NO_ADDRESS, f"'{NAME}'", "no IPv4 address")

    def test_no_answer_in_time(self):
        for kind in ("AAAA", "A"):
            self.dns.set(NAME, kind, dns.drop())
        proxy = self.serve(silence)
        result = self.dial(proxy.url("socks5"), "--timeout", "300ms")
        self.assert_fails(result, TIMED_OUT, f"connect to '{NAME}' port 22: no answer to the AAAA question in 3")
        self.assertLess(result.exited - result.started, 1.0)

    def test_the_second_proxy_is_resolved_here_for_the_first(self):
        proxy = self.serve(socks5(4), in_turn(socks5(), http(), ssh))
        result = run("--dns-server", self.dns.endpoint, "--proxy", proxy.url("socks5"), "--proxy", f"http://{NAME}:3128",
                     "inner.example", "22")
        self.assert_carries(result)
        self.assertEqual(proxy.asked, [[f"{V6} port 3128"], [f"{V4} port 3128", "CONNECT inner.example:22 HTTP/1.1"]])

    def test_the_last_of_a_chain_asks_for_the_next_address(self):
        proxy = self.serve(in_turn(http(), socks5(4)), in_turn(http(), socks5(), ssh))
        result = run("--dns-server", self.dns.endpoint, "--proxy", proxy.url("http"), "--proxy", "socks5://two.example",
                     NAME, "22")
        self.assert_carries(result)
        self.assertEqual(proxy.asked, [["CONNECT two.example:1080 HTTP/1.1", f"{V6} port 22"],
                                       ["CONNECT two.example:1080 HTTP/1.1", f"{V4} port 22"]])


class Credentials(ProxyTest):
    """Where they come from, to whom they go, and that nobody sees them."""

    password = "pa:ss%wörd 4711"  # 4711 survives any quoting
    login = "jo:" + password
    in_url = "jo:pa%3Ass%25w%C3%B6rd%204711"

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
            with self.subTest(scheme):
                yield scheme, self.serve(in_turn(play, ssh), **how)

    def dial(self, *arguments, **variables):
        """Runs with -v, --trace and --log; nothing of what they tell is secret."""
        trace, log = self.temporary_path("trace"), self.temporary_path("log")
        result = run("-v", "--trace", trace, "--log", log, *arguments, NAME, "22", env={**ENVIRONMENT, **variables})
        encoded = base64.b64encode(self.login.encode()).decode()
        for text in (result.stderr, read(trace), read(log)):
            for secret in ("4711", encoded, "wrong"):
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
        self.assert_carries(self.dial("--proxy", proxy.url("http", "jo"), SSH_ASKPASS=program, DISPLAY=":9"), silent=False)
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
        for script in ("exit 1\n", "echo\n"):
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

    def test_wrong_ones(self):
        """They are told once, also where there is another address to ask for."""
        for scheme, proxy in self.proxies():
            result = run("--proxy", proxy.url(scheme, "jo:wrong"), NAME, "22")
            self.assert_fails(result, PROXY_FAILED, f"{proxy.url(scheme)}: the proxy refuses these credentials", hint=False)
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
        self.assert_carries(run("--proxy-auth-file", path, "--proxy", proxy.url("http"), "--proxy", "socks5h://two.example",
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


class Reports(ProxyTest):
    def test_trace_of_a_chain(self):
        proxy = self.serve(in_turn(http(), socks5(), ssh))
        result, events = self.trace("--proxy", proxy.url("http"), "--proxy", "socks5h://two.example", NAME, "22")
        self.assert_carries(result)
        names = [event["event"] for event in events]
        self.assertEqual(names[0], "config_set")
        self.assertEqual(names[names.index("connection_selected"):],
                         ["connection_selected", "handshake_started", "handshake_finished", "handshake_started",
                          "handshake_finished", "handed_over", "metrics"])
        started = [event for event in events if event["event"] == "handshake_started"]
        self.assertEqual([(event["peer"], event["asks_for"]) for event in started],
                         [(proxy.url("http"), "'two.example' port 1080"), ("socks5h://two.example:1080", f"'{NAME}' port 22")])
        finished = [event for event in events if event["event"] == "handshake_finished"]
        self.assertEqual([event["outcome"] for event in finished], ["success", "success"])

    def test_trace_of_another_address(self):
        """Each connection is a dial with its own clock."""
        def refuse_late(peer):
            socks5(4)(peer)

        def slow(peer):
            peer.take(1)
            time.sleep(0.3)
            peer.say(b"\x05\0")
            peer.take(3 + 4 + 16 + 2)
            peer.say(b"\x05\x04\0" + scripted.BOUND_V4)
            peer.hang_up()
        for first in (refuse_late, slow):
            proxy = self.serve(first, in_turn(socks5(), ssh))
            result, events = self.trace("--proxy", proxy.url("socks5"), *resolve(NAME, V6, V4), NAME, "22")
            self.assert_carries(result)
            names = [event["event"] for event in events]
            self.assertEqual(names.count("config_set"), 2)
            self.assertEqual(names.count("metrics"), 2)
            second = names.index("config_set", 1)
            self.assertEqual(names[second - 2:second], ["handshake_finished", "metrics"])
            self.assertIn("host unreachable", events[second - 2]["error"])
            for dial in (events[:second], events[second:]):
                times = [event["t_us"] for event in dial]
                self.assertEqual(times, sorted(times))
                self.assertEqual(dial[-1]["total_duration_us"], times[-1])
            self.assertLess(events[-1]["t_us"], 250000)

    def test_trace_of_a_failure(self):
        proxy = self.serve(http("HTTP/1.1 502 Bad Gateway\r\n\r\n"))
        result, events = self.trace("--proxy", proxy.url("http"), NAME, "22")
        self.assertEqual(result.status, PROXY_FAILED)
        names = [event["event"] for event in events]
        self.assertEqual(names[-3:], ["handshake_started", "handshake_finished", "metrics"])
        self.assertEqual((events[-2]["outcome"], events[-2]["error"]), ("failure", "502 Bad Gateway"))
        self.assertNotIn("handed_over", names)

    def test_verbose(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        result = run("-v", "--proxy", proxy.url("socks5h"), NAME, "22")
        self.assert_carries(result, silent=False)
        self.assertIn(f"ask {proxy.url('socks5h')} for '{NAME}' port 22", result.stderr)

    def test_explain(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        result = run("--explain", "--proxy", proxy.url("socks5h"), NAME, "22", stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.stderr, result.descriptors), (0, "", []))
        self.assertIn(proxy.url("socks5h"), result.stdout.decode())
        proxy = self.serve(socks5(5))
        result = run("--explain", "--proxy", proxy.url("socks5h"), NAME, "22", stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual(result.status, PROXY_FAILED)
        self.assertIn("connection refused", result.stdout.decode())
        self.assert_one_message(result.stderr)


class HandedOver(ProxyTest):
    def test_the_socket_is_as_ssh_wants_it(self):
        proxy = self.serve(in_turn(socks5(), http(), ssh), split=True)
        passed = self.assert_carries(run("--proxy", proxy.url("socks5h"), "--proxy", "http://two.example", NAME, "22"))
        passed.settimeout(None)
        self.assertTrue(self.is_blocking(run("--proxy", proxy.url("socks5h"), "--proxy", "http://two.example", NAME, "22")))
        for level, option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)):
            self.assertNotEqual(passed.getsockopt(level, option), 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.assertEqual(struct.unpack("ll", passed.getsockopt(socket.SOL_SOCKET, option, 16)), (0, 0))
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 1)

    def is_blocking(self, result):
        self.addCleanup(result.close)
        (descriptor,) = result.descriptors
        return not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK

    def test_a_relay_through_a_proxy(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        with pipes.Piped([GLADHAND, "--relay", "--proxy", proxy.url("socks5h"), NAME, "22"], env=ENVIRONMENT) as piped:
            pipes.write_all(piped.to, b"ping")
            self.assertEqual(pipes.read_all(piped.back, len(BANNER) + 4), BANNER + b"ping")
            piped.close_to()
            self.assertEqual(piped.end(), (0, ""))

    def test_the_end_of_ssh_ends_it(self):
        """In a handshake, in a question to the DNS behind the proxy."""
        server = self.enter(dns.Server(default=dns.drop()))
        for scheme, is_there in (("http", lambda proxy: bool(proxy.wait_for(1))),
                                 ("socks5", lambda proxy: bool(server.wait_for(2)))):
            proxy = self.serve(silence)
            with start("--dns-server", server.endpoint, "--proxy", proxy.url(scheme), NAME, "22") as session:
                self.assertTrue(is_there(proxy))
                session.ours.close()
                began = time.monotonic()
                self.assertLess(session.wait(5) - began, 1.0)
                self.assertNotEqual(session.process.returncode, 0)


class Waiting(ProxyTest):
    """--wait and --attempts: a dial that a proxy has refused is repeated as any other."""

    def test_a_proxy_that_refuses_at_first(self):
        proxy = self.serve(http("HTTP/1.1 502 Bad Gateway\r\n\r\n"), closes, in_turn(http(), ssh))
        self.assert_carries(run("--wait", "5s", "--proxy", proxy.url("http"), NAME, "22"))
        self.assertEqual(len(proxy.peers), 3)

    def test_a_proxy_that_is_not_there_at_first(self):
        port = free_port()
        path = self.temporary_path("trace")
        with start("--wait", "5s", "--trace", path, "--proxy", f"http://127.0.0.1:{port}", NAME, "22") as session:
            self.assertTrue(eventually(lambda: os.path.exists(path) and "retry_scheduled" in read(path)))
            self.serve(in_turn(http(), ssh), port=port)
            self.assert_carries(session.finish())

    def test_patience_ends(self):
        proxy = self.serve(http("HTTP/1.1 502 Bad Gateway\r\n\r\n"))
        result = run("--attempts", "2", "--proxy", proxy.url("http"), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "502 Bad Gateway")
        self.assertEqual(len(proxy.peers), 2)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_running(pid):
    """As more than an entry that waits to be reaped."""
    try:
        return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition, timeout=5.0):
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


if __name__ == "__main__":
    unittest.main()
