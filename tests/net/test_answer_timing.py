"""What the login waits for when the answers of the DNS server come late, empty or not at all.

Times are measured on the wire: from a question's arrival at the server to the client's SYN.
"""

import net_case
from net_case import IPV4_SSH, IPV6_SSH, RESOLUTION_DELAY
from support import dns
from support.network import SERVER_V4, SERVER_V6


def setUpModule():
    net_case.require()


class AnswerTiming(net_case.NetworkTest):
    def seconds_to_first_syn(self, login, kind):
        """From that question to the first attempt."""
        asked = [query.time for query in login.queries if query.type == kind][0]
        return login.syns[0][0] - asked

    def test_aaaa_is_asked_first_and_a_at_once(self):
        self.assert_login(self.login(), SERVER_V6)
        aaaa, a = self.dns.queries
        self.assertEqual((aaaa.type, a.type), ("AAAA", "A"))
        self.assert_on_time(a.time - aaaa.time, 0)

    def test_aaaa_after_the_resolution_delay_is_not_waited_for(self):
        self.answers(AAAA=dns.answer(SERVER_V6, delay=3))
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V4)
        self.assert_on_time(self.seconds_to_first_syn(login, "A"), RESOLUTION_DELAY)

    def test_late_aaaa_still_gets_its_turn(self):
        self.client.configure("--connection-attempt-delay", "2s")
        self.answers(AAAA=dns.answer(SERVER_V6, delay=1))
        self.network.black_hole(IPV4_SSH)
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V4, SERVER_V6)
        self.assert_gap(login, 2)

    def test_aaaa_within_the_resolution_delay_wins(self):
        self.client.configure("--resolution-delay", "3s")
        self.answers(AAAA=dns.answer(SERVER_V6, delay=0.5))
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V6)

    def test_aaaa_that_never_comes_costs_one_resolution_delay(self):
        self.answers(AAAA=dns.drop())
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V4)
        self.assert_on_time(self.seconds_to_first_syn(login, "A"), RESOLUTION_DELAY)

    def test_late_a_is_not_waited_for(self):
        self.answers(A=dns.answer(SERVER_V4, delay=3))
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assert_attempts(login, SERVER_V6)
        self.assertLess(self.seconds_to_first_syn(login, "AAAA"), 1)

    def test_a_that_never_comes_is_not_waited_for(self):
        self.answers(A=dns.drop())
        login = self.login()
        self.assert_login(login, SERVER_V6)
        self.assertLess(self.seconds_to_first_syn(login, "AAAA"), 1)

    def test_an_empty_aaaa_answer_ends_the_wait(self):
        """With a Resolution Delay of seconds, so that waiting for it would show."""
        self.client.configure("--resolution-delay", "3s")
        for name, reply in (("no data", dns.nodata(delay=0.1)), ("no such name", dns.nxdomain(delay=0.1))):
            with self.subTest(name):
                self.answers(AAAA=reply)
                login = self.login()
                self.assert_login(login, SERVER_V4)
                self.assertLess(login.trace.attempts[0][0], 1)

    def test_a_failing_aaaa_server_does_not_keep_ipv4_waiting(self):
        self.answers(AAAA=dns.servfail())
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assertLess(self.seconds_to_first_syn(login, "A"), 1)

    def test_ipv6_that_fails_before_a_is_answered_is_not_the_end(self):
        self.network.refuse(IPV6_SSH)
        self.answers(A=dns.answer(SERVER_V4, delay=0.5))
        login = self.login()
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V6, SERVER_V4)


if __name__ == "__main__":
    net_case.main()
