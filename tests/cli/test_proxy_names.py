"""Names behind proxies: who resolves them, and what comes of several addresses."""


import common
from common import ENVIRONMENT, NO_ADDRESS, PROXY_FAILED, TIMED_OUT, resolve, run
from proxy_case import NAME, V4, V6, ProxyTest
from support import dns, scripted
from support.scripted import http, in_turn, says, silence, socks4, socks5, ssh


class Names(ProxyTest):
    """Who resolves, and what comes of several addresses."""

    def setUp(self):
        self.dns = self.enter(dns.Server(script={(NAME, "AAAA"): dns.answer(V6), (NAME, "A"): dns.answer(V4)}))

    def dial(self, url, *options, **how):
        return run("--dns-server", self.dns.endpoint, *options, "--proxy", url, NAME, "22", **how)

    def test_the_proxy_resolves(self):
        for scheme, play in (("socks4a", socks4()), ("socks5h", socks5()), ("http", http())):
            proxy = self.serve(in_turn(play, ssh))
            self.assert_carries(self.dial(proxy.url(scheme)))
        self.assertEqual(self.dns.queries, [])

    def test_an_onion_service_is_the_proxys_to_find(self):
        for scheme, play in (("socks4a", socks4()), ("socks5h", socks5())):
            proxy = self.serve(in_turn(play, ssh))
            url = proxy.url(scheme)
            self.assert_carries(run("--dns-server", self.dns.endpoint, "--proxy", url, "abc.onion", "22"))
            self.assertTrue(proxy.asked[0][0].startswith("abc.onion port 22"), proxy.asked)
        self.assertEqual(self.dns.queries, [])

    def test_socks5_asks_for_the_next_address_on_a_new_connection(self):
        proxy = self.serve(socks5(4), in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5")))
        self.assertEqual(proxy.asked, [[f"{V6} port 22"], [f"{V4} port 22"]])
        self.assertEqual(sorted(self.dns.asked()), [(NAME, "A"), (NAME, "AAAA")])

    def test_a_proxy_that_only_closes_may_reach_the_next(self):
        def close_when_asked(peer):
            peer.take(3)
            peer.say(b"\x05\0")
            peer.take(4 + 16 + 2)
            peer.hang_up()
        proxy = self.serve(close_when_asked, in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5")))

    def test_a_proxy_that_is_silent_about_one_address_is_asked_for_the_next(self):
        """After a share of the time, not all of it."""
        def silent(peer):
            peer.take(3)
            peer.say(b"\x05\0")
            peer.take(4 + 16 + 2)
            silence(peer)
        proxy = self.serve(silent, in_turn(socks5(), ssh))
        result = self.dial(proxy.url("socks5"), "--timeout", "6s")
        self.assert_carries(result)
        self.assertEqual(proxy.asked[-1], [f"{V4} port 22"])
        self.assertLess(result.exited - result.started, 5)
        proxy = self.serve(silent, socks5(5))
        self.assert_fails(self.dial(proxy.url("socks5"), "--timeout", "6s"), PROXY_FAILED,
                          f"for {V6}: no answer in ", f", for {V4}: connection refused")

    def test_one_address_is_told_too(self):
        self.dns.set(NAME, "AAAA", dns.nodata())
        proxy = self.serve(socks5(5))
        self.assert_fails(self.dial(proxy.url("socks5")), PROXY_FAILED,
                          f"{proxy.url('socks5')}: for {V4}: connection refused")

    def test_a_proxy_that_speaks_nonsense_is_asked_once(self):
        proxy = self.serve(says(b"HTTP/1.0 400 Bad Request\r\n\r\n"))
        self.assert_fails(self.dial(proxy.url("socks5")), PROXY_FAILED, "speaks no SOCKS5")
        self.assertEqual(len(proxy.peers), 1)

    def test_all_addresses_are_told(self):
        proxy = self.serve(socks5(4), socks5(5))
        self.assert_fails(self.dial(proxy.url("socks5")), PROXY_FAILED,
                          f"{proxy.url('socks5')}: for {V6}: host unreachable (SOCKS5 reply 0x04), "
                          f"for {V4}: connection refused (SOCKS5 reply 0x05)")
        self.assertEqual(len(proxy.peers), 2)

    def test_addresses_of_the_command_line_in_the_order_of_a_race(self):
        proxy = self.serve(socks5(1))
        addresses = resolve(NAME, "192.0.2.1", "192.0.2.2", V6, "2001:db8::8")
        self.assertEqual(run("--proxy", proxy.url("socks5"), *addresses, NAME, "22").status, PROXY_FAILED)
        in_turns = (V6, "192.0.2.1", "2001:db8::8", "192.0.2.2")
        self.assertEqual(proxy.asked, [[f"{address} port 22"] for address in in_turns])

    def test_socks4_asks_for_ipv4_alone(self):
        proxy = self.serve(in_turn(socks4(), ssh))
        self.assert_carries(self.dial(proxy.url("socks4")))
        self.assertEqual(self.dns.asked(), [(NAME, "A")])

    def test_no_aaaa_holds_here(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5"), env={**ENVIRONMENT, "RES_OPTIONS": "no-aaaa"}))
        self.assertEqual(self.dns.asked(), [(NAME, "A")])

    def test_family_options_hold_here(self):
        for option, address in (("-4", V4), ("-6", V6)):
            proxy = self.serve(in_turn(socks5(), ssh), address="127.0.0.1" if option == "-4" else "::1")
            self.assert_carries(self.dial(proxy.url("socks5"), option))
            self.assertEqual(proxy.asked, [[f"{address} port 22"]])

    def test_a_source_address_is_for_the_proxy_alone(self):
        proxy = self.serve(in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5"), "--bind", "127.0.0.1"))
        self.assertEqual(proxy.asked, [[f"{V6} port 22"]])

    def test_aaaa_a_little_late(self):
        self.dns.set(NAME, "AAAA", dns.answer(V6, delay=0.1))
        proxy = self.serve(in_turn(socks5(), ssh))
        self.assert_carries(self.dial(proxy.url("socks5"), "--resolution-delay", "3s"))
        self.assertEqual(proxy.asked, [[f"{V6} port 22"]])

    def test_aaaa_too_late(self):
        self.dns.set(NAME, "AAAA", dns.answer(V6, delay=0.6))
        proxy = self.serve(in_turn(socks5(), ssh))
        result = self.dial(proxy.url("socks5"))
        self.assert_carries(result)
        self.assertLess(result.exited - result.started, 0.5)
        self.assertEqual(proxy.asked, [[f"{V4} port 22"]])

    def test_a_late_address_is_waited_for_where_the_first_fails(self):
        for late, first, second in (("AAAA", V4, V6), ("A", V6, V4)):
            self.dns.set(NAME, "AAAA", dns.answer(V6))
            self.dns.set(NAME, "A", dns.answer(V4))
            self.dns.set(NAME, late, dns.answer(second, delay=0.4))
            proxy = self.serve(socks5(1), in_turn(socks5(), ssh))
            self.assert_carries(self.dial(proxy.url("socks5")))
            self.assertEqual(proxy.asked, [[f"{first} port 22"], [f"{second} port 22"]])

    def test_no_such_name(self):
        for kind in ("AAAA", "A"):
            self.dns.set(NAME, kind, dns.nxdomain())
        proxy = self.serve(silence)
        self.assert_fails(self.dial(proxy.url("socks5")), NO_ADDRESS,
                          f"connect to '{NAME}' port 22: name does not exist")
        result = run("--dns-server", self.dns.endpoint, "--proxy", proxy.url("socks5"), "--proxy", f"http://{NAME}",
                     V4, "22")
        self.assert_fails(result, NO_ADDRESS,
                          f"connect to '{V4}' port 22 through http://{NAME}:80: name does not exist")
        self.dns.set(NAME, "AAAA", dns.answer(V6))
        self.dns.set(NAME, "A", dns.nodata())
        self.assert_fails(self.dial(proxy.url("socks4")), NO_ADDRESS, f"'{NAME}'", "no IPv4 address")

    def test_no_answer_in_time(self):
        for kind in ("AAAA", "A"):
            self.dns.set(NAME, kind, dns.drop())
        proxy = self.serve(silence)
        result = self.dial(proxy.url("socks5"), "--timeout", "300ms")
        self.assert_fails(result, TIMED_OUT, f"connect to '{NAME}' port 22: no answer to the AAAA question in 3")
        self.assertLess(result.exited - result.started, 1.0)

    def test_the_second_proxy_is_resolved_here_for_the_first(self):
        proxy = self.serve(socks5(4), in_turn(socks5(), http(), ssh))
        result = run("--dns-server", self.dns.endpoint, "--proxy", proxy.url("socks5"), "--proxy",
                     f"http://{NAME}:3128",
                     "inner.example", "22")
        self.assert_carries(result)
        self.assertEqual(proxy.asked, [[f"{V6} port 3128"], [f"{V4} port 3128", "CONNECT inner.example:22 HTTP/1.1"]])

    def test_the_last_of_a_chain_asks_for_the_next_address(self):
        proxy = self.serve(in_turn(http(), socks5(4)), in_turn(http(), socks5(), ssh))
        result = run("--dns-server", self.dns.endpoint, "--proxy", proxy.url("http"), "--proxy", "socks5://two.example",
                     NAME, "22")
        self.assert_carries(result)
        self.assertEqual(proxy.asked, [["CONNECT two.example:1080 HTTP/1.1", f"{V6} port 22"],
                                       ["CONNECT two.example:1080 HTTP/1.1", f"{V4} port 22"]])


if __name__ == "__main__":
    common.main()
