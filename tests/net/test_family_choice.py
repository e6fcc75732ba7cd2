"""Which family the login goes over when IPv6 works, is broken in one of its ways, or is slow.

Order and timing of the attempts are read from gladhand's trace and, independently, from the wire.
"""

import net_case
from net_case import CONNECTION_ATTEMPT_DELAY, IPV4_SSH, IPV6_SSH, SSH
from slow_link import SLOW_SERVER_V4, SLOW_SERVER_V6, SlowLink
from support import dns, network
from support.network import DEVICE, SERVER_V4, SERVER_V6


def setUpModule():
    net_case.require()


class FamilyChoice(net_case.NetworkTest):
    def test_ipv6_goes_first_and_alone_when_it_works(self):
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V6)

    def test_black_holed_ipv6_costs_one_connection_attempt_delay(self):
        self.network.black_hole(IPV6_SSH)
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V6, SERVER_V4)
        self.assert_gap(login, CONNECTION_ATTEMPT_DELAY)
        self.assertEqual(login.trace.outcomes, {SERVER_V6: "canceled", SERVER_V4: "success"})

    def assert_next_at_once(self, login, failing=SERVER_V6, after=0):
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, failing, SERVER_V4)
        self.assert_gap(login, after)
        self.assertEqual(login.trace.outcomes, {failing: "failure", SERVER_V4: "success"})

    def test_refused_ipv6_costs_nothing(self):
        self.network.refuse(IPV6_SSH)
        self.assert_next_at_once(self.login())

    def test_unreachable_ipv6_costs_its_round_trip(self):
        """By a slow link: an ICMP message that comes while connect() runs is not heard."""
        self.enter(SlowLink(self.network, 0.1))
        self.answers(AAAA=dns.answer(SLOW_SERVER_V6))
        self.network.unreachable(IPV6_SSH)
        self.assert_next_at_once(self.login(), SLOW_SERVER_V6, after=0.1)

    def test_an_address_without_a_route_costs_nothing(self):
        """Last by [RFC 6724 §6] rule 1, or first and failed at once; never a packet for it."""
        route = f"unreachable {SERVER_V6}/128"
        self.network.client.do(f"ip -6 route add {route}")
        self.addCleanup(self.network.client.do, f"ip -6 route del {route}")
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assertEqual([address for _, address, _ in login.syns], [SERVER_V4])
        self.assertLess(login.trace.attempts[-1][0], self.late())

    def test_slow_ipv6_loses(self):
        self.enter(SlowLink(self.network, 1.6))
        self.answers(AAAA=dns.answer(SLOW_SERVER_V6))
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SLOW_SERVER_V6, SERVER_V4)
        self.assert_gap(login, CONNECTION_ATTEMPT_DELAY)

    def test_when_both_are_slow_the_first_attempt_still_wins(self):
        self.enter(SlowLink(self.network, 0.4))
        self.answers(AAAA=dns.answer(SLOW_SERVER_V6), A=dns.answer(SLOW_SERVER_V4))
        self.client.configure("--connection-attempt-delay", "50ms", "--backup-attempt", "off")
        login = self.login()
        self.assert_login(login, SLOW_SERVER_V6)
        self.assert_attempts(login, SLOW_SERVER_V6, SLOW_SERVER_V4)

    def test_broken_ipv4_is_never_noticed(self):
        self.network.black_hole(IPV4_SSH)
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V6)

    def test_every_address_gets_its_turn_and_families_alternate(self):
        more = ("2001:db8::11/64", "192.0.2.11/24")
        for address in more:
            self.network.server.do(f"ip addr add {address} dev {DEVICE}")
            self.addCleanup(self.network.server.do, f"ip addr del {address} dev {DEVICE}")
        for address in more:
            name = address.partition("/")[0]
            self.network.client.do(f"ip neigh replace {name} lladdr {network.SERVER_MAC} "
                                   f"dev {DEVICE} nud permanent")
        self.answers(AAAA=dns.answer(SERVER_V6, "2001:db8::11"), A=dns.answer(SERVER_V4, "192.0.2.11"))
        self.network.black_hole(IPV6_SSH)
        self.network.black_hole(f"ip daddr {SERVER_V4} " + SSH)
        login = self.login()
        self.assert_login(login, "192.0.2.11")
        self.assert_attempts(login, SERVER_V6, SERVER_V4, "2001:db8::11", "192.0.2.11")
        for earlier in range(3):
            self.assert_gap(login, CONNECTION_ATTEMPT_DELAY, earlier)


if __name__ == "__main__":
    net_case.main()
