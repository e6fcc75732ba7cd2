"""Names: what is asked, of whom, in which order, and which answer leads to which address.

The DNS server is scripted; everything happens in a network namespace where only loopback is up, so
that neither family has connectivity and both are asked.
"""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

import common
import sandbox
from common import (ALL_FAILED, ENVIRONMENT, GLADHAND, NO_ADDRESS, NOT_HANDED_OVER, TIMED_OUT, USAGE, CommandTest,
                    read_json_lines, resolve, run)
from support import dns, receiver

NAME = "db.example"
SOON = 1.0  # seconds: nothing here has a reason to wait
V4, V6 = "127.0.0.1", "::1"
ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE, ARPHRD_IP6GRE, ARPHRD_NONE = 768, 769, 776, 778, 823, 65534


def setUpModule():
    sandbox.enter()


class ResolvingTest(CommandTest):
    """One DNS server, and listeners on the same port of both loopback addresses."""

    def setUp(self):
        port = receiver.free_port(V4, V6)
        self.v4, self.v6 = self.listen(V4, port), self.listen(V6, port)
        self.port = port
        self.server = self.enter(dns.Server())

    def script(self, aaaa=None, a=None, name=NAME):
        if aaaa is not None:
            self.server.set(name, "AAAA", aaaa)
        if a is not None:
            self.server.set(name, "A", a)

    def dial(self, *options, host=NAME, servers=None, **how):
        servers = servers or [self.server]
        named = [word for server in servers for word in ("--dns-server", server.endpoint)]
        return run(*named, *options, host, self.port, **how)

    def dial_with_trace(self, *options, **how):
        """The result and the events; both listeners are up, so somebody wins."""
        path = self.temporary_path("trace")
        result = self.dial("--trace", path, *options, **how)
        with open(path, encoding="utf-8") as file:
            return result, read_json_lines(file.read())

    def asked(self):
        return self.server.asked()


def events(trace, kind):
    return [event for event in trace if event["event"] == kind]


def attempted(trace):
    """The addresses in the order of the attempts."""
    return [event["address"] for event in events(trace, "attempt_started")]


class Questions(ResolvingTest):
    def test_aaaa_is_asked_before_a_and_both_at_once(self):
        self.script(dns.answer(V6), dns.answer(V4))
        for _ in range(20):
            before = len(self.server.queries)
            self.assert_handed_over(self.dial("--resolution-delay", "1s"), self.v6)
            queries = self.server.wait_for(before + 2)[before:]
            self.assertEqual([query.type for query in queries], ["AAAA", "A"])

    def test_a_does_not_wait_for_the_answer_to_aaaa(self):
        self.script(dns.answer(V6, delay=0.5), dns.answer(V4, delay=0.5))
        self.assert_handed_over(self.dial(), self.v6)
        first, second = self.server.queries[:2]
        self.assertEqual((first.type, second.type), ("AAAA", "A"))
        self.assertLess(second.time - first.time, 0.25)

    def test_4_and_6_ask_for_one_family(self):
        self.script(dns.answer(V6), dns.answer(V4))
        self.assert_handed_over(self.dial("-4"), self.v4)
        self.assertEqual(self.asked(), [(NAME, "A")])
        self.assert_handed_over(self.dial("-6"), self.v6)
        self.assertEqual(self.asked(), [(NAME, "A"), (NAME, "AAAA")])

    def test_4_and_6_fail_when_only_the_other_family_exists(self):
        self.script(a=dns.answer(V4))
        self.assert_fails(self.dial("-6"), NO_ADDRESS, NAME, "no IPv6 address")
        self.script(aaaa=dns.answer(V6), a=dns.nodata())
        self.assert_fails(self.dial("-4"), NO_ADDRESS, NAME, "no IPv4 address")

    def test_4_and_6_together_are_refused_or_mean_both(self):
        self.script(dns.answer(V6), dns.answer(V4))
        for host in (NAME, "localhost", V4, V6):
            with self.subTest(host):
                result = self.dial("-4", "-6", host=host)
                if result.status == USAGE:
                    self.assert_fails(result, USAGE)
                else:
                    self.assert_handed_over(result)

    def test_literals_are_never_asked_for(self):
        self.assert_handed_over(self.dial(host=V4), self.v4)
        self.assert_handed_over(self.dial(host="[::1]"), self.v6)
        self.assert_handed_over(self.dial(host="::1"), self.v6)
        self.assertEqual(self.asked(), [])

    def test_a_literal_of_the_other_family_fails_without_a_question(self):
        for option, host in (("-6", V4), ("-4", V6)):
            result = self.dial(option, host=host)
            self.assertIn(result.status, (USAGE, NO_ADDRESS))
            self.assert_fails(result, result.status, host)
        self.assertEqual(self.asked(), [])

    def test_localhost_never_leaves_the_machine(self):
        for host in ("localhost", "localhost.", "LocalHost", "x.localhost", "a.b.localhost.", "x.LOCALHOST"):
            with self.subTest(host):
                self.assert_handed_over(self.dial(host=host))
        self.assertEqual(self.asked(), [])

    def test_localhost_has_both_addresses(self):
        with sandbox.file("/etc/hosts", ""):
            for host in ("localhost", "x.localhost"):
                self.assert_handed_over(self.dial("-4", host=host), self.v4)
                self.assert_handed_over(self.dial("-6", host=host), self.v6)
        self.assertEqual(self.asked(), [])

    def test_resolve_option_asks_nobody(self):
        for host in (NAME, NAME + ".", NAME.upper()):
            with self.subTest(host):
                self.assert_handed_over(self.dial("--resolve", NAME + ":" + V4, host=host), self.v4)
        self.assert_handed_over(self.dial("--resolve", NAME + ":::1"), self.v6)
        self.assert_handed_over(self.dial("--resolve", NAME + ":[::1]"), self.v6)
        self.assertEqual(self.asked(), [])

    def test_resolve_option_is_for_that_name_only(self):
        self.script(a=dns.answer(V4))
        self.assert_handed_over(self.dial("--resolve", "other.example:::1"), self.v4)

    def test_resolve_option_without_the_wanted_family(self):
        self.assert_fails(self.dial("-6", "--resolve", NAME + ":" + V4), NO_ADDRESS, NAME)
        self.assertEqual(self.asked(), [])


