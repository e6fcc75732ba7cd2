"""--srv: hosts and ports from the DNS, their order, and what happens where there are none."""

import os
import subprocess
import time
import unittest

import common
import sandbox
from common import ALL_FAILED, ENVIRONMENT, NO_ADDRESS, TIMED_OUT, USAGE, CommandTest, read_json_lines, run
from support import dns

NAME, SERVICE = "db.example", "_ssh._tcp.db.example"
V4, V6 = "127.0.0.1", "::1"


def setUpModule():
    sandbox.enter()


class ServiceTest(CommandTest):
    """One DNS server; a listener of its own for each host."""

    def setUp(self):
        self.server = self.enter(dns.Server())
        self.first, self.second = self.listen(V4), self.listen(V4)

    def host(self, name, *addresses):
        for kind in ("AAAA", "A"):
            of_kind = [it for it in addresses if (":" in it) == (kind == "AAAA")]
            self.server.set(name, kind, dns.answer(*of_kind) if of_kind else dns.nodata())

    def srv(self, *records, **fields):
        self.server.set(SERVICE, "SRV", dns.srv(*records, **fields))

    def dial(self, *options, host=NAME, port=22, **how):
        return run("--dns-server", self.server.endpoint, *options, host, port, **how)

    def dial_with_trace(self, *options, **how):
        path = self.temporary_path("trace")
        result = self.dial("--trace", path, *options, **how)
        with open(path, encoding="utf-8") as file:
            return result, read_json_lines(file.read())


class Hosts(ServiceTest):
    def test_host_and_port_are_the_record_s(self):
        self.host("a.example", V4)
        self.srv((0, 0, self.first.port, "a.example"))
        self.assert_handed_over(self.dial("--srv"), self.first)
        self.assertEqual(sorted(self.server.asked()),
                         sorted([(SERVICE, "SRV"), ("a.example", "AAAA"), ("a.example", "A")]))

    def test_without_the_option_nobody_asks(self):
        self.host(NAME, V4)
        self.assert_handed_over(self.dial(port=self.first.port), self.first)
        self.assertNotIn("SRV", [kind for _, kind in self.server.asked()])

    def test_priorities_are_tried_in_their_order(self):
        self.host("a.example", V4)
        self.host("b.example", V4)
        refusing = self.refusing()
        for ports, winner in (((self.first.port, self.second.port), self.first),
                              ((self.second.port, self.first.port), self.second),
                              ((refusing.port, self.second.port), self.second)):
            self.srv((20, 0, ports[1], "b.example"), (10, 0, ports[0], "a.example"))
            self.assert_handed_over(self.dial("--srv"), winner)

    def test_a_silent_host_costs_one_delay(self):
        silent = self.black_hole()
        self.host("a.example", V4)
        self.srv((10, 0, silent.port, "a.example"), (20, 0, self.second.port, "a.example"))
        began = time.monotonic()
        self.assert_handed_over(self.dial("--srv", "--connection-attempt-delay", "100ms"), self.second)
        self.assertGreaterEqual(time.monotonic() - began, 0.1)

    def test_all_hosts_are_asked_about_at_once(self):
        for name in ("a.example", "b.example"):
            for kind in ("AAAA", "A"):
                self.server.set(name, kind, dns.answer(V4 if kind == "A" else V6, delay=1))
        self.srv((10, 0, self.first.port, "a.example"), (20, 0, self.second.port, "b.example"))
        self.assert_handed_over(self.dial("--srv"), self.first)
        first = {}  # a server that is slow is asked again
        for query in self.server.queries:
            first.setdefault((query.name, query.type), query.time)
        times = [time for (_, kind), time in first.items() if kind != "SRV"]
        self.assertEqual(len(times), 4)
        self.assertLess(max(times) - min(times), 0.9)

    def test_weights_draw_among_equals(self):
        self.host("a.example", V4)
        self.host("b.example", V4)
        self.srv((0, 0, self.first.port, "a.example"), (0, 65535, self.second.port, "b.example"))
        for _ in range(5):
            self.assert_handed_over(self.dial("--srv"), self.second)

    def test_another_service(self):
        self.host("a.example", V4)
        self.server.set("_sftp._tcp." + NAME, "SRV", dns.srv((0, 0, self.first.port, "a.example")))
        self.assert_handed_over(self.dial("--srv=_sftp._tcp"), self.first)

    def test_aliases_lead_to_the_records(self):
        self.host("a.example", V4)
        self.server.set(SERVICE, "SRV", dns.Reply(aliases=("x.example",),
                                                  services=((0, 0, self.first.port, "a.example"),)))
        self.assert_handed_over(self.dial("--srv"), self.first)

    def test_hosts_are_looked_up_as_names_are(self):
        self.srv((0, 0, self.first.port, "in-file.example"))
        with sandbox.file("/etc/hosts", V4 + " in-file.example\n"):
            self.assert_handed_over(self.dial("--srv"), self.first)
        self.assert_handed_over(self.dial("--srv", "--resolve", "in-file.example:" + V4), self.first)
        self.assertEqual({name for name, _ in self.server.asked()}, {SERVICE})

    def test_the_search_list_is_walked(self):
        self.host("a.example", V4)
        self.srv((0, 0, self.first.port, "a.example"))
        environment = dict(ENVIRONMENT, LOCALDOMAIN="none.example example")
        self.assert_handed_over(self.dial("--srv", host="db", env=environment), self.first)
        self.assertEqual(self.server.asked()[:2], [("_ssh._tcp.db.none.example", "SRV"), (SERVICE, "SRV")])

    def test_a_host_is_no_name_of_the_search_list(self):
        self.srv((0, 0, self.first.port, "a"))
        self.host("a.example", V4)
        environment = dict(ENVIRONMENT, LOCALDOMAIN="example")
        self.assert_fails(self.dial("--srv", env=environment), NO_ADDRESS)
        self.assertNotIn(("a.example", "A"), self.server.asked())


