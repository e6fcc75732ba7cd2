"""What the command line accepts and refuses: hosts, ports, options.

A refusal is status 64, one line of printable text, nothing on fd 1, and no question at the DNS server.
An accepted name is one that the DNS server is asked for.
"""

import subprocess

import common
import sandbox
from common import ENVIRONMENT, NO_ADDRESS, TIMED_OUT, USAGE, CommandTest, run
from support import dns

LABEL_63 = "a" * 63
NAME_253 = ".".join(["a" * 49] * 5) + ".abc"  # the longest name there is: 255 octets on the wire


def setUpModule():
    sandbox.available()  # inside, no name of this machine and no service of its own is in the way


class InputTest(CommandTest):
    def setUp(self):
        self.server = self.enter(dns.Server())

    def run_with_server(self, *arguments):
        return run("--dns-server", self.server.endpoint, "--timeout", "5", *arguments)

    def assert_refused(self, *arguments, quoting=None):
        """A usage error that shows the text at fault."""
        before = len(self.server.queries)
        result = self.run_with_server(*arguments)
        self.assertEqual(self.server.queries[before:], [], result)
        self.assert_fails(result, USAGE)
        if quoting is not None:
            self.assertIn(quoting, result.stderr)

    def names_asked_for(self, host):
        """What the DNS server (which knows no name at all) was asked because of this host."""
        before = len(self.server.queries)
        result = self.run_with_server("--", host, "22")
        self.assert_fails(result, NO_ADDRESS)
        return {query.name for query in self.server.queries[before:]}


class Hosts(InputTest):
    def test_names_are_asked_for_as_given(self):
        for host in ("db.example", "DB.Example", "my_host.example", "3com.example", "a-b.example",
                     "xn--bcher-kva.example", LABEL_63 + ".example", NAME_253):
            with self.subTest(host):
                self.assertEqual(self.names_asked_for(host), {host.lower()})

    def test_a_trailing_dot_is_part_of_no_label(self):
        self.assertEqual(self.names_asked_for("db.example."), {"db.example"})
        self.assertEqual(self.names_asked_for(NAME_253 + "."), {NAME_253})

    def test_an_international_name_is_asked_for_in_ascii(self):
        for host, asked in (("bücher.example", "xn--bcher-kva.example"),
                            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
                            ("BÜCHER.example", "xn--bcher-kva.example"),
                            ("bücher.example.", "xn--bcher-kva.example")):
            with self.subTest(host):
                self.assertEqual(self.names_asked_for(host), {asked})

    def test_a_backslash_is_refused(self):
        """c-ares would read an escape where ssh reads a letter, and ask for another name."""
        for host in ("a\\.b", "a\\046b.example", "a\\"):
            with self.subTest(host):
                self.assert_refused("--", host, "22")

    def test_numbers_that_are_no_address_are_names(self):
        for host in ("web.1", "node.01", "300.1.1.1", "1.2.3.4.5"):
            with self.subTest(host):
                self.assertEqual(self.names_asked_for(host), {host})

    def test_a_link_local_literal_needs_its_interface(self):
        self.assert_refused("--", "fe80::1", "22", quoting="fe80::1")

    def test_leading_minus(self):
        for host in ("-oProxyCommand=id", "-", "-db.example"):
            with self.subTest(host):
                self.assert_refused("--", host, "22", quoting=host)

    def test_empty_host_and_empty_labels(self):
        for host in ("", ".", "..", "a..b", ".a", "a.."):
            with self.subTest(host):
                self.assert_refused("--", host, "22", quoting="'%s'" % host if host else "empty")

    def test_control_characters_are_refused_and_shown_escaped(self):
        for character in ("\n", "\r", "\t", "\x1b", "\x01", "\x7f", "\u0085"):
            with self.subTest(repr(character)):
                self.assert_refused("--", "db%s[31m.example" % character, "22", quoting="[31m.example")

    def test_blanks(self):
        for host in (" ", "db example", " db.example", "db.example ", "db\u00a0.example", "db\u3000.example"):
            with self.subTest(host):
                self.assert_refused("--", host, "22")

    def test_a_blank_in_an_international_name_is_told_as_such(self):
        for host in ("bücher example", "bücher.example\n"):
            with self.subTest(host):
                self.assert_refused("--", host, "22", quoting="holds a blank or a control character")

    def test_bytes_that_are_no_utf8(self):
        for host in (b"\xff.example", b"b\xfccher.example", b"\xc3", b"\xed\xa0\x80.example", b"\xc0\xaf.example"):
            with self.subTest(host):
                self.assert_refused("--", host, "22")

    def test_too_long(self):
        for host in ("a" * 64, "a" * 64 + ".example", "ü" * 64 + ".example", "a" + NAME_253,
                     "a.a." * 1000 + "example"):
            with self.subTest(host[:80]):
                self.assert_refused("--", host, "22")

    def test_brackets_hold_an_ipv6_address_and_close(self):
        for host in ("[::1", "::1]", "[]", "[1.2.3.4]", "[db.example]", "[[::1]]", "[::1]x", "[::1]:22", "x[::1]"):
            with self.subTest(host):
                self.assert_refused("--", host, "22", quoting=host[1:-1])

    def test_what_looks_like_ipv6_is_ipv6(self):
        for host in (":::", "1::2::3", "::g", "12345::", "1:2:3:4:5:6:7:8:9", "::1.2.3", "db.example:22"):
            with self.subTest(host):
                self.assert_refused("--", host, "22", quoting=host)

    def test_a_zone_belongs_to_an_ipv6_address_and_is_not_empty(self):
        for host in ("fe80::1%", "[fe80::1%]", "127.0.0.1%lo", "db.example%lo", "fe80::1%lo%lo", "fe80::1% lo"):
            with self.subTest(host):
                self.assert_refused("--", host, "22", quoting=host.strip("[]"))

    def test_a_zone_that_does_not_exist_is_named(self):
        result = self.run_with_server("--", "fe80::1%nosuch0", "22")
        self.assertNotIn(result.status, (0, NO_ADDRESS))
        self.assert_fails(result, result.status, "nosuch0")


