"""gladhand in the virtual machine: what it passes must be of the right kind, lead to the right peer and
hold the server's greeting; where it connects to nobody, one line must say so.

A veth pair joins this network with that of the servers. Packets to a dead address go to a dummy device,
which drops them: nobody answers. Durations are exact: the machine's clock counts its instructions.
"""

import contextlib
import json
import socket
import unittest
from typing import NamedTuple

import machine
from race_trace import Trace

KERNEL = INITRAMFS = CONSOLE = None  # paths, given by run.py

SERVER_V4, SERVER_V6 = "192.0.2.1", "2001:db8::1"
DEAD_V4, DEAD_V6 = "198.51.100.1", "2001:db8:1::1"
PORT, MPTCP_PORT, CLOSED_PORT = 22, 23, 9
ALL_FAILED = 69
PROTOCOLS = {"tcp": 6, "sctp": 132, "mptcp": 262}
ATTEMPT_DELAY = 0.25  # the default of the Connection Attempt Delay
SLACK = 0.01  # ten times what a connect without delay takes in there

NETWORK = f"""
ip netns add server
ip link add eth0 type veth peer name eth0 netns server
ip addr add 192.0.2.2/24 dev eth0
ip addr add 2001:db8::2/64 dev eth0 nodad
ip link set eth0 up
ip -n server addr add {SERVER_V4}/24 dev eth0
ip -n server addr add {SERVER_V6}/64 dev eth0 nodad
ip -n server link set eth0 up
ip -n server link set lo up
ip addr add 198.51.100.2/24 dev dummy0
ip addr add 2001:db8:1::2/64 dev dummy0 nodad
ip link set dummy0 up
ip netns exec server server tcp {SERVER_V4} {PORT}
ip netns exec server server tcp {SERVER_V6} {PORT}
ip netns exec server server sctp {SERVER_V4} {PORT}
ip netns exec server server sctp {SERVER_V6} {PORT}
ip netns exec server server mptcp {SERVER_V4} {MPTCP_PORT}
ip netns exec server server mptcp {SERVER_V6} {MPTCP_PORT}
server vsock {PORT}
ping -c 1 {SERVER_V4}
ping -c 1 {SERVER_V6}
"""  # the last two so that neighbours are known

guest = None


def setUpModule():
    global guest
    guest = machine.Machine(KERNEL, INITRAMFS, CONSOLE)
    unittest.addModuleCleanup(guest.close)
    for command in NETWORK.strip().splitlines():
        guest.do(command)


class Dial(NamedTuple):
    """One run of gladhand: what receiver.c says of it, its errors and its trace."""

    status: int
    passed: dict
    lines: list
    trace: Trace


def dial(*arguments):
    words = " ".join(map(str, arguments))
    done = guest.run(f"rm -f /tmp/trace; receiver gladhand --trace /tmp/trace {words}")
    passed = json.loads(done.output or "{}")
    trace = guest.run("cat /tmp/trace").output
    return Dial(passed.pop("status", None), passed, done.errors.splitlines(),
                Trace([json.loads(line) for line in trace.splitlines()]))


def resolve(*addresses):
    return f"--resolve both.example:{','.join(addresses)}"


@contextlib.contextmanager
def preferred(address):
    """The family of this address goes first."""
    guest.do(f"echo precedence {'::/0' if ':' in address else '::ffff:0:0/96'} 100 >/etc/gai.conf")
    try:
        yield
    finally:
        guest.do("rm /etc/gai.conf")


class TransportTest(unittest.TestCase):
    maxDiff = None

    def assert_passed(self, done, family, peer, server, *, protocol=None, is_mptcp=False):
        """One byte with one blocking socket of that kind, with the greeting of that server."""
        self.assertEqual((done.status, done.lines), (0, []))
        seconds = done.passed.pop("seconds")
        self.assertEqual(done.passed, {
            "bytes": 1, "family": family, "type": socket.SOCK_STREAM,
            "protocol": PROTOCOLS.get(protocol, 0), "mptcp": int(is_mptcp),
            "blocking": 1, "keepalive": int(protocol is not None), "nagle_off": int(protocol is not None),
            "peer": list(peer), "greeting": f"SSH-2.0-over_{server}", "echo": "there and back"})
        return seconds

    def assert_failed(self, done, start, cause=""):
        self.assertEqual((done.status, len(done.lines), done.passed["bytes"]), (ALL_FAILED, 1, 0), done)
        self.assertTrue(done.lines[0].startswith(f"gladhand: connect to {start}: "), done.lines)
        self.assertIn(cause, done.lines[0])

    def assert_race(self, protocol):
        """The first address gives no answer; the second is tried after the Connection Attempt Delay, and wins."""
        for first, second, family in ((DEAD_V6, SERVER_V4, socket.AF_INET),
                                      (DEAD_V4, SERVER_V6, socket.AF_INET6)):
            with self.subTest(f"{first}, {second}"), preferred(first):
                done = dial("--protocol", protocol, resolve(first, second), "both.example", PORT)
                self.assert_passed(done, family, (second, PORT), protocol, protocol=protocol)
                (begin, one), (next_begin, other) = done.trace.attempts
                self.assertEqual((one, other), (first, second))
                self.assertAlmostEqual(next_begin - begin, ATTEMPT_DELAY, delta=SLACK)
                self.assertEqual(done.trace.outcomes, {first: "canceled", second: "success"})