class WithoutRecords(ServiceTest):
    def test_the_name_itself_is_asked_for(self):
        self.host(NAME, V4)
        for reply in (dns.nxdomain(), dns.nodata(), dns.servfail(), dns.refused(),
                      dns.Reply(malformed="rdlength"), dns.Reply(malformed="counts")):
            with self.subTest(reply):
                self.server.set(SERVICE, "SRV", reply)
                self.assert_handed_over(self.dial("--srv", port=self.first.port), self.first)

    def test_records_that_cannot_be_used_are_none(self):
        self.host(NAME, V4)
        self.srv((0, 0, 0, "a.example"), (0, 0, 22, "."))
        self.assert_handed_over(self.dial("--srv", port=self.first.port), self.first)

    def test_a_service_that_nobody_offers(self):
        self.host(NAME, V4)
        self.srv((0, 0, 0, "."))
        result = self.dial("--srv", port=self.first.port)
        self.assert_fails(result, NO_ADDRESS, "nobody offers the service", SERVICE)
        self.assertEqual(self.server.asked(), [(SERVICE, "SRV")])

    def test_a_server_that_is_silent_about_them_leaves_time_for_the_name(self):
        self.host(NAME, V4)
        self.server.set(SERVICE, "SRV", dns.drop())
        self.assert_handed_over(self.dial("--srv", "--timeout", "2s", port=self.first.port), self.first)

    def test_hosts_without_addresses(self):
        self.host(NAME, V4)
        self.srv((0, 0, self.first.port, "none.example"))
        self.assert_fails(self.dial("--srv", port=self.first.port), NO_ADDRESS)

    def test_one_deadline_for_all(self):
        self.srv((0, 0, self.black_hole().port, "a.example"))
        self.host("a.example", V4)
        began = time.monotonic()
        self.assert_fails(self.dial("--srv", "--timeout", "400ms"), TIMED_OUT, "no answer from 127.0.0.1")
        self.assertLess(time.monotonic() - began, 1.5)

    def test_addresses_and_this_machine_have_no_records(self):
        for host in (V4, "localhost", "x.localhost"):
            self.assert_handed_over(self.dial("--srv", host=host, port=self.first.port), self.first)
        self.assertEqual(self.server.asked(), [])


