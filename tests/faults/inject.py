#!/usr/bin/env python3
"""Every system call of a dial fails once: what becomes of it must be clear.

    inject.py [--quick] [--only SCENARIO,...] [--call NAME,...] [--jobs N] [--list] [--keep FILE]

A scenario is one way to use the programs. It is run once under strace(1) to learn its system calls; then
for each of them, for each time that it is made, and for each errno that it may plausibly fail with, it is
run again with that one failure injected (strace -f --inject). What the dynamic linker and the C++ runtime do
before main is left out: calls count from where the program says how SIGPIPE is to be met, its first act.
--quick takes one errno a call, and of calls that are made very often only the first and the last.

The outcome is clear when the connection is handed over and works (one byte, one descriptor, blocking,
connected, no byte of the server's missing), or when one line says why not, with one of our statuses. It is
not: an end by a signal, no end in time, a second byte or text on fd 1, a line that is missing, a process
that is left behind, a report that is half there, bytes that a relay has lost.

Any build does: plain dynamic ones trace best. A sanitizer's own calls are part of the count, and some of
them it does not survive. GLADHAND, GLADHAND_BENCH and GLADHAND_RECV name the programs. Needs strace 5.11 or
later that may trace; without it the exit status is 77.
"""

import argparse
import array
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "cli")]

import sandbox  # noqa: E402
from support import dns, scripted  # noqa: E402
from support.receiver import BANNER, BlackHole, Listener, Refusing  # noqa: E402

PROGRAMS = {name: os.path.abspath(os.environ.get(variable, f"build/{name}")) for name, variable in (
    ("gladhand", "GLADHAND"), ("gladhand-bench", "GLADHAND_BENCH"), ("gladhand-recv", "GLADHAND_RECV"))}
STATUSES = {64, 68, 69, 71, 75, 76}
TIMEOUT = 1.0  # seconds, what --timeout says; the last resort comes two seconds later
LONGEST = 12.0  # seconds, until a run counts as one without an end
MAIN_BEGINS = re.compile(r"rt_sigaction\(SIGPIPE, \{sa_handler=SIG_IGN")

# What may go wrong with a call, the likeliest first. Not brk(2): the kernel's does not fail with -1, and the C
# library takes what strace makes of it for an address; memory is limits.py's. Not close(2): whatever it says, the
# descriptor is closed, but strace would leave it open.
ERRNOS = {
    "accept4": "EMFILE", "access": "ENOENT EIO", "bind": "EADDRINUSE ENOMEM",
    "clone": "EAGAIN ENOMEM", "clone3": "EAGAIN ENOMEM", "close_range": "ENOSYS EPERM",
    "connect": "ENETUNREACH ENOBUFS EADDRNOTAVAIL EACCES EINTR", "dup": "EMFILE", "dup2": "EMFILE EINTR",
    "dup3": "EMFILE EINTR", "epoll_create1": "EMFILE ENOMEM", "epoll_ctl": "ENOSPC ENOMEM",
    "epoll_pwait": "EINTR", "epoll_wait": "EINTR", "eventfd2": "EMFILE ENOMEM", "execve": "ENOENT EACCES ENOMEM",
    "faccessat2": "ENOENT EIO", "fcntl": "EMFILE EINVAL", "fork": "EAGAIN ENOMEM", "fstat": "EIO ENOMEM",
    "getpeername": "ENOBUFS", "getrandom": "ENOSYS EINTR", "getsockname": "ENOBUFS",
    "getsockopt": "ENOBUFS ENOPROTOOPT", "ioctl": "ENOMEM EINVAL", "kill": "EPERM", "lseek": "EINVAL",
    "lstat": "EIO ENOMEM", "madvise": "ENOMEM", "mmap": "ENOMEM", "mprotect": "ENOMEM", "mremap": "ENOMEM",
    "newfstatat": "EIO ENOMEM", "openat": "EMFILE EACCES ENOENT EINTR", "pidfd_open": "ENOSYS EMFILE EPERM",
    "pipe2": "EMFILE ENFILE", "poll": "EINTR ENOMEM", "ppoll": "EINTR ENOMEM", "prctl": "EINVAL",
    "prlimit64": "EPERM", "pwrite64": "ENOSPC", "read": "EIO EINTR", "readlink": "ENOENT EACCES",
    "recvfrom": "ENOMEM EINTR ECONNRESET", "recvmsg": "ENOMEM EINTR ECONNRESET", "rename": "ENOSPC EACCES",
    "renameat2": "ENOSPC EACCES", "rt_sigprocmask": "EINVAL", "sched_getaffinity": "EPERM",
    "sendmmsg": "ENOBUFS EINTR", "sendmsg": "ENOBUFS EINTR ENOMEM", "sendto": "ENOBUFS EINTR EPERM ENOMEM",
    "setitimer": "EINVAL", "setsockopt": "ENOMEM ENOPROTOOPT EPERM", "shutdown": "ENOTCONN",
    "signalfd4": "EMFILE ENOMEM", "socket": "EMFILE ENFILE ENOBUFS EACCES", "socketpair": "EMFILE ENFILE",
    "splice": "ENOMEM EINVAL EINTR", "stat": "EIO ENOMEM", "statx": "EIO ENOMEM", "sysinfo": "EPERM",
    "timerfd_create": "EMFILE ENOMEM", "timerfd_settime": "EINVAL", "uname": "EPERM", "unlink": "EACCES",
    "unlinkat": "EACCES", "vfork": "EAGAIN ENOMEM", "wait4": "EINTR", "waitid": "EINTR",
    "write": "ENOSPC EINTR EPIPE EIO", "writev": "ENOSPC EINTR",
}
# A line cannot be told when telling it fails for good.
TELLING = {"write", "writev", "sendto"}


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
    left_out = frozenset()  # calls

    def __init__(self, stack):
        self.stack = stack

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