class Literals(InputTest):
    def test_every_form_of_an_address_connects_without_a_question(self):
        for address, hosts in (("::1", ("::1", "[::1]", "0:0:0:0:0:0:0:1", "[0::1]", "::0001")),
                               ("127.0.0.1", ("127.0.0.1",))):
            listener = self.listen(address)
            for host in hosts:
                with self.subTest(host):
                    self.assert_handed_over(self.run_with_server(host, listener.port), listener)
        self.assertEqual(self.server.queries, [])

    def test_a_zone_is_kept(self):
        """fe80::1%lo: no such address there, but the attempt is made and named with its zone."""
        for host in ("fe80::1%lo", "[fe80::1%lo]", "fe80::1%1"):
            with self.subTest(host):
                result = self.run_with_server("--timeout", "2", host, "22")
                self.assertIn(result.status, (69, 75), result)
                self.assert_fails(result, result.status, "fe80::1%")


class Ports(InputTest):
    def test_refused(self):
        for port in ("", "0", "00", "-1", "65536", "70000", "99999999999999999999", "abc", "22x", "0x16", " 22", "22 ",
                     "+22", "1e3", "22.0", "22,23", "٢٢", "ssh ", "s\x1bsh", "nosuchservice"):
            with self.subTest(port):
                self.assert_refused("--", "db.example", port)

    def test_the_port_at_fault_is_shown(self):
        self.assert_refused("db.example", "70000", quoting="70000")
        self.assert_refused("db.example", "nosuchservice", quoting="nosuchservice")

    def test_the_smallest_and_the_largest(self):
        for port in (1, 65535):
            with self.subTest(port):
                result = self.run_with_server("127.0.0.9", port)
                self.assert_fails(result, 69, "port %d" % port, "refused by 127.0.0.9")

    def test_a_service_name(self):
        if not sandbox.available():
            self.skipTest("port 22 of this machine is not ours")
        listener = self.listen("127.0.0.1", 22)
        self.assert_handed_over(self.run_with_server("127.0.0.1", "ssh"), listener)