class Safety(ServiceTest):
    def test_glue_is_not_believed(self):
        self.host("a.example", V4)
        self.srv((0, 0, self.first.port, "a.example"), glue=(("a.example", "127.66.66.66"),))
        result, trace = self.dial_with_trace("--srv")
        self.assert_handed_over(result, self.first)
        found = {event["address"] for event in trace if event["event"] == "candidate_discovered"}
        self.assertEqual(found, {V4})

    def test_more_hosts_than_anybody_needs(self):
        self.host("a.example", V4)
        self.srv(*((priority, 0, self.first.port, "h%d.example" % priority) for priority in range(1000)), truncate=True)
        self.assert_fails(self.dial("--srv"), NO_ADDRESS)
        asked = {name for name, _ in self.server.asked()}
        self.assertEqual(asked, {SERVICE, *("h%d.example" % i for i in range(16))})

    def test_forged_answers_do_not_count(self):
        self.host("a.example", V4)
        self.server.set("a.example", "A", dns.answer(V4, forge=("id", "question", "noise")))
        self.srv((0, 0, self.first.port, "a.example"))
        self.assert_handed_over(self.dial("--srv"), self.first)

    def test_an_answer_that_does_not_fit_comes_over_tcp(self):
        self.host("a.example", V4)
        self.srv((0, 0, self.first.port, "a.example"), truncate=True)
        self.assert_handed_over(self.dial("--srv"), self.first)


