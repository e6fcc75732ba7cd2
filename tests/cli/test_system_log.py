"""--log journal and --log syslog: one record a dial, to sockets that a test stands in for."""

import contextlib
import os
import re
import socket
import subprocess

import common
import sandbox
from common import ALL_FAILED, ENVIRONMENT, GLADHAND, PROXY_FAILED, USAGE, CommandTest, run
from support import pipes, scripted
from support.receiver import BANNER
from support.scripted import says

JOURNAL = "/run/systemd/journal/socket"


def setUpModule():
    sandbox.enter()


@contextlib.contextmanager
def daemon(path):
    """A daemon's datagram socket, which nobody reads before the test does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        log.settimeout(0)
        yield log


def records(log):
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(log.recv(65536).decode())
    return found


class Journal(CommandTest):
    def setUp(self):
        self.enter(sandbox.empty_directory("/run"))
        os.makedirs(os.path.dirname(JOURNAL))

    def only_record(self, log):
        found = records(log)
        self.assertEqual(len(found), 1, found)
        fields = [line.split("=", 1) for line in found[0].splitlines()]
        self.assertTrue(found[0].endswith("\n"))
        self.assertEqual(len(dict(fields)), len(fields), "no field twice")
        return dict(fields)

    def test_a_connection(self):
        listener = self.listen()
        with daemon(JOURNAL) as log:
            self.assert_handed_over(run("--log", "journal", "127.0.0.1", listener.port), listener)
            record = self.only_record(log)
        self.assertRegex(record.pop("MESSAGE"),
                         f"^connect to '127.0.0.1' port {listener.port}: connected to 127.0.0.1 in [0-9]+ ms$")
        self.assertLess(int(record.pop("GLADHAND_DURATION_US")), 5_000_000)
        self.assertEqual(record, {
            "PRIORITY": "6", "SYSLOG_FACILITY": "1", "SYSLOG_IDENTIFIER": "gladhand", "GLADHAND_HOST": "127.0.0.1",
            "GLADHAND_PORT": str(listener.port), "GLADHAND_STATUS": "0", "GLADHAND_PEER": "127.0.0.1",
            "GLADHAND_HAND_OVER": "pass"})

    def test_a_relay(self):
        server = self.enter(scripted.Server(scripted.ssh))
        with daemon(JOURNAL) as log:
            with pipes.Piped([GLADHAND, "--log", "journal", server.address, str(server.port)], env=ENVIRONMENT) as piped:
                pipes.read_all(piped.back, len(BANNER))
                piped.close_to()
                piped.end()
            self.assertEqual(self.only_record(log)["GLADHAND_HAND_OVER"], "relay")

    def test_a_failure_has_its_cause(self):
        """Of several dials the last."""
        refusing = self.refusing()
        with daemon(JOURNAL) as log:
            result = run("--log", "journal", "--attempts", "2", "127.0.0.1", refusing.port)
            self.assert_fails(result, ALL_FAILED)
            record = self.only_record(log)
        self.assertEqual("gladhand: " + record["MESSAGE"], result.lines[0])
        self.assertEqual((record["PRIORITY"], record["GLADHAND_STATUS"]), ("3", "69"))

    def test_a_proxy_that_refuses(self):
        proxy = self.enter(scripted.Server(says(b"HTTP/1.1 403 Forbidden\r\n\r\n")))
        with daemon(JOURNAL) as log:
            result = run("--log", "journal", "--proxy", proxy.url("http", "jo:Qzxw"), "db.example", "22")
            self.assert_fails(result, PROXY_FAILED, hint=True)
            record = self.only_record(log)
        self.assertEqual((record["GLADHAND_THROUGH"], record["GLADHAND_STATUS"]), (proxy.url("http"), "76"))
        self.assertEqual("hint: " + record["GLADHAND_HINT"], result.lines[1])
        self.assertNotIn("Qzxw", str(record))

    def test_what_ends_it_before_a_dial(self):
        with daemon(JOURNAL) as log:
            result = run("--log", "journal", "db example", "22")
            self.assert_fails(result, USAGE)
            self.assertEqual("gladhand: " + self.only_record(log)["MESSAGE"], result.lines[0])
            run("--log", "journal", "a\nPRIORITY=0", "22").close()
            self.assertEqual(self.only_record(log)["PRIORITY"], "3")

    def test_nobody_is_needed_there(self):
        listener = self.listen()
        for arguments, stderr in (((), f"gladhand: --log: nobody takes records at {JOURNAL}: no such file or directory\n"),
                                  (("-q",), "")):
            result = run("--log", "journal", *arguments, "127.0.0.1", listener.port)
            self.addCleanup(result.close)
            self.assertEqual((result.status, result.stderr, len(result.descriptors)), (0, stderr, 1))

    def test_no_text_of_it_reaches_ssh(self):
        """Where standard error is the very socket."""
        listener = self.listen()
        result = run("--log", "journal", "127.0.0.1", listener.port, stderr=subprocess.STDOUT)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))

    def test_a_log_that_is_full_keeps_nobody(self):
        listener = self.listen()
        with daemon(JOURNAL) as log:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
                other.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        other.sendto(b"MESSAGE=x\n", JOURNAL)
            result = run("--log", "journal", "127.0.0.1", listener.port)
            self.assert_handed_over(result, listener)
            self.assertLess(result.exited - result.started, 2)
            self.assertNotIn("gladhand", str(records(log)))


class Syslog(CommandTest):
    def test_a_line(self):
        listener, refusing = self.listen(), self.refusing()
        with sandbox.devices(), daemon("/dev/log") as log:
            self.assert_handed_over(run("--log", "syslog", "127.0.0.1", listener.port), listener)
            failed = run("--log", "syslog", "127.0.0.1", refusing.port)
            self.assert_fails(failed, ALL_FAILED)
            lines = records(log)
        self.assertEqual(len(lines), 2)
        form = r"^<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d gladhand\[\d+\]: (.*)$"
        self.assertEqual([re.match(form, line).group(1) for line in lines], ["14", "11"])
        self.assertEqual("gladhand: " + re.match(form, lines[1]).group(2), failed.lines[0])


if __name__ == "__main__":
    common.main()
