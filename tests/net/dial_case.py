"""What the tests of a dial's options share: gladhand without ssh in the client namespace, and the wire.

Between client and server are two links; the routes prefer the first. Behind the server, which
forwards, is a third namespace. What the client sends is read in the server namespace.
"""

import contextlib
import os
import shutil
import socket
import struct
import tempfile
import time
from typing import NamedTuple

import net_case
import ssh_pair
import timed_case
from cli.common import CommandTest
from support import dns, network, receiver
from support.network import CLIENT_V4, CLIENT_V6, DEVICE, SERVER_V4, SERVER_V6

PORT = 22
SECOND = "eth1"  # the other link, which no route prefers
SECOND_CLIENT_V4, SECOND_SERVER_V4 = "198.51.100.2", "198.51.100.1"
SECOND_CLIENT_V6, SECOND_SERVER_V6 = "2001:db8:1::2", "2001:db8:1::1"
GATEWAY_V4, FAR_V4 = "203.0.113.1", "203.0.113.2"
GATEWAY_V6, FAR_V6 = "2001:db8:9::1", "2001:db8:9::2"
ALSO_CLIENT_V4, ALSO_CLIENT_V6 = "192.0.2.3", "2001:db8::3"  # never the kernel's own choice
CLOSING_PORT = 9  # a datagram to it ends a capture
NOBODY = ("--setuid", "65534", "--setgid", "65534")
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP


class Packet(NamedTuple):
    """A packet of the client's as it reached the server."""

    time: float  # time.monotonic()
    device: str
    protocol: int
    dscp: int
    ttl: int
    source: str
    source_port: int
    destination: str
    port: int
    is_syn: bool
    data: bytes  # of a UDP packet


def parse(moment, device, packet):
    """A Packet, or None if it is neither TCP nor UDP."""
    if packet[0] >> 4 == 4:
        family, first, second, body = socket.AF_INET, packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4:]
        dscp, ttl, protocol = packet[1] >> 2, packet[8], packet[9]
    else:
        family, first, second, body = socket.AF_INET6, packet[8:24], packet[24:40], packet[40:]
        dscp, ttl, protocol = (struct.unpack_from("!H", packet)[0] >> 6) & 63, packet[7], packet[6]
    if protocol not in (TCP, UDP):
        return None
    source_port, port = struct.unpack_from("!HH", body)
    is_syn = protocol == TCP and body[13] & 0x12 == 0x02
    return Packet(moment, device, protocol, dscp, ttl, socket.inet_ntop(family, first), source_port,
                  socket.inet_ntop(family, second), port, is_syn, body[8:] if protocol == UDP else b"")


