"""Names that the hosts file and the DNS do not have: nsswitch.conf's modules by getent(1), multicast
DNS, systemd-resolved, and a command of the user's own.

All of them are stand-ins; the real getent is asked once, for what its files module knows.
"""

import os
import shutil

import common
import sandbox
from common import ENVIRONMENT, NO_ADDRESS, TIMED_OUT, USAGE, CommandTest, read_json_lines, run, wait_until
from support import dns, nss, receiver

NAME, GUEST, LOCAL = "db.example", "guest", "hall9.local"
V4, V6 = "127.0.0.1", "::1"
SOON = 1.0  # seconds: nothing here has a reason to wait


def setUpModule():
    sandbox.enter()


class NameServiceTest(CommandTest):
    """A DNS server that knows NAME only, and listeners on the same port of both loopback addresses."""

    def setUp(self):
        port = receiver.free_port(V4, V6)
        self.v4, self.v6 = self.listen(V4, port), self.listen(V6, port)
        self.port = port
        self.server = self.enter(dns.Server(("127.0.0.1", 53), script={(NAME, "A"): dns.answer(V4)}))
        self.enter(sandbox.file("/etc/resolv.conf", "nameserver 127.0.0.1\n"))
        self.enter(sandbox.file("/etc/hosts", "127.0.0.1 localhost\n"))
        self.enter(sandbox.empty_directory("/run"))
        self.directory = os.path.dirname(self.temporary_path("x"))
        self.environment = dict(ENVIRONMENT, PATH=self.directory + ":" + ENVIRONMENT["PATH"])

    def nsswitch(self, line):
        self.enter(sandbox.file("/etc/nsswitch.conf", "hosts: %s\n" % line))

    def getent(self, body):
        """A getent that is found first; what it does is seen in a file of ours."""
        log = os.path.join(self.directory, "log")
        nss.write_getent(self.directory, 'echo "$@" >>%s\n%s' % (log, body))

    def both_run(self):
        """For a getent: until it is asked about both families. What has the address ends the other."""
        return "while [ $(wc -l <%s) -lt 2 ]; do sleep 0.01; done\n" % os.path.join(self.directory, "log")

    def getent_runs(self):
        try:
            with open(os.path.join(self.directory, "log"), encoding="utf-8") as file:
                return sorted(file.read().splitlines())
        except FileNotFoundError:
            return []

    def dial(self, *options, host=GUEST, **how):
        return run(*options, host, self.port, env=self.environment, **how)

    def explained(self, *options, host=GUEST):
        """What -v says, line by line, of a dial that connects."""
        result = self.dial("-v", *options, host=host)
        self.addCleanup(result.close)
        self.assertEqual(result.status, 0, result)
        return result.stderr

    def on_a_link(self):
        """A link with one IPv4 address, to which a responder in the same namespace listens."""
        self.enter(sandbox.network())
        sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
        for link in ("gh0", "gh1"):
            sandbox.ip("link", "set", link, "up")
        sandbox.ip("address", "add", "192.0.2.2/24", "dev", "gh0")
        self.v4, self.v6 = self.listen("192.0.2.2", self.port), None
        self.enter(dns.Server(("127.0.0.1", 53)))

    def assert_gone(self, name):
        """The program that wrote its number into that file has ended."""
        path = os.path.join(self.directory, name)
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path), "the program to begin")
        with open(path, encoding="utf-8") as file:
            pid = int(file.read())
        wait_until(lambda: not is_running(pid), "the program to end")


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


KNOWS_GUEST = '[ "$4" = guest ] && [ "$3" = ahostsv4 ] || exit 2\necho "127.0.0.1       STREAM guest"\n'