class Connectivity(CommandTest):
    """Only families with a global address and a route are asked."""

    def families_asked(self, addresses, *options):
        with sandbox.network(), dns.Server() as server:
            sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
            for link in ("gh0", "gh1"):
                sandbox.ip("link", "set", link, "up")
            for address in addresses:
                sandbox.ip("address", "add", address, "dev", "gh0", *(("nodad",) if ":" in address else ()))
                sandbox.ip("route", "add", "default", "dev", "gh0") if "." in address else \
                    sandbox.ip("-6", "route", "add", "default", "dev", "gh0")
            self.assert_fails(run(*options, "--dns-server", server.endpoint, NAME, "22"), NO_ADDRESS)
            return sorted({query.type for query in server.queries})

    def test_ipv4_only(self):
        """The link has a link-local IPv6 address, which is no connectivity."""
        self.assertEqual(self.families_asked(["192.0.2.2/24"]), ["A"])

    def test_ipv6_only(self):
        self.assertEqual(self.families_asked(["2001:db8::2/64"]), ["AAAA"])

    def test_both(self):
        self.assertEqual(self.families_asked(["192.0.2.2/24", "2001:db8::2/64"]), ["A", "AAAA"])

    def test_neither_means_both(self):
        self.assertEqual(self.families_asked([]), ["A", "AAAA"])

    def dial_with_network(self, *commands):
        """The trace of a dial with these addresses and routes; A is answered, AAAA is not."""
        path = self.temporary_path("trace")
        script = {(NAME, "A"): dns.answer("192.0.2.2"), (NAME, "AAAA"): dns.drop()}
        with sandbox.network(), dns.Server(script=script) as server:
            sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
            for link in ("gh0", "gh1"):
                sandbox.ip("link", "set", link, "up")
            for command in commands:
                sandbox.ip(*command.split())
            run("--trace", path, "--timeout", "300ms", "--dns-server", server.endpoint, NAME, "22").close()
            self.assertEqual(sorted(query.type for query in server.queries[:2]), ["A", "AAAA"])
        with open(path, encoding="utf-8") as file:
            return read_json_lines(file.read())

    def test_the_only_default_route_makes_its_family_the_preferred_one(self):
        """IPv6 within the link only: an A answer does not wait for AAAA [HEv3 4.2]."""
        trace = self.dial_with_network("address add 192.0.2.2/24 dev gh0", "route add default dev gh0",
                                       "address add fd00:1::2/64 dev gh0 nodad")
        self.assertEqual(trace[0]["preferred_family"], "IPv4")
        self.assertEqual(events(trace, "attempt_started")[0]["reason"], "preferred_family_known")

    def test_documentation_addresses_on_the_link_are_no_default_route(self):
        trace = self.dial_with_network("address add 198.51.100.2/24 dev gh0", "route add default dev gh0",
                                       "address add 2001:db8::2/64 dev gh0 nodad")
        self.assertEqual(trace[0]["preferred_family"], "IPv4")

    def test_a_null_route_takes_no_default_route_away(self):
        """For a documentation prefix, or for one of the two that the kernel is asked about."""
        addresses = ("address add 198.51.100.2/24 dev gh0", "address add fd00:1::2/64 dev gh0 nodad")
        default4, default6 = "route add default dev gh0", "-6 route add default dev gh0"
        for kind in ("unreachable", "blackhole", "prohibit"):
            for prefix in ("2001:db8::/32", "2001:503:ba3e::/48", "2001:7fd::/32"):
                with self.subTest("%s %s" % (kind, prefix)):
                    null = "-6 route add %s %s" % (kind, prefix)
                    trace = self.dial_with_network(*addresses, default4, default6, null)
                    self.assertEqual(trace[0]["preferred_family"], "IPv6")
            for prefix in ("192.0.2.0/24", "198.41.0.0/24", "193.0.14.0/24"):
                with self.subTest("%s %s" % (kind, prefix)):
                    null = "route add %s %s" % (kind, prefix)
                    trace = self.dial_with_network(*addresses, default4, null)
                    self.assertEqual(trace[0]["preferred_family"], "IPv4")

    def test_a_default_route_that_is_none_counts_for_nothing(self):
        trace = self.dial_with_network("address add 192.0.2.2/24 dev gh0", "route add default dev gh0",
                                       "address add fd00:1::2/64 dev gh0 nodad", "-6 route add unreachable default")
        self.assertEqual(trace[0]["preferred_family"], "IPv4")

    def test_options_ask_in_any_case(self):
        self.assertEqual(self.families_asked(["192.0.2.2/24"], "-6"), ["AAAA"])
        self.assertEqual(self.families_asked(["2001:db8::2/64"], "-4"), ["A"])