class Tcp(TransportTest):
    """What works everywhere else must work here: else the machine is at fault."""

    def test_both_families(self):
        for family, address in ((socket.AF_INET, SERVER_V4), (socket.AF_INET6, SERVER_V6)):
            with self.subTest(address):
                self.assert_passed(dial(address, PORT), family, (address, PORT), "tcp", protocol="tcp")

    def test_refused(self):
        self.assert_failed(dial(SERVER_V4, CLOSED_PORT), f"'{SERVER_V4}' port {CLOSED_PORT}", "refused")

    def test_raced_against_a_dead_first_address(self):
        self.assert_race("tcp")


class Delayed(TransportTest):
    """Over a link that delays every packet by 40 ms each way."""

    ROUND_TRIP = 0.08

    def setUp(self):
        for namespace in ("", "-n server"):
            guest.do(f"tc {namespace} qdisc add dev eth0 root netem delay 40ms")
            self.addCleanup(guest.do, f"tc {namespace} qdisc del dev eth0 root")

    def test_the_first_family_wins_within_the_attempt_delay(self):
        done = dial(resolve(SERVER_V6, SERVER_V4), "both.example", PORT)
        self.assertGreater(self.assert_passed(
            done, socket.AF_INET6, (SERVER_V6, PORT), "tcp", protocol="tcp"), self.ROUND_TRIP)
        self.assertEqual(len(done.trace.attempts), 1)

    def test_the_earlier_attempt_wins_over_a_later_one_under_way(self):
        done = dial("--connection-attempt-delay 30ms --backup-attempt off", resolve(SERVER_V6, SERVER_V4),
                    "both.example", PORT)
        self.assert_passed(done, socket.AF_INET6, (SERVER_V6, PORT), "tcp", protocol="tcp")
        self.assertEqual(done.trace.outcomes, {SERVER_V6: "success", SERVER_V4: "canceled"})

    def test_sctp_takes_two_round_trips(self):
        done = dial("--protocol sctp", SERVER_V6, PORT)
        seconds = self.assert_passed(done, socket.AF_INET6, (SERVER_V6, PORT), "sctp", protocol="sctp")
        self.assertAlmostEqual(seconds, 2 * self.ROUND_TRIP, delta=SLACK)


class Sctp(TransportTest):
    """One-to-one sockets: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK, and the greeting perhaps with it."""

    def test_both_families(self):
        for family, address in ((socket.AF_INET, SERVER_V4), (socket.AF_INET6, SERVER_V6)):
            with self.subTest(address):
                done = dial("--protocol sctp", address, PORT)
                self.assert_passed(done, family, (address, PORT), "sctp", protocol="sctp")

    def test_raced_against_a_dead_first_address(self):
        self.assert_race("sctp")

    def test_refused(self):
        for address in (SERVER_V4, SERVER_V6):
            with self.subTest(address):
                done = dial("--protocol sctp", address, MPTCP_PORT)  # where TCP would be welcome
                self.assert_failed(done, f"'{address}' port {MPTCP_PORT}", "refused")


class Vsock(TransportTest):
    """CID 1 is this machine, through the loopback transport."""

    LOCAL = 1

    def test_loopback(self):
        for target in (f"vsock/{self.LOCAL}", f"vsock%{self.LOCAL}"):
            with self.subTest(target):
                self.assert_passed(dial(target, PORT), socket.AF_VSOCK, (str(self.LOCAL), PORT), "vsock")

    def test_nobody_listens(self):
        target = f"vsock/{self.LOCAL}"
        self.assert_failed(dial(target, CLOSED_PORT),
                           f"'{target}' port {CLOSED_PORT}", "refused by vsock:1:")

    def test_no_such_machine(self):
        self.assert_failed(dial("vsock/77", PORT), f"'vsock/77' port {PORT}")


class Mptcp(TransportTest):
    def test_both_families(self):
        for family, address in ((socket.AF_INET, SERVER_V4), (socket.AF_INET6, SERVER_V6)):
            with self.subTest(address):
                done = dial("--protocol mptcp", address, MPTCP_PORT)
                self.assert_passed(done, family, (address, MPTCP_PORT), "mptcp",
                                   protocol="mptcp", is_mptcp=True)

    def test_a_server_without_it_gets_tcp(self):
        done = dial("--protocol mptcp", SERVER_V4, PORT)
        self.assert_passed(done, socket.AF_INET, (SERVER_V4, PORT), "tcp", protocol="mptcp")

    def test_a_kernel_without_it_connects_over_tcp(self):
        guest.do("sysctl -w net.mptcp.enabled=0")
        self.addCleanup(guest.do, "sysctl -w net.mptcp.enabled=1")
        done = dial("--protocol mptcp", SERVER_V4, PORT)
        self.assert_passed(done, socket.AF_INET, (SERVER_V4, PORT), "tcp", protocol="tcp")
        told = dial("--protocol mptcp", "-v", SERVER_V4, PORT).lines
        self.assertTrue(any("the kernel has no MPTCP" in line for line in told), told)
