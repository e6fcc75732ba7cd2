#!/usr/bin/env python3
"""What many dials at once cost: as many processes as asked for, each started as ssh starts a ProxyCommand, all of
them before the first is waited for; gladhand and nc -F in turn, against a listener on loopback.

    many.py --gladhand build/gladhand [--dials 1000] [--rounds 5]
"""

import argparse
import array
import os
import resource
import shutil
import socket
import statistics
import sys
import time

sys.dont_write_bytecode = True


def start(command):
    """A process whose fds 0 and 1 are one end of a pair of sockets; the other end, and its id."""
    ours, theirs = socket.socketpair()
    with theirs:
        end = theirs.fileno()
        pid = os.posix_spawnp(command[0], command, os.environ,
                              file_actions=[(os.POSIX_SPAWN_DUP2, end, 0), (os.POSIX_SPAWN_DUP2, end, 1)])
    return ours, pid


def take(ours):
    with ours:
        _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
        descriptors = array.array("i")
        descriptors.frombytes(ancillary[0][2][:4])
        os.close(descriptors[0])


def measure(command, dials):
    """(seconds until the last descriptor, processor seconds a dial)"""
    begin = time.monotonic()
    started = [start(command) for _ in range(dials)]
    for ours, _ in started:
        take(ours)
    seconds = time.monotonic() - begin
    cpu = 0.0
    for _, pid in started:
        _, status, usage = os.wait4(pid, 0)
        if status != 0:
            sys.exit(f"many: {command[0]} ended with {status}")
        cpu += usage.ru_utime + usage.ru_stime
    return seconds, cpu / dials


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gladhand", required=True)
    parser.add_argument("--dials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    nc = shutil.which("nc.openbsd")
    if not nc:
        print("needs nc.openbsd")
        sys.exit(77)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * options.dials + 100, 3 * options.dials + 100))
    with socket.create_server(("127.0.0.1", 0), backlog=4 * options.dials) as listener:
        port = str(listener.getsockname()[1])
        commands = {"gladhand": [os.path.abspath(options.gladhand), "--", "127.0.0.1", port],
                    "nc -F": [nc, "-F", "127.0.0.1", port]}
        rounds = []
        for _ in range(options.rounds):
            rounds.append({name: measure(command, options.dials) for name, command in commands.items()})
            listener.setblocking(False)
            try:
                while True:
                    listener.accept()[0].close()
            except BlockingIOError:
                pass
    uname = os.uname()
    print(f"{uname.sysname} {uname.release}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"{options.dials} dials at once, {options.rounds} rounds, medians:")
    for name in commands:
        seconds, cpu = (statistics.median(each[name][field] for each in rounds) for field in range(2))
        ratio = statistics.median(each[name][1] / each["nc -F"][1] for each in rounds)
        print(f"  {name:9} all in {seconds * 1000:6.0f} ms   {cpu * 1e6:6.0f} us of the processor each, "
              f"{ratio:.2f} of nc -F")


if __name__ == "__main__":
    main()
