#!/usr/bin/env python3
"""What the relay costs: 1 GiB each way through ssh -c aes128-gcm@openssh.com over loopback, with
gladhand and with nc as ProxyCommand, in pairs. Wall time, and the CPU time of ssh and its helper.
Runs in namespaces of its own (see world.py), so it needs root; status 77 where it cannot run.

    relay.py --gladhand build/gladhand [--pairs 7] [--mib 1024] [--check]
"""

import argparse
import ctypes
import multiprocessing
import os
import pathlib
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import time

import login
import world

PR_SET_CHILD_SUBREAPER = 36
CIPHER = "aes128-gcm@openssh.com"
BAR = 1.00
PAYLOAD = world.TEMP / "payload"


def ssh(helper):
    return ["ssh", "-F", str(world.TEMP / "ssh_config"), "-c", CIPHER, "-o", "ProxyUseFdpass=no",
            "-o", f"ProxyCommand={shlex.quote(str(helper))} 127.0.0.1 {login.PORT}", "direct"]


def transfers(size):
    """{name: (remote command, file for standard input)}."""
    return {"download": (f"head -c {size} /dev/zero", os.devnull),
            "upload": ("cat >/dev/null", str(PAYLOAD))}


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def become_subreaper():
    """ssh may leave its helper behind; this process then gets it, and its CPU time with it."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_of_all_children():
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def measure(helper, command, stdin):
    """(seconds, CPU seconds) of one transfer. To be called where there are no other children."""
    with open(stdin, "rb") as source:
        cpu, start = cpu_of_children(), time.monotonic()
        process = subprocess.Popen([*ssh(helper), command], stdin=source, stdout=subprocess.DEVNULL,
                                   env=world.ENVIRONMENT)
        status = process.wait(timeout=300)
        seconds = time.monotonic() - start
    end_of_all_children()
    if status != 0:
        raise OSError(f"ssh through {helper} ended with status {status}")
    return seconds, cpu_of_children() - cpu


def report(name, samples):
    """Medians, and the median of the ratios of the pairs; returns whether both are within the bar."""
    good = True
    for label, column in (("wall time", 0), ("client CPU", 1)):
        ours, theirs = ([sample[column] for sample in samples[who]] for who in ("gladhand", "nc"))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        good = good and ratio <= BAR
        print(f"{name:8}  {label:10}  gladhand {statistics.median(ours):6.3f} s  nc {statistics.median(theirs):6.3f} s"
              f"  ratio {ratio:.3f} ({'reached' if ratio <= BAR else 'MISSED'}: <= {BAR:.2f})", flush=True)
    return good


def run(options, nc, process):
    size = options.mib << 20
    login.commands(str(options.gladhand), nc)  # writes ssh's configuration
    with open(PAYLOAD, "wb") as file:
        file.truncate(size)
    good = True
    for name, (command, stdin) in transfers(size).items():
        samples = {"gladhand": [], "nc": []}
        for pair in range(-1, options.pairs):  # one to warm up
            order = [("gladhand", options.gladhand), ("nc", nc)]
            for who, helper in order if pair % 2 else reversed(order):
                sample = process.apply(measure, (helper, command, stdin))
                if pair >= 0:
                    samples[who].append(sample)
        good = report(name, samples) and good
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--gladhand", type=pathlib.Path, required=True, metavar="PATH")
    parser.add_argument("--pairs", type=int, default=7, metavar="N", help="%(default)s")
    parser.add_argument("--mib", type=int, default=1024, metavar="N", help="%(default)s")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the bar is missed")
    parser.add_argument(world.INSIDE, dest="outer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.gladhand = options.gladhand.resolve()
    if options.outer is None:
        world.enter(sys.argv)
    nc = shutil.which("nc.openbsd") or shutil.which("nc") or world.cannot("it needs nc (netcat-openbsd)")
    sshd = shutil.which("sshd", path=world.ENVIRONMENT["PATH"]) or world.cannot("it needs sshd")
    world.furnish(options.outer)
    with login.server(sshd), multiprocessing.Pool(1, become_subreaper) as process:
        good = run(options, nc, process)
    return 1 if options.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
