"""Each socket option as it shows from outside: on the wire at the server, or on the passed socket.

A refused option and a meaningless one end the dial before anything is sent.
"""

import os
import socket
import sys

import dial_case
import net_case
from cli.common import ALL_FAILED, NOT_HANDED_OVER, USAGE
from dial_case import (ALSO_CLIENT_V4, ALSO_CLIENT_V6, CLIENT_V4, CLIENT_V6, DEVICE, FAR_V4, FAR_V6, PORT, SECOND,
                       SECOND_CLIENT_V4, SECOND_CLIENT_V6, SECOND_SERVER_V4, SECOND_SERVER_V6, SERVER_V4, SERVER_V6)
from net_case import HOST
from support import dns, network, receiver

OWN_V6, OWN_SERVER_V6 = "fd00:db8::2", "fd00:db8::1"  # unique local addresses
TCP_USER_TIMEOUT, TCP_CONGESTION = 18, 13
TCP_THIN_LINEAR_TIMEOUTS, TCP_RTO_MAX_MS, TCP_RTO_MIN_US = 16, 44, 45
NOT_OURS = ("192.0.2.99", "2001:db8::99")


def setUpModule():
    network.require()


class OnTheWire(dial_case.DialTest):
    def syn(self, host, *options, **how):
        """The one SYN of a dial that works."""
        _, wire = self.connect(*options, host=host, **how)
        self.assertEqual(wire.destinations, [host])
        return wire.syns[0]

    def test_dscp_is_on_the_syn(self):
        self.serve()
        for host in (SERVER_V4, SERVER_V6):
            self.assertEqual(self.syn(host).dscp, 0)
            for value, number in (("ef", 46), ("AF21", 18), ("cs1", 8), ("le", 1), ("63", 63)):
                with self.subTest(host=host, value=value):
                    self.assertEqual(self.syn(host, "--dscp", value).dscp, number)

    def test_ttl_is_time_to_live_and_hop_limit(self):
        self.serve()
        for host in (SERVER_V4, SERVER_V6):
            self.assertEqual(self.syn(host).ttl, 64)
            for value in (1, 7, 255):
                with self.subTest(host=host, value=value):
                    self.assertEqual(self.syn(host, "--ttl", value).ttl, value)

    def test_bind_is_the_source_address(self):
        self.serve()
        both = ("--bind", ALSO_CLIENT_V4, "--bind", f"[{ALSO_CLIENT_V6}]")
        self.assertEqual(self.syn(SERVER_V4).source, CLIENT_V4)
        self.assertEqual(self.syn(SERVER_V6).source, CLIENT_V6)
        self.assertEqual(self.syn(SERVER_V4, *both).source, ALSO_CLIENT_V4)
        self.assertEqual(self.syn(SERVER_V6, *both).source, ALSO_CLIENT_V6)

    def test_local_port_is_the_source_port(self):
        self.serve()
        for number, host in enumerate((SERVER_V4, SERVER_V6)):
            port = 4022 + number
            self.assertEqual(self.syn(host, "--local-port", port).source_port, port)
        syn = self.syn(SERVER_V4, "--local-port", 4024, "--bind", ALSO_CLIENT_V4)
        self.assertEqual((syn.source, syn.source_port), (ALSO_CLIENT_V4, 4024))

    def test_all_attempts_of_a_race_come_from_the_local_port(self):
        """Also two to one family: SO_REUSEADDR lets them share it."""
        self.serve(SECOND_SERVER_V4)
        for host in (SERVER_V6, SERVER_V4):
            self.network.black_hole(f"{'ip6' if ':' in host else 'ip'} daddr {host} tcp dport {PORT}")
        self.dns.set(HOST, "A", dns.answer(SERVER_V4, SECOND_SERVER_V4))
        _, wire = self.connect("--local-port", 4025)
        self.assertEqual(wire.destinations, [SERVER_V6, SERVER_V4, SECOND_SERVER_V4])
        self.assertEqual({syn.source_port for syn in wire.syns}, {4025})

    def test_mark_chooses_the_route(self):
        """A rule sends marked packets over the second link."""
        self.serve(FAR_V4, FAR_V6, where=self.far)
        for version, gateway in ((4, SECOND_SERVER_V4), (6, SECOND_SERVER_V6)):
            self.network.client.do(f"ip -{version} rule add fwmark 7 lookup 100")
            self.addCleanup(self.network.client.do, f"ip -{version} rule del fwmark 7 lookup 100")
            self.network.client.do(f"ip -{version} route add default via {gateway} table 100")
            self.addCleanup(self.network.client.do, f"ip -{version} route flush table 100")
        for host, source in ((FAR_V4, SECOND_CLIENT_V4), (FAR_V6, SECOND_CLIENT_V6)):
            with self.subTest(host):
                self.assertEqual(self.syn(host, "--mark", 8).device, DEVICE)
                syn = self.syn(host, "--mark", "0x7")
                self.assertEqual((syn.device, syn.source), (SECOND, source))

    def test_every_packet_has_the_mark(self):
        self.serve()
        client = self.network.client
        client.do("nft add table inet marks")
        self.addCleanup(client.do, "nft delete table inet marks")
        client.do("nft add chain inet marks out { type filter hook output priority 0 ; }")
        client.do(f"nft add rule inet marks out tcp dport {PORT} meta mark != 7 counter drop")
        self.syn(SERVER_V4, "--mark", 7)
        self.syn(SERVER_V6, "--mark", 7)

    def test_interface_leads_where_the_route_does_not(self):
        self.serve(FAR_V4, FAR_V6, where=self.far)
        for host, source in ((FAR_V4, SECOND_CLIENT_V4), (FAR_V6, SECOND_CLIENT_V6)):
            with self.subTest(host):
                self.assertEqual(self.syn(host).device, DEVICE)
                syn = self.syn(host, "--interface", SECOND)
                self.assertEqual((syn.device, syn.source), (SECOND, source))

    def test_interface_needs_no_privilege(self):
        self.serve(FAR_V4, FAR_V6, where=self.far)
        for host in (FAR_V4, FAR_V6):
            with self.subTest(host):
                self.assertEqual(self.syn(host, "--interface", SECOND, as_nobody=True).device, SECOND)

    def test_the_passed_socket_is_bound_to_the_device(self):
        self.serve()
        passed, _ = self.connect("--interface", DEVICE, host=SERVER_V4)
        name = passed.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
        self.assertEqual(name.rstrip(b"\0"), DEVICE.encode())


