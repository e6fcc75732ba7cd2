"""The ways to use the programs that faults are made in, and what of their outcome is clear.

The outcome is clear when the connection is handed over and works (one byte, one descriptor, blocking,
connected, no byte of the server's missing), or when one line says why not, with one of our statuses. It is
not: an end by a signal, no end in time, a second byte or text on fd 1, a line that is missing, a process
that is left behind, a report that is half there, bytes that a relay has lost.
"""

import array
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "cli")]

from support import scripted  # noqa: E402
from support.receiver import BANNER, BlackHole, Listener, Refusing  # noqa: E402

PROGRAMS = {name: os.path.abspath(os.environ.get(variable, f"build/{name}")) for name, variable in (
    ("gladhand", "GLADHAND"), ("gladhand-bench", "GLADHAND_BENCH"), ("gladhand-recv", "GLADHAND_RECV"))}
STATUSES = {64, 68, 69, 71, 75, 76}
TIMEOUT = 1.0  # seconds, what --timeout says; the last resort comes two seconds later
LONGEST = 12.0  # seconds, until a run counts as one without an end


class Outcome:
    """What one run has left behind."""

    def __init__(self):
        self.status, self.data, self.descriptors = None, b"", []
        self.stderr, self.stdout = "", b""
        self.hung, self.left_behind = False, []
        self.files = {}

    def complaint(self):
        """Why a failure is not told as it should be; None when it is."""
        if self.hung:
            return "no end"
        if self.status < 0:
            return f"ended by signal {-self.status}"
        if re.search(r"terminate called|Sanitizer|runtime error:|Assertion", self.stderr):
            return "an abort or a sanitizer's word"
        if self.left_behind:
            return "left behind: " + ", ".join(self.left_behind)
        return None

    def failure_complaint(self, program="gladhand", statuses=frozenset(STATUSES)):
        if self.status not in statuses:
            return f"status {self.status}"
        if not any(line.startswith(program + ": ") for line in self.stderr.splitlines()):
            return f"status {self.status} and no line"
        return None


class Scenario:
    """Subclasses say what is run and what must have come of it."""

    name = ""
    program = "gladhand"
    status = 0  # without a fault
    calls = None  # that are made to fail; None: all
    spared = frozenset()  # that are not

    def __init__(self, stack):
        self.stack = stack

    @classmethod
    def world(cls):
        """What the system is to be like meanwhile."""
        return contextlib.nullcontext()

    def arguments(self, folder):
        raise NotImplementedError

    def run(self, prefix):
        """One run with the words of strace before the command."""
        with tempfile.TemporaryDirectory(prefix="gladhand-faults") as folder:
            command = [*prefix, PROGRAMS[self.program], *map(str, self.arguments(folder))]
            outcome = self.drive(command, folder)
            for path in sorted(pathlib.Path(folder).iterdir()):
                outcome.files[path.name] = path.read_bytes() if path.is_file() else b""
            return outcome

    def environment(self):
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}

    def drive(self, command, folder):
        """As ssh runs it: fds 0 and 1 are a socket."""
        outcome = Outcome()
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = self.start(command, theirs, theirs)
            receiver = threading.Thread(target=receive_all, args=(ours, outcome))
            receiver.start()
            self.end(process, outcome)
            ours.shutdown(socket.SHUT_RDWR) if outcome.hung else None
            receiver.join()
        return outcome

    def start(self, command, stdin, stdout):
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                env=self.environment(), start_new_session=True, restore_signals=False)

    def end(self, process, outcome):
        try:
            outcome.stderr = process.communicate(timeout=LONGEST)[1].decode("utf-8", "backslashreplace")
        except subprocess.TimeoutExpired:
            outcome.hung = True
        outcome.left_behind = [] if outcome.hung else wait_for_session(process.pid)
        kill_session(process.pid)
        if outcome.hung:
            outcome.stderr = process.communicate()[1].decode("utf-8", "backslashreplace")
        outcome.status = process.returncode

    def judge(self, outcome):
        """Why the outcome is not clear; None when it is."""
        complaint = outcome.complaint()
        try:
            return complaint or self.judge_passed(outcome)
        finally:
            for number in outcome.descriptors:
                os.close(number)

    def judge_passed(self, outcome):
        if outcome.status != 0:
            if outcome.data or outcome.descriptors:
                return f"status {outcome.status}, and yet {outcome.data!r} on fd 1"
            return outcome.failure_complaint()
        if outcome.data != b"\0" or len(outcome.descriptors) != 1:
            return f"status 0 with {outcome.data!r} and {len(outcome.descriptors)} descriptors"
        return self.judge_socket(outcome.descriptors[0])

    def judge_socket(self, number):
        if not os.get_blocking(number):
            return "a non-blocking descriptor"
        with socket.socket(fileno=os.dup(number)) as passed:
            passed.settimeout(2)
            try:
                passed.getpeername()
                got = b""
                while len(got) < len(BANNER):
                    piece = passed.recv(len(BANNER) - len(got))
                    if not piece:
                        break
                    got += piece
            except OSError as error:
                return f"a descriptor that does not work: {error}"
        return None if got == BANNER else f"a descriptor that brings {got!r}"


