"""The ways through proxies: every scheme, chains, failures, reports, the hand-over. The proxies are scripted."""

import fcntl
import os
import socket
import struct
import subprocess
import time

import common
from common import ALL_FAILED, ENVIRONMENT, GLADHAND, NO_ADDRESS, PROXY_FAILED, TIMED_OUT, resolve, run, start
from proxy_case import NAME, V4, V6, ProxyTest, eventually, is_running, read
from support import dns, pipes, scripted
from support.receiver import BANNER, free_port
from support.scripted import closes, http, in_turn, says, silence, socks4, socks5, ssh, tcpmux


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
        addresses = resolve("p.example", "127.0.0.1", "::1")
        self.assert_carries(run("--proxy", f"socks5h://p.example:{proxy.port}", *addresses, NAME, "22"))


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
                ((http("HTTP/1.1 403 Forbidden\r\n\r\n"),), PROXY_FAILED, "{one}: for {two}: 403 Forbidden"),
                ((closes,), PROXY_FAILED, "{one}: closed the connection before it answered"),
                ((says(b"SSH-2.0-me\r\n"),), PROXY_FAILED, "{one}: speaks no HTTP/1: it answered 'SSH-2.0-me'"),
                ((says(b"\x05\xff\x1b[2J"),), PROXY_FAILED, "{one}: speaks no HTTP/1: it answered '\\x05"),
                ((silence,), TIMED_OUT, "{one}: for {two}: no answer in "),
                ((http(), socks5(2)), PROXY_FAILED, "{two}: connection not allowed by its rules"),
                ((http(), closes), PROXY_FAILED, "{two}: closed the connection before it answered the greeting"),
                ((http(), says(b"HTTP/1.1 400 Bad Request\r\n")), PROXY_FAILED,
                 "{two}: speaks no SOCKS5: its answer begins with 0x48"),
                ((http(), silence), TIMED_OUT, "{two}: no answer in ")):
            with self.subTest(words):
                one = self.serve(in_turn(*plays))
                began = time.monotonic()
                result = run("--timeout", "300ms", "--proxy", one.url("http"), "--proxy", two, NAME, "22")
                self.assert_fails(result, status, f"connect to '{NAME}' port 22: ",
                                  words.format(one=one.url("http"), two=two))
                if status == TIMED_OUT:  # all of it, but for what a busy machine took to get there
                    self.assertRegex(result.lines[0], r"no answer in (300|[12]\d\d) ms$")
                self.assertLess(result.exited - began, 1.0)

    def test_silence_is_counted_from_when_the_hop_was_asked(self):
        def late(peer):
            time.sleep(0.5)
            http()(peer)
        one = self.serve(in_turn(late, silence))
        result = run("--timeout", "1s", "--proxy", one.url("http"), "--proxy", "http://two.example", NAME, "22")
        self.assert_fails(result, TIMED_OUT, "http://two.example:80: no answer in ")
        self.assertRegex(result.lines[0], r"no answer in [1-5]\d\d ms$")

    def test_silence_is_not_counted_longer_than_it_was_waited_for(self):
        one = self.serve(silence)
        result = run("--wait", "400ms", "--proxy", one.url("http"), NAME, "22")
        self.assert_fails(result, TIMED_OUT, one.url("http") + ": no answer in ")
        self.assertRegex(result.lines[0], r"no answer in [3-9]\d\d ms")

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
        proxy = self.serve(http("HTTP/1.1 500 " + "no " * 5000 + "\r\n\r\n"))
        result = run("--proxy", proxy.url("http"), NAME, "22")
        self.assertEqual(result.status, PROXY_FAILED)
        self.assertRegex(result.stderr, r"^gladhand: connect to .*: 500 no no no[no ]+\.\.\.\n$")
        self.assertLess(len(result.stderr), 500)

    def test_tcpmux_refuses(self):
        server = self.serve(tcpmux(b"-no such service\r\n"))
        result = run("--tcpmux", "ssh", server.address, server.port)
        self.assert_fails(result, PROXY_FAILED, f"port {server.port}: the service is refused: no such service")


