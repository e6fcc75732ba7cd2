#!/usr/bin/env python3
"""What ansible feels: many hosts, as many forks, one ssh each, against an sshd on loopback: ssh alone, with
gladhand and with nc -F in turn, in the benchmark's namespaces. The goal is 1.00 of ssh alone.

    many_logins.py --gladhand build/gladhand [--hosts 50] [--rounds 5]
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import login
import world


def inventory(name, hosts):
    """As many hosts as asked for, all of them what the client's configuration calls `name`."""
    file = world.TEMP / f"{name}.ini"
    file.write_text("".join(f"host{i} ansible_host={name}\n" for i in range(hosts)))
    return file


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(ansible, file, hosts):
    """(seconds, processor seconds) of ansible and all its ssh, without sshd's."""
    arguments = [ansible, "all", "-i", str(file), "-f", str(hosts), "-m", "raw", "-a", "true"]
    environment = {**world.ENVIRONMENT, "ANSIBLE_SSH_ARGS": f"-F {world.TEMP / 'ssh_config'}",
                   "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
    begin, before = time.monotonic(), used()
    said = subprocess.run(arguments, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=600)
    if said.returncode != 0:
        world.fail(f"ansible ended with {said.returncode}: {said.stdout[-500:]}")
    return time.monotonic() - begin, used() - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gladhand", required=True)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(world.INSIDE, dest="outer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.outer is None:
        world.enter(sys.argv)
    ansible = shutil.which("ansible") or world.cannot("it needs ansible")
    nc = shutil.which("nc.openbsd") or world.cannot("it needs nc.openbsd")
    sshd = shutil.which("sshd", path="/usr/sbin") or world.cannot("it needs sshd")
    world.furnish(options.outer)
    with login.server(sshd):
        login.commands(os.path.abspath(options.gladhand), nc)
        files = {name: inventory(name, options.hosts) for name in ("direct", "gladhand", "nc")}
        run(ansible, files["direct"], options.hosts)
        rounds = [{name: run(ansible, file, options.hosts) for name, file in files.items()}
                  for _ in range(options.rounds)]
    uname = os.uname()
    print(f"{uname.sysname} {uname.release}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; ansible, "
          f"{options.hosts} hosts, as many forks, {options.rounds} rounds, medians and ratios to ssh alone:")
    for name in files:
        seconds, cpu = (statistics.median(each[name][field] for each in rounds) for field in range(2))
        ratios = [statistics.median(each[name][field] / each["direct"][field] for each in rounds) for field in range(2)]
        print(f"  {name:9} {seconds:6.2f} s {ratios[0]:.2f}   {cpu:6.2f} s of the processor {ratios[1]:.2f}")


if __name__ == "__main__":
    main()