def receive_all(ours, outcome):
    room = socket.CMSG_SPACE(16 * array.array("i").itemsize)
    while True:
        try:
            data, ancillary, _, _ = ours.recvmsg(65536, room)
        except OSError:
            return
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(content[:len(content) - len(content) % numbers.itemsize])
                outcome.descriptors.extend(numbers)
        if not data:
            return
        outcome.data += data


def session_members(leader):
    members = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError):
            head, _, tail = pathlib.Path(entry.path, "stat").read_text().rpartition(")")
            fields = tail.split()
            if int(fields[3]) == leader and fields[0] != "Z":
                members[int(entry.name)] = head.partition("(")[2]
    return members


def wait_for_session(leader, seconds=1.0):
    """Who of the session still runs a moment after its leader."""
    for _ in range(round(seconds / 0.025)):
        members = session_members(leader)
        if not members:
            return []
        time.sleep(0.025)
    return sorted(members.values())


def kill_session(leader):
    for pid in session_members(leader):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# --- the scenarios -------------------------------------------------------------------------------


class Literal(Scenario):
    name = "literal"

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(Listener()).port

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "127.0.0.1", self.port


class Refused(Scenario):
    name = "refused"
    status = 69

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(Refusing()).port

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "127.0.0.1", self.port


class Deaf(Scenario):
    """The first address does not answer: timers decide."""

    name = "deaf"

    def __init__(self, stack):
        super().__init__(stack)
        hole = stack.enter_context(BlackHole("127.0.0.1"))
        self.port = stack.enter_context(Listener("127.0.0.2", hole.port)).port

    def arguments(self, folder):
        return ("--timeout", TIMEOUT, "--connection-attempt-delay", "20ms", "--resolve", "db.example:127.0.0.1,127.0.0.2",
                "db.example", self.port)


class Late(Scenario):
    """Nobody answers at all."""

    name = "late"
    status = 75

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(BlackHole("127.0.0.1")).port

    def arguments(self, folder):
        return "--timeout", "200ms", "127.0.0.1", self.port


class Proxy(Scenario):
    """With a password that a program is asked for."""

    name = "proxy"

    def __init__(self, stack):
        super().__init__(stack)
        self.server = stack.enter_context(scripted.Server(
            scripted.in_turn(scripted.socks5(login="user:secret"), scripted.ssh)))
        self.askpass = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()), "askpass")
        self.askpass.write_text("#!/bin/sh\necho secret\n", encoding="ascii")
        self.askpass.chmod(0o700)

    def environment(self):
        return {**super().environment(), "SSH_ASKPASS": str(self.askpass), "SSH_ASKPASS_REQUIRE": "force"}

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--proxy", self.server.url("socks5h", "user"), "db.example", 22


class Connect(Scenario):
    name = "http"

    def __init__(self, stack):
        super().__init__(stack)
        self.server = stack.enter_context(scripted.Server(scripted.in_turn(scripted.http(), scripted.ssh)))

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--proxy", self.server.url("http"), "db.example", 22


class Hook(Literal):
    """--before in full; --on-slow, which comes while the server does not."""

    name = "hook"

    def arguments(self, folder):
        return ("--timeout", TIMEOUT, "--before", "/bin/sleep 0.05", "--on-slow", "10ms:/bin/true",
                "127.0.0.1", self.port)


