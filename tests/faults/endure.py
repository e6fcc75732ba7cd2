#!/usr/bin/env python3
"""What wears a program out: little of everything, ends by surprise, many dials, much to carry.

    endure.py limits             RLIMIT_NOFILE from 3 to 24, RLIMIT_AS, RLIMIT_FSIZE, in every scenario
    endure.py kills [N]          N runs (2000) that a signal ends at a random moment
    endure.py serial [N]         N dials (20000), one after another
    endure.py parallel [N]       N dials (1000) at once
    endure.py relay [MEGABYTES]  that much (5120) through relays, either side the first to end

The scenarios and what counts as clear are scenarios.py's; so are GLADHAND, GLADHAND_BENCH and GLADHAND_RECV. What
the dynamic linker says when there is too little for it is not ours: only a static program has no such lines.
"""

import concurrent.futures
import contextlib
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib

import inject
import scenarios

import sandbox

SEED = int(os.environ.get("SEED", "1"))
MEGABYTE = 1 << 20


def is_of_the_linker(outcome):
    """Who fails before main."""
    return "error while loading shared libraries" in outcome.stderr or (
        outcome.status in (-signal.SIGSEGV, -signal.SIGKILL) and not outcome.stderr)


# --- limits --------------------------------------------------------------------------------------


def limits_to_try():
    for number in range(3, 25):
        yield f"--nofile={number}:{number}"
    for megabytes in range(4, 68, 2):
        yield f"--as={megabytes * MEGABYTE}"
    for size in (0, 1, 100, 1000, 4096, 10000, 50000):
        yield f"--fsize={size}"


def least_memory(scenario):
    """The linker and the C++ runtime end without a word below it."""
    for megabytes in range(4, 200, 2):
        command = ["prlimit", f"--as={megabytes * MEGABYTE}", scenarios.PROGRAMS[scenario.program], "--version"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return megabytes * MEGABYTE
    raise SystemExit("not even 200 MB are enough")


def limits():
    worker, unclear, runs, of_linker = inject.Worker(), 0, 0, 0

    def attempt(kind, limit):
        scenario = worker.scenario(kind)
        outcome = scenario.run(["prlimit", limit])
        return outcome, scenario.judge(outcome)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for kind in inject.SCENARIOS:
            with kind.world():
                least = least_memory(worker.scenario(kind))
                tried = [limit for limit in limits_to_try()
                         if not limit.startswith("--as=") or int(limit[5:]) >= least]
                outcomes = list(pool.map(lambda it, kind=kind: attempt(kind, it), tried))
            for limit, (outcome, complaint) in zip(tried, outcomes):
                runs += 1
                if complaint and is_of_the_linker(outcome):
                    of_linker += 1
                elif complaint:
                    unclear += 1
                    print(f"{kind.name} {limit}: {complaint}; {outcome.stderr.strip()[:200]!r}", flush=True)
    print(f"limits: {runs} runs, {of_linker} ended by the linker, {unclear} unclear")
    return unclear


# --- kills ---------------------------------------------------------------------------------------


class Killed:
    """Ends what a scenario starts after a while."""

    def __init__(self, dice):
        self.number = dice.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
        self.delay = dice.uniform(0, 0.06)

    def watch(self, process):
        timer = threading.Timer(self.delay, self.end, args=(process,))
        timer.daemon = True
        timer.start()

    def end(self, process):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.number)


def kills(count=2000):
    worker, unclear, ended = inject.Worker(), 0, 0

    def attempt(turn):
        dice = random.Random(SEED * 1000003 + turn)
        kind, killed = dice.choice(inject.EVERYWHERE), Killed(dice)
        scenario = worker.scenario(kind)
        start = scenario.start

        def start_and_watch(*arguments):
            process = start(*arguments)
            killed.watch(process)
            return process
        scenario.start = start_and_watch
        try:
            outcome = scenario.run([])
        finally:
            del scenario.start
        by_signal = outcome.status == -killed.number
        if by_signal:
            complaint = "left behind: " + ", ".join(outcome.left_behind) if outcome.left_behind else None
            temporary = [name for name in outcome.files if ".tmp" in name or name.startswith(".")]
            complaint = complaint or (f"left behind: {temporary}" if temporary else None)
            for descriptor in outcome.descriptors:
                os.close(descriptor)
        else:
            complaint = scenario.judge(outcome)
        return kind.name, killed, by_signal, complaint, outcome

    with concurrent.futures.ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        for name, killed, by_signal, complaint, outcome in pool.map(attempt, range(count)):
            ended += by_signal
            if complaint:
                unclear += 1
                print(f"{name} {signal.Signals(killed.number).name} after {killed.delay * 1000:.1f} ms: {complaint}; "
                      f"{outcome.stderr.strip()[:200]!r}", flush=True)
    print(f"kills: {count} runs, {ended} ended by their signal, {unclear} unclear")
    return unclear


# --- many dials ----------------------------------------------------------------------------------