class Modules(NameServiceTest):
    def test_a_module_is_asked_when_the_dns_has_no_such_name(self):
        self.nsswitch("files dns libvirt")
        self.getent(self.both_run() + KNOWS_GUEST)
        self.assert_handed_over(self.dial(), self.v4)
        self.assertEqual(self.getent_runs(), ["-s hosts:libvirt ahostsv4 guest", "-s hosts:libvirt ahostsv6 guest"])
        self.assertIn("names: 'files' had none, DNS said no such name, 'libvirt' has 127.0.0.1\n", self.explained())

    def test_nobody_else_is_asked_for_a_name_that_the_dns_has(self):
        self.nsswitch("files libvirt dns wins")
        self.getent(KNOWS_GUEST)
        self.assert_handed_over(self.dial(host=NAME), self.v4)
        self.assertNotIn("names:", self.explained(host=NAME))
        self.assertEqual(self.getent_runs(), [])

    def test_modules_are_asked_in_the_order_of_their_line(self):
        self.nsswitch("wins files dns libvirt nis")
        self.getent('[ "$2" = hosts:libvirt ] || exit 2\necho ::1 STREAM\necho ::1 DGRAM\n')
        self.assertIn("'wins' had none, 'libvirt' has ::1\n", self.explained("-6"))
        self.assertEqual(self.getent_runs(), ["-s hosts:libvirt ahostsv6 guest", "-s hosts:wins ahostsv6 guest"])

    def test_a_name_that_nobody_has(self):
        self.nsswitch("files dns libvirt")
        self.getent("exit 2\n")
        self.assert_fails(self.dial(), NO_ADDRESS, "'guest'", "name does not exist", hint=False)

    def test_mapped_addresses_and_nonsense_of_getent_do_not_count(self):
        self.nsswitch("files dns libvirt")
        self.getent('echo; echo nonsense; echo "::ffff:127.0.0.1 STREAM"; [ $3 = ahostsv6 ] || echo 127.0.0.1\n')
        self.assert_handed_over(self.dial(), self.v4)
        self.assert_fails(self.dial("-6"), NO_ADDRESS, "'guest'")

    def test_a_module_that_could_not_be_asked_is_named_in_a_hint(self):
        self.nsswitch("files dns libvirt")
        self.environment["PATH"] = self.directory
        result = self.dial()
        self.assert_fails(result, NO_ADDRESS, "name does not exist", hint=True)
        self.assertIn("'libvirt'", result.lines[1])

    def test_resolver_dns_asks_no_module_and_says_so(self):
        self.nsswitch("files dns libvirt")
        self.getent(KNOWS_GUEST)
        result = self.dial("--resolver", "dns")
        self.assert_fails(result, NO_ADDRESS, "name does not exist", hint=True)
        self.assertIn("'libvirt'", result.lines[1])
        self.assertEqual(self.getent_runs(), [])

    def test_resolver_system_asks_the_c_library_alone(self):
        self.getent(self.both_run() + '[ "$1 $2" = "ahostsv6 guest" ] || exit 2\necho "::1 STREAM"\n')
        self.assert_handed_over(self.dial("--resolver", "system"), self.v6)
        self.assertEqual(self.getent_runs(), ["ahostsv4 guest", "ahostsv6 guest"])
        self.assertEqual(self.server.asked(), [])

    def test_resolver_system_with_the_real_getent(self):
        if not shutil.which("getent"):
            self.skipTest("needs getent")
        self.on_a_link()
        with sandbox.file("/etc/hosts", "192.0.2.2 guest\n"):
            self.assert_handed_over(self.dial("--resolver", "system"), self.v4)

    def test_the_order_of_files_and_dns_is_that_of_the_line(self):
        self.nsswitch("dns files")
        with sandbox.file("/etc/hosts", "127.0.0.9 %s\n127.0.0.1 guest\n" % NAME):
            self.assert_handed_over(self.dial(host=NAME), self.v4)
            self.assertIn("names: DNS said no such name, 'files' has 127.0.0.1\n", self.explained())

    def test_a_line_without_dns_asks_no_name_server(self):
        self.nsswitch("files")
        self.assert_fails(self.dial(host=NAME), NO_ADDRESS, "name does not exist")
        self.assertEqual(self.server.asked(), [])
        self.assert_handed_over(self.dial("--dns-server", "127.0.0.1", host=NAME), self.v4)

    def test_a_module_whose_no_is_final_comes_before_the_dns(self):
        self.nsswitch("files ldap [NOTFOUND=return] dns")
        self.getent("exit 2\n")
        self.assert_fails(self.dial(host=NAME), NO_ADDRESS, "name does not exist")
        self.assertEqual(self.server.asked(), [])

    def test_a_module_that_is_late_costs_nothing_once_the_race_is_won(self):
        self.nsswitch("files dns libvirt")
        self.getent('[ "$3" = ahostsv4 ] && { echo 127.0.0.1; exit; }\n'
                    'echo $$ >%s/late; exec sleep 30\n' % self.directory)
        result = self.dial()
        self.assert_handed_over(result, self.v4)
        self.assertLess(result.exited - result.started, SOON)
        self.assert_gone("late")

    def test_a_module_that_never_answers_ends_with_the_dial(self):
        self.nsswitch("files dns libvirt")
        self.getent('echo $$ >%s/$3; exec sleep 30\n' % self.directory)
        result = self.dial("--timeout", "700ms")
        self.assert_fails(result, TIMED_OUT, "'guest'")
        self.assertLess(result.exited - result.started, 0.7 + SOON)
        self.assert_gone("ahostsv4")
        self.assert_gone("ahostsv6")

    def test_what_getent_has_started_ends_with_it(self):
        """A getent that is a script, in a chroot or a container."""
        self.nsswitch("files dns libvirt")
        self.getent('[ "$3" = ahostsv4 ] && { while ! [ -s %s/inner ]; do sleep 0.01; done; echo 127.0.0.1; exit; }\n'
                    "sh -c 'echo $$ >%s/inner; sleep 30; :'; :\n" % (self.directory, self.directory))
        self.assert_handed_over(self.dial(), self.v4)
        self.assert_gone("inner")

    def test_the_trace_names_who_had_the_address(self):
        self.nsswitch("files dns libvirt")
        self.getent(KNOWS_GUEST)
        path = self.temporary_path("trace")
        self.assert_handed_over(self.dial("--trace", path), self.v4)
        with open(path, encoding="utf-8") as file:
            trace = read_json_lines(file.read())
        asked = [event["sources"] for event in trace if event["event"] == "names_asked"]
        self.assertEqual([(one["source"], one["status"]) for one in asked[0]],
                         [("'files'", "no_such_name"), ("DNS", "no_such_name"), ("'libvirt'", "addresses")])
        found = [event["origin"] for event in trace if event["event"] == "candidate_discovered"]
        self.assertEqual(found, ["'libvirt'"])

    def test_what_excludes_what(self):
        for options in (("--resolver", "all"), ("--resolver", "system", "--dns-server", "127.0.0.1"),
                        ("--resolver", "dns", "--resolve-with", "true"),
                        ("--dns-server", "127.0.0.1", "--resolve-with", "true")):
            self.assert_fails(self.dial(*options), USAGE)