class Relay(Scenario):
    name = "relay"

    SENT = b"from the client " * 4096
    ANSWER = b"from the server " * 4096

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(scripted.Server(self.play)).port

    def play(self, peer):
        peer.say(BANNER)
        got = peer.take(len(self.SENT))
        peer.say(self.ANSWER if got == self.SENT else b"something is missing")
        peer.flush()

    def arguments(self, folder):
        return "--relay", "--timeout", TIMEOUT, "127.0.0.1", self.port

    def drive(self, command, folder):
        outcome = Outcome()
        theirs_in, to = os.pipe()
        back, theirs_out = os.pipe()
        process = self.start(command, theirs_in, theirs_out)
        os.close(theirs_in)
        os.close(theirs_out)
        threads = [threading.Thread(target=self.send, args=(to,)),
                   threading.Thread(target=self.take, args=(back, outcome))]
        for thread in threads:
            thread.start()
        self.end(process, outcome)
        for thread in threads:
            thread.join()
        return outcome

    def send(self, to):
        with contextlib.suppress(OSError), os.fdopen(to, "wb", buffering=0) as pipe:
            rest = memoryview(self.SENT)
            while rest:
                rest = rest[pipe.write(rest):]

    def take(self, back, outcome):
        with os.fdopen(back, "rb") as pipe:
            outcome.stdout = pipe.read()

    def judge_passed(self, outcome):
        if outcome.status != 0:
            return outcome.failure_complaint()
        return None if outcome.stdout == BANNER + self.ANSWER else "a relay that has lost bytes"


class Explain(Scenario):
    name = "explain"

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(Listener()).port

    def arguments(self, folder):
        return "--explain", "--timeout", TIMEOUT, "127.0.0.1", self.port

    def drive(self, command, folder):
        outcome = Outcome()
        with tempfile.TemporaryFile() as out:
            process = self.start(command, subprocess.DEVNULL, out)
            self.end(process, outcome)
            out.seek(0)
            outcome.stdout = out.read()
        return outcome

    def judge_passed(self, outcome):
        if outcome.status != 0:
            return outcome.failure_complaint()
        return None if b"127.0.0.1" in outcome.stdout else "no picture"


class Help(Explain):
    name = "help"

    def arguments(self, folder):
        return ("--help",)

    def judge_passed(self, outcome):
        if outcome.status != 0:
            return outcome.failure_complaint()
        return None if b"--timeout" in outcome.stdout else "no help"


class Receive(Explain):
    name = "receive"
    program = "gladhand-recv"

    def arguments(self, folder):
        return "--json", "--timeout", "5", "--", PROGRAMS["gladhand"], "--timeout", TIMEOUT, "127.0.0.1", self.port

    def judge_passed(self, outcome):
        if outcome.status != 0:
            return outcome.failure_complaint("gladhand-recv")
        with contextlib.suppress(ValueError):
            if json.loads(outcome.stdout).get("state") == "connected":
                return None
        return f"no report of a connection: {outcome.stdout!r}"


class Bench(Explain):
    name = "bench"
    program = "gladhand-bench"
    REPORTS = {"--json": "run.json", "--csv": "run.csv", "--openmetrics": "run.prom", "--report": "run.html"}

    def arguments(self, folder):
        files = [word for option, name in self.REPORTS.items() for word in (option, f"{folder}/{name}")]
        return (*files, "--timeout", TIMEOUT, "--flood", "-n", 3, f"127.0.0.1:{self.port}")

    def judge_passed(self, outcome):
        left = [name for name in outcome.files if name not in self.REPORTS.values()]
        if left:
            return "left behind: " + ", ".join(left)
        if outcome.status not in (0, 1, 64, 71, 2):
            return f"status {outcome.status}"
        told = any(line.startswith("gladhand-bench: ") for line in outcome.stderr.splitlines())
        if outcome.status == 0 and len(outcome.files) != len(self.REPORTS):
            return "status 0 and not all reports"
        if outcome.status not in (0, 1) and not told:
            return f"status {outcome.status} and no line"
        if "run.json" in outcome.files:
            try:
                run = json.loads(outcome.files["run.json"])
            except ValueError:
                return "half a JSON report"
            if not run:
                return "an empty JSON report"
        if outcome.status in (0, 1) and not outcome.stdout:
            return "no table"
        return None


class Paced(Bench):
    """A run has no deadline of its own, and any pause may be meant."""

    name = "paced"
    calls = frozenset({"timerfd_settime"})

    def arguments(self, folder):
        return [word for word in super().arguments(folder) if word != "--flood"]


SCENARIOS = [Literal, Refused, Deaf, Late, Proxy, Connect, Hook, Relay, Explain, Help, Receive, Bench, Paced]