def wait_for_session(leader):
    """Who of the session still runs a moment after its leader."""
    for _ in range(40):
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


class Name(Scenario):
    name = "name"

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(Listener()).port
        self.server = stack.enter_context(dns.Server(script={
            ("db.example", "AAAA"): dns.answer("::1"), ("db.example", "A"): dns.answer("127.0.0.1", "127.0.0.2")}))

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--dns-server", self.server.endpoint, "db.example", self.port


class Traced(Name):
    name = "traced"

    def arguments(self, folder):
        return ("--trace", f"{folder}/trace", "--log", f"{folder}/log", *super().arguments(folder))


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
    left_out = frozenset({"timerfd_settime"})  # a run has no deadline of its own: any pause may be meant
    REPORTS = {"--json": "run.json", "--csv": "run.csv", "--openmetrics": "run.prom", "--report": "run.html"}

    def arguments(self, folder):
        files = [word for option, name in self.REPORTS.items() for word in (option, f"{folder}/{name}")]
        return (*files, "--timeout", TIMEOUT, "-n", 3, f"127.0.0.1:{self.port}")

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


SCENARIOS = [Literal, Refused, Name, Traced, Deaf, Late, Proxy, Connect, Hook, Relay, Explain, Help, Receive, Bench]


# --- injecting -----------------------------------------------------------------------------------


def calls_of(scenario):
    """What it does, as (process, call) -> how often before main, how often in all."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace", errors="replace") as log:
        outcome = scenario.run(["strace", "-f", "-qq", "-s", "0", "-o", log.name])
        complaint = scenario.judge(outcome)
        if outcome.status != scenario.status:
            complaint = f"status {outcome.status}"
        lines = log.read().splitlines()
    if complaint:
        print(f"{scenario.name}: {complaint} without any fault\n{outcome.stderr}", flush=True)
        os._exit(1)
    before, total, begun = collections.Counter(), collections.Counter(), set()
    first = None
    for line in lines:
        match = re.match(r"(\d+) +([a-z0-9_]+)\((.*)", line)
        if not match:
            continue
        pid, call, _ = match.groups()
        first = first or pid
        if MAIN_BEGINS.search(line):
            begun.add(pid)
        if pid == first and pid not in begun:
            before[call] += 1
        # strace counts each process by itself: the one that makes most of a call has them all.
        total[pid, call] += 1
    most = collections.Counter()
    for (pid, call), count in total.items():
        most[call] = max(most[call], count)
    return {call: (before[call], count) for call, count in most.items() if call in ERRNOS and count > before[call]}


def faults_of(scenario, quick, wanted_calls):
    for call, (before, count) in sorted(calls_of(scenario).items()):
        if (wanted_calls and call not in wanted_calls) or call in scenario.left_out:
            continue
        numbers = list(range(before + 1, count + 1))
        errnos = ERRNOS[call].split()
        if quick:
            errnos = errnos[:1]
            if len(numbers) > 6:
                numbers = numbers[:5] + numbers[-1:]
        for number in numbers:
            for errno in errnos:
                yield call, number, errno


def inject(scenario, call, number, errno):
    """Why the outcome is not clear; None when it is."""
    outcome = scenario.run(["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={call}",
                            "-e", f"inject={call}:error={errno}:when={number}"])
    complaint = scenario.judge(outcome)
    unsayable = complaint and complaint.endswith("no line") and call in TELLING and errno != "EINTR"
    return None if unsayable else complaint and f"{complaint}; {outcome.stderr.strip()[:200]!r}"


class Worker:
    """A thread's own servers: a fault in one run must not meet another."""

    def __init__(self):
        self.local = threading.local()
        self.stack = contextlib.ExitStack()

    def scenario(self, kind):
        scenarios = self.local.__dict__.setdefault("scenarios", {})
        if kind not in scenarios:
            scenarios[kind] = kind(self.stack)
        return scenarios[kind]

    def inject(self, kind, fault):
        return inject(self.scenario(kind), *fault)


def usable():
    if not shutil.which("strace"):
        return False
    probe = subprocess.run(["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=getpid", "true"],
                           capture_output=True, check=False)
    return probe.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--call", default="")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", help="writes every unclear outcome there")
    options = parser.parse_args()
    kinds = [kind for kind in SCENARIOS if not options.only or kind.name in options.only.split(",")]
    if options.list:
        print("\n".join(kind.name for kind in kinds))
        return 0
    if not usable():
        print("needs strace that may trace")
        return 77
    sandbox.available()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    began, faults, unclear = time.monotonic(), 0, []
    worker = Worker()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for kind in kinds:
            start = time.monotonic()
            wanted = list(faults_of(worker.scenario(kind), options.quick, set(filter(None, options.call.split(",")))))
            bad = [(fault, complaint) for fault, complaint in
                   zip(wanted, pool.map(lambda fault, kind=kind: worker.inject(kind, fault), wanted)) if complaint]
            faults += len(wanted)
            unclear += [(kind.name, *fault, complaint) for fault, complaint in bad]
            for fault, complaint in bad:
                print("%s: %s #%d %s: %s" % (kind.name, *fault, complaint))
            print("%-8s %5d faults, %3d unclear, %4.0f s" % (kind.name, len(wanted), len(bad), time.monotonic() - start),
                  flush=True)
    if options.keep:
        pathlib.Path(options.keep).write_text(
            "".join("%s\t%s\t%d\t%s\t%s\n" % entry for entry in unclear), encoding="utf-8")
    print("%d faults, %d unclear, %.0f s" % (faults, len(unclear), time.monotonic() - began))
    return 1 if unclear else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # servers that wait for a client that a fault has ended are not waited for