class Sources(CommandTest):
    """What the rules of RFC 6724 ask about the source address of a destination."""

    def sources(self, *addresses):
        """{address: its source, as the trace has it}; nobody answers there."""
        path = self.temporary_path("trace")
        run("--trace", path, "--timeout", "100ms", *resolve(NAME, *addresses), NAME, "22").close()
        with open(path, encoding="utf-8") as file:
            found = events(read_json_lines(file.read()), "candidate_discovered")
        return {event["address"]: event["source"] for event in found}

    def test_the_flags_are_those_of_the_interface(self):
        """The same link-local address on two interfaces, as routers have it; on one it is deprecated."""
        with sandbox.network():
            sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
            for link in ("gh0", "gh1"):
                sandbox.ip("link", "set", link, "addrgenmode", "none")
                sandbox.ip("link", "set", link, "up")
            sandbox.ip("address", "add", "fe80::1/64", "dev", "gh0", "nodad", "preferred_lft", "0")
            sandbox.ip("address", "add", "fe80::1/48", "dev", "gh1", "nodad")
            found = self.sources("fe80::9%gh0", "fe80::9%gh1")
        self.assertEqual([(one["deprecated"], one["prefix_length"]) for one in found.values()],
                         [(True, 64), (False, 48)])

    def test_a_tunnel_counts_though_the_source_address_is_not_its_own(self):
        """Rule 7: which interface the packets leave by."""
        with sandbox.network():
            sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
            for link in ("gh0", "gh1"):
                sandbox.ip("link", "set", link, "up")
            sandbox.ip("address", "add", "192.0.2.2/24", "dev", "gh0")
            sandbox.ip("link", "add", "tun9", "type", "gre", "local", "192.0.2.2", "remote", "192.0.2.9")
            sandbox.ip("link", "set", "tun9", "up")
            sandbox.ip("route", "add", "198.51.100.0/24", "dev", "tun9")
            found = self.sources("198.51.100.1", "192.0.2.1")
        self.assertEqual([(one["address"], one["encapsulated"]) for one in found.values()],
                         [("192.0.2.2", True), ("192.0.2.2", False)])

    def test_every_kind_of_tunnel_counts(self):
        """By the hardware type of the link; a tun device of a user's program is none, as with glibc."""
        for hardware, encapsulated in ((ARPHRD_TUNNEL, True), (ARPHRD_TUNNEL6, True), (ARPHRD_SIT, True),
                                       (ARPHRD_IPGRE, True), (ARPHRD_IP6GRE, True), (ARPHRD_NONE, False)):
            with self.subTest(hardware), sandbox.network(), sandbox.tunnel("tun9", hardware):
                sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
                for link in ("gh0", "gh1"):
                    sandbox.ip("link", "set", link, "up")
                sandbox.ip("address", "add", "192.0.2.2/24", "dev", "gh0")
                sandbox.ip("route", "add", "198.51.100.0/24", "dev", "tun9", "src", "192.0.2.2")
                found = self.sources("198.51.100.1", "192.0.2.1")
                self.assertEqual([(one["address"], one["encapsulated"]) for one in found.values()],
                                 [("192.0.2.2", encapsulated), ("192.0.2.2", False)])


