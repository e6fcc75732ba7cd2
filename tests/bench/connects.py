#!/usr/bin/env python3
"""How many connects a second gladhand-bench makes on loopback, against two C programs of one thread that
do nothing else: a loop of connect and close, and an epoll loop with as many at once. All close with a reset.
A name with two addresses, ::1 and 127.0.0.1, is measured beside the address: what the race costs.

    connects.py --bench GLADHAND_BENCH --tools FOLDER [--quick] [--least RATIO]

The rounds are interleaved; the figures are medians. With --least the status is 1 when the ratio to the
epoll loop is below it at any number at once.
"""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

AT_ONCE = (1, 64, 1024)


def output(*command):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True, encoding="utf-8",
                          timeout=300).stdout


class Measure:
    def __init__(self, bench, tools, port, count):
        self.bench, self.connector, self.port, self.count = bench, tools / "connector", port, count

    def blocking(self):
        return float(output(self.connector, "blocking", self.port, self.count))

    def epoll(self, at_once):
        return float(output(self.connector, "epoll", self.port, self.count, at_once))

    def two_addresses(self, at_once):
        return self.gladhand(at_once, "--resolve", "two.test:::1,127.0.0.1", f"two.test:{self.port}")

    def gladhand(self, at_once, *target):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            output(self.bench, "--flood", "--reset", "-n", self.count, "-c", at_once, "--json", file.name,
                   *(target or [f"127.0.0.1:{self.port}"]))
            run = json.load(open(file.name, encoding="utf-8"))
        summary = run["hosts"][0]["modes"][0]["summary"]
        if summary["failures"] or summary["count"] != self.count:
            sys.exit(f"{summary['failures']} of {summary['count']} connects failed")
        return self.count / (run["duration_us"] / 1e6)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--tools", required=True, type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="only see that everything runs")
    parser.add_argument("--least", type=float)
    arguments = parser.parse_args()
    # As many at once as a login may have descriptors need a few more than that.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rounds, count = (1, 2000) if arguments.quick else (5, 30000)

    with subprocess.Popen([arguments.tools / "acceptor"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          encoding="ascii") as server:
        try:
            measure = Measure(arguments.bench, arguments.tools, int(server.stdout.readline()), count)
            blocking = []
            epoll, gladhand, two = ({n: [] for n in AT_ONCE} for _ in range(3))
            for _ in range(rounds):
                blocking.append(measure.blocking())
                for n in AT_ONCE:
                    epoll[n].append(measure.epoll(n))
                    gladhand[n].append(measure.gladhand(n))
                    two[n].append(measure.two_addresses(n))
        finally:
            server.stdin.close()

    print("connects a second  " + "".join(f"{n:>9} at once" for n in AT_ONCE))
    print(f"C, blocking loop   {statistics.median(blocking):>9.0f}")
    for name, figures in (("C, epoll loop", epoll), ("gladhand-bench", gladhand), ("  of two addresses", two)):
        print(f"{name:<19}" + "".join(f"{statistics.median(figures[n]):>9.0f}        " for n in AT_ONCE))
    ratios, of_two = ([statistics.median(g / e for g, e in zip(figures[n], epoll[n])) for n in AT_ONCE]
                      for figures in (gladhand, two))
    for name, figures in (("ratio to epoll", ratios), ("  of two addresses", of_two)):
        print(f"{name:<19}" + "".join(f"{ratio:>9.2f}        " for ratio in figures))
    if arguments.least and min(ratios) < arguments.least:
        sys.exit(f"below {arguments.least}")


if __name__ == "__main__":
    main()