class Wire:
    """All packets of the client's, from the with statement's begin to its end."""

    def __init__(self, pair):
        self._pair = pair
        self.packets = []

    def __enter__(self):
        with self._pair.server.inside():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(network.ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, network.SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.settimeout(5)
        return self

    def __exit__(self, *_):
        """What comes before our own last datagram is complete."""
        with self._socket:
            with self._pair.client.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", (SERVER_V4, CLOSING_PORT))
            to_monotonic = network.clock_difference()
            for packet in iter(lambda: self._next(to_monotonic), "end"):
                if packet:
                    self.packets.append(packet)

    def _next(self, to_monotonic):
        content, control, _, sender = self._socket.recvmsg(2048, 256)
        if sender[2] == network.PACKET_OUTGOING or sender[0] not in (DEVICE, SECOND):
            return None
        seconds, nanoseconds = struct.unpack("ll", control[0][2])
        packet = parse(seconds + nanoseconds / 1e9 + to_monotonic, sender[0], content)
        return "end" if packet and (packet.protocol, packet.port) == (UDP, CLOSING_PORT) else packet

    @property
    def syns(self):
        """To the port that is dialled; a retransmission is not among them."""
        found = {}
        for packet in self.packets:
            if packet.is_syn and packet.port == PORT:
                found.setdefault((packet.source, packet.source_port, packet.destination), packet)
        return list(found.values())

    @property
    def destinations(self):
        return [syn.destination for syn in self.syns]


class DialTest(timed_case.TimedTest, CommandTest):
    """The network is made once for each class; name server and listeners anew for each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="gladhand-dial-"))
        os.chmod(cls.directory, 0o777)
        cls.gladhand = shutil.copy(ssh_pair.gladhand(), os.path.join(cls.directory, "gladhand"))
        cls.network = stack.enter_context(network.Network())
        cls.far = network.Namespace(os.path.join(cls.directory, "far"))
        stack.callback(cls.far.close)
        cls._join_second()
        cls._join_far()
        for address in (ALSO_CLIENT_V4 + "/24", ALSO_CLIENT_V6 + "/64 nodad preferred_lft 0"):
            cls.network.client.do(f"ip addr add {address} dev {DEVICE}")

    @classmethod
    def _join_second(cls):
        client, server = cls.network.client, cls.network.server
        client.do(f"ip link add {SECOND} type veth peer name {SECOND} netns {server.pid}")
        cls.network.up(client, SECOND, "fe80::2/64", SECOND_CLIENT_V4 + "/24", SECOND_CLIENT_V6 + "/64")
        cls.network.up(server, SECOND, "fe80::1/64", SECOND_SERVER_V4 + "/24", SECOND_SERVER_V6 + "/64")
        client.do(f"ip route add default via {SECOND_SERVER_V4} metric 5000")
        client.do(f"ip route add default via {SECOND_SERVER_V6} metric 5000")
        with client.inside():
            for address in (SECOND_SERVER_V4, SECOND_SERVER_V6):
                network.await_refusal((address, CLOSING_PORT))

    @classmethod
    def _join_far(cls):
        client, server = cls.network.client, cls.network.server
        server.do(f"ip link add far0 type veth peer name {DEVICE} netns {cls.far.pid}")
        cls.network.up(server, "far0", "fe80::1/64", GATEWAY_V4 + "/24", GATEWAY_V6 + "/64")
        cls.network.up(cls.far, DEVICE, "fe80::2/64", FAR_V4 + "/24", FAR_V6 + "/64")
        for gateway in (GATEWAY_V4, GATEWAY_V6):
            cls.far.do(f"ip route add default via {gateway}")
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            server.run("sh", "-c", f"echo 1 >/proc/sys/net/{setting}", check=True)
        with client.inside():
            for address in (FAR_V4, FAR_V6):
                network.await_refusal((address, CLOSING_PORT))

    def setUp(self):
        super().setUp()
        self.network.clear()
        self.addCleanup(self.network.client.kill)
        self.network.client.write_etc("resolv.conf", f"nameserver {SERVER_V4}\n")
        with self.network.server.inside():
            self.dns = self.enter(dns.Server((SERVER_V4, 53), script=net_case.BOTH))

    # -- the other end -------------------------------------------------------------------------------

    def serve(self, *addresses, where=None):
        """Listeners on PORT of these addresses, or of all."""
        with (where or self.network.server).inside():
            return [self.enter(receiver.Listener(address, PORT)) for address in addresses or ("0.0.0.0", "::")]

    # -- gladhand ------------------------------------------------------------------------------------

    def start(self, *arguments, host=net_case.HOST, as_nobody=False, through=(), **how):
        """A receiver.Session; through: what executes gladhand in our place."""
        client = self.network.client
        words = ["nsenter", "--target", client.pid, "--net", "--mount", *(NOBODY if as_nobody else ()), "--",
                 *through, self.gladhand, *arguments, "--", host, PORT]
        environment = {"PATH": network.SEARCH_PATH, "LC_ALL": "C"}
        environment.update((name, value) for name, value in os.environ.items() if name.endswith("SAN_OPTIONS"))
        return receiver.Session([str(word) for word in words], env=environment, **how)

    def dial(self, *arguments, timeout=10.0, **how):
        """(its Result, the Wire with what it sent)."""
        with Wire(self.network) as wire:
            result = self.start(*arguments, **how).finish(timeout)
        self.addCleanup(result.close)
        return result, wire

    def connect(self, *arguments, **how):
        """dial() that must work: (the passed socket, the Wire)."""
        result, wire = self.dial(*arguments, **how)
        return self.assert_handed_over(result), wire

    # -- assertions ----------------------------------------------------------------------------------

    def assert_nothing_sent(self, wire):
        self.assertEqual(wire.packets, [])
        self.assertEqual(self.dns.queries, [])

    def assert_soon(self, condition, what, seconds=5.0):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail("waited in vain for: " + what)
            time.sleep(0.005)

    def own_file(self, name):
        """A path for one test, in a directory that everybody may write to."""
        return os.path.join(self.enter(tempfile.TemporaryDirectory(dir=self.directory)), name)