class Answers(ResolvingTest):
    def test_alias(self):
        self.script(dns.nodata(), dns.alias(["b.example", "c.example"], V4))
        self.assert_handed_over(self.dial(), self.v4)
        self.script(dns.alias(["b.example", "c.example"], V6))
        self.assert_handed_over(self.dial(), self.v6)

    def test_an_alias_to_nowhere_is_no_address(self):
        self.script(dns.alias(["b.example"]), dns.alias(["b.example"]))
        self.assert_fails(self.dial(), NO_ADDRESS, "'%s'" % NAME, "no IPv6 address, no IPv4 address")

    def test_truncated_answers_are_asked_for_again_over_tcp(self):
        self.script(dns.answer(V6, truncate=True), dns.answer(V4, truncate=True))
        self.assert_handed_over(self.dial(), self.v6)
        transports = [query.transport for query in self.server.queries if query.type == "AAAA"]
        self.assertEqual(transports, ["udp", "tcp"])

    def test_an_answer_with_very_many_addresses(self):
        """More than fits a UDP packet; all but the last are refused."""
        crowd = ["127.0.%d.%d" % (high, low) for high in (1, 2) for low in range(1, 60)]
        self.script(dns.nodata(), dns.answer(*crowd, V4, truncate=True))
        result, trace = self.dial_with_trace("--connection-attempt-delay", "10ms")
        self.assert_handed_over(result, self.v4)
        self.assertEqual(len(events(trace, "attempt_started")), len(crowd) + 1)

    def test_the_same_address_twice_is_tried_once(self):
        self.script(dns.nodata(), dns.answer("127.0.0.9", "127.0.0.9", "127.0.0.9"))
        result, trace = self.dial_with_trace()
        self.assert_fails(result, ALL_FAILED, "refused by 127.0.0.9")
        self.assertEqual(len(events(trace, "attempt_started")), 1)

    def test_a_name_that_does_not_exist(self):
        result = self.dial()
        self.assert_fails(result, NO_ADDRESS, "'%s'" % NAME, "does not exist")
        self.assertLess(result.exited - result.started, SOON)

    def test_a_name_without_addresses(self):
        self.script(dns.nodata(), dns.nodata())
        result = self.dial()
        self.assert_fails(result, NO_ADDRESS, "'%s'" % NAME, "no IPv6 address, no IPv4 address")
        self.assertNotIn("does not exist", result.stderr)
        self.assertLess(result.exited - result.started, SOON)

    def test_only_one_family_exists(self):
        self.script(dns.nodata(), dns.answer(V4))
        self.assert_handed_over(self.dial(), self.v4)
        self.script(dns.answer(V6), dns.nodata())
        self.assert_handed_over(self.dial(), self.v6)

    def test_an_error_for_one_family_does_not_hurt_the_other(self):
        for error in (dns.servfail(), dns.refused(), dns.nxdomain()):
            with self.subTest(error):
                self.script(error, dns.answer(V4))
                result = self.dial()
                self.assert_handed_over(result, self.v4)
                self.assertLess(result.exited - result.started, SOON)
                self.script(dns.answer(V6), error)
                self.assert_handed_over(self.dial(), self.v6)

    def test_errors_for_both_families(self):
        for error in (dns.servfail(), dns.refused()):
            with self.subTest(error):
                self.script(error, error)
                result = self.dial()
                self.assert_fails(result, NO_ADDRESS, "'%s'" % NAME)
                self.assertNotIn("no name server answers", result.stderr, "it did answer")

    def test_a_server_that_does_not_know_edns(self):
        self.script(dns.answer(V6, without_edns=True), dns.nodata(without_edns=True))
        self.assert_handed_over(self.dial(), self.v6)

    def test_forged_answers_are_not_believed(self):
        forgery = ("id", "question", "port")
        self.script(dns.nodata(), dns.answer(V4, forge=forgery))
        self.assert_handed_over(self.dial(), self.v4)
        self.script(dns.answer(V6, forge=forgery), dns.nodata())
        self.assert_handed_over(self.dial(), self.v6)

    def test_a_malformed_answer_does_not_hurt_the_other_family(self):
        for kind in ("cut", "garbage", "rdlength", "loop", "counts"):
            with self.subTest(kind):
                self.script(dns.answer(V6, malformed=kind), dns.answer(V4))
                self.assert_handed_over(self.dial(), self.v4)
                self.script(dns.answer(V6), dns.answer(V4, malformed=kind))
                self.assert_handed_over(self.dial(), self.v6)

    def test_a_question_with_a_malformed_answer_is_asked_again(self):
        for kind in ("cut", "garbage", "rdlength", "loop", "counts"):
            with self.subTest(kind):
                self.script([dns.answer(V6, malformed=kind), dns.answer(V6)], dns.nodata())
                self.assert_handed_over(self.dial(), self.v6)
                self.script(dns.nodata(), [dns.answer(V4, malformed=kind), dns.answer(V4)])
                self.assert_handed_over(self.dial(), self.v4)

    def test_malformed_answers_of_one_server_leave_the_next_one(self):
        self.script(dns.answer(V6, malformed="cut"), dns.answer(V4, malformed="cut"))
        with dns.Server(script={(NAME, "AAAA"): dns.answer(V6)}) as good:
            result = self.dial(servers=[self.server, good])
            self.assert_handed_over(result, self.v6)
        self.assertLess(result.exited - result.started, SOON)

    def test_malformed_answers_of_all_servers_are_told(self):
        self.script(dns.answer(V6, malformed="cut"), dns.answer(V4, malformed="cut"))
        script = {(NAME, "AAAA"): dns.answer(V6, malformed="cut"), (NAME, "A"): dns.answer(V4, malformed="cut")}
        with dns.Server(script=script) as other:
            result, trace = self.dial_with_trace(servers=[self.server, other])
            self.assertTrue(other.queries)
        self.assertEqual({event["type"] for event in events(trace, "dns_query_repeated")}, {"AAAA", "A"})
        self.assert_fails(result, NO_ADDRESS, ": name servers send nonsense")
        self.assertLess(result.exited - result.started, SOON)

    def test_a_suffix_with_malformed_answers_ends_no_search(self):
        self.script(dns.answer(V6, malformed="cut"), dns.answer(V4, malformed="cut"), name="db.one.example")
        self.script(a=dns.answer(V4), name="db.two.example")
        with sandbox.file("/etc/resolv.conf", "search one.example two.example\n"):
            self.assert_handed_over(self.dial(host="db"), self.v4)

    def test_malformed_answers_for_both_families(self):
        for kind in ("cut", "garbage", "rdlength", "loop", "counts"):
            with self.subTest(kind):
                self.script(dns.answer(V6, malformed=kind), dns.answer(V4, malformed=kind))
                result = self.dial("--timeout", "2s")
                self.assertIn(result.status, (NO_ADDRESS, TIMED_OUT), result)
                self.assert_fails(result, result.status, "'%s'" % NAME)


