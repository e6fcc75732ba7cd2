#!/usr/bin/env python3
"""What a real round trip and lost packets change: logins over a slow link, with ssh alone, gladhand and nc -F in
turn; then connects while a share of all packets is lost. In namespaces of its own, so it needs root; status 77
where it cannot run.

    slow.py --gladhand build/gladhand [--round-trip 20] [--logins 40] [--dials 500] [--loss 1]
"""

import argparse
import array
import os
import pathlib
import random
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("", "net")]

import ssh_pair
from slow_link import SLOW_SERVER_V4, SlowLink
from support import network

PORT = 22
SSH_CONFIG = """
Host *
  User root
  Hostname {address}
  IdentityFile {directory}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
Host gladhand
  ProxyCommand {gladhand} -- %h %p
  ProxyUseFdpass yes
Host nc
  ProxyCommand {nc} -F %h %p
  ProxyUseFdpass yes
"""


def login_times(config, logins):
    """{name: seconds of each login}, in turn so that all see the same machine."""
    times = {"ssh alone": [], "gladhand": [], "nc -F": []}
    for turn in range(-1, logins):  # one to warm up
        for name, host in (("ssh alone", "direct"), ("gladhand", "gladhand"), ("nc -F", "nc")):
            start = time.monotonic()
            subprocess.run(["ssh", "-n", "-F", config, host, "true"], check=True, timeout=60)
            if turn >= 0:
                times[name].append(time.monotonic() - start)
    return times


def descriptor_from(command):
    """Runs it as ssh does; returns the seconds until its descriptor came. The connection is closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        start = time.monotonic()
        with subprocess.Popen(command, stdin=theirs, stdout=theirs) as process:
            _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
            seconds = time.monotonic() - start
            descriptors = array.array("i")
            descriptors.frombytes(ancillary[0][2][:4])
            os.close(descriptors[0])
            process.wait(timeout=60)
    return seconds


def connect_alone():
    start = time.monotonic()
    socket.create_connection((SLOW_SERVER_V4, PORT), timeout=60).close()
    return time.monotonic() - start


def connect_times(gladhand, nc, dials):
    times = {"connect(2)": [], "gladhand": [], "nc -F": []}
    for _ in range(dials):
        times["connect(2)"].append(connect_alone())
        times["gladhand"].append(descriptor_from([gladhand, "--", SLOW_SERVER_V4, str(PORT)]))
        times["nc -F"].append(descriptor_from([nc, "-F", SLOW_SERVER_V4, str(PORT)]))
    return times


def show_logins(times):
    for name, own in times.items():
        ratio = statistics.median(a / b for a, b in zip(own, times["ssh alone"]))
        print(f"  {name:12} {statistics.median(own) * 1000:7.1f} ms   {ratio:.2f} of ssh alone", flush=True)


def show_connects(times):
    for name, own in times.items():
        own = sorted(own)
        at = [own[min(len(own) - 1, int(len(own) * share))] * 1000 for share in (0.5, 0.99)]
        print(f"  {name:12} median {at[0]:6.1f} ms   p99 {at[1]:7.1f} ms   max {own[-1] * 1000:7.1f} ms", flush=True)


def measure(options, nc):
    loss = 0.0
    source = random.Random(1)
    with network.Network() as net, ssh_pair.SshServer(net) as server, \
            SlowLink(net, options.round_trip / 1000, lambda packet, from_client: source.random() < loss), \
            net.client.inside():
        config = server.directory / "bench_config"
        gladhand = str(options.gladhand.resolve())
        config.write_text(SSH_CONFIG.format(directory=server.directory, address=SLOW_SERVER_V4, nc=shlex.quote(nc),
                                            gladhand=shlex.quote(gladhand).replace("%", "%%")))
        print(f"login, {options.round_trip} ms there and back, {options.logins} each, medians:")
        show_logins(login_times(str(config), options.logins))
        loss = options.loss / 100
        print(f"connect, {options.loss:g} % of all packets lost, {options.dials} each:")
        show_connects(connect_times(gladhand, nc, options.dials))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gladhand", type=pathlib.Path, required=True)
    parser.add_argument("--round-trip", type=float, default=20, metavar="MS")
    parser.add_argument("--logins", type=int, default=40)
    parser.add_argument("--dials", type=int, default=500)
    parser.add_argument("--loss", type=float, default=1, metavar="PERCENT")
    options = parser.parse_args()
    nc = shutil.which("nc.openbsd")
    reason = network.why_not("sshd", "ssh", "ssh-keygen") or (None if nc else "needs nc.openbsd")
    if reason:
        print(reason)
        sys.exit(77)
    uname = os.uname()
    print(f"{uname.sysname} {uname.release}, {os.cpu_count()} processors")
    measure(options, nc)


if __name__ == "__main__":
    main()
