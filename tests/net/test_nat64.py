"""A network that has only IPv6, and a NAT64: here the addresses behind it are this machine's own."""

from cli import common, sandbox
from cli.common import ALL_FAILED, CommandTest, read_json_lines, run
from support import dns

NAME = "db.example"
FAR, PRIVATE = "203.0.113.7", "10.0.0.7"
PREFIX = "2001:db8:64::"
TRANSLATED = PREFIX + "cb00:7107"  # of FAR
NATIVE = "2001:db8:1::2"
WELL_KNOWN = ("ipv4only.arpa", "AAAA")


def setUpModule():
    sandbox.enter()


class Nat64Test(CommandTest):
    def setUp(self):
        self.enter(sandbox.network())
        self.ip("link add nat type bridge")
        self.ip("link set nat up")
        for address in (NATIVE + "/64", TRANSLATED + "/128"):
            self.ip("-6 addr add %s dev nat nodad" % address)
        self.ip("-6 route add default dev nat")
        self.server = self.enter(dns.Server("::1"))
        self.behind = self.listen(TRANSLATED)
        self.port = self.behind.port
        self.prefixes(PREFIX)

    @staticmethod
    def ip(line):
        sandbox.ip(*line.split())

    def prefixes(self, *prefixes):
        self.server.set(*WELL_KNOWN, dns.answer(*(prefix + "c000:aa" for prefix in prefixes)))

    def dial(self, host, *options):
        return run("--dns-server", self.server.endpoint, *options, host, self.port)

    def dial_with_trace(self, host, *options):
        path = self.temporary_path("trace")
        result = self.dial(host, "--trace", path, *options)
        with open(path, encoding="utf-8") as file:
            return result, read_json_lines(file.read())

    def asked(self):
        return sorted(self.server.asked())


