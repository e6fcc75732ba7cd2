"""What is left while a session runs, and when ssh dies early: no process, no second connection.

Also what ssh would have set on its own socket and gladhand must set instead.
"""

import contextlib
import os
import select
import subprocess

import net_case
from net_case import HOST, SSH
from slow_link import SLOW_CLIENT_V6, SLOW_SERVER_V4, SLOW_SERVER_V6, SlowLink
from support import dns
from support.network import CLIENT_V4

OPEN = ("ESTAB", "SYN-RECV", "CLOSE-WAIT")  # what the server would call a connection


def setUpModule():
    net_case.require()


class WhatRemains(net_case.NetworkTest):
    def start(self):
        """ssh with pipes; killed at the end of the test if it still runs."""
        ssh = self.enter(self.client.start(HOST, "echo ready; exec cat", stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        self.addCleanup(ssh.kill)
        return ssh

    @contextlib.contextmanager
    def session(self):
        """A login that lasts as long as the with statement."""
        ssh = self.start()
        self.assertEqual(ssh.stdout.readline(), "ready\n")
        yield ssh
        ssh.stdin.close()
        self.assertEqual(ssh.wait(timeout=10), 0)
        self.assert_soon(lambda: not self.server.connections(*OPEN), "the end of all connections")

    # -- processes -----------------------------------------------------------------------------------

    def test_only_ssh_runs_after_the_login(self):
        with self.session() as ssh:
            self.assertEqual(list(self.network.client.processes()), [ssh.pid])

    def await_gladhand(self, ssh):
        """Its process, as a descriptor that becomes readable when it ends."""
        def others():
            return [pid for pid in self.network.client.processes() if pid != ssh.pid]

        self.assert_soon(others, "a process that ssh has started")
        descriptor = os.pidfd_open(others()[0])
        self.addCleanup(os.close, descriptor)
        return descriptor

    def assert_ends_with_ssh(self, ssh, gladhand):
        self.assertEqual(select.select([gladhand], [], [], 0)[0], [], "gladhand is still at work")
        ssh.kill()
        self.assertEqual(select.select([gladhand], [], [], 1)[0], [gladhand], "gladhand ends within 1 s")
        ssh.wait()
        self.assertEqual(self.network.client.processes(), {})

    def test_gladhand_ends_with_ssh_during_the_race(self):
        self.network.black_hole(SSH)
        ssh = self.start()
        gladhand = self.await_gladhand(ssh)
        self.assert_soon(lambda: len(self.connecting()) == 2, "two attempts")
        self.assert_ends_with_ssh(ssh, gladhand)
        self.assertEqual(self.connecting(), [])

    def connecting(self):
        """The client's sockets that have sent a SYN and have no answer."""
        return self.network.client.do("ss --no-header --tcp --numeric state syn-sent").splitlines()

    def test_gladhand_ends_with_ssh_while_it_waits_for_an_answer(self):
        self.answers(AAAA=dns.drop(), A=dns.drop())
        ssh = self.start()
        gladhand = self.await_gladhand(ssh)
        self.assertGreaterEqual(len(self.dns.wait_for(2)), 2)
        self.assert_ends_with_ssh(ssh, gladhand)

    # -- the socket ----------------------------------------------------------------------------------

    def test_the_session_has_a_keepalive_timer(self):
        def timer():
            return self.network.client.do("ss -tnoeiH state established dport = :22")

        with self.session():
            self.assert_soon(lambda: "timer:(keepalive," in timer(), "a keepalive timer")

    # -- losers --------------------------------------------------------------------------------------

    def assert_one_connection(self, winner, loser_family):
        """Waits for the loser's RST at the server; then there is no trace of it there."""
        resets = self.network.count(f"meta nfproto {loser_family} tcp flags & rst == rst")
        with self.session():
            self.assert_soon(resets, "the end of the losing connection")
            self.assertEqual(self.server.connections(*OPEN), [winner])

    def test_a_late_ipv6_connection_is_not_left_at_the_server(self):
        self.enter(SlowLink(self.network, 1.6))
        self.answers(AAAA=dns.answer(SLOW_SERVER_V6))
        self.assert_one_connection(CLIENT_V4, "ipv6")

    def test_a_late_ipv4_connection_is_not_left_at_the_server(self):
        self.enter(SlowLink(self.network, 0.4))
        self.answers(AAAA=dns.answer(SLOW_SERVER_V6), A=dns.answer(SLOW_SERVER_V4))
        self.client.configure("--connection-attempt-delay", "50ms", "--backup-attempt", "off")
        self.assert_one_connection(SLOW_CLIENT_V6, "ipv4")

    def test_a_photo_finish_leaves_one_connection(self):
        """IPv6 answers as IPv4 is started: both may connect before gladhand looks."""
        self.enter(SlowLink(self.network, net_case.CONNECTION_ATTEMPT_DELAY))
        self.answers(AAAA=dns.answer(SLOW_SERVER_V6))
        with self.session():
            self.assert_soon(lambda: len(self.server.connections(*OPEN)) == 1, "one connection only")


if __name__ == "__main__":
    net_case.main()
