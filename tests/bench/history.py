#!/usr/bin/env python3
"""What --history costs where nothing is wrong, and spares where the first address is dead: connects in a
namespace, with and without in turn. Needs root; status 77 where it cannot run, 1 when a bar is missed.

    history.py --gladhand build/gladhand [--dials 300] [--waits 20]
"""

import argparse
import array
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1])]

from support import network, receiver
from support.network import SERVER_V4, SERVER_V6

PORT = "22"
MOST_COST, MOST_LOST = 150e-6, 10e-3  # seconds
NAME = "dead.example"


def dial(*command):
    """Seconds until ssh could go on: it has the descriptor, and the program has ended."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        start = time.monotonic()
        with subprocess.Popen(command, stdin=theirs, stdout=theirs) as process:
            _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
            process.wait(timeout=60)
            seconds = time.monotonic() - start
        os.close(array.array("i", ancillary[0][2][:4])[0])
    return seconds


def differences(gladhand, history, target, dials):
    """(median seconds without, median of what history adds to each)."""
    without, added = [], []
    for _ in range(dials):
        without.append(dial(gladhand, *target))
        added.append(dial(gladhand, history, *target) - without[-1])
    return statistics.median(without), statistics.median(added)


def measure(options):
    gladhand, failed = str(options.gladhand.resolve()), []
    with network.Network() as net, tempfile.TemporaryDirectory() as folder:
        history = "--history=" + os.path.join(folder, "history")
        with net.server.inside():
            listeners = [receiver.Listener(address, int(PORT)) for address in ("0.0.0.0", "::")]
        try:
            with net.client.inside():
                both = ["--resolve", f"{NAME}:{SERVER_V6},{SERVER_V4}", "--", NAME, PORT]
                usual, cost = differences(gladhand, history, both, options.dials)
                print(f"both alive:          {usual * 1e6:8.0f} us without, history adds {cost * 1e6:5.0f} us "
                      f"(at most {MOST_COST * 1e6:.0f})")
                failed += ["cost"] if cost > MOST_COST else []
                net.black_hole("meta nfproto ipv6 tcp dport 22")
                away = "--history=" + os.path.join(folder, "dead")
                first = dial(gladhand, away, *both)
                later = [dial(gladhand, away, *both) for _ in range(min(options.waits, 15))]
                without = [dial(gladhand, *both) for _ in range(options.waits)]
                print(f"first address dead:  {statistics.median(without) * 1e3:8.1f} ms without, {first * 1e3:.1f} ms in "
                      f"the first dial with it, {statistics.median(later) * 1e3:.1f} ms in the next {len(later)}")
                failed += ["lost"] if statistics.median(later) > usual + cost + MOST_LOST else []
        finally:
            for listener in listeners:
                listener.close()
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gladhand", type=pathlib.Path, required=True)
    parser.add_argument("--dials", type=int, default=300)
    parser.add_argument("--waits", type=int, default=15)
    options = parser.parse_args()
    reason = network.why_not()
    if reason:
        print(reason)
        sys.exit(77)
    uname = os.uname()
    print(f"{uname.sysname} {uname.release}, {os.cpu_count()} processors, {options.dials} dials of each")
    sys.exit(1 if measure(options) else 0)


if __name__ == "__main__":
    main()