class Options(InputTest):
    def test_durations(self):
        for option in ("--timeout", "--connection-attempt-delay", "--resolution-delay"):
            for value in ("", "abc", "-1s", "-1", "5 sm", "1d", "ms", "s", ".", "1.2.3s", "nan", "inf", "1e3", "5sms",
                          "٥s", "9" * 30):
                with self.subTest(option + " " + value):
                    self.assert_refused(option, value, "db.example", "22", quoting=option)

    def test_durations_of_every_form_are_taken(self):
        with self.listen() as listener:
            for value in ("250ms", "2s", "2 s", "0.5s", "1", "1.5", "0.25"):
                for option in ("--timeout", "--connection-attempt-delay", "--resolution-delay"):
                    with self.subTest(option + " " + value):
                        self.assert_handed_over(run(option, value, "127.0.0.1", listener.port), listener)

    def test_preferred_family_count(self):
        for value in ("", "0", "-1", "x", "1.5", "99999999999999999999"):
            with self.subTest(value):
                option = "--preferred-family-count"
                self.assert_refused(option, value, "db.example", "22", quoting=option)

    def test_dns_server(self):
        for value in ("", "abc", "dns.example", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "[::1",
                      "[::1]53", "[::1]:", "[::1]:0", "[127.0.0.1]:53", "127.0.0.1:53 ", "127.0.0"):
            with self.subTest(value):
                self.assert_refused("--dns-server", value, "db.example", "22", quoting="--dns-server")

    def test_resolve(self):
        for value in ("", "db.example", "db.example:", ":127.0.0.1", "db.example:abc", "db.example:127.0.0.1,",
                      "db.example:,127.0.0.1", "db.example:127.0.0.1 ", "a..b:127.0.0.1", "db.example:[::1",
                      "a b:127.0.0.1", "bücher b:127.0.0.1"):
            with self.subTest(value):
                self.assert_refused("--resolve", value, "db.example", "22", quoting="--resolve: ")

    def test_unknown_options(self):
        for option in ("--nonsense", "-Z", "--timeou", "--timeout-", "---", "-46Z"):
            with self.subTest(option):
                self.assert_refused(option, "db.example", "22")

    def test_an_option_without_its_value(self):
        for option in ("--timeout", "--dns-server", "--resolve", "--trace", "--log"):
            with self.subTest(option):
                self.assert_refused("db.example", "22", option, quoting=option)

    def test_missing_and_superfluous_arguments(self):
        for arguments in ((), ("--",), ("db.example",), ("--", "db.example"), ("db.example", "22", "23"),
                          ("--history-show", "db.example"), ("--history-forget", "all", "db.example")):
            with self.subTest(arguments):
                self.assert_refused(*arguments)

    def test_an_unknown_option_with_control_characters_is_shown_escaped(self):
        self.assert_refused("--\x1b[31mred", "db.example", "22")
        self.assert_refused("db.example", "22", "a\x1b[31mred\n")

    def test_what_follows_two_minuses_is_no_option(self):
        self.assert_refused("--", "--help", "22")
        self.assert_refused("--", "db.example", "--version")

    def test_the_last_of_a_repeated_option_counts(self):
        self.assert_refused("--timeout", "5s", "--timeout", "abc", "db.example", "22")
        hole = self.black_hole()
        result = run("--timeout", "20s", "--timeout", "200ms", "127.0.0.1", hole.port, timeout=5)
        self.assert_fails(result, TIMED_OUT)
        self.assertRegex(result.lines[0], r" in (199|2\d\d) ms$")

    def test_a_repeated_flag_is_harmless(self):
        for flag, address in (("-4", "127.0.0.1"), ("-6", "::1"), ("-q", "::1")):
            with self.subTest(flag):
                listener = self.listen(address)
                self.assert_handed_over(run(flag, flag, address, listener.port), listener)

    def test_repeated_dns_servers_are_all_taken(self):
        with dns.Server(default=dns.refused()) as first:
            result = run("--dns-server", first.endpoint, "--dns-server", self.server.endpoint, "db.example", "22")
            self.assert_fails(result, NO_ADDRESS)
            self.assertTrue(first.queries and self.server.queries, result)

    def test_repeated_resolve_options_are_all_taken(self):
        with self.listen() as listener:
            options = ("--resolve", "a.example:127.0.0.2", "--resolve", "b.example:127.0.0.1")
            self.assert_handed_over(run(*options, "b.example", listener.port), listener)


class Environment(CommandTest):
    def test_a_command_before_is_not_told_of_an_outer_dial(self):
        result = run("--before", "printenv GLADHAND_HOST", "127.0.0.1", self.listen().port,
                     env={**ENVIRONMENT, "GLADHAND_HOST": "outer.example"})
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.stderr), (0, "127.0.0.1\n"))


class HelpAndVersion(CommandTest):
    def run_to_pipe(self, *arguments):
        result = run(*arguments, stdout=subprocess.PIPE)
        self.assertEqual((result.status, result.stderr, result.data), (0, "", b""), result)
        return result.stdout.decode()

    def test_help_names_every_option(self):
        text = self.run_to_pipe("--help")
        for option in ("-4", "-6", "--timeout", "--connection-attempt-delay", "--resolution-delay",
                       "--preferred-family-count", "--dns-server", "--resolve", "-v", "-q", "--trace", "--log",
                       "--explain", "--version", "--help"):
            self.assertIn(option, text)
        self.assertIn("HOST", text)
        self.assertIn("PORT", text)

    def test_version(self):
        self.assertRegex(self.run_to_pipe("--version"), r"^gladhand \d+\.\d+")

    def test_they_win_over_other_arguments(self):
        self.assertIn("--timeout", self.run_to_pipe("db.example", "22", "--help"))
        self.assertRegex(self.run_to_pipe("db.example", "--version"), r"^gladhand ")


if __name__ == "__main__":
    common.main()