class Timing(ResolvingTest):
    """Who answers when, and what the race makes of it."""

    def assert_first_attempts(self, trace, *addresses):
        self.assertEqual(attempted(trace)[:len(addresses)], list(addresses), trace)

    def test_aaaa_20_ms_after_a_goes_first(self):
        self.script(dns.answer(V6, delay=0.02), dns.answer(V4))
        result, trace = self.dial_with_trace()
        self.assert_handed_over(result, self.v6)
        self.assertEqual(attempted(trace), [V6])

    def test_aaaa_within_a_longer_resolution_delay_goes_first(self):
        self.script(dns.answer(V6, delay=0.3), dns.answer(V4))
        result, trace = self.dial_with_trace("--resolution-delay", "2s")
        self.assert_handed_over(result, self.v6)
        self.assertEqual(attempted(trace), [V6])

    def test_aaaa_200_ms_after_a_is_not_waited_for(self):
        self.script(dns.answer(V6, delay=0.2), dns.answer(V4))
        result, trace = self.dial_with_trace()
        self.assert_handed_over(result, self.v4)
        self.assertEqual(attempted(trace), [V4])
        self.assert_waited(trace, 0.050)

    def test_aaaa_that_never_comes_costs_the_resolution_delay(self):
        self.script(dns.drop(), dns.answer(V4))
        result, trace = self.dial_with_trace()
        self.assert_handed_over(result, self.v4)
        self.assert_waited(trace, 0.050)

    def test_the_resolution_delay_counts_from_the_first_answer(self):
        self.script(dns.drop(), dns.answer(V4, delay=0.3))
        result, trace = self.dial_with_trace("--resolution-delay", "200ms")
        self.assert_handed_over(result, self.v4)
        self.assert_waited(trace, 0.200)

    def assert_waited(self, trace, delay):
        """The first attempt came that long after the A answer; 100 ms more are allowed for a busy machine."""
        answered = events(trace, "dns_query_finished")[0]["t_us"]
        started = events(trace, "attempt_started")[0]["t_us"]
        self.assertGreaterEqual((started - answered) / 1e6, delay - 0.001)
        self.assertLess((started - answered) / 1e6, delay + 0.100)

    def test_an_early_aaaa_waits_for_nothing(self):
        """A never comes; the resolution delay is long enough to be noticed if it were waited for."""
        for a in (dns.drop(), dns.answer(V4, delay=1.5)):
            with self.subTest(a):
                self.script(dns.answer(V6), a)
                result, trace = self.dial_with_trace("--resolution-delay", "2s")
                self.assert_handed_over(result, self.v6)
                self.assertEqual(attempted(trace), [V6])
                self.assertLess(result.exited - result.started, SOON)

    def test_a_negative_aaaa_ends_the_resolution_delay(self):
        self.script(dns.nodata(delay=0.2), dns.answer(V4))
        result = self.dial("--resolution-delay", "5s")
        self.assert_handed_over(result, self.v4)
        self.assertLess(result.exited - result.started, SOON)

    def test_a_negative_aaaa_that_comes_first_leaves_nothing_to_wait_for(self):
        self.script(dns.nodata(), dns.answer(V4, delay=0.2))
        result = self.dial("--resolution-delay", "5s")
        self.assert_handed_over(result, self.v4)
        self.assertLess(result.exited - result.started, SOON)

    def test_a_negative_a_starts_no_resolution_delay(self):
        self.script(dns.answer(V6, delay=0.3), dns.nodata())
        result, trace = self.dial_with_trace("--resolution-delay", "10ms")
        self.assert_handed_over(result, self.v6)
        self.assertEqual(attempted(trace), [V6])

    def test_a_late_aaaa_joins_the_race(self):
        """IPv4 is a black hole; the IPv6 answer comes while its attempt waits."""
        hole = self.black_hole("127.0.0.3", self.port)
        self.script(dns.answer(V6, delay=0.3), dns.answer(hole.address))
        result, trace = self.dial_with_trace("--connection-attempt-delay", "100ms")
        self.assert_handed_over(result, self.v6)
        first = [event for event in events(trace, "attempt_started") if "backup_of" not in event]
        self.assertEqual([event["address"] for event in first], [hole.address, V6])

    def test_a_failed_race_waits_for_the_answer_that_is_still_to_come(self):
        """The only address so far refuses at once, the other answer comes later."""
        self.script(dns.answer(V6, delay=0.5), dns.answer("127.0.0.9"))
        self.assert_handed_over(self.dial(), self.v6)
        self.server.set(NAME, "AAAA", dns.answer("::2"))  # no route: fails at once
        self.server.set(NAME, "A", dns.answer(V4, delay=0.5))
        self.assert_handed_over(self.dial(), self.v4)


class Servers(ResolvingTest):
    def second_server(self, **how):
        script = {(NAME, "AAAA"): dns.answer(V6), (NAME, "A"): dns.answer(V4)}
        return self.enter(dns.Server(script=script, **how))

    def test_an_unwilling_first_server_costs_nothing(self):
        good = self.second_server()
        for error in (dns.refused(), dns.servfail()):
            with self.subTest(error):
                unwilling = self.enter(dns.Server(default=error))
                result = self.dial(servers=[unwilling, good])
                self.assert_handed_over(result)
                self.assertTrue(unwilling.queries)
                self.assertLess(result.exited - result.started, SOON)

    def test_an_absent_first_server_costs_nothing(self):
        """Nothing listens there: the kernel says so."""
        absent, good = dns.Server(), self.second_server()
        absent.close()
        result = self.dial(servers=[absent, good])
        self.assert_handed_over(result)
        self.assertLess(result.exited - result.started, SOON)

    def test_a_server_with_an_ipv6_address(self):
        with dns.Server(V6, script={(NAME, "A"): dns.answer(V4)}) as server:
            self.assert_handed_over(self.dial(servers=[server]), self.v4)

    def test_the_first_server_that_answers_is_believed(self):
        """NXDOMAIN is an answer: the second server is not asked for a better one."""
        good = self.second_server()
        self.assert_fails(self.dial(servers=[self.server, good]), NO_ADDRESS, "does not exist")
        self.assertEqual(good.queries, [])

    def test_servers_that_are_all_silent(self):
        dead = self.enter(dns.Server(default=dns.drop()))
        with sandbox.file("/etc/resolv.conf", "options timeout:1 attempts:1\n"):
            result = self.dial(servers=[dead])
        self.assert_fails(result, NO_ADDRESS, "'%s'" % NAME, "no name server answers")
        self.assertLess(result.exited - result.started, 15)

    def test_silence_to_one_question_is_not_silence_of_all_servers(self):
        """The hint is for servers that say nothing at all, and does not tell what is done already."""
        silent = self.enter(dns.Server(script={(NAME, "A"): dns.answer("127.0.0.9"), (NAME, "AAAA"): dns.drop()}))
        with sandbox.file("/etc/resolv.conf", "options timeout:1 attempts:1\n"):
            result = self.dial(servers=[silent])
            self.assert_fails(result, ALL_FAILED, "refused by 127.0.0.9, no answer to the AAAA question", hint=False)
            silent.set(NAME, "A", dns.drop())
            result = self.dial(servers=[silent])
        self.assert_fails(result, NO_ADDRESS, "no name server answers", hint=True)
        self.assertIn("--dns-server", result.lines[1])
        self.assertNotIn("resolv.conf", result.lines[1])

    def test_silence_is_bounded_by_the_timeout(self):
        dead = self.enter(dns.Server(default=dns.drop()))
        result = self.dial("--timeout", "1s", servers=[dead])
        self.assert_fails(result, TIMED_OUT, "'%s'" % NAME)
        self.assertGreater(result.exited - result.started, 0.99)
        self.assertLess(result.exited - result.started, 1.5)


