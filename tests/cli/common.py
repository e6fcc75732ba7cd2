"""What all black-box tests of the command share: how it is started and what every failure looks like."""

import contextlib
import errno
import json
import os
import signal
import socket
import sys
import tempfile
import time
import unittest

from support import receiver

GLADHAND = os.environ.get("GLADHAND", "build/gladhand")
USAGE, NO_ADDRESS, ALL_FAILED, NOT_HANDED_OVER, TIMED_OUT, PROXY_FAILED = 64, 68, 69, 71, 75, 76
TCP_DELACK_MAX_US = 46  # Python does not know it
# A sanitizer takes descriptors and memory of its own: what is counted then is not gladhand's.
SANITIZED = "GLADHAND_SANITIZED" in os.environ
# Nothing in the environment of the tester may change how names are looked up or how text is drawn.
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
ENVIRONMENT.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})


def start(*arguments, **how):
    how.setdefault("env", ENVIRONMENT)
    return receiver.Session([GLADHAND, *map(os.fsencode, map(_text, arguments))], **how)


def run(*arguments, timeout=10.0, **how):
    return start(*arguments, **how).finish(timeout)


def _text(argument):
    return argument if isinstance(argument, (str, bytes)) else str(argument)


def resolve(name, *addresses):
    """--resolve with its value."""
    return ("--resolve", "%s:%s" % (name, ",".join(addresses)))


def let_signals_end():
    """For setUpModule: children inherit what nohup or a shell's & has had us ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def read_json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def shortest_delayed_ack():
    """Of a socket here, in microseconds as the kernel rounds them; None before Linux 6.15."""
    with socket.socket() as probe:
        for microseconds in range(1, 40000):
            try:
                probe.setsockopt(socket.IPPROTO_TCP, TCP_DELACK_MAX_US, microseconds)
                return probe.getsockopt(socket.IPPROTO_TCP, TCP_DELACK_MAX_US)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    return None
    raise AssertionError("the kernel takes no delay at all")


def in_milliseconds(microseconds):
    """As gladhand writes it: 8 ms, 6.7 ms."""
    return f"{microseconds / 1000:.1f}".removesuffix(".0") + " ms"


def wait_until(condition, what, timeout=5.0):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for: " + what)
        time.sleep(0.005)


def is_connecting(port):
    """Whether some socket of this network namespace has sent a SYN to that port and waits."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table, encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == "02" and int(fields[2].rpartition(":")[2], 16) == port:
                    return True
    return False


def main():
    """Exit status 77 (Meson's "skipped") when there was nothing but what had to be skipped."""
    result = unittest.main(exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.skipped and len(result.skipped) >= result.testsRun else 0)


class CommandTest(unittest.TestCase):
    """Assertions in the words of the contract."""

    def assert_handed_over(self, result, listener=None):
        """One byte, one descriptor, silence; returns the socket (of that listener if one is given)."""
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        self.assertEqual((result.data, result.messages), (b"\0", [1]), result)
        self.assertEqual(len(result.descriptors), 1, result)
        passed = result.socket()
        self.addCleanup(passed.close)
        if listener:
            self.assertEqual(passed.getpeername()[:2], (listener.address, listener.port))
        return passed

    def assert_fails(self, result, status, *texts, hint=None):
        """That status, nothing passed, and one printable line (perhaps a hint) with these texts in it."""
        self.addCleanup(result.close)
        self.assertEqual(result.status, status, result)
        self.assertEqual((result.data, result.descriptors), (b"", []), result)
        self.assertEqual(result.stdout or b"", b"", result)
        self.assert_one_message(result.stderr, hint)
        for text in texts:
            self.assertIn(text, result.lines[0])

    def assert_one_message(self, text, hint=None):
        """gladhand: ...; then at most one hint. hint: True = there must be one, False = there must not."""
        lines = text.split("\n")
        self.assertEqual(lines.pop(), "", "the last line has an end: %r" % text)
        self.assertIn(len(lines), {None: (1, 2), True: (2,), False: (1,)}[hint], text)
        self.assertRegex(lines[0], r"^gladhand: \S.*[^.\s]$")
        for line in lines[1:]:
            self.assertRegex(line, r"^hint: \S")
        for line in lines:
            self.assertTrue(line.isprintable(), "unprintable: %r" % line)

    def temporary_path(self, name):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return os.path.join(directory.name, name)

    def listen(self, address="127.0.0.1", port=0, **how):
        return self.enter(receiver.Listener(address, port, **how))

    def black_hole(self, address="127.0.0.1", port=0):
        return self.enter(receiver.BlackHole(address, port))

    def refusing(self, address="127.0.0.1", port=0):
        return self.enter(receiver.Refusing(address, port))

    def enter(self, context):
        """Enters a context until the end of the test."""
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value