class Link(NameServiceTest):
    """Names below .local."""

    def test_avahi_is_asked_before_the_dns_where_the_line_says_so(self):
        self.nsswitch("files mdns4_minimal [NOTFOUND=return] dns")
        with nss.avahi({(LOCAL, "IPV4"): V4}) as avahi:
            self.assert_handed_over(self.dial(host=LOCAL), self.v4)
            self.assertEqual(sorted(avahi.asked), ["RESOLVE-HOSTNAME-IPV4 " + LOCAL, "RESOLVE-HOSTNAME-IPV6 " + LOCAL])
            self.assertEqual(self.server.asked(), [])
            self.assertIn("names: 'files' had none, mDNS has 127.0.0.1\n", self.explained(host=LOCAL))

    def test_avahi_is_asked_behind_the_dns_otherwise(self):
        self.nsswitch("files dns")
        with nss.avahi({(LOCAL, "IPV6"): V6}):
            self.assert_handed_over(self.dial(host=LOCAL + "."), self.v6)
            self.assertTrue(self.server.asked())

    def test_avahi_is_not_asked_for_other_names(self):
        with nss.avahi({}) as avahi:
            self.assert_fails(self.dial(host="hall9.local.example"), NO_ADDRESS)
            self.assertEqual(avahi.asked, [])

    def test_systemd_resolved_is_asked_where_there_is_no_avahi(self):
        families = receiver.socket.AF_INET, receiver.socket.AF_INET6
        with nss.resolved({(LOCAL, families[0]): [V4], (LOCAL, families[1]): [V6]}):
            self.assert_handed_over(self.dial(host=LOCAL), self.v6)
            self.assert_handed_over(self.dial("-4", host=LOCAL), self.v4)

    def test_nobody_answers_for_the_link(self):
        with nss.avahi({}):
            self.assert_fails(self.dial(host=LOCAL), NO_ADDRESS, "name does not exist", hint=False)
        result = self.dial("--resolver", "dns", host=LOCAL)
        self.assert_fails(result, NO_ADDRESS, hint=True)
        self.assertIn("mDNS", result.lines[1])

    def test_one_question_of_our_own_where_there_is_no_daemon(self):
        self.on_a_link()
        forgery = ("id", "port", "hops")
        with nss.MdnsResponder("gh0", {(LOCAL, "A"): "192.0.2.2"}, forge=forgery) as responder:
            result = self.dial(host=LOCAL)
            self.assert_handed_over(result, self.v4)
            self.assertLess(result.exited - result.started, SOON)
            self.assertEqual(set(responder.asked), {(LOCAL, "A")})  # the only family with connectivity

    def test_and_over_ipv6_where_the_link_has_no_other(self):
        self.enter(sandbox.network())
        sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
        sandbox.ip("link", "set", "gh0", "addrgenmode", "none")
        for link in ("gh0", "gh1"):
            sandbox.ip("link", "set", link, "up")
        for address in ("fe80::9", "2001:db8::9"):
            sandbox.ip("address", "add", address + "/64", "dev", "gh0", "nodad")
        self.v4, self.v6 = None, self.listen("2001:db8::9", self.port)
        self.enter(dns.Server(("127.0.0.1", 53)))
        forgery = ("id", "port", "hops")
        with nss.MdnsResponder("gh0", {(LOCAL, "AAAA"): "2001:db8::9"}, forge=forgery, ipv6=True) as responder:
            result = self.dial(host=LOCAL)
            self.assert_handed_over(result, self.v6)
            self.assertLess(result.exited - result.started, SOON)
            self.assertEqual(set(responder.asked), {(LOCAL, "AAAA")})

    def test_a_link_on_which_nobody_has_the_name(self):
        self.on_a_link()
        with nss.MdnsResponder("gh0", {}) as responder:
            result = self.dial(host=LOCAL)
            self.assert_fails(result, NO_ADDRESS, "name does not exist", hint=False)
            self.assertLess(result.exited - result.started, 1 + SOON)
            self.assertEqual(len(responder.asked), 3)

    def test_single_labels_are_for_systemd_resolved_where_the_line_has_it(self):
        self.nsswitch("resolve [!UNAVAIL=return] files dns")
        with nss.resolved({(GUEST, receiver.socket.AF_INET): [V4]}) as resolved:
            self.assert_handed_over(self.dial(), self.v4)
            self.assertIn("DNS said no such name, systemd-resolved has 127.0.0.1\n", self.explained())
            asked = len(resolved.asked)
            self.assert_fails(self.dial(host="guest.example"), NO_ADDRESS)
            self.assertEqual(len(resolved.asked), asked)

    def test_systemd_resolved_that_keeps_silent_ends_with_the_dial(self):
        self.nsswitch("resolve [!UNAVAIL=return] files dns")
        with nss.resolved({(GUEST, receiver.socket.AF_INET): None}):
            result = self.dial("--timeout", "500ms")
        self.assert_fails(result, TIMED_OUT, "'guest'")
        self.assertLess(result.exited - result.started, 0.5 + SOON)