class Bindings(ServiceTest):
    """--svcb: what RFC 9460 makes of SVCB records."""

    NAME_22, NAME_SSH = "_22._ssh." + NAME, "_ssh." + NAME

    def bind(self, *records, name=NAME_22, **fields):
        self.server.set(name, "SVCB", dns.svcb(*records, **fields))

    def test_host_and_port_are_the_record_s(self):
        self.host("a.example", V4)
        self.bind((1, "a.example", dns.port(self.first.port)))
        self.assert_handed_over(self.dial("--svcb"), self.first)

    def test_ssh_s_own_port_need_not_stand_in_the_name(self):
        self.host("a.example", V4)
        self.bind((1, "a.example", dns.port(self.first.port)), name=self.NAME_SSH)
        self.assert_handed_over(self.dial("--svcb", "--resolution-delay", "1s"), self.first)
        self.assertEqual([name for name, kind in self.server.asked() if kind == "SVCB"],
                         [self.NAME_22, self.NAME_SSH])

    def test_a_port_that_is_not_told_is_the_user_s(self):
        self.host("a.example", V4)
        self.bind((1, "a.example"), name="_%d._ssh.%s" % (self.first.port, NAME))
        self.assert_handed_over(self.dial("--svcb", port=self.first.port), self.first)
        self.assertNotIn(self.NAME_SSH, [name for name, _ in self.server.asked()])

    def test_the_owner_itself(self):
        self.host(self.NAME_22, V4)
        self.bind((1, ".", dns.port(self.first.port)))
        self.assert_handed_over(self.dial("--svcb"), self.first)

    def test_priorities_and_the_name_itself_last(self):
        refusing = self.refusing()
        self.host("a.example", V4)
        self.host(NAME, V4)
        self.bind((2, "a.example", dns.port(self.second.port)), (1, "a.example", dns.port(self.first.port)))
        self.assert_handed_over(self.dial("--svcb"), self.first)
        self.bind((1, "a.example", dns.port(refusing.port)), name="_%d._ssh.%s" % (self.second.port, NAME))
        self.assert_handed_over(self.dial("--svcb", port=self.second.port), self.second)

    def test_the_name_itself_waits_for_records_no_longer_than_for_aaaa(self):
        self.host(NAME, V4)
        self.host("a.example", V4)
        name = "_%d._ssh.%s" % (self.second.port, NAME)
        for delay, winner in ((0.1, self.first), (2, self.second)):
            self.bind((1, "a.example", dns.port(self.first.port)), name=name, delay=delay)
            began = time.monotonic()
            self.assert_handed_over(self.dial("--svcb", "--resolution-delay", "400ms", port=self.second.port), winner)
            self.assertLess(time.monotonic() - began, 1.9)

    def test_hints_need_no_answer_and_give_way_to_one(self):
        self.server.set("a.example", "AAAA", dns.nodata())
        self.server.set("a.example", "A", dns.answer(V4, delay=2))
        self.bind((1, "a.example", dns.port(self.first.port) + dns.hint(V4)))
        began = time.monotonic()
        self.assert_handed_over(self.dial("--svcb"), self.first)
        self.assertLess(time.monotonic() - began, 1.9)
        self.server.set("a.example", "A", dns.answer(V4))
        self.server.set("a.example", "AAAA", dns.nodata(delay=0.2))
        self.bind((1, "a.example", dns.port(self.first.port) + dns.hint("127.0.0.9")))
        result, trace = self.dial_with_trace("--svcb", "--resolution-delay", "1s")
        self.assert_handed_over(result, self.first)
        self.assertEqual([(event["address"], event["reason"]) for event in trace
                          if event["event"] == "candidate_removed"], [("127.0.0.9", "hint")])

    def test_aliases_are_followed(self):
        self.host("a.example", V4)
        self.bind((0, "x.example"))
        self.bind((0, "y.example"), name="x.example")
        self.bind((1, "a.example", dns.port(self.first.port)), name="y.example")
        self.assert_handed_over(self.dial("--svcb"), self.first)

    def test_an_alias_is_a_host_itself(self):
        self.host("x.example", V4)
        self.bind((0, "x.example"), name="_%d._ssh.%s" % (self.first.port, NAME))
        self.assert_handed_over(self.dial("--svcb", port=self.first.port), self.first)

    def test_aliases_in_a_circle_end(self):
        self.host(NAME, V4)
        self.bind((0, "x.example"), name="_%d._ssh.%s" % (self.first.port, NAME))
        self.bind((0, "x.example"), name="x.example")
        self.assert_handed_over(self.dial("--svcb", port=self.first.port), self.first)
        self.assertLessEqual(len([1 for _, kind in self.server.asked() if kind == "SVCB"]), 8)

    def test_records_that_do_not_count(self):
        self.host(NAME, V4)
        self.host("a.example", V4)
        name = "_%d._ssh.%s" % (self.second.port, NAME)
        good = (2, "a.example", dns.port(self.first.port))
        mandatory_alpn = (1, "bad.example", dns.parameter(0, b"\0\1") + dns.parameter(1, b"\2h2"))
        self.bind(mandatory_alpn, good, name=name)
        self.assert_handed_over(self.dial("--svcb", "--resolution-delay", "1s", port=self.second.port), self.first)
        for bad in ((1, "a.example", b"\0"), (1, "a.example", dns.parameter(3, b"x")),
                    (1, "a.example", dns.hint(V4) + dns.port(22))):
            self.bind(bad, good, name=name)
            self.assert_handed_over(self.dial("--svcb", "--timeout", "4s", port=self.second.port), self.second)

    def test_an_alias_for_nothing_is_advice_only(self):
        self.host(NAME, V4)
        self.bind((0, "."), name="_%d._ssh.%s" % (self.first.port, NAME))
        self.assert_handed_over(self.dial("--svcb", port=self.first.port), self.first)

    def test_without_records(self):
        self.host(NAME, V4)
        for reply in (dns.nxdomain(), dns.servfail(), dns.drop()):
            self.server.set("_%d._ssh.%s" % (self.first.port, NAME), "SVCB", reply)
            began = time.monotonic()
            self.assert_handed_over(self.dial("--svcb", port=self.first.port), self.first)
            self.assertLess(time.monotonic() - began, 0.9)


