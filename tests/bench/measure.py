"""Runs the harness and makes statistics of its samples: medians, and the median of the ratios of
runs that belong to the same round. Machine noise lasts longer than a round, so it hits both sides
of such a ratio and cancels out; a ratio of two medians would keep it."""

import csv
import re
import shlex
import statistics
import subprocess
from collections import namedtuple

from world import ENVIRONMENT, TEMP

Sample = namedtuple("Sample", "name round to_fd to_reaped cpu maxrss page_faults family")
Ratio = namedtuple("Ratio", "median low high")


class Failed(Exception):
    """A contestant did not do what it must, so it has no speed."""


def harness(tools, mode, commands, rounds, warm_up=2, limit=30):
    """commands: {name: argument vector}; "NAME:EVERY" takes part in every so-manieth round only."""
    argv = [str(tools / "harness"), "-m", mode, "-n", str(rounds), "-w", str(warm_up), "-t", str(limit)]
    for name, command in commands.items():
        argv += ["@" + name, *([shlex.join(command)] if mode == "shell" else command)]
    run = subprocess.run(argv, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise Failed(run.stderr.strip() or f"harness ended with {run.returncode}")
    return [Sample(row["name"], int(row["round"]), int(row["to_fd_ns"]) / 1000,
                   int(row["to_reaped_ns"]) / 1000, int(row["cpu_ns"]) / 1000, int(row["maxrss_kib"]),
                   int(row["page_faults"]), int(row["family"]))
            for row in csv.DictReader(run.stdout.splitlines())]


def of(samples, name):
    return [sample for sample in samples if sample.name == name]


def pairwise(samples, name, base, field):
    """Median and quartiles of name/base over the rounds in which both ran."""
    bases = {sample.round: getattr(sample, field) for sample in of(samples, base)}
    ratios = [getattr(sample, field) / bases[sample.round]
              for sample in of(samples, name) if sample.round in bases]
    if len(ratios) < 2:
        return Ratio(*ratios * 3) if ratios else None
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(middle, low, high)


def refuses_impostors(tools):
    """The harness must not time what passes no descriptor; if it does, no figure of it counts."""
    for impostor in (["true"], ["echo", "text"]):
        try:
            harness(tools, "exec", {"impostor": impostor}, rounds=1, warm_up=0)
        except Failed:
            continue
        raise Failed(f"the harness accepted {shlex.join(impostor)}")


def instructions(tools, command):
    """User instructions of one dial from exec to exit, as callgrind counts them."""
    out = TEMP / "callgrind.out"
    valgrind = ["valgrind", "--quiet", "--log-file=/dev/null", "--tool=callgrind",
                f"--callgrind-out-file={out}"]
    harness(tools, "exec", {"counted": [*valgrind, *command]}, rounds=1, warm_up=0)
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    out.unlink()
    if not total:
        raise Failed("callgrind wrote no total")
    return int(total.group(1))
