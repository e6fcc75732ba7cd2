#!/usr/bin/env python3
"""Every system call of a dial fails once: what becomes of it must be clear.

    inject.py [--quick] [--only SCENARIO,...] [--call NAME,...] [--jobs N] [--list] [--keep FILE]

A scenario is one way to use the programs; scenarios.py has them, and says what outcome is clear. It is run
once under strace(1) to learn its system calls; then for each of them, for each time that it is made, and for
each errno that it may plausibly fail with, it is run again with that one failure injected (strace -f
--inject). What the dynamic linker and the C++ runtime do before main is left out: calls count from where the
program says how SIGPIPE is to be met, its first act.
--quick takes one errno a call, and of calls that are made very often only the first and the last.

Any build does: plain dynamic ones trace best. A sanitizer's own calls are part of the count, and some of
them it does not survive. GLADHAND, GLADHAND_BENCH and GLADHAND_RECV name the programs. Needs strace 5.11 or
later that may trace; without it the exit status is 77.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import scenarios  # first: it says where the rest is
import feature_scenarios
import name_scenarios
import sandbox

EVERYWHERE = scenarios.SCENARIOS + name_scenarios.OF_NAME_SERVERS  # at any time, all at once
SCENARIOS = EVERYWHERE + name_scenarios.OF_THE_SYSTEM + feature_scenarios.SCENARIOS
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
        if (wanted_calls and call not in wanted_calls) or call not in (scenario.calls or ERRNOS) or \
                call in scenario.spared:
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
            with kind.world():
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
