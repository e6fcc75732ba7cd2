"""Clients and command lines with one family only, and addresses given as literals.

What is not connected is not asked for: the DNS server's log shows every question on the wire.
"""

import net_case
from net_case import HOST
from support.network import DEVICE, SERVER_LINK_LOCAL, SERVER_V4, SERVER_V6


def setUpModule():
    net_case.require()


class Ipv4Only(net_case.NetworkTest):
    """This client has a link-local IPv6 address, which is no connectivity."""

    families = (4,)

    def test_only_a_is_asked_for(self):
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V4)
        self.assertEqual(self.dns.asked(), [(HOST, "A")])


class Ipv6Only(net_case.NetworkTest):
    families = (6,)

    def test_a_is_not_asked_for_where_there_is_no_nat64(self):
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V6)
        self.assertEqual(self.dns.asked(), [("ipv4only.arpa", "AAAA"), (HOST, "AAAA")])


class BothFamilies(net_case.NetworkTest):
    def test_option_4_asks_and_dials_ipv4_only(self):
        self.client.configure("-4")
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V4)
        self.assertEqual(self.dns.asked(), [(HOST, "A")])

    def test_option_6_asks_and_dials_ipv6_only(self):
        self.client.configure("-6")
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assertEqual(self.dns.asked(), [(HOST, "AAAA")])

    def test_literals_need_no_name_server(self):
        """ssh hands the brackets on, and the zone too."""
        zone = f"{SERVER_LINK_LOCAL}%{DEVICE}"
        for host, address in ((SERVER_V6, SERVER_V6), (f"[{SERVER_V6}]", SERVER_V6),
                              (SERVER_V4, SERVER_V4), (zone, zone)):
            with self.subTest(host):
                self.assert_login(self.login(host), address)
        self.assertEqual(self.dns.asked(), [])


if __name__ == "__main__":
    net_case.main()
