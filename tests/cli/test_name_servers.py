"""Name servers that are dead, lossy, lame or forged, and what is asked of them in which way.

All in a network namespace of its own, as in test_resolving.
"""

import errno
import os
import signal
import socket
import subprocess
import time
import unittest

import sandbox
from common import NO_ADDRESS, SANITIZED, TIMED_OUT, read_json_lines, run, start, wait_until
from support import dns, stalls
from test_resolving import NAME, SOON, V4, V6, ResolvingTest, attempted, events, setUpModule  # noqa: F401

BOTH = {(NAME, "AAAA"): dns.answer(V6), (NAME, "A"): dns.answer(V4)}
ATTEMPT_DELAY = 0.250
LATE = 0.05  # seconds for what is no waiting: 300 ms are the goal
PATIENT = ("--dns-attempt-delay", "3s")  # what waits for it takes longer than SOON


IP_RECVERR, IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h


def is_told_unreachable(address):
    """Whether a datagram that goes there comes back as an ICMP message."""
    ipv6 = ":" in address
    with socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR) if ipv6 else (socket.IPPROTO_IP, IP_RECVERR)), 1)
        probe.settimeout(0.1)
        try:
            probe.connect((address, 53))
            probe.send(b"x")
            probe.recv(1)
        except OSError as error:
            return error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
    return False


class NameServerTest(stalls.MeteredTest, ResolvingTest):
    def assert_asked_again_on_time(self, first, second, delay=ATTEMPT_DELAY):
        """By the servers' clock: queries as they came. A stall can bring them closer together, too."""
        stalled = self.meter.since(first.time) + stalls.COUNTS
        self.assertGreater(second.time - first.time, delay - stalled)
        self.assertLess(second.time - first.time, delay + LATE + stalled - stalls.COUNTS)

    def assert_ends_in(self, result, seconds):
        """The start and the end of the process included, which take their time where a sanitizer watches it."""
        watched = 1.0 if SANITIZED else 0.0
        self.assertLess(self.elapsed(result), seconds + 2 * LATE + watched + self.meter.since(result.started))

    def dead_server(self, *addresses):
        return self.enter(dns.Server(*addresses, default=dns.drop()))

    def good_server(self, **how):
        return self.enter(dns.Server(script=BOTH, **how))

    def elapsed(self, result):
        return result.exited - result.started


