"""What all network tests share: the two namespaces, sshd, a scripted DNS server, and the assertions.

The network and sshd are made once for each class, everything else anew for each test.
"""

import contextlib
import sys
import time
import unittest

import ssh_pair
import timed_case
from support import dns, network
from support.network import SERVER_V4, SERVER_V6

HOST = "db.example"
BOTH = {(HOST, "AAAA"): dns.answer(SERVER_V6), (HOST, "A"): dns.answer(SERVER_V4)}
SSH = "tcp dport 22"
IPV6_SSH, IPV4_SSH = "meta nfproto ipv6 " + SSH, "meta nfproto ipv4 " + SSH
CONNECTION_ATTEMPT_DELAY = 0.25
RESOLUTION_DELAY = 0.05


def require():
    """For setUpModule: skips the file, with the reason, where it cannot run."""
    network.require("ssh", "ssh-keygen", "sshd")


class NetworkTest(timed_case.TimedTest):
    families = (4, 6)  # what the client has connectivity for

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.network = stack.enter_context(network.Network(cls.families))
        cls.server = stack.enter_context(ssh_pair.SshServer(cls.network))

    def setUp(self):
        super().setUp()
        self.network.clear()
        self.addCleanup(self.network.client.kill)
        self.client = ssh_pair.SshClient(self.server)
        nameserver = SERVER_V4 if 4 in self.families else SERVER_V6
        self.write_etc("resolv.conf", f"nameserver {nameserver}\n")
        with self.network.server.inside():
            self.dns = dns.Server((SERVER_V4, 53), (SERVER_V6, 53), script=BOTH)
        self.addCleanup(self.dns.close)

    def enter(self, context):
        """Enters a context until the end of the test."""
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def write_etc(self, name, text):
        """A file of the client's /etc until the end of the test."""
        before = (self.network.client.etc / name).read_text(encoding="utf-8")
        self.addCleanup(self.network.client.write_etc, name, before)
        self.network.client.write_etc(name, text)

    def answers(self, **replies):
        """What the DNS server says about HOST: AAAA=..., A=...."""
        for kind, reply in replies.items():
            self.dns.set(HOST, kind, reply)

    def login(self, host=HOST):
        """A session, with the SYNs it took in login.syns and the questions in login.queries."""
        asked_before = len(self.dns.queries)
        with self.network.capture_syns() as syns:
            login = self.client.login(host)
        login.syns, login.queries = syns, self.dns.queries[asked_before:]
        return login

    # -- assertions ----------------------------------------------------------------------------------

    def assert_login(self, login, address):
        """It worked, sshd saw it come to that address, and gladhand said nothing."""
        self.assertEqual((login.status, login.errors), (0, ""), login)
        self.assertEqual(login.address, address, login)

    def assert_attempts(self, login, *addresses):
        """Both the trace and the wire show these attempts, in this order."""
        self.assertEqual([address for _, address in login.trace.attempts], list(addresses))
        self.assertEqual([address for _, address, _ in login.syns], list(addresses))

    def assert_gap(self, login, delay, earlier=0):
        """Attempt number `earlier` and the next are that far apart, by the trace and by the wire."""
        traced = [at for at, _ in login.trace.attempts]
        self.assert_on_time(traced[earlier + 1] - traced[earlier], delay)
        seen = [at for at, _, _ in login.syns]
        self.assert_apart(seen[earlier + 1] - seen[earlier], delay)

    def assert_soon(self, condition, what, seconds=5.0):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail("waited in vain for: " + what)
            time.sleep(0.005)


def main():
    """Exit status 77 (Meson's "skipped") when anything was skipped and the rest passed."""
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.skipped else 0)