class WithoutIpv4(Nat64Test):
    def test_an_address(self):
        result, trace = self.dial_with_trace(FAR)
        self.assert_handed_over(result, self.behind)
        self.assertEqual(self.asked(), [WELL_KNOWN])
        events = {event["event"]: event for event in trace}
        self.assertEqual(events["nat64_query_started"]["name"], "ipv4only.arpa")
        self.assertEqual(events["nat64_prefix_discovered"]["prefix"], PREFIX + "/96")
        self.assertEqual((events["candidate_discovered"]["address"], events["candidate_discovered"]["stands_for"]),
                         (TRANSLATED, FAR))

    def test_a_name_that_has_only_ipv4(self):
        self.server.set(NAME, "A", dns.answer(FAR))
        self.assert_handed_over(self.dial(NAME), self.behind)
        self.assertEqual(self.asked(), sorted([WELL_KNOWN, (NAME, "AAAA"), (NAME, "A")]))

    def test_an_address_of_the_hosts_file(self):
        with sandbox.file("/etc/hosts", "%s %s\n" % (FAR, NAME)):
            self.assert_handed_over(self.dial(NAME), self.behind)
        self.assert_handed_over(self.dial(NAME, "--resolve", "%s:%s" % (NAME, FAR)), self.behind)
        self.assertEqual(self.asked(), [WELL_KNOWN] * 2)

    def test_what_a_dns64_has_made_is_the_same_address(self):
        self.server.set(NAME, "A", dns.answer(FAR))
        self.server.set(NAME, "AAAA", dns.answer(TRANSLATED, delay=0.2))
        result, trace = self.dial_with_trace(NAME, "--resolution-delay", "1s")
        self.assert_handed_over(result, self.behind)
        attempts = [event["address"] for event in trace if event["event"] == "attempt_started"]
        self.assertEqual(attempts, [TRANSLATED])

    def test_native_ipv6_goes_first(self):
        native = self.listen(NATIVE, self.port)
        self.server.set(NAME, "A", dns.answer(FAR))
        self.server.set(NAME, "AAAA", dns.answer(TRANSLATED, NATIVE, delay=0.2))
        result, trace = self.dial_with_trace(NAME, "--resolution-delay", "1s")
        self.assert_handed_over(result, native)
        self.assertIn(FAR, [event.get("stands_for") for event in trace])

    def test_the_next_prefix(self):
        self.prefixes("2001:db8:dead::", PREFIX)
        self.assert_handed_over(self.dial(FAR, "--connection-attempt-delay", "100ms"), self.behind)

    def test_verbose(self):
        result = self.dial(FAR, "-v")
        self.addCleanup(result.close)
        self.assertIn("no IPv4 here: ask for a NAT64, AAAA of ipv4only.arpa", result.stderr)
        self.assertIn("NAT64: 2001:db8:64::/96", result.stderr)
        self.assertIn("%s for %s" % (TRANSLATED, FAR), result.stderr)

    def test_a_network_without_a_nat64(self):
        self.server.set(NAME, "A", dns.answer(FAR))
        for reply in (dns.nodata(), dns.nxdomain(), dns.answer("2001:db8::1"), dns.servfail(), dns.drop()):
            self.server.set(*WELL_KNOWN, reply)
            self.assert_fails(self.dial(FAR, "--timeout", "4s"), ALL_FAILED, "network unreachable at " + FAR)
        self.server.set(*WELL_KNOWN, dns.nodata())
        self.assert_fails(self.dial(NAME), common.NO_ADDRESS, "no IPv6 address")
        self.assertNotIn((NAME, "A"), self.server.asked())

    def test_native_addresses_do_not_wait_for_the_prefixes(self):
        native = self.listen(NATIVE, self.port)
        self.server.set(*WELL_KNOWN, dns.drop())
        self.server.set(NAME, "AAAA", dns.answer(NATIVE))
        self.assert_handed_over(self.dial(NAME, "--timeout", "900ms"), native)

    def test_a_prefix_of_the_user_s(self):
        self.server.set(NAME, "A", dns.answer(FAR))
        for host in (FAR, NAME):
            self.assert_handed_over(self.dial(host, "--nat64", PREFIX + "/96"), self.behind)
        self.assertNotIn(WELL_KNOWN, self.server.asked())

    def test_what_is_not_reached_that_way(self):
        for host in ("169.254.1.1", "127.0.0.1"):
            result = self.dial(host, "--timeout", "1s")
            self.addCleanup(result.close)
            self.assertNotEqual(result.status, 0)
        self.assertEqual(self.asked(), [])
        self.prefixes("64:ff9b::")
        self.assert_fails(self.dial(PRIVATE), ALL_FAILED, "network unreachable at " + PRIVATE)

    def test_off(self):
        self.server.set(NAME, "A", dns.answer(FAR))
        for options in (("--nat64", "off"), ("-4",)):
            self.assert_fails(self.dial(FAR, *options), ALL_FAILED, "network unreachable at " + FAR)
        self.assert_fails(self.dial(NAME, "-6"), common.NO_ADDRESS)
        self.assertNotIn(WELL_KNOWN, self.server.asked())

    def test_a_host_of_service_records(self):
        self.server.set("_ssh._tcp." + NAME, "SRV", dns.srv((0, 0, self.port, "a.example"), delay=0.1))
        self.server.set("a.example", "A", dns.answer(FAR))
        self.assert_handed_over(self.dial(NAME, "--srv"), self.behind)


class WithIpv4(Nat64Test):
    def assert_nothing_is_asked(self):
        self.server.set(NAME, "A", dns.answer(FAR))
        self.server.set(NAME, "AAAA", dns.nodata())
        for host in (FAR, NAME):
            result = self.dial(host, "--timeout", "300ms")
            result.close()
            self.assertNotEqual(result.status, 0)  # nobody is there
        self.assertNotIn(WELL_KNOWN, self.server.asked())

    def test_a_default_route(self):
        self.ip("addr add 192.0.2.2/24 dev nat")
        self.ip("route add default dev nat")
        self.assert_nothing_is_asked()

    def test_a_translator_of_this_machine(self):
        self.ip("addr add 192.0.0.2/29 dev nat")
        self.assert_nothing_is_asked()

    def test_without_a_route_for_ipv6_there_is_nothing_to_ask_for(self):
        self.ip("-6 route del default dev nat")
        self.assert_nothing_is_asked()

    def test_an_address_on_the_link_is_reached_without(self):
        self.ip("addr add 192.0.2.2/24 dev nat")
        near = self.listen("192.0.2.2", self.port)
        self.assert_handed_over(self.dial("192.0.2.2"), near)
        self.assertEqual(self.asked(), [])


if __name__ == "__main__":
    common.main()