class Silence(NameServerTest):
    def test_a_dead_first_server_costs_one_attempt_delay(self):
        dead, good = self.dead_server(), self.good_server()
        result = self.dial(servers=[dead, good])
        self.assert_handed_over(result, self.v6)
        self.assert_asked_again_on_time(dead.queries[0], good.queries[0])
        self.assert_ends_in(result, ATTEMPT_DELAY)

    def test_a_dead_first_server_costs_one_attempt_delay_for_the_whole_search_list(self):
        dead = self.dead_server()
        good = self.enter(dns.Server(script={("db.three.example", "AAAA"): dns.answer(V6)}))
        with sandbox.file("/etc/resolv.conf", "search one.example two.example three.example\n"):
            self.assert_handed_over(self.dial(host="db", servers=[dead, good]), self.v6)
        asked = {query.name: query for query in reversed(good.queries)}
        self.assertEqual(len(asked), 3)
        for name in ("db.two.example", "db.three.example"):
            first = next(query for query in dead.queries if query.name == name)
            self.assert_asked_again_on_time(first, asked[name], 0)

    def test_a_slow_server_is_not_taken_for_a_silent_one_twice(self):
        slow = self.enter(dns.Server(default=dns.nxdomain(delay=1),
                                     script={("db.two.example", "AAAA"): dns.answer(V6, delay=1)}))
        other = self.enter(dns.Server(default=dns.nxdomain(delay=1)))
        with sandbox.file("/etc/resolv.conf", "search one.example two.example\n"):
            self.assert_handed_over(self.dial("--resolution-delay", "3s", host="db", servers=[slow, other]), self.v6)
        self.assertIn("db.one.example", {query.name for query in other.queries})
        self.assertNotIn("db.two.example", {query.name for query in other.queries})

    def test_the_attempt_delay_is_an_option(self):
        dead, good = self.dead_server(), self.good_server()
        self.assert_handed_over(self.dial("--dns-attempt-delay", "60ms", servers=[dead, good]), self.v6)
        self.assert_asked_again_on_time(dead.queries[0], good.queries[0], 0.06)

    def test_a_lost_datagram_is_sent_again(self):
        self.script([dns.drop(), dns.answer(V6)], [dns.drop(), dns.answer(V4)])
        result = self.dial()
        self.assert_handed_over(result, self.v6)
        self.assert_asked_again_on_time(*(query for query in self.server.queries if query.type == "AAAA"))
        self.assert_ends_in(result, ATTEMPT_DELAY)

    def test_what_is_sent_again_comes_from_the_same_port_and_the_late_answer_counts(self):
        """The first answer takes 600 ms, the second is lost."""
        self.script([dns.answer(V6, delay=0.6), dns.drop()], dns.nodata())
        self.assert_handed_over(self.dial(), self.v6)
        ports = [query.port for query in self.server.queries if query.type == "AAAA"]
        self.assertGreater(len(ports), 1)
        self.assertEqual(len(set(ports)), 1)

    def test_the_late_answer_of_the_first_server_counts(self):
        self.script(dns.answer(V6, delay=0.35), dns.answer(V4, delay=0.35))
        result = self.dial(servers=[self.server, self.dead_server()])
        self.assert_handed_over(result, self.v6)
        self.assert_ends_in(result, SOON)

    def test_a_denial_of_the_second_does_not_beat_addresses_of_the_first(self):
        """These come half a second later, within the Resolution Delay."""
        self.script(dns.nodata(delay=0.8), dns.answer(V4, delay=0.8))
        ignorant = self.enter(dns.Server())
        self.assert_handed_over(self.dial("--resolution-delay", "2s", servers=[self.server, ignorant]), self.v4)
        self.assertTrue(ignorant.queries)

    def test_a_denial_of_the_first_does_not_beat_addresses_of_the_second(self):
        self.script(dns.nxdomain(delay=0.6), dns.nxdomain(delay=0.6))
        other = self.enter(dns.Server(script={(NAME, "AAAA"): dns.nodata(delay=0.6),
                                              (NAME, "A"): dns.answer(V4, delay=0.6)}))
        self.assert_handed_over(self.dial("--resolution-delay", "2s", servers=[self.server, other]), self.v4)

    def test_a_denial_of_the_second_is_believed_in_the_end(self):
        result = self.dial(servers=[self.dead_server(), self.enter(dns.Server())])
        self.assert_fails(result, NO_ADDRESS, ": name does not exist", hint=False)
        self.assert_ends_in(result, SOON)

    def test_three_dead_servers_are_named(self):
        dead = [self.dead_server((address, 53)) for address in ("127.0.0.2", "127.0.0.3", "127.0.0.4")]
        result = self.dial("--timeout", "1s", servers=dead)
        names = "(asked: 127.0.0.2 and 127.0.0.3 and 127.0.0.4)"
        self.assert_fails(result, TIMED_OUT, names)
        self.assertRegex(result.lines[0], r"no answer to the AAAA question in 1(\.\d+)? s\b")  # it may be late
        self.assert_ends_in(result, 1)
        with sandbox.file("/etc/resolv.conf", "options timeout:1 attempts:1\n"):
            result = self.dial(servers=dead)
        self.assert_fails(result, NO_ADDRESS, "no name server answers", names, hint=True)
        self.assert_ends_in(result, 1)

    def test_what_was_asked_of_whom_is_told(self):
        dead = self.dead_server(("127.0.0.2", 53))
        path = self.temporary_path("trace")
        good = self.enter(dns.Server(("127.0.0.1", 53), script={(NAME, "A"): dns.answer(V4)}))
        result = self.dial("--trace", path, "--explain", servers=[dead, good], stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        text = (result.stdout or b"").decode()
        self.assertIn("A: no answer yet, ask 127.0.0.1 too\n", text)
        self.assertIn("A: no answer yet, ask 127.0.0.2 again\n", text)
        self.assertIn("A: name server 127.0.0.1 says: addresses\n", text)
        self.assertIn("AAAA: name server 127.0.0.1 says: no IPv6 address\n", text)
        with open(path, encoding="utf-8") as file:
            trace = file.read()
        self.assertIn('"event":"dns_server_answered","type":"A","server":"127.0.0.1","status":"addresses"', trace)

    def test_one_server_that_answers_is_not_told_apart(self):
        self.script(dns.answer(V6), dns.answer(V4))
        result, trace = self.dial_with_trace()
        self.assert_handed_over(result)
        self.assertEqual(events(trace, "dns_server_answered") + events(trace, "dns_query_repeated"), [])


class Failures(NameServerTest):
    def test_a_lame_server_leaves_the_next_one(self):
        lame = self.enter(dns.Server(default=dns.Reply(lame=True)))
        result = self.dial(*PATIENT, servers=[lame, self.good_server()])
        self.assert_handed_over(result, self.v6)
        self.assert_ends_in(result, SOON)
        self.assert_fails(self.dial(servers=[lame]), NO_ADDRESS, "name servers report a failure")

    def test_a_server_without_a_route_costs_nothing(self):
        """As in the lines that WSL writes."""
        good = self.good_server()
        for address in ("fec0:0:0:ffff::1", "2001:db8::53", "192.0.2.53"):
            with self.subTest(address):
                result = run(*PATIENT, "--dns-server", address, "--dns-server", good.endpoint, NAME, self.port)
                self.assert_handed_over(result, self.v6)
                self.assert_ends_in(result, SOON)

    def test_a_router_without_a_way_to_the_server_is_heard(self):
        """Host unreachable, from on the way: nobody waits for who cannot answer."""
        self.enter(sandbox.network())
        self.enter(sandbox.router("gh0", "gh1", "addr add 192.0.2.1/24 dev gh1", "addr add 2001:db8::1/64 dev gh1 nodad",
                                  "route add unreachable 198.51.100.0/24", "route add unreachable 2001:db8:53::/48"))
        for arguments in (("addr", "add", "192.0.2.2/24", "dev", "gh0"), ("route", "add", "default", "via", "192.0.2.1"),
                          ("addr", "add", "2001:db8::2/64", "dev", "gh0", "nodad"),
                          ("route", "add", "default", "via", "2001:db8::1")):
            sandbox.ip(*arguments)
        self.v4, self.v6 = self.listen(V4, self.port), self.listen(V6, self.port)
        good = self.good_server()
        for address in ("198.51.100.53", "2001:db8:53::53"):
            with self.subTest(address):
                wait_until(lambda: is_told_unreachable(address), "the router's word")  # its link comes up
                result = run(*PATIENT, "--dns-server", address, "--dns-server", good.endpoint, NAME, self.port)
                self.assert_handed_over(result, self.v6)
                self.assert_ends_in(result, SOON)

    def test_who_failed_once_is_asked_again(self):
        self.script([dns.servfail(), dns.answer(V6)], dns.nodata())
        result = self.dial(*PATIENT)
        self.assert_handed_over(result, self.v6)
        self.assert_ends_in(result, SOON)

    def test_silence_over_tcp_leaves_the_next_server(self):
        cut = dns.answer("127.0.0.9", truncate=True, tcp=False)
        self.script(dns.nodata(), cut)
        result = self.dial(servers=[self.server, self.good_server()])
        self.assert_handed_over(result, self.v4)
        self.assert_ends_in(result, SOON)

    def test_over_tcp_from_the_start(self):
        with sandbox.file("/etc/resolv.conf", "options use-vc\n"):
            self.script(dns.answer(V6), dns.answer(V4))
            self.assert_handed_over(self.dial(), self.v6)
        self.assertEqual({query.transport for query in self.server.queries}, {"tcp"})


class Forgery(NameServerTest):
    def test_what_is_no_answer_is_dropped_and_the_answer_awaited(self):
        for what in ("id", "question", "port", "query", "opcode", "noise"):
            with self.subTest(what):
                self.script(dns.nodata(), dns.answer(V4, forge=(what,) * 3))
                result = self.dial(*PATIENT)
                self.assert_handed_over(result, self.v4)
                self.assert_ends_in(result, SOON)
                self.script(dns.answer(V6, forge=(what,)), dns.nodata())
                self.assert_handed_over(self.dial(*PATIENT), self.v6)

    def test_addresses_that_the_aliases_do_not_lead_to_are_not_taken(self):
        for reply in (dns.answer(V4, strays=("127.66.66.66",)), dns.alias(["b.example"], V4, strays=("127.66.66.66",))):
            self.script(dns.nodata(), reply)
            result, trace = self.dial_with_trace()
            self.assert_handed_over(result, self.v4)
            found = [event["address"] for event in events(trace, "candidate_discovered")]
            self.assertEqual(found, [V4])
        self.script(dns.nodata(), dns.Reply(strays=("127.66.66.66",)))
        self.assert_fails(self.dial(), NO_ADDRESS, "no IPv6 address, no IPv4 address")

    def test_the_question_may_come_back_in_another_case(self):
        self.script(dns.answer(V6), dns.nodata())
        self.assert_handed_over(self.dial(host=NAME.upper()), self.v6)


class Edns(NameServerTest):
    def test_only_where_it_is_asked_for(self):
        self.script(dns.answer(V6), dns.answer(V4))
        self.assert_handed_over(self.dial(), self.v6)
        self.assertEqual({query.edns for query in self.server.queries}, {False})
        with sandbox.file("/etc/resolv.conf", "options edns0\n"):
            self.assert_handed_over(self.dial(), self.v6)
        self.assertEqual({query.edns for query in self.server.wait_for(4)[2:]}, {True})

    def test_withdrawn_from_a_server_that_does_not_take_it(self):
        for how in (dns.FORMERR, dns.NOTIMP, dns.SERVFAIL, dns.REFUSED, "bare", "drop"):
            with self.subTest(how), sandbox.file("/etc/resolv.conf", "options edns0\n"):
                self.script(dns.answer(V6, without_edns=how), dns.nodata(without_edns=how))
                result = self.dial()
                self.assert_handed_over(result, self.v6)
                self.assert_ends_in(result, ATTEMPT_DELAY)

    def test_a_failure_without_a_question_section_counts(self):
        for_all = dns.answer(V6, without_edns="bare")
        with sandbox.file("/etc/resolv.conf", "options edns0\n"):
            self.script(for_all, dns.answer(V4, without_edns="bare"))
            self.assert_handed_over(self.dial(), self.v6)


class Ports(NameServerTest):
    def test_each_question_has_its_own_port(self):
        self.script(dns.answer(V6), dns.answer(V4))
        for conf in ("", "options single-request\n", "options single-request-reopen\n"):
            with self.subTest(conf), sandbox.file("/etc/resolv.conf", conf):
                before = len(self.server.queries)
                self.assert_handed_over(self.dial("--resolution-delay", "1s"))
                self.server.wait_for(before + 1)
        self.script(dns.nodata(), dns.answer(V4))
        self.assert_handed_over(self.dial(), self.v4)
        ports = {query.type: query.port for query in self.server.queries}
        self.assertNotEqual(ports["AAAA"], ports["A"])

    def test_single_request_asks_one_after_the_other(self):
        self.script(dns.nodata(delay=0.15), dns.answer(V4))
        for option in ("single-request", "single-request-reopen"):
            with self.subTest(option), sandbox.file("/etc/resolv.conf", "options %s\n" % option):
                before = len(self.server.queries)
                self.assert_handed_over(self.dial(*PATIENT), self.v4)
                aaaa, a = self.server.queries[before:]
                self.assertEqual((aaaa.type, a.type), ("AAAA", "A"))
                self.assertGreater(a.time - aaaa.time, 0.145)
                self.assertNotEqual(aaaa.port, a.port)

    def test_single_request_does_not_wait_for_ever(self):
        self.script(dns.drop(), dns.answer(V4))
        with sandbox.file("/etc/resolv.conf", "options single-request\n"):
            result = self.dial()
        self.assert_handed_over(result, self.v4)
        self.assert_ends_in(result, 1.5)

    def test_single_request_with_a_search_list(self):
        self.script(a=dns.answer(V4), name="db.two.example")
        with sandbox.file("/etc/resolv.conf", "search one.example two.example\noptions single-request\n"):
            self.assert_handed_over(self.dial(host="db"), self.v4)

    def test_any_address_means_this_machine(self):
        for address, local in (("0.0.0.0", "127.0.0.1"), ("::", "::1")):
            with self.subTest(address), dns.Server((local, 53), script=BOTH):
                with sandbox.file("/etc/resolv.conf", "nameserver %s\n" % address):
                    self.assert_handed_over(run(NAME, self.port), self.v6)


class LoneDenials(NameServerTest):
    def test_nxdomain_for_one_family_does_not_beat_addresses_of_the_other(self):
        self.script(dns.answer(V6, delay=0.03), dns.nxdomain())
        self.assert_handed_over(self.dial("--resolution-delay", "200ms"), self.v6)
        self.script(dns.nxdomain(), dns.answer(V4, delay=0.03))
        self.assert_handed_over(self.dial(), self.v4)

    def test_nor_for_a_name_of_the_search_list(self):
        self.script(dns.answer(V6, delay=0.03), dns.nxdomain(), name="db.one.example")
        self.script(dns.answer("::2"), dns.answer("127.0.0.9"), name="db.two.example")
        with sandbox.file("/etc/resolv.conf", "search one.example two.example\n"):
            self.assert_handed_over(self.dial("--resolution-delay", "200ms", host="db"), self.v6)

    def test_a_name_without_addresses_ends_the_search(self):
        """A wildcard in the next domain is another machine."""
        self.script(dns.nodata(), dns.nodata(), name="db.one.example")
        self.script(dns.answer(V6), dns.answer(V4), name="db.two.example")
        with sandbox.file("/etc/resolv.conf", "search one.example two.example\n"):
            for options in ((), ("-4",), ("-6",)):
                with self.subTest(options):
                    self.assert_fails(self.dial(*options, host="db"), NO_ADDRESS, "no IPv")
        self.assertNotIn("db.two.example", [name for name, _ in self.asked()])

    def test_a_filter_of_aaaa_ends_no_search(self):
        self.script(dns.nodata(), dns.nxdomain(), name="db.one.example")
        self.script(a=dns.answer(V4), name="db.two.example")
        with sandbox.file("/etc/resolv.conf", "search one.example two.example\n"):
            self.assert_handed_over(self.dial(host="db"), self.v4)


class Buffers(NameServerTest):
    def test_an_answer_that_has_arrived_counts_before_the_next_attempt(self):
        """Ten IPv6 addresses refuse at once; the IPv4 answer came right behind theirs."""
        refusing = ["2001:db8:14::%d" % i for i in range(1, 11)]
        sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
        self.addCleanup(sandbox.ip, "link", "del", "gh0")
        for link in ("gh0", "gh1"):
            sandbox.ip("link", "set", link, "up")
        sandbox.ip("address", "add", "192.0.2.14/24", "dev", "gh0")
        for address in refusing:
            sandbox.ip("address", "add", address + "/64", "dev", "gh0", "nodad")
        self.script(dns.answer(*refusing, delay=0.05), dns.answer(V4, delay=0.05))
        path = self.temporary_path("trace")
        with start("--trace", path, "--dns-server", self.server.endpoint, NAME, self.port) as session:
            self.server.wait_for(2)
            os.kill(session.process.pid, signal.SIGSTOP)
            time.sleep(0.15)  # for both answers to arrive
            os.kill(session.process.pid, signal.SIGCONT)
            self.assert_handed_over(session.finish(), self.v4)
        with open(path, encoding="utf-8") as file:
            trace = read_json_lines(file.read())
        self.assertEqual(attempted(trace)[1], V4, trace)


if __name__ == "__main__":
    unittest.main()