def begin(port):
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([scenarios.PROGRAMS["gladhand"], "127.0.0.1", str(port)], stdin=theirs, stdout=theirs,
                                   stderr=subprocess.PIPE)
    return ours, process


def end(ours, process):
    """Why that was no clean hand-over; None when it was."""
    outcome = scenarios.Outcome()
    with ours:
        scenarios.receive_all(ours, outcome)
    outcome.stderr = process.communicate()[1].decode()
    outcome.status = process.returncode
    for descriptor in outcome.descriptors:
        os.close(descriptor)
    clean = (outcome.status, outcome.data, len(outcome.descriptors), outcome.stderr) == (0, b"\0", 1, "")
    return None if clean else f"status {outcome.status}, {outcome.data!r}, {outcome.stderr!r}"


@contextlib.contextmanager
def silent_server():
    """Accepts and closes: what is handed over is not kept."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        accepted = [0]

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].close()
                    accepted[0] += 1
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], accepted


def tell_dials(name, count, bad, before, began):
    left = len(os.listdir("/proc/self/fd")) - before
    for complaint in bad[:10]:
        print(complaint)
    print(f"{name}: {count} dials, {len(bad)} not handed over cleanly, {left} descriptors left, "
          f"{time.monotonic() - began:.0f} s")
    return len(bad) + (1 if left > 0 else 0)


def serial(count=20000):
    with silent_server() as (port, _):
        before, began = len(os.listdir("/proc/self/fd")), time.monotonic()
        bad = list(filter(None, (end(*begin(port)) for _ in range(count))))
        return tell_dials("serial", count, bad, before, began)


def parallel(count=1000):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8 * count + 100), hard))
    with silent_server() as (port, _):
        before, began = len(os.listdir("/proc/self/fd")), time.monotonic()
        running = [begin(port) for _ in range(count)]
        bad = list(filter(None, (end(*one) for one in running)))
        return tell_dials("parallel", count, bad, before, began)


# --- the relay -----------------------------------------------------------------------------------


class Stream:
    """So many bytes, and their checksum as they go by."""

    BLOCK = os.urandom(MEGABYTE)

    def __init__(self, size):
        self.size, self.sum, self.seen, self.error = size, 0, 0, None

    def write_to(self, write):
        left = self.size
        while left:
            piece = memoryview(self.BLOCK)[:min(left, len(self.BLOCK))]
            sent = write(piece)
            self.sum = zlib.crc32(piece[:sent], self.sum)
            left -= sent

    def read_from(self, read):
        while True:
            piece = read(MEGABYTE)
            if not piece:
                return
            self.sum, self.seen = zlib.crc32(piece, self.sum), self.seen + len(piece)


def carry(dice, most):
    """One relay; whoever has the last word, nothing of the first one's is missing. Returns (bytes, complaint)."""
    up, down = Stream(dice.randrange(most)), Stream(dice.randrange(most))
    server_first = dice.random() < 0.5
    got_up, got_down = Stream(0), Stream(0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [scenarios.PROGRAMS["gladhand"], "--relay", "127.0.0.1", str(listener.getsockname()[1])]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            connection = listener.accept()[0]
            ended_by_server = threading.Event()

            def say_as_server():
                down.write_to(connection.send)
                connection.shutdown(socket.SHUT_WR)
                ended_by_server.set()

            def say_as_client():
                up.write_to(lambda piece: os.write(process.stdin.fileno(), piece))
                if server_first:
                    ended_by_server.wait()
                process.stdin.close()
            threads = [threading.Thread(target=target, args=arguments) for target, arguments in (
                (say_as_server, ()), (say_as_client, ()), (got_up.read_from, (connection.recv,)),
                (got_down.read_from, (lambda size: os.read(process.stdout.fileno(), size),)))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            errors = process.stderr.read().decode()
            status = process.wait()
            connection.close()
    same = (up.size, up.sum, down.size, down.sum) == (got_up.seen, got_up.sum, got_down.seen, got_down.sum)
    complaint = None if (status, errors, same) == (0, "", True) else (
        f"status {status}, {errors!r}, up {got_up.seen} of {up.size}, down {got_down.seen} of {down.size}")
    return up.size + down.size, complaint


def relay(megabytes=5120):
    dice, carried, relays, bad, began = random.Random(SEED), 0, 0, 0, time.monotonic()
    while carried < megabytes * MEGABYTE:
        size, complaint = carry(dice, dice.choice([1000, 100_000, 10 * MEGABYTE, 200 * MEGABYTE]))
        carried, relays = carried + size, relays + 1
        if complaint:
            bad += 1
            print(complaint, flush=True)
    print(f"relay: {carried / 1e9:.2f} GB in {relays} relays, {bad} with a fault, {time.monotonic() - began:.0f} s")
    return bad


def main():
    commands = {"limits": limits, "kills": kills, "serial": serial, "parallel": parallel, "relay": relay}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(__doc__)
        return 64
    sandbox.available()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    return 1 if commands[sys.argv[1]](*map(int, sys.argv[2:])) else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
