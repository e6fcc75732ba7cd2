"""Backup attempts, with every packet of a slow link looked at: a lost one costs the Connection Attempt
Delay, and no server accepts two connections, however long the round trip.
"""

import socket
import time
from typing import NamedTuple

import net_case
import ssh_pair
import timed_case
from cli.common import CommandTest
from slow_link import SLOW_SERVER_V4, SlowLink
from support import network, receiver

PORT = 4022
SYN, RST, ACK = 0x02, 0x04, 0x10


def setUpModule():
    network.require()


class Segment(NamedTuple):
    """A TCP segment over IPv4."""

    from_client: bool
    port: int  # the client's
    flags: int


def parse(packet, from_client):
    """None for what is no TCP over IPv4."""
    if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    tcp = packet[(packet[0] & 15) * 4:]
    at = 0 if from_client else 2
    return Segment(from_client, int.from_bytes(tcp[at:at + 2], "big"), tcp[13] & (SYN | RST | ACK))


class BackupAttempt(timed_case.TimedTest, CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = network.Network()
        cls.network.__enter__()
        cls.addClassCleanup(cls.network.__exit__, None, None, None)

    def link(self, round_trip, loses=lambda segment: False):
        """A slow link, a listener behind it, and every segment; loses() is asked about each."""
        self.segments = []

        def is_lost(packet, from_client):
            segment = parse(packet, from_client)
            if segment is None:
                return False
            self.segments.append(segment)
            return loses(segment)

        self.round_trip = round_trip
        self.enter(SlowLink(self.network, round_trip, is_lost))
        with self.network.server.inside():
            self.listener = self.enter(receiver.Listener(SLOW_SERVER_V4, PORT, banner=b""))

    def dial(self, *options):
        """(the client's port that is connected, seconds); what is on its way has come before it returns."""
        words = ["nsenter", "--target", self.network.client.pid, "--net", "--mount", "--",
                 ssh_pair.gladhand(), *options, "--", SLOW_SERVER_V4, PORT]
        began = time.monotonic()
        result = receiver.Session([str(word) for word in words],
                                  env={"PATH": network.SEARCH_PATH, "LC_ALL": "C"}).finish(20)
        passed = self.assert_handed_over(result)
        seconds = result.received - began
        time.sleep(2 * self.round_trip + 0.3)
        return passed.getsockname()[1], seconds

    def syns(self):
        """The ports of the client's that have sent one, in order."""
        return list(dict.fromkeys(s.port for s in self.segments if s.from_client and s.flags == SYN))

    def flags_of(self, port):
        """What has come from that port of the client's."""
        return [s.flags for s in self.segments if s.from_client and s.port == port]

    def assert_one_connection(self, port):
        self.assertEqual([peer.getpeername()[1] for _, peer in self.listener.connections], [port])

    def test_a_short_round_trip_sees_none(self):
        self.link(0.005)
        port, _ = self.dial()
        self.assertEqual(self.syns(), [port])
        self.assert_one_connection(port)

    def test_a_round_trip_next_to_the_delay(self):
        self.link(0.240)
        port, _ = self.dial()
        self.assertEqual(self.syns()[0], port)
        self.assert_one_connection(port)

    def assert_far_server_accepts_the_first_only(self, round_trip):
        """The second is closed when its SYN is answered: a reset, and no third part of a handshake."""
        self.link(round_trip)
        port, _ = self.dial()
        syns = self.syns()
        self.assertEqual((len(syns), syns[0]), (2, port))
        self.assertEqual(self.flags_of(syns[1]), [SYN, RST])
        self.assert_one_connection(port)

    def test_a_server_that_is_merely_far_accepts_the_first_only(self):
        self.assert_far_server_accepts_the_first_only(0.3)

    def test_nor_does_one_that_is_very_far(self):
        self.assert_far_server_accepts_the_first_only(0.8)

    def test_off_there_is_none(self):
        self.link(0.6)
        port, _ = self.dial("--backup-attempt", "off")
        self.assertEqual(self.syns(), [port])

    def test_neither_with_a_port_of_the_users(self):
        self.link(0.6)
        port, _ = self.dial("--local-port", "4100")
        self.assertEqual((port, self.syns()), (4100, [4100]))

    def test_a_lost_syn_costs_the_connection_attempt_delay(self):
        lost = []
        self.link(0.02, lambda s: s.from_client and s.flags == SYN and not lost and not lost.append(s.port))
        port, seconds = self.dial()
        self.assertEqual(self.syns(), [lost[0], port])
        self.assert_on_time(seconds, 0.27)
        self.assert_one_connection(port)

    def test_so_does_a_lost_answer_and_what_is_repeated_of_it_is_reset(self):
        """The server sends it again after a second; nobody is there then."""
        lost = []

        self.link(0.02, lambda s: s.flags == SYN | ACK and not lost and not lost.append(s.port))
        port, seconds = self.dial()
        self.assertNotEqual(port, lost[0])
        self.assertLess(seconds, 0.27 + self.late())
        time.sleep(1.2)
        self.assertEqual(self.flags_of(lost[0]), [SYN, RST])
        self.assert_one_connection(port)


if __name__ == "__main__":
    net_case.main()