class Commands(ProxyTest):
    """What the user's commands have to do with proxies."""

    def test_before_runs_once_for_several_connections(self):
        mark = self.temporary_path("mark")
        proxy = self.serve(socks5(4), socks5(5), in_turn(socks5(), ssh))
        result = run("--before", f"sh -c 'echo $GLADHAND_ADDRESSES >>{mark}'", "--proxy", proxy.url("socks5"),
                     *resolve(NAME, V6, V4, "192.0.2.8"), NAME, "22")
        self.assert_carries(result)
        self.assertEqual(read(mark), f"{proxy.address}\n")

    def test_on_slow_is_about_the_whole_way(self):
        mark = self.temporary_path("mark")
        proxy = self.serve(silence)
        result = run("--on-slow", f"200ms:sh -c 'echo $GLADHAND_HOST >>{mark}'", "--timeout", "1s",
                     "--proxy", proxy.url("http"), NAME, "22")
        self.assert_fails(result, TIMED_OUT)
        self.assertEqual(read(mark), f"{NAME}\n")


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
                         [(proxy.url("http"), "'two.example' port 1080"),
                          ("socks5h://two.example:1080", f"'{NAME}' port 22")])
        finished = [event for event in events if event["event"] == "handshake_finished"]
        self.assertEqual([event["outcome"] for event in finished], ["success", "success"])

    def test_trace_of_a_name_that_is_resolved_here(self):
        """HOST and PORT are what the user asked for; the questions about them are told."""
        # The answer that decides comes last: after it, the other might not be read any more.
        server = self.enter(dns.Server(script={(NAME, "AAAA"): dns.answer(V6, delay=0.1), (NAME, "A"): dns.nodata()}))
        proxy = self.serve(in_turn(socks5(), ssh))
        result, events = self.trace("--dns-server", server.endpoint, "--proxy", proxy.url("socks5"), NAME, "22")
        self.assert_carries(result)
        self.assertEqual((events[0]["host"], events[0]["service"], events[0]["through"]),
                         (NAME, "22", proxy.url("socks5")))
        self.assertEqual([event["type"] for event in events if event["event"] == "dns_query_started"], ["AAAA", "A"])
        self.assertEqual({event["type"]: event["status"] for event in events if event["event"] == "dns_query_finished"},
                         {"AAAA": "addresses", "A": "no_address"})
        picture = run("--explain", "--dns-server", server.endpoint, "--proxy", proxy.url("socks5"), NAME, "22",
                      stdout=subprocess.PIPE)
        self.assertIn(f"connect to '{NAME}' port 22 through {proxy.url('socks5')}\n", picture.stdout.decode())

    def test_trace_of_another_address(self):
        """Each connection is a dial with its own clock."""
        def refuse_late(peer):
            socks5(4)(peer)

        def slow(peer):
            peer.take(1)
            time.sleep(0.3)
            peer.say(b"\x05\0")
            peer.take(2 + 4 + 16 + 2)
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
        result = run("--proxy", proxy.url("socks5h"), "--proxy", "http://two.example", NAME, "22")
        self.addCleanup(result.close)
        self.assertEqual([fcntl.fcntl(one, fcntl.F_GETFL) & os.O_NONBLOCK for one in result.descriptors], [0], result)
        passed = self.assert_carries(result)
        passed.settimeout(None)
        for level, option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)):
            self.assertNotEqual(passed.getsockopt(level, option), 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.assertEqual(struct.unpack("ll", passed.getsockopt(socket.SOL_SOCKET, option, 16)), (0, 0))
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 1)

    def test_a_relay_through_a_proxy(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        with pipes.Piped([GLADHAND, "--relay", "--proxy", proxy.url("socks5h"), NAME, "22"], env=ENVIRONMENT) as piped:
            pipes.write_all(piped.to, b"ping")
            self.assertEqual(pipes.read_all(piped.back, len(BANNER) + 4), BANNER + b"ping")
            piped.close_to()
            self.assertEqual(piped.end(), (0, ""))

    def test_the_end_of_ssh_ends_the_question_for_a_password(self):
        pid, program = self.temporary_path("pid"), self.temporary_path("askpass")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 60\n")
        os.chmod(program, 0o700)
        proxy = self.serve(socks5(login="jo:secret"))
        with start("--proxy", proxy.url("socks5h", "jo"), NAME, "22",
                   env={**ENVIRONMENT, "SSH_ASKPASS": program, "DISPLAY": ":9"}) as session:
            self.assertTrue(eventually(lambda: os.path.exists(pid)))
            session.ours.close()
            began = time.monotonic()
            self.assertLess(session.wait(5) - began, 1.0)
            self.assertTrue(eventually(lambda: not is_running(int(read(pid)))))

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


if __name__ == "__main__":
    common.main()