class WithoutDeviceBind(dial_case.DialTest):
    """Where the kernel does not let the user bind to a device."""

    without = (sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_device_bind.py"))

    def test_the_connection_comes_from_an_address_of_the_interface(self):
        """As OpenSSH's BindInterface has it. IP_UNICAST_IF would not do: TCP does not look at it."""
        self.serve()
        for host, source in ((SERVER_V4, SECOND_CLIENT_V4), (SERVER_V6, SECOND_CLIENT_V6)):
            with self.subTest(host):
                _, wire = self.connect("--interface", SECOND, host=host, through=self.without)
                self.assertEqual([syn.source for syn in wire.syns], [source])

    def test_an_interface_with_addresses_of_one_family_only_serves_that(self):
        self.serve()
        client, source = self.network.client, "198.51.100.130"
        client.do("ip link add four0 type veth peer name four1")
        self.addCleanup(client.do, "ip link del four0")
        self.network.up(client, "four0", source + "/32")
        _, wire = self.connect("--interface", "four0", through=self.without)
        self.assertEqual([(syn.source, syn.destination) for syn in wire.syns], [(source, SERVER_V4)])

    def test_an_interface_that_does_not_exist_is_refused(self):
        self.serve()
        result, wire = self.dial("--interface", "nosuch", through=self.without)
        self.assert_fails(result, NOT_HANDED_OVER, "--interface nosuch: ", hint=False)
        self.assert_nothing_sent(wire)

    def test_an_interface_without_an_address_is_refused(self):
        self.serve()
        self.network.client.do("ip link add bare0 type veth peer name bare1")
        self.addCleanup(self.network.client.do, "ip link del bare0")
        result, wire = self.dial("--interface", "bare0", through=self.without)
        self.assert_fails(result, NOT_HANDED_OVER, "--interface bare0: ", hint=False)
        self.assert_nothing_sent(wire)


class DontRoute(dial_case.DialTest):
    def test_what_is_behind_a_gateway_is_not_reached(self):
        listeners = self.serve(FAR_V4, FAR_V6, where=self.far)
        for host, listener in zip((FAR_V4, FAR_V6), listeners):
            with self.subTest(host):
                self.connect(host=host)
                result, _ = self.dial("--dontroute", "--timeout", "2s", host=host)
                self.assert_fails(result, ALL_FAILED, host)
                self.assertEqual(len(listener.connections), 1)

    def test_knocks_do_not_go_past_a_gateway_either(self):
        """IPv4 has no route then; over IPv6 a hop limit of 1 ends them at the gateway."""
        for host in (FAR_V4, FAR_V6):
            with self.subTest(host):
                result, wire = self.dial("--dontroute", "--knock", "tcp:7000,udp:8000", "--timeout", "2s", host=host)
                self.assert_fails(result, ALL_FAILED, host)
                self.assertEqual({packet.ttl for packet in wire.packets}, {1} if ":" in host else set())

    def test_what_is_on_the_link_is_reached(self):
        self.serve()
        for host in (SERVER_V4, SERVER_V6):
            with self.subTest(host):
                passed, _ = self.connect("--dontroute", host=host)
                self.assertEqual(passed.getpeername()[0], host)


class OnTheSocket(dial_case.DialTest):
    """Of both families: each set-up is done for each socket."""

    def values(self, level, name, *options):
        found = {self.connect(*options, host=host)[0].getsockopt(level, name) for host in (SERVER_V4, SERVER_V6)}
        self.assertEqual(len(found), 1, "the families differ")
        return found.pop()

    def tcp(self, name, *options):
        return self.values(socket.IPPROTO_TCP, name, *options)

    def test_keepalive(self):
        self.serve()
        timers = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        default = [self.tcp(timer) for timer in timers]
        self.assertEqual([self.tcp(timer, "--keepalive=61,11,4") for timer in timers], [61, 11, 4])
        self.assertEqual([self.tcp(timer, "--keepalive") for timer in timers], default)
        for option, on in ((), 1), (("--keepalive",), 1), (("--keepalive=61,11,4",), 1), (("--no-keepalive",), 0):
            with self.subTest(option):
                self.assertEqual(self.values(socket.SOL_SOCKET, socket.SO_KEEPALIVE, *option), on)

    def test_the_keepalive_timer_runs(self):
        self.serve()
        self.connect("--keepalive=61,11,4", host=SERVER_V4)
        timers = self.network.client.do(f"ss -tnoeiH state established dport = :{PORT}")
        self.assertRegex(timers, r"timer:\(keepalive,(1min|60sec|59sec)")

    def test_no_nodelay(self):
        self.serve()
        self.assertEqual(self.tcp(socket.TCP_NODELAY), 1)
        self.assertEqual(self.tcp(socket.TCP_NODELAY, "--no-nodelay"), 0)

    def test_user_timeout(self):
        self.serve()
        self.assertEqual(self.tcp(TCP_USER_TIMEOUT), 0)
        self.assertEqual(self.tcp(TCP_USER_TIMEOUT, "--user-timeout", "2.5"), 2500)

    def test_times_of_retransmission(self):
        """Linux 6.15 and later know the first two."""
        self.serve()
        self.assertEqual(self.tcp(TCP_THIN_LINEAR_TIMEOUTS), 0)
        self.assertEqual(self.tcp(TCP_THIN_LINEAR_TIMEOUTS, "--thin-linear-timeouts"), 1)
        if not self.kernel_has(TCP_RTO_MAX_MS):
            result, wire = self.dial("--rto-max", "2s")
            self.assert_fails(result, NOT_HANDED_OVER, "--rto-max 2s: protocol not available", hint=False)
            return self.assert_nothing_sent(wire)
        self.assertEqual(self.tcp(TCP_RTO_MAX_MS, "--rto-max", "2s"), 2000)
        self.assertEqual(self.tcp(TCP_RTO_MIN_US, "--rto-min", "40ms"), 40000)

    def kernel_has(self, name):
        with socket.socket() as probe:
            try:
                return probe.getsockopt(socket.IPPROTO_TCP, name) > 0
            except OSError:
                return False

    def test_congestion(self):
        self.serve()
        with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii") as file:
            known = file.read().split()
        for name in known:
            with self.subTest(name):
                passed, _ = self.connect("--congestion", name)
                self.assertEqual(passed.getsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, 16).rstrip(b"\0"), name.encode())

    def test_buffers(self):
        """The kernel doubles the number: its bookkeeping needs room, too."""
        self.serve()
        for option, name in (("--sndbuf", socket.SO_SNDBUF), ("--rcvbuf", socket.SO_RCVBUF)):
            with self.subTest(option):
                self.assertEqual(self.values(socket.SOL_SOCKET, name, option, 40000), 80000)


