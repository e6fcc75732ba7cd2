"""A relayed connection that the network breaks: nothing is lost in silence."""

import socket

import dial_case
import net_case
from cli.common import NOT_HANDED_OVER
from net_case import SSH
from support import network, receiver
from support.network import SERVER_V4


def setUpModule():
    network.require()


class Breaks(dial_case.DialTest):
    def relay(self):
        """(a session of the relay that gives up after a second, the server's end)."""
        listener = self.serve(SERVER_V4)[0]
        session = self.enter(self.start("--relay", "--user-timeout", "1s", host=SERVER_V4))
        session.ours.settimeout(10)
        peer = listener.wait_for(1)[0]
        got = b""
        while len(got) < len(receiver.BANNER):
            got += session.ours.recv(100)
        return session, peer

    def assert_loses(self, session):
        self.network.black_hole(SSH)
        session.ours.sendall(b"x" * 9000)
        session.wait(15)
        self.assertEqual(session.process.returncode, NOT_HANDED_OVER)

    def test_what_the_client_says_is_lost_on_the_way(self):
        self.assert_loses(self.relay()[0])

    def test_it_is_after_the_server_has_ended_its_own_direction(self):
        session, peer = self.relay()
        peer.shutdown(socket.SHUT_WR)
        self.assertEqual(session.ours.recv(1), b"")
        self.assert_loses(session)


if __name__ == "__main__":
    net_case.main()
