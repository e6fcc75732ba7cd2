"""The oldest kernel that the README names: nothing that came after Linux 5.0 is needed."""

import os
import subprocess
import sys
import unittest

from bench_case import BENCH
from common import ENVIRONMENT, GLADHAND, CommandTest, let_signals_end
from support import dns, old_kernel, receiver

RECV = os.environ.get("GLADHAND_RECV", "build/gladhand-recv")
AS_IF_OLD = (sys.executable, old_kernel.__file__)


def setUpModule():
    let_signals_end()


class OldKernel(CommandTest):
    def setUp(self):
        self.listener = self.listen()
        self.target = ("127.0.0.1", str(self.listener.port))

    def run_old(self, *words, **how):
        return receiver.run([*AS_IF_OLD, GLADHAND, *words], env=ENVIRONMENT, **how)

    def test_what_is_newer_is_missing(self):
        """Else this file would test nothing."""
        text = "import os\ntry: os.pidfd_open(os.getpid())\nexcept OSError as error: print(error.errno)"
        result = subprocess.run([*AS_IF_OLD, sys.executable, "-c", text], stdout=subprocess.PIPE, check=True)
        self.assertEqual(result.stdout, b"38\n")

    def test_a_name(self):
        server = self.enter(dns.Server(("127.0.0.1", 0), script={("db.example", "A"): dns.answer("127.0.0.1"),
                                                                 ("db.example", "AAAA"): dns.nodata()}))
        address, port = server.endpoints[0][:2]
        result = self.run_old("--dns-server", f"{address}:{port}", "db.example", self.target[1])
        self.assert_handed_over(result, self.listener)

    def test_commands(self):
        mark = self.temporary_path("mark")
        result = self.run_old("--before", f"sh -c 'echo before >>{mark}'", *self.target)
        self.assert_handed_over(result, self.listener)
        with open(mark, encoding="ascii") as file:
            self.assertEqual(file.read(), "before\n")
        self.assert_fails(self.run_old("--before", "false", *self.target), 71, "--before", "exited with status 1")
        hole = self.black_hole()
        result = self.run_old("--on-slow", f"50ms:sh -c 'echo slow >>{mark}'", "--timeout", "400ms",
                              "127.0.0.1", str(hole.port))
        self.assert_fails(result, 75)
        with open(mark, encoding="ascii") as file:
            self.assertEqual(file.read(), "before\nslow\n")

    def test_the_relay(self):
        with subprocess.Popen([*AS_IF_OLD, GLADHAND, "--relay", *self.target], env=ENVIRONMENT,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as relay:
            self.assertEqual(relay.stdout.read(len(receiver.BANNER)), receiver.BANNER)
            relay.terminate()
            self.assertEqual(relay.stderr.read(), b"")

    def test_the_other_programs(self):
        result = subprocess.run([*AS_IF_OLD, RECV, "--", GLADHAND, *self.target], env=ENVIRONMENT, timeout=10,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        result = subprocess.run([*AS_IF_OLD, BENCH, "-n", "1", ":".join(self.target)], env=ENVIRONMENT, timeout=10,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