class SourcesAndOrder(dial_case.DialTest):
    def test_a_family_without_a_source_address_is_not_asked_for_and_not_tried(self):
        self.serve()
        for source, server, kind in ((CLIENT_V4, SERVER_V4, "A"), (CLIENT_V6, SERVER_V6, "AAAA")):
            with self.subTest(source):
                asked_before = len(self.dns.queries)
                _, wire = self.connect("--bind", source)
                self.assertEqual(wire.destinations, [server])
                self.assertEqual(self.dns.asked()[asked_before:], [(HOST, kind)])

    def test_nor_is_it_tried_when_all_else_has_failed(self):
        self.serve(SERVER_V6)
        for how in ((), ("--resolve", f"{HOST}:{SERVER_V6},{SERVER_V4}")):
            with self.subTest(how):
                result, wire = self.dial("--bind", CLIENT_V4, *how)
                self.assert_fails(result, ALL_FAILED, "refused by " + SERVER_V4)
                self.assertEqual(wire.destinations, [SERVER_V4])

    def test_a_source_address_changes_the_order(self):
        """[RFC 6724 §5] rule 6 puts 2001:db8::1 first; from a unique local address rule 5 puts it last."""
        self.network.server.do(f"ip addr add {OWN_SERVER_V6}/64 dev {DEVICE} nodad")
        self.addCleanup(self.network.server.do, f"ip addr del {OWN_SERVER_V6}/64 dev {DEVICE}")
        self.network.client.do(f"ip addr add {OWN_V6}/64 dev {DEVICE} nodad")
        self.addCleanup(self.network.client.do, f"ip addr del {OWN_V6}/64 dev {DEVICE}")
        self.dns.set(HOST, "AAAA", dns.answer(OWN_SERVER_V6, SERVER_V6))
        self.dns.set(HOST, "A", dns.nodata())
        self.serve(OWN_SERVER_V6, SERVER_V6)
        self.assertEqual(self.connect()[1].destinations, [SERVER_V6])
        self.assertEqual(self.connect("--bind", OWN_V6)[1].destinations, [OWN_SERVER_V6])

    def test_an_interface_changes_the_order(self):
        """[RFC 6724 §5] rule 9, the longest common prefix: with the source that the device has."""
        self.dns.set(HOST, "AAAA", dns.answer(SERVER_V6, SECOND_SERVER_V6))
        self.serve()
        self.assertEqual(self.connect()[1].destinations, [SERVER_V6])
        self.assertEqual(self.connect("--interface", SECOND)[1].destinations, [SECOND_SERVER_V6])


