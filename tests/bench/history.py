#!/usr/bin/env python3
"""What --history costs where nothing is wrong, and spares where the first address is dead: connects in a
namespace, with and without in turn. Needs root; status 77 where it cannot run, 1 when a bar is missed.

    history.py --gladhand build/gladhand [--dials 300] [--waits 20] [--known 64]

The bar is for what it adds until ssh has the descriptor. ssh goes on once the program has ended, which is told
as well, and so is the processor's time, which other work beside it changes less.
"""

import argparse
import array
import os
import pathlib
import socket
import statistics
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
    """Seconds until ssh has the descriptor, and until it goes on, as the program has ended; and seconds of a
    processor."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        start = time.monotonic()
        pid = os.posix_spawn(command[0], command, os.environ,
                             file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), fd) for fd in (0, 1)])
        _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
        handed_over = time.monotonic() - start
        _, status, used = os.wait4(pid, 0)
        seconds = time.monotonic() - start
        os.close(array.array("i", ancillary[0][2][:4])[0])
    assert status == 0, command
    return handed_over, seconds, used.ru_utime + used.ru_stime


def differences(gladhand, history, target, dials):
    """Medians of what dial() returns without history, and of what history adds to each."""
    without, added = [], []
    for _ in range(dials):
        without.append(dial(gladhand, *target))
        added.append([more - less for less, more in zip(without[-1], dial(gladhand, history, *target))])
    return [[statistics.median(one) for one in zip(*each)] for each in (without, added)]


def measure(options):
    gladhand, failed = str(options.gladhand.resolve()), []
    with network.Network() as net, tempfile.TemporaryDirectory() as folder:
        history = "--history=" + os.path.join(folder, "history")
        with net.server.inside():
            ports = range(10_000, 10_000 + options.known)
            listeners = [receiver.Listener(address, int(PORT)) for address in ("0.0.0.0", "::")]
            listeners += [receiver.Listener("0.0.0.0", port) for port in ports]
        try:
            with net.client.inside():
                both = ["--resolve", f"{NAME}:{SERVER_V6},{SERVER_V4}", "--", NAME, PORT]
                for port in ports:
                    dial(gladhand, history, "--", SERVER_V4, str(port))
                (_, usual, _), (until, cost, work) = differences(gladhand, history, both, options.dials)
                print(f"both alive:          {usual * 1e6:8.0f} us without, history adds {until * 1e6:.0f} us until the "
                      f"descriptor (at most {MOST_COST * 1e6:.0f}), {cost * 1e6:.0f} until the end, "
                      f"{work * 1e6:.0f} of a processor")
                failed += ["cost"] if until > MOST_COST else []
                net.black_hole("meta nfproto ipv6 tcp dport 22")
                away = "--history=" + os.path.join(folder, "dead")
                first, *later = [dial(gladhand, away, *both)[1] for _ in range(1 + min(options.waits, 15))]
                without = [dial(gladhand, *both)[1] for _ in range(options.waits)]
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
    parser.add_argument("--known", type=int, default=64, help="endpoints that are remembered")
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