class OwnCommand(NameServiceTest):
    def command(self, body):
        path = os.path.join(self.directory, "own")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + body)
        os.chmod(path, 0o700)
        return "--resolve-with", path + " 'an argument'"

    def test_its_addresses_are_dialled_and_nobody_is_asked(self):
        own = self.command("echo '# inventory'; echo; echo %s; echo ::1\n" % V4)
        self.assert_handed_over(self.dial(*own, host=NAME), self.v6)
        self.assertEqual(self.server.asked(), [])

    def test_it_is_told_the_target(self):
        own = self.command('echo "$1 $GLADHAND_HOST $GLADHAND_PORT $GLADHAND_FAMILY" >%s/told; echo %s\n'
                           % (self.directory, V4))
        for option, family in ((), "any"), (("-4",), "4"):
            self.assert_handed_over(self.dial(*own, *option), self.v4)
            with open(os.path.join(self.directory, "told"), encoding="utf-8") as file:
                self.assertEqual(file.read(), "an argument guest %d %s\n" % (self.port, family))

    def test_a_line_may_have_a_port_of_its_own(self):
        other = self.listen(V6)
        self.assert_handed_over(self.dial(*self.command("echo [::1]:%d\n" % other.port)), other)

    def test_an_address_is_dialled_as_it_comes_and_the_command_ended_once_it_has_won(self):
        own = self.command("echo $$ >%s/own.pid; echo ::1; exec sleep 30\n" % self.directory)
        result = self.dial(*own)
        self.assert_handed_over(result, self.v6)
        self.assertLess(result.exited - result.started, SOON)
        self.assert_gone("own.pid")

    def test_what_the_command_has_started_ends_with_it(self):
        """A shell in front of the program that is waited for, as scripts are."""
        body = "sh -c 'echo $$ >%s/%s; echo \"%s\"; sleep 30; :'; :\n"
        self.assert_handed_over(self.dial(*self.command(body % (self.directory, "won", V6))), self.v6)
        self.assert_gone("won")
        result = self.dial("--timeout", "500ms", *self.command(body % (self.directory, "lost", "")))
        self.assert_fails(result, TIMED_OUT, "'guest'")
        self.assert_gone("lost")

    def test_an_address_of_the_other_family_does_not_wait_for_the_end(self):
        result = self.dial(*self.command("echo %s; exec sleep 30\n" % V4))
        self.assert_handed_over(result, self.v4)
        self.assertLess(result.exited - result.started, SOON)

    def test_how_it_can_fail(self):
        for body, words in (("exit 3", "'%s/own' exited with status 3" % self.directory),
                            ("kill -9 $$", "was ended by signal 9"),
                            ("", "wrote no address"),
                            ("echo db.example", "wrote 'db.example', which is no address"),
                            ("echo 192.0.2.1 192.0.2.2", "which is no address"),
                            ("printf '\\033[31m\\n'", "wrote '\\x1b[31m', which is no address"),
                            ("exec yes ''", "writes without an end")):
            with self.subTest(body):
                self.assert_fails(self.dial(*self.command(body + "\n")), NO_ADDRESS, "'guest'", "--resolve-with", words)
        self.assert_fails(self.dial("--resolve-with", "/nonexistent/x"), NO_ADDRESS, "cannot run '/nonexistent/x'")

    def test_what_fails_late_does_no_harm(self):
        self.assert_handed_over(self.dial(*self.command("echo ::1; echo nonsense; exit 3\n")), self.v6)

    def test_only_addresses_of_a_wanted_family_count(self):
        self.assert_fails(self.dial("-4", *self.command("echo ::1\n")), NO_ADDRESS, "wrote no address")

    def test_it_is_bounded(self):
        result = self.dial("--timeout", "500ms", *self.command("echo $$ >%s/own.pid; exec sleep 30\n" % self.directory))
        self.assert_fails(result, TIMED_OUT, "'guest'")
        self.assertLess(result.exited - result.started, 0.5 + SOON)
        self.assert_gone("own.pid")

    def test_neither_an_address_nor_a_name_of_resolve_needs_it(self):
        own = self.command("touch %s/was_run\n" % self.directory)
        self.assert_handed_over(self.dial(*own, host=V4), self.v4)
        self.assert_handed_over(self.dial(*own, "--resolve", "guest:" + V4), self.v4)
        self.assertFalse(os.path.exists(os.path.join(self.directory, "was_run")))


class HotPath(NameServiceTest):
    """What all this costs a name that needs none of it, in system calls."""

    def calls(self, host):
        if not shutil.which("strace"):
            self.skipTest("needs strace")
        path = self.temporary_path("calls")
        session = receiver.Session(["strace", "-f", "-o", path, os.environ.get("GLADHAND", "build/gladhand"),
                                    host, str(self.port)], env=self.environment)
        result = session.finish(20)
        self.addCleanup(result.close)
        self.assertEqual(result.status, 0, result)
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def test_a_literal_reads_no_file_of_names(self):
        calls = self.calls(V4)
        for name in ("nsswitch", "resolv.conf", "hosts", "getent", "avahi", "resolve"):
            self.assertNotIn(name, calls)

    def test_an_ordinary_name_reads_one_file_more_and_asks_nobody(self):
        self.nsswitch("files mdns4_minimal [NOTFOUND=return] resolve libvirt dns")
        calls = self.calls(NAME)
        self.assertEqual(calls.count("/etc/nsswitch.conf"), 1)
        for name in ("getent", "avahi", "io.systemd", "fork(", "224.0.0.251"):
            self.assertNotIn(name, calls)


if __name__ == "__main__":
    common.main()
