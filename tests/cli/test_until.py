#!/usr/bin/env python3
"""--until: who wins has said its first words, and not a byte of them is taken."""

import shlex
import time

from common import (ALL_FAILED, PROXY_FAILED, TIMED_OUT, USAGE, let_signals_end, main, read_json_lines, resolve, run)
from proxy_case import NAME, ProxyTest, read
from support.scripted import http, in_turn, says, silence, socks4, socks5, ssh

setUpModule = let_signals_end

REFUSALS = (
    (b"", "closed without a word"),
    (b"SSH-2.0-half", "closed amid its first line"),
    (b"Exceeded MaxStartups\r\n", "'Exceeded MaxStartups'"),
    (b"Not allowed at this time\r\n", "'Not allowed at this time'"),
    (b"HTTP/1.1 400 \0\r\n", "other first words"),
    (b"x" * 9000, "other first words"),
)


class Until(ProxyTest):
    def two(self, first, second):
        """A name with two addresses, and what each plays; the first is tried first."""
        one = self.serve(first, address="127.0.0.1")
        other = self.serve(second, address="127.0.0.2", port=one.port)
        return one, other, ("--until", "banner", *resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, one.port)

    def test_the_banner_is_the_receivers_in_one_piece_or_in_many(self):
        for split in (False, True):
            server = self.serve(in_turn(says_and_stays(b"hello\r\n"), ssh), split=split)
            passed = self.assert_handed_over(run("--until", "banner", server.address, server.port))
            passed.settimeout(5)
            self.assertEqual(passed.recv(7, 0x100), b"hello\r\n")  # MSG_WAITALL
            self.assert_has_banner(passed)

    def test_who_is_turned_away_goes_to_the_next_address_at_once(self):
        for words, _ in REFUSALS:
            with self.subTest(words[:20]):
                _, other, dial = self.two(says(words), ssh)
                began = time.monotonic()
                passed = self.assert_carries(run(*dial))
                self.assertEqual(passed.getpeername()[0], other.address)
                self.assertLess(time.monotonic() - began, 2)

    def test_who_says_nothing_has_the_attempt_delay_again(self):
        _, other, dial = self.two(silence, ssh)
        path = self.temporary_path("trace")
        began = time.monotonic()
        passed = self.assert_carries(run("--trace", path, *dial))
        self.assertEqual(passed.getpeername()[0], other.address)
        self.assertGreaterEqual(time.monotonic() - began, 0.25)
        events = [event["event"] for event in read_json_lines(read(path))]
        self.assertEqual(events.count("attempt_established"), 2)

    def test_each_reason_is_told(self):
        for words, why in REFUSALS:
            with self.subTest(words[:20]):
                server = self.serve(says(words))
                result = run("--until", "banner", server.address, server.port)
                self.assert_fails(result, ALL_FAILED, f"port {server.port}: {why} at 127.0.0.1")

    def test_silence_is_told_apart_from_no_answer(self):
        server = self.serve(silence)
        result = run("--until", "banner", "--timeout", "300ms", server.address, server.port)
        self.assert_fails(result, TIMED_OUT, "no first words from 127.0.0.1 in ")

    def test_without_it_nobody_waits(self):
        server = self.serve(silence)
        self.assert_handed_over(run(server.address, server.port))

    def test_another_beginning(self):
        server = self.serve(in_turn(says_and_stays(b"220 mail.example\r\n"), silence))
        passed = self.assert_handed_over(run("--until", "220 ", server.address, server.port))
        passed.settimeout(5)
        self.assertEqual(passed.recv(18, 0x100), b"220 mail.example\r\n")
        result = run("--until", "421", server.address, server.port)
        self.assert_fails(result, ALL_FAILED, "other first words at 127.0.0.1")

    def test_a_unix_socket(self):
        path = self.temporary_path("socket")
        self.serve(ssh, path=path)
        self.assert_carries(run("--until", "banner", "unix" + path))

    def test_the_values_that_there_are(self):
        self.assert_fails(run("--until", "x" * 256, "127.0.0.1", "1"), USAGE, "--until: ", "255 octets")


