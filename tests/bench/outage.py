#!/usr/bin/env python3
"""What a session feels of a link that is gone for a while: connections of gladhand's, with different options, type
one byte each during the outage, and wait for its echo once the link is back. All of them share one link and one
outage. In namespaces of its own, so it needs root; status 77 where it cannot run.

    outage.py --gladhand build/gladhand [--outage 10] [--round-trip 20] [--each 40]
"""

import argparse
import array
import os
import pathlib
import random
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("", "net")]

from slow_link import SLOW_SERVER_V4, SlowLink
from support import network

PORT = 7
OPTIONS = {
    "kernel's own": [],
    "--rto-max 1s": ["--rto-max", "1s"],
    "--rto-max 3s": ["--rto-max", "3s"],
    "--thin-linear-timeouts": ["--thin-linear-timeouts"],
    "--user-timeout 5s": ["--user-timeout", "5s"],
    "--rto-max 1s --user-timeout 15m": ["--rto-max", "1s", "--user-timeout", "15m"],
}


def echo(listener):
    """Sends back whatever comes, until it ends with its process."""
    watched = selectors.DefaultSelector()
    watched.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is listener:
                watched.register(listener.accept()[0], selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(100)
                key.fileobj.sendall(data)
            except OSError:
                data = b""
            if not data:
                watched.unregister(key.fileobj)
                key.fileobj.close()


def connection(gladhand, options):
    ours, theirs = socket.socketpair()
    with ours, theirs, subprocess.Popen([gladhand, *options, "--", SLOW_SERVER_V4, str(PORT)], stdin=theirs,
                                        stdout=theirs):
        _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2][:4])
    passed = socket.socket(fileno=descriptors[0])
    passed.sendall(b"x")  # the kernel knows the round trip from here
    passed.recv(1)
    return passed


def feel(connections, outage, link_is):
    """{connection: seconds from the link's return to the echo}; None where the connection is gone."""
    source = random.Random(1)
    due = sorted(((source.uniform(0, outage / 2), index) for index in range(len(connections))))
    begin = time.monotonic()
    link_is(False)
    for offset, index in due:
        time.sleep(max(0, begin + offset - time.monotonic()))
        connections[index].sendall(b"x")
    time.sleep(max(0, begin + outage - time.monotonic()))
    link_is(True)
    back = time.monotonic()
    felt = {}
    watched = selectors.DefaultSelector()
    for index, one in enumerate(connections):
        watched.register(one, selectors.EVENT_READ, index)
    while len(felt) < len(connections) and time.monotonic() < back + 130:
        for key, _ in watched.select(1):
            try:
                felt[key.data] = time.monotonic() - back if key.fileobj.recv(1) else None
            except OSError:
                felt[key.data] = None
            watched.unregister(key.fileobj)
    return felt


def measure(options):
    up = True

    def link_is(there):
        nonlocal up
        up = there

    gladhand = str(options.gladhand.resolve())
    names = [name for name in OPTIONS for _ in range(options.each)]
    with network.Network() as net, SlowLink(net, options.round_trip / 1000, lambda *_: not up):
        with net.server.inside():
            listener = socket.create_server(("", PORT), backlog=1024)
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        with net.client.inside():
            connections = [connection(gladhand, OPTIONS[name]) for name in names]
        felt = feel(connections, options.outage, link_is)
        for one in connections:
            one.close()
    print(f"from the end of an outage of {options.outage:g} s to the echo of a byte typed in its first half, "
          f"{options.round_trip:g} ms there and back, {options.each} each:")
    for name in OPTIONS:
        own = [felt.get(index) for index, its in enumerate(names) if its == name]
        there = sorted(seconds for seconds in own if seconds is not None)
        text = f"median {statistics.median(there):5.2f} s   longest {there[-1]:5.2f} s" if there else ""
        print(f"  {name:32} {text}   {len(own) - len(there)} gone".rstrip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gladhand", type=pathlib.Path, required=True)
    parser.add_argument("--outage", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--round-trip", type=float, default=20, metavar="MS")
    parser.add_argument("--each", type=int, default=40, metavar="CONNECTIONS")
    options = parser.parse_args()
    reason = network.why_not()
    if reason:
        print(reason)
        sys.exit(77)
    uname = os.uname()
    print(f"{uname.sysname} {uname.release}, load {os.getloadavg()[0]:.1f}")
    measure(options)


if __name__ == "__main__":
    main()