class Refused(dial_case.DialTest):
    """One line that names the option, its value and the reason; no packet and no question before it."""

    def assert_refused(self, *options, message, hosts=(HOST, SERVER_V4, SERVER_V6), **how):
        self.serve_once()
        for host in hosts:
            with self.subTest(options=options, host=host):
                result, wire = self.dial(*options, host=host, **how)
                self.assert_fails(result, NOT_HANDED_OVER, hint=False)
                self.assertEqual(result.stderr, f"gladhand: {message}\n")
                self.assert_nothing_sent(wire)

    def serve_once(self):
        if not getattr(self, "served", False):
            self.serve()
            self.served = True

    def test_a_mark_without_the_right_to_it(self):
        self.assert_refused("--mark", 7, message="--mark 7: operation not permitted", as_nobody=True)

    def test_a_congestion_control_that_does_not_exist(self):
        self.assert_refused("--congestion", "nosuch", message="--congestion nosuch: no such file or directory")

    def test_a_device_that_does_not_exist(self):
        for how in ({}, {"as_nobody": True}):
            self.assert_refused("--interface", "nosuch", message="--interface nosuch: no such device", **how)

    def test_a_port_that_is_taken(self):
        with self.network.client.inside():
            for address in ("0.0.0.0", "::"):
                self.enter(receiver.Refusing(address, 4030))
        self.assert_refused("--local-port", 4030, message="--local-port 4030: address already in use")

    def test_a_port_that_only_the_superuser_may_have(self):
        self.assert_refused("--local-port", 80, message="--local-port 80: permission denied", as_nobody=True)

    def test_a_source_address_that_is_not_ours(self):
        self.serve()
        for source in NOT_OURS:
            result, wire = self.dial("--bind", source)
            self.assert_fails(result, NOT_HANDED_OVER, hint=False)
            self.assertEqual(result.stderr, f"gladhand: --bind {source}: cannot assign requested address\n")
            self.assert_nothing_sent(wire)

    def test_one_good_source_address_does_not_make_up_for_the_other(self):
        self.assert_refused("--bind", CLIENT_V4, "--bind", NOT_OURS[1], hosts=(HOST, SERVER_V6),
                            message=f"--bind {NOT_OURS[1]}: cannot assign requested address")

    def test_an_address_asks_nothing_of_the_other_family(self):
        self.serve_once()
        with self.network.client.inside():
            self.enter(receiver.Refusing("::", 4031))
        result, wire = self.dial("--local-port", 4031, host=SERVER_V4)
        self.assert_handed_over(result)
        self.assertEqual([syn.source_port for syn in wire.syns], [4031])