class Reports(ServiceTest):
    def test_verbose(self):
        self.host("a.example", V4)
        self.srv((10, 5, self.first.port, "a.example"))
        result = self.dial("--srv", "-v")
        self.addCleanup(result.close)
        for text in ("ask for SRV of " + SERVICE,
                     "SRV answered: a.example port %d (priority 10, weight 5)" % self.first.port,
                     "A of a.example answered: 127.0.0.1",
                     "start 127.0.0.1 port %d" % self.first.port):
            self.assertIn(text, result.stderr)
        self.server.set(SERVICE, "SRV", dns.nxdomain())
        result = self.dial("--srv", "-v")
        self.addCleanup(result.close)
        self.assertIn("SRV answered: name does not exist, take the name itself", result.stderr)

    def test_trace(self):
        self.host("a.example", V4)
        self.srv((10, 5, self.first.port, "a.example"))
        _, trace = self.dial_with_trace("--srv")
        kinds = {event["event"]: event for event in trace}
        self.assertEqual(kinds["service_query_started"]["name"], SERVICE)
        answered = kinds["service_query_finished"]
        self.assertEqual((answered["type"], answered["name"], answered["status"], answered["unavailable"]),
                         ("SRV", SERVICE, "addresses", False))
        self.assertEqual(answered["hosts"],
                         [{"host": "a.example", "port": self.first.port, "priority": 10, "weight": 5}])
        self.assertEqual(kinds["candidate_discovered"]["group"], 0)
        self.assertEqual({event.get("host") for event in trace if event["event"] == "dns_query_finished"},
                         {"a.example"})

    def test_explain(self):
        self.host("a.example", V4)
        self.srv((10, 5, self.first.port, "a.example"))
        result = self.dial("--srv", "--explain", stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout.decode(), r"(?m)^SRV .* 1 host, ")
        self.assertRegex(result.stdout.decode(), r"(?m)^A 1 .* 1 address, ")


class Refusals(ServiceTest):
    def test_what_is_no_service(self):
        for service in ("ssh", "_ssh.tcp", "_", "_ssh._tcp."):
            self.assert_fails(self.dial("--srv=" + service), USAGE, "is no service")

    def test_a_proxy_is_asked_for_the_host_itself(self):
        for option in ("--srv", "--svcb"):
            self.assert_fails(self.dial(option, "--proxy", "socks5h://127.0.0.1:1080"), USAGE,
                              option + " has no meaning through a proxy")
        refusing = "socks5://127.0.0.1:%d" % self.refusing().port
        self.assert_fails(self.dial("--srv", "--route", refusing), ALL_FAILED, refusing)
        self.assertEqual(self.server.asked(), [])

    def test_who_cannot_be_asked_for_records(self):
        self.assert_fails(run("--srv", "--resolver", "system", NAME), USAGE, "service records")
        self.assert_fails(run("--srv", "--resolve-with", "true", NAME), USAGE, "exclude")

    def test_onion_services_are_not_asked_about(self):
        self.assert_fails(self.dial("--srv", host="x.onion"), NO_ADDRESS, "onion")
        self.host(NAME, V4)
        self.srv((0, 0, 22, "x.onion"))
        self.assert_handed_over(self.dial("--srv", port=self.first.port), self.first)
        self.assertNotIn("x.onion", [name for name, _ in self.server.asked()])


class Configured(ServiceTest):
    def test_a_rule_sets_it(self):
        self.host("a.example", V4)
        self.srv((0, 0, self.first.port, "a.example"))
        self.server.set("_sftp._tcp." + NAME, "SRV", dns.srv((0, 0, self.second.port, "a.example")))
        for value, listener in (("true", self.first), ('"_sftp._tcp"', self.second)):
            path = self.temporary_path("config.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write('[[rule]]\nmatch.host = "%s"\nsrv = %s\n' % (NAME, value))
            os.chmod(path, 0o600)
            self.assert_handed_over(self.dial("--config", path), listener)


if __name__ == "__main__":
    common.main()