class Behind(ProxyTest):
    def test_a_proxy_that_opens_the_way_to_nobody(self):
        for words, why in REFUSALS[:4]:
            with self.subTest(words):
                proxy = self.serve(in_turn(http(), says(words)))
                result = run("--until", "banner", "--proxy", proxy.url("http"), NAME, "22")
                self.assert_fails(result, PROXY_FAILED,
                                  f"connect to '{NAME}' port 22 through {proxy.url('http')}: {why}")

    def test_a_proxy_that_says_yes_and_then_nothing(self):
        silent = self.serve(in_turn(http(), silence))
        good = self.serve(in_turn(socks5(), ssh))
        result = run("--until", "banner", "--timeout", "300ms", "--proxy", silent.url("http"), NAME, "22")
        self.assert_fails(result, TIMED_OUT, "no first words in 300 ms")
        routes = ("--route", "300ms " + silent.url("http"), "--route", good.url("socks5h"))
        self.assert_carries(run("--until", "banner", *routes, NAME, "22"))

    def test_a_proxy_is_asked_for_the_next_address(self):
        """Where the proxy is told addresses; each is another connection."""
        two = resolve(NAME, "127.0.0.11", "127.0.0.12")
        for scheme, speaks in (("socks5", socks5), ("socks4", socks4)):
            for words, why in REFUSALS[:4]:
                with self.subTest(scheme, words=words):
                    proxy = self.serve(in_turn(speaks(), says(words)), in_turn(speaks(), ssh))
                    self.assert_carries(run("--until", "banner", "--proxy", proxy.url(scheme), *two, NAME, "22"))
                    self.assertEqual(len(proxy.asked), 2)
            proxy = self.serve(in_turn(speaks(), says(REFUSALS[0][0])))
            result = run("--until", "banner", "--proxy", proxy.url(scheme), *two, NAME, "22")
            self.assert_fails(result, PROXY_FAILED, f"connect to '{NAME}' port 22: {proxy.url(scheme)}: for 127.0.0.11: "
                              "closed without a word, for 127.0.0.12: closed without a word")

    def test_a_silent_address_behind_a_proxy_leaves_time_for_the_next(self):
        proxy = self.serve(in_turn(socks5(), silence), in_turn(socks5(), ssh))
        result = run("--until", "banner", "--timeout", "10s", "--proxy", proxy.url("socks5"),
                     *resolve(NAME, "127.0.0.11", "127.0.0.12"), NAME, "22")
        self.assert_carries(result)
        self.assertEqual(len(proxy.asked), 2)
        silent = self.serve(in_turn(socks5(), silence))
        result = run("--until", "banner", "--timeout", "300ms", "--proxy", silent.url("socks5"),
                     *resolve(NAME, "127.0.0.11"), NAME, "22")
        self.assert_fails(result, TIMED_OUT, "for 127.0.0.11: no first words in 300 ms")

    def test_the_banner_behind_a_proxy_is_whole(self):
        for split in (False, True):
            proxy = self.serve(in_turn(socks5(), ssh), split=split)
            self.assert_carries(run("--until", "banner", "--proxy", proxy.url("socks5h"), NAME, "22"))

    def test_a_command(self):
        def route(script):
            return ("--until", "banner", "--route", "command sh -c " + shlex.quote(script), NAME, "22")
        echo = "exec 2>/dev/null; printf 'hello\\r\\nSSH-2.0-test_1.0\\r\\n'; exec cat"
        passed = self.assert_handed_over(run(*route(echo)))
        passed.settimeout(5)
        self.assertEqual(passed.recv(7, 0x100), b"hello\r\n")
        self.assert_has_banner(passed)
        self.assert_fails(run(*route("printf 'Exceeded MaxStartups\\r\\n'; exit 1")), PROXY_FAILED, "MaxStartups")


def says_and_stays(data):
    def play(peer):
        peer.say(data)
        peer.flush()
    return play


if __name__ == "__main__":
    main()
