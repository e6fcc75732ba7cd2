"""The client's /etc/resolv.conf, /etc/hosts and /etc/gai.conf decide as they do for any other program."""

import net_case
from net_case import HOST, SSH
from support import dns, network
from support.network import SERVER_V4, SERVER_V6

DEAD_SERVER, CLOSED_SERVER = "192.0.2.53", "192.0.2.54"  # says nothing; has port 53 closed
ALSO_DEAD_SERVER = "192.0.2.55"


def setUpModule():
    net_case.require()


class SystemFiles(net_case.NetworkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for address in (DEAD_SERVER, CLOSED_SERVER, ALSO_DEAD_SERVER):
            cls.network.server.do(f"ip addr add {address}/24 dev {network.DEVICE}")
            cls.network.client.do(f"ip neigh replace {address} lladdr {network.SERVER_MAC} "
                                  f"dev {network.DEVICE} nud permanent")

    def setUp(self):
        super().setUp()
        for address in (DEAD_SERVER, ALSO_DEAD_SERVER):
            self.network.black_hole(f"ip daddr {address} udp dport 53")

    def resolv_conf(self, *lines):
        self.write_etc("resolv.conf", "".join(line + "\n" for line in lines))

    # -- gai.conf and hosts --------------------------------------------------------------------------

    def test_gai_conf_can_put_ipv4_first(self):
        self.write_etc("gai.conf", "precedence ::ffff:0:0/96 100\n")
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V4)

    def test_ipv6_is_the_fallback_where_gai_conf_puts_ipv4_first(self):
        self.write_etc("gai.conf", "precedence ::ffff:0:0/96 100\n")
        self.network.refuse(net_case.IPV4_SSH)
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V4, SERVER_V6)

    def test_a_name_in_hosts_is_not_asked_for(self):
        self.write_etc("hosts", f"{SERVER_V4} db.lan db\n{SERVER_V6} db.lan db\n")
        for name in ("db.lan", "db"):
            with self.subTest(name):
                self.assert_login(self.login(name), SERVER_V6)
        self.assertEqual(self.dns.asked(), [])

    # -- search list ---------------------------------------------------------------------------------

    def names_asked_for(self):
        """In order, each once."""
        return list(dict.fromkeys(name for name, _ in self.dns.asked()))

    def test_a_short_name_is_completed_from_the_search_list(self):
        self.resolv_conf("nameserver " + SERVER_V4, "search corp.example example")
        self.assert_login(self.login("db"), SERVER_V6)
        self.assertEqual(self.names_asked_for(), ["db.corp.example", "db.example"])

    def test_ndots_decides_whether_the_search_list_comes_first(self):
        self.dns.set("db.eu.corp.example", "A", dns.answer(SERVER_V4))
        self.resolv_conf("nameserver " + SERVER_V4, "search corp.example", "options ndots:2")
        self.assert_login(self.login("db.eu"), SERVER_V4)
        self.assertEqual(self.names_asked_for(), ["db.eu.corp.example"])

    def test_a_name_with_dots_is_asked_as_it_is_first(self):
        self.resolv_conf("nameserver " + SERVER_V4, "search corp.example")
        self.assert_login(self.login(HOST), SERVER_V6)
        self.assertEqual(self.names_asked_for(), [HOST])

    # -- name servers --------------------------------------------------------------------------------

    def test_a_dead_first_name_server_costs_one_delay(self):
        """Whatever timeout the file has: that is how long the first is waited for, not when the next is asked."""
        for options in ((), ("options timeout:5",)):
            with self.subTest(options):
                self.resolv_conf("nameserver " + DEAD_SERVER, "nameserver " + SERVER_V4, *options)
                login = self.login()
                self.assert_login(login, SERVER_V6)
                self.assertLess(login.trace.attempts[0][0], 1)

    def test_a_closed_first_name_server_costs_nothing(self):
        self.resolv_conf("nameserver " + CLOSED_SERVER, "nameserver " + SERVER_V4)
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assertLess(login.trace.attempts[0][0], self.late())

    def test_a_failing_first_name_server_is_not_believed(self):
        with self.network.server.inside():
            failing = self.enter(dns.Server((CLOSED_SERVER, 53), default=dns.servfail()))
        self.resolv_conf("nameserver " + CLOSED_SERVER, "nameserver " + SERVER_V4)
        self.assert_login(self.login(), SERVER_V6)
        self.assertEqual({name for name, _ in failing.asked()}, {HOST})

    def assert_fails(self, login, *texts):
        """ssh fails, and the user reads why in gladhand's own line."""
        self.assertEqual((login.status, login.output), (255, ""))
        lines = [line for line in login.errors.splitlines() if line.startswith("gladhand: ")]
        self.assertEqual(len(lines), 1, login.errors)
        for text in (f"'{HOST}'", "22", *texts):
            self.assertIn(text, lines[0])
        self.assertEqual(login.syns, [])

    def test_without_any_living_name_server_the_user_is_told(self):
        self.resolv_conf("nameserver " + DEAD_SERVER, "nameserver " + ALSO_DEAD_SERVER,
                         "options timeout:1 attempts:1")
        login = self.login()
        self.assert_fails(login, "no name server answers")
        self.assertLess(login.seconds, 4)

    def test_with_only_closed_name_servers_the_user_is_told_at_once(self):
        self.resolv_conf("nameserver " + CLOSED_SERVER)
        login = self.login()
        self.assert_fails(login, "no name server answers")
        self.assertLess(login.seconds, 1)

    def test_a_name_that_does_not_exist_fails_at_once(self):
        self.answers(AAAA=dns.nxdomain(), A=dns.nxdomain())
        login = self.login()
        self.assert_fails(login, "name does not exist")
        self.assertLess(login.seconds, 1)

    def test_when_all_refuse_the_user_reads_who(self):
        self.network.refuse(SSH)
        login = self.login()
        self.assertEqual(login.status, 255)
        first = login.errors.splitlines()[0]
        for text in ("gladhand: ", f"'{HOST}'", "refused", SERVER_V6, SERVER_V4):
            self.assertIn(text, first)


if __name__ == "__main__":
    net_case.main()
