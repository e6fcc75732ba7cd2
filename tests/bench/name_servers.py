"""What broken name servers cost a dial, beside what they cost getaddrinfo(3), as nc asks it."""

import contextlib
import pathlib
import re
import socket
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import measure
import world
from support import dns

DEAD = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
ALIVE = "127.0.0.5"
BAR = 300_000  # microseconds: one attempt delay of 250 ms, and what is left for the rest
TIMEOUT, ALLOWANCE = 1_000_000, 30_000
LOST = 400  # questions that are lost once each, more than any run asks
NAME = world.SERVERS_NAME


@contextlib.contextmanager
def dead_servers():
    """They take every question and say nothing: no ICMP message either."""
    with contextlib.ExitStack() as stack:
        for address in DEAD:
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((address, 53))
        yield


def answers(a, aaaa):
    return {(NAME, "A"): a, (NAME, "AAAA"): aaaa}


# case, servers, script. What is lost is the only question that has an address.
A, AAAA = dns.answer("127.0.0.1"), dns.answer("::1")
CASES = (
    ("j: first of two name servers dead", (DEAD[0], ALIVE), answers(A, AAAA)),
    ("k: one datagram lost", (ALIVE,), answers([dns.drop(), A] * LOST, dns.nodata())),
    ("l: as j, answers over TCP", (DEAD[0], ALIVE), answers(A.but(truncate=True), AAAA.but(truncate=True))),
    ("m: as k, answers over TCP", (ALIVE,),
     answers([dns.drop(), A.but(truncate=True), A.but(truncate=True)] * LOST, dns.nodata())),
)


def measured(bench, servers, script):
    """Samples of gladhand and, as it waits 5 s a time, of a few rounds of nc."""
    commands = {"gladhand": [bench.gladhand, "--", NAME, world.TARGET_PORT]}
    if not bench.quick:
        commands["nc -F:10"] = [bench.nc, "-F", NAME, world.TARGET_PORT]
    with dead_servers(), dns.Server((ALIVE, 53), script=script), world.name_servers(*servers):
        return bench.harness("exec", commands, bench.waits)


def three_dead(bench):
    """How long until each is named, in microseconds: one figure a run."""
    times = []
    command = [bench.gladhand, "--timeout", "1s", "--", NAME, world.TARGET_PORT]
    with dead_servers(), world.name_servers(*DEAD):
        for _ in range(bench.waits):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                started = time.monotonic()
                run = subprocess.run(command, env=world.ENVIRONMENT, stdin=theirs, stdout=theirs,
                                     stderr=subprocess.PIPE, text=True)
                times.append((time.monotonic() - started) * 1e6)
            named = re.findall(r"127\.0\.0\.\d", run.stderr)
            if run.returncode == 0 or sorted(set(named)) != list(DEAD):
                raise measure.Failed(f"not every dead server is named: {run.stderr.strip()}")
    return times