class Files(ResolvingTest):
    """/etc/hosts and /etc/resolv.conf; the DNS servers listen on port 53 of this namespace."""

    def setUp(self):
        super().setUp()
        self.server.close()
        self.server = self.enter(dns.Server(("127.0.0.1", 53)))

    def dial(self, *options, host=NAME, conf="nameserver 127.0.0.1\n", hosts="", **how):
        with sandbox.file("/etc/resolv.conf", conf), sandbox.file("/etc/hosts", hosts):
            return run(*options, host, self.port, **how)

    def test_nameserver(self):
        self.script(a=dns.answer(V4))
        self.assert_handed_over(self.dial(), self.v4)

    def test_nameserver_with_an_ipv6_address(self):
        with dns.Server(("::1", 53), script={(NAME, "A"): dns.answer(V4)}) as server:
            self.assert_handed_over(self.dial(conf="nameserver ::1\n"), self.v4)
            self.assertTrue(server.queries)

    def test_resolve_takes_an_international_name(self):
        result = self.dial(*resolve("b\u00fccher.example", V4), host="b\u00fccher.example")
        self.assert_handed_over(result, self.v4)
        self.assertEqual(self.server.queries, [])

    def test_lines_that_make_no_sense_are_passed_over(self):
        self.script(a=dns.answer(V4))
        for line in ("nameserver garbage", "nameserver 127.0.0.1:53", "nameserver 999.0.0.1", "nameserver", "x" * 5000,
                     "options ndots:x timeout: attempts", "search " + "a" * 5000, "\0", ";", "#"):
            with self.subTest(line[:40]):
                result = self.dial(conf=line + "\nnameserver 127.0.0.1\n")
                self.assert_handed_over(result, self.v4)

    def test_a_link_local_name_server_is_asked_or_refused_but_never_replaced(self):
        result = self.dial(conf="nameserver fe80::1%lo\n", hosts="")
        self.addCleanup(result.close)
        self.assertEqual(result.status, NO_ADDRESS, result)
        self.assertEqual(self.server.queries, [])

    def test_an_entry_of_the_other_family_hides_nothing(self):
        self.script(aaaa=dns.answer(V6))
        hosts = "127.0.0.1 %s localhost\n" % NAME
        self.assert_handed_over(self.dial("-6", hosts=hosts), self.v6)
        self.assert_handed_over(self.dial("-6", host="localhost", hosts=hosts), self.v6)

    def test_without_a_nameserver_the_own_machine_is_asked(self):
        self.script(a=dns.answer(V4))
        self.assert_handed_over(self.dial(conf=""), self.v4)

    def test_dns_server_option_replaces_the_nameservers(self):
        with dns.Server(script={(NAME, "A"): dns.answer(V4)}) as other:
            self.assert_handed_over(self.dial("--dns-server", other.endpoint), self.v4)
        self.assertEqual(self.asked(), [])

    def test_hosts_file_comes_first(self):
        self.script(dns.answer(V6), dns.answer("127.0.0.9"))
        self.assert_handed_over(self.dial(hosts="127.0.0.1 other %s # comment\n" % NAME), self.v4)
        self.assert_handed_over(self.dial(hosts="::1\t%s\n" % NAME.upper()), self.v6)
        self.assertEqual(self.asked(), [])

    def test_a_name_of_the_hosts_file_with_both_families(self):
        hosts = "127.0.0.1 %s\n::1 %s\n" % (NAME, NAME)
        self.assert_handed_over(self.dial(hosts=hosts), self.v6)
        self.assert_handed_over(self.dial("-4", hosts=hosts), self.v4)
        self.assertEqual(self.asked(), [])

    def test_a_short_name_of_the_hosts_file_ends_there(self):
        conf = "nameserver 127.0.0.1\nsearch one.example\n"
        self.assert_handed_over(self.dial(host="db", hosts="127.0.0.1 db\n", conf=conf), self.v4)
        self.assertEqual(self.asked(), [])

    def test_search_list_in_its_order(self):
        self.script(a=dns.answer(V4), name="db.two.example")
        conf = "nameserver 127.0.0.1\nsearch one.example two.example three.example\n"
        self.assert_handed_over(self.dial(host="db", conf=conf), self.v4)
        names = [name for name, kind in self.asked() if kind == "A"]
        self.assertEqual(names, ["db.one.example", "db.two.example"])

    def test_silence_about_aaaa_costs_nothing_for_suffixes_that_do_not_match(self):
        """A says at once that there is no such name [RFC 8020]."""
        for suffix in ("one", "two", "three"):
            self.server.set("db.%s.example" % suffix, "AAAA", dns.drop())
            self.server.set("db.%s.example" % suffix, "A", dns.nxdomain())
        self.server.set("db.three.example", "A", dns.answer(V4))
        conf = "nameserver 127.0.0.1\nsearch one.example two.example three.example\n"
        result = self.dial(host="db", conf=conf)
        self.assert_handed_over(result, self.v4)
        self.assertLess(result.exited - result.started, 0.05 + 0.5)  # the Resolution Delay, and a busy machine

    def test_silence_about_aaaa_of_a_name_that_does_not_exist(self):
        self.script(dns.drop(), dns.nxdomain())
        result = self.dial()
        self.assert_fails(result, NO_ADDRESS, ": name does not exist", hint=False)
        self.assertLess(result.exited - result.started, SOON)

    def test_a_late_answer_to_a_name_that_was_passed_over_is_dropped(self):
        self.script(dns.answer("::2", delay=0.1), dns.nxdomain(), name="db.one.example")
        self.script(dns.answer(V6, delay=0.3), dns.nodata(), name="db.two.example")
        conf = "nameserver 127.0.0.1\nsearch one.example two.example\n"
        self.assert_handed_over(self.dial(host="db", conf=conf), self.v6)

    def test_both_families_end_on_the_same_suffix(self):
        """AAAA exists only under the second suffix, A under the first: the first one is meant."""
        self.script(dns.nodata(), dns.answer(V4), name="db.one.example")
        self.script(dns.answer(V6), dns.answer(V4), name="db.two.example")
        conf = "nameserver 127.0.0.1\nsearch one.example two.example\n"
        for delay in (0, 0.1):
            self.server.set("db.one.example", "A", dns.answer(V4, delay=delay))
            self.assert_handed_over(self.dial(host="db", conf=conf), self.v4)
        self.assertEqual(self.v6.connections, [])

    def test_an_error_for_one_family_of_a_suffix_does_not_leave_that_suffix(self):
        self.script(dns.servfail(), dns.answer(V4), name="db.one.example")
        self.script(dns.answer(V6), dns.answer("127.0.0.9"), name="db.two.example")
        conf = "nameserver 127.0.0.1\nsearch one.example two.example\n"
        self.assert_handed_over(self.dial(host="db", conf=conf), self.v4)

    def test_the_trace_and_explain_name_what_was_asked_for(self):
        self.script(a=dns.answer(V4), name="db.two.example")
        path = self.temporary_path("trace")
        conf = "nameserver 127.0.0.1\nsearch one.example two.example\n"
        result = self.dial("--trace", path, "--explain", host="db", conf=conf, stdout=subprocess.PIPE)
        with open(path, encoding="utf-8") as file:
            trace = read_json_lines(file.read())
        self.assertEqual([event["name"] for event in events(trace, "dns_query_started")], ["db.one.example"] * 2)
        self.assertEqual([(event["name"], event["passed_over"]) for event in events(trace, "dns_next_name")],
                         [("db.two.example", "db.one.example")])
        text = (result.stdout or b"").decode()
        self.assertIn("ask for AAAA of db.one.example\n", text)
        self.assertIn("no address for db.one.example: ask for db.two.example\n", text)

    def test_a_search_domain_of_localhost_leaves_the_machine_with_nothing(self):
        for conf, env in (("search localhost", {}), ("", {"LOCALDOMAIN": "localhost"})):
            with self.subTest(conf=conf, env=env):
                result = self.dial(host="db", conf=conf + "\n", env={**ENVIRONMENT, **env})
                self.assert_fails(result, NO_ADDRESS, "'db'")
        self.assertEqual({name for name, _ in self.asked()}, {"db"})

    def test_a_search_domain_that_is_no_name_is_no_failure_of_the_servers(self):
        conf = "nameserver 127.0.0.1\nsearch %s.example a..example\n" % ("x" * 64)
        self.assert_fails(self.dial(host="db", conf=conf), NO_ADDRESS, ": name does not exist", hint=False)

    def test_a_local_name_that_the_dns_does_not_know(self):
        self.assert_fails(self.dial(host="printer.local"), NO_ADDRESS, "name does not exist", hint=False)
        result = self.dial("--resolver", "dns", host="printer.local")
        self.assert_fails(result, NO_ADDRESS, "'printer.local'", "name does not exist", hint=True)
        self.assertIn("mDNS", result.lines[1])

    def test_no_aaaa(self):
        self.script(dns.answer(V6), dns.answer(V4))
        conf = "nameserver 127.0.0.1\noptions no-aaaa\n"
        self.assert_handed_over(self.dial(conf=conf), self.v4)
        self.assertEqual(self.asked(), [(NAME, "A")])
        self.assert_handed_over(self.dial(conf=conf, hosts="::1 %s\n" % NAME), self.v6)
        self.assert_fails(self.dial("-6", conf=conf), NO_ADDRESS, "no address of the family that was asked for")
        self.assertEqual(self.asked(), [(NAME, "A")])

    def test_a_trailing_dot_means_no_search(self):
        conf = "nameserver 127.0.0.1\nsearch one.example\n"
        self.assert_fails(self.dial(host="db.", conf=conf), NO_ADDRESS, "'db.'")
        self.assertEqual({name for name, _ in self.asked()}, {"db"})

    def test_ndots_decides_whether_the_name_is_tried_as_it_is_first(self):
        self.script(a=dns.answer(V4), name="db.lan.one.example")
        for options, expected in (("ndots:1", ["db.lan", "db.lan.one.example"]), ("ndots:2", ["db.lan.one.example"])):
            with self.subTest(options):
                before = len(self.asked())
                conf = "nameserver 127.0.0.1\nsearch one.example\noptions %s\n" % options
                self.assert_handed_over(self.dial(host="db.lan", conf=conf), self.v4)
                self.assertEqual([name for name, kind in self.asked()[before:] if kind == "A"], expected)

    def test_a_name_found_nowhere_is_named_as_given(self):
        conf = "nameserver 127.0.0.1\nsearch one.example two.example\n"
        self.assert_fails(self.dial(host="db", conf=conf), NO_ADDRESS, "'db'", "does not exist")
        names = [name for name, kind in self.asked() if kind == "A"]
        self.assertEqual(names[:2], ["db.one.example", "db.two.example"])

    def test_timeout_and_attempts(self):
        """Two questions of each kind, and the end when their product is over."""
        self.script(dns.drop(), dns.drop())
        result = self.dial(conf="nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        self.assert_fails(result, NO_ADDRESS, "'%s'" % NAME)
        times = [query.time for query in self.server.queries if query.type == "A"]
        self.assertEqual(len(times), 2)
        self.assertGreater(result.exited - result.started, 2)
        self.assertLess(result.exited - result.started, 3)

    def test_what_is_there_and_cannot_be_read_is_told(self):
        """It may say what matters: nobody is asked, nobody is blamed."""
        self.script(dns.answer(V6), dns.answer(V4))
        for path in ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf"):
            with self.subTest(path), sandbox.unreadable(path):
                result = run(NAME, self.port)
                self.assert_fails(result, NOT_HANDED_OVER, f"cannot read '{path}': no such device or address")
        self.assertEqual(self.asked(), [])

    @unittest.skipUnless(os.geteuid() == 0, "takes another user than root")
    def test_nor_may_this_user_read_it(self):
        with sandbox.file("/etc/resolv.conf", "nameserver 127.0.0.1\n"):
            os.chmod("/etc/resolv.conf", 0o600)
            with tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o755)
                program = shutil.copy(GLADHAND, folder)
                result = receiver.run(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", program,
                                       NAME, str(self.port)], env=ENVIRONMENT)
        self.assert_fails(result, NOT_HANDED_OVER, "cannot read '/etc/resolv.conf': permission denied")

    def test_a_hundred_thousand_name_servers_are_in_time(self):
        """The first 16 count; all are the one here, which says nothing."""
        self.script(dns.drop(), dns.drop())
        result = self.dial("--timeout", "1s", conf="nameserver 127.0.0.1\n" * 100000)
        self.assert_fails(result, TIMED_OUT, "no answer to the ")
        self.assertLess(result.exited - result.started, 2)
        self.assertLessEqual(len(self.server.queries), 2 * 2 * 16)

    def test_rotate_spreads_the_questions(self):
        script = {(NAME, "AAAA"): dns.answer(V6), (NAME, "A"): dns.answer(V4)}
        servers = [self.enter(dns.Server((address, 53), script=script)) for address in ("127.0.0.2", "127.0.0.3")]
        conf = "nameserver 127.0.0.2\nnameserver 127.0.0.3\n"
        for _ in range(5):
            self.assert_handed_over(self.dial(conf=conf))
        self.assertEqual(servers[1].queries, [], "without rotate the first server gets everything")
        for _ in range(30):
            self.assert_handed_over(self.dial(conf=conf + "options rotate\n"))
            if servers[1].queries:
                break
        self.assertTrue(servers[1].queries, "with rotate the second server is asked now and then")

    def test_a_name_that_hosts_writes_in_its_own_letters(self):
        for written in ("b\u00fccher.example", "xn--bcher-kva.example"):
            result = self.dial(host="b\u00fccher.example", hosts="127.0.0.1 %s\n" % written)
            self.assert_handed_over(result, self.v4)
        self.assertEqual(self.asked(), [])

    def test_hostaliases_gives_a_short_name_another(self):
        self.script(a=dns.answer(V4), name="db.real.example")
        path = self.temporary_path("aliases")
        with open(path, "w", encoding="utf-8") as file:
            file.write("db db.real.example\nw.x db.real.example\n")
        env = {**ENVIRONMENT, "HOSTALIASES": path}
        self.assert_handed_over(self.dial(host="db", env=env), self.v4)
        self.assertEqual({name for name, _ in self.asked()}, {"db.real.example"})
        self.assert_fails(self.dial(host="w.x", env=env), NO_ADDRESS, "'w.x'")

    def test_an_onion_service_is_never_asked_for(self):
        conf = "nameserver 127.0.0.1\nsearch one.example onion\noptions ndots:3\n"
        for host in ("abc.onion", "db.abc.Onion."):
            result = self.dial(host=host, conf=conf)
            self.assert_fails(result, NO_ADDRESS, "'%s'" % host, "onion service", hint=True)
            self.assertIn("--proxy socks5h://", result.lines[1])
        self.assert_fails(self.dial(host="abc", conf=conf), NO_ADDRESS, "'abc'")
        self.assertEqual({name for name, _ in self.asked()}, {"abc.one.example", "abc"})
        self.assert_handed_over(self.dial(host="abc.onion", hosts="127.0.0.1 abc.onion\n"), self.v4)

    def test_gai_conf_can_prefer_ipv4(self):
        self.script(dns.answer(V6), dns.answer(V4))
        with sandbox.file("/etc/gai.conf", "precedence ::ffff:0:0/96 100\n"):
            result = self.dial("--resolution-delay", "1s")
        self.assert_handed_over(result, self.v4)


if __name__ == "__main__":
    common.main()
