"""What the tests of proxies share: scripted ones on loopback, and what every way through them must carry."""

import time

from common import CommandTest, read_json_lines, run
from support import scripted
from support.receiver import BANNER

NAME = "db.example"
V4, V6 = "192.0.2.7", "2001:db8::7"


class ProxyTest(CommandTest):
    def serve(self, *plays, **how):
        return self.enter(scripted.Server(*plays, **how))

    def assert_carries(self, result, *, silent=True):
        """What was passed has the whole banner of the server and is a way to it."""
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1), result)
        if silent:
            self.assertEqual(result.stderr, "")
        passed = result.socket()
        self.addCleanup(passed.close)
        self.assert_has_banner(passed)
        return passed

    def assert_has_banner(self, passed):
        passed.settimeout(5)
        passed.sendall(b"ping")
        expected, got = BANNER + b"ping", b""
        while len(got) < len(expected):
            piece = passed.recv(len(expected) - len(got))
            if not piece:
                break
            got += piece
        self.assertEqual(got, expected)

    def trace(self, *arguments, **how):
        path = self.temporary_path("trace")
        result = run("--trace", path, *arguments, **how)
        self.addCleanup(result.close)
        with open(path, encoding="utf-8") as file:
            return result, read_json_lines(file.read())


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_running(pid):
    """As more than an entry that waits to be reaped."""
    try:
        return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition, timeout=5.0):
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()