class WithoutMeaning(dial_case.DialTest):
    def assert_usage(self, *options, host=HOST):
        with self.subTest(options):
            result, wire = self.dial(*options, host=host)
            self.assert_fails(result, USAGE, "--")
            self.assert_nothing_sent(wire)

    def test_source_addresses(self):
        self.serve()
        self.assert_usage("--bind", "::1", "-4")
        self.assert_usage("--bind", CLIENT_V4, "-6")
        self.assert_usage("--bind", CLIENT_V4, "--bind", ALSO_CLIENT_V4)
        self.assert_usage("--bind", "eth0")
        self.assert_usage("--bind", "224.0.0.1")
        self.assert_usage("--bind", "ff02::1")

    def test_a_source_address_of_another_family_than_the_host(self):
        self.serve()
        result, wire = self.dial("--bind", CLIENT_V4, host=SERVER_V6)
        self.assert_fails(result, USAGE, SERVER_V6, "no IPv4 address")
        self.assert_nothing_sent(wire)

    def test_values(self):
        self.serve()
        for option, *values in (("--dscp", "64", "-1", "af14", "af10", "cs8", "ef0", ""), ("--ttl", "0", "256"),
                                ("--interface", "abcdefghijklmnop"),
                                ("--local-port", "0", "65536"), ("--mark", "-1", "x", "0x", "0x100000000"), ("--user-timeout", "0", "x"),
                                ("--rto-min", "0", "x"), ("--rto-max", "0.1ms", "x"), ("--thin-linear-timeouts", "1"),
                                ("--sndbuf", "0", "1k"), ("--rcvbuf", "-1", "x"),
                                ("--keepalive", "60", "60,10", "60,10,3,", "0,10,3", "60,10,128", "32768,10,3")):
            for value in values:
                self.assert_usage(f"{option}={value}" if value else option)

    def test_options_that_contradict_each_other(self):
        self.serve()
        self.assert_usage("--keepalive=60,10,3", "--no-keepalive")
        self.assert_usage("--keepalive", "--no-keepalive")
        self.assert_usage("--ttl", "9", "--dontroute")
        self.assert_usage("--protocol", "mptcp", "--dontroute")
        self.assert_usage("--interface", "")
        self.assert_usage("--knock-delay", "1s")

    def test_a_flag_takes_no_value_and_a_value_is_not_empty(self):
        self.serve()
        self.assert_usage("--dontroute=0")
        self.assert_usage("--no-keepalive=7")
        self.assert_usage("--interface=")
        self.assert_usage("--before=")


if __name__ == "__main__":
    net_case.main()
