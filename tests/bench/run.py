#!/usr/bin/env python3
"""Measures what gladhand costs where ssh would feel it, next to nc -F, the least C can do, and the
Python a user would write; and says whether the project's own bars are reached. Needs root: it runs
in namespaces of its own and leaves nothing behind.

    run.py --gladhand PATH [--quick] [--check] [--markdown FILE] [--rounds N] [--only LETTERS]
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import sys
import tempfile
from collections import namedtuple

sys.dont_write_bytecode = True

import login
import measure
import name_servers
import report
import world
from report import FAILED, MISSED, REACHED, Row

CONNECTION_ATTEMPT_DELAY, RESOLUTION_DELAY = 250_000, 50_000  # microseconds, the defaults
ALLOWANCE = 10_000
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else os.path.realpath(sys.executable)


Aim = namedtuple("Aim", "recorded goal", defaults=(None, None))
TOLERANCE = 1.15  # of what was recorded: another machine's ratio is another one, and noise is not a change
AIMS = {  # ratios to nc -F, to ssh alone for e; KiB and instructions are bars as they stand
    "glibc": {"a": Aim(0.78, 0.75), "b": Aim(0.90), "d": Aim(0.85), "e": Aim(0.78, 0.80),
              "memory": Aim(1280), "instructions": Aim(150_000)},
    "musl": {"a": Aim(0.25, 0.25), "b": Aim(0.59, 0.58), "d": Aim(0.35, 0.35), "e": Aim(0.78, 0.80),
             "memory": Aim(896, 1536), "instructions": Aim(150_000)},
}


class Bench:
    """What every case needs: the programs, and how often to run them."""

    def __init__(self, options, gladhand, tools, nc):
        self.gladhand = str(gladhand)
        self.tools = tools
        self.nc = nc
        self.only = options.only
        self.aims = AIMS["musl" if report.says(self.gladhand, "--version")[-1].endswith(" musl") else "glibc"]
        self.quick = options.quick
        self.dials = 6 if options.quick else options.rounds
        self.logins = 2 if options.quick else 60
        self.waits = 3 if options.quick else 20
        self.counts = f"{self.dials} rounds of each dial, {self.logins} of logins, {self.waits} of waits"

    def harness(self, mode, commands, rounds, **options):
        return measure.harness(self.tools, mode, commands, rounds, **options)

    def dialers(self, host):
        passer = pathlib.Path(__file__).resolve().parent / "passer.py"
        return {
            "gladhand": [self.gladhand, "--", host, world.TARGET_PORT],
            "nc -F": [self.nc, "-F", host, world.TARGET_PORT],
            "C dialer": [str(self.tools / "dialer"), host, world.TARGET_PORT],
            "Python:5": [PYTHON, str(passer), host, world.TARGET_PORT],
        }


def judge(value, bar):
    return REACHED if value <= bar else MISSED


def not_measured(case, reason):
    return [Row(case, "gladhand", "", "", "", verdict=f"not measured: {reason}")]


def names_of(samples):
    return list(dict.fromkeys(sample.name for sample in sorted(samples, key=lambda s: s.name != "gladhand")))


def rows_of(case, samples, base, aim=Aim(), field="to_fd"):
    """One row per contestant; what is recorded, and aimed at, is gladhand's pairwise ratio to the base."""
    rows = []
    for name in names_of(samples):
        own = measure.of(samples, name)
        times = [getattr(sample, field) for sample in own]
        ratio = measure.pairwise(samples, name, base, field)
        judged = name == "gladhand" and aim.recorded
        rows.append(Row(case, name, "us", statistics.median(times), min(times),
                        statistics.median(sample.to_reaped for sample in own), ratio,
                        f"<= {TOLERANCE} x {aim.recorded:.2f} of {base}" if judged else "",
                        judge(ratio.median, TOLERANCE * aim.recorded) if judged else "",
                        f"{aim.goal:.2f}" if name == "gladhand" and aim.goal else ""))
    return rows


def dial_case(case, mode, host, with_memory=False):
    def run(bench):
        samples = bench.harness(mode, bench.dialers(host), bench.dials)
        rows = rows_of(case, samples, "nc -F", bench.aims.get(case[0], Aim()))
        return rows + (memory_rows(samples, bench.aims["memory"]) if with_memory else [])
    return case, run


def memory_rows(samples, aim):
    """Peak resident memory and page faults, from the runs of the literal, which were timed as well."""
    rows = []
    for name in names_of(samples):
        peaks = [sample.maxrss for sample in measure.of(samples, name)]
        faults = [sample.page_faults for sample in measure.of(samples, name)]
        judged = name == "gladhand"
        rows.append(Row("f: peak memory, literal", name, "KiB", statistics.median(peaks), min(peaks),
                        bar=f"<= {aim.recorded:,} at most" if judged else "",
                        verdict=judge(max(peaks), aim.recorded) if judged else "",
                        goal=f"{aim.goal:,}" if judged and aim.goal else ""))
        rows.append(Row("f: page faults, literal", name, "faults", statistics.median(faults), min(faults)))
    return rows


def login_case(case):
    def run(bench):
        sshd = shutil.which("sshd", path=world.ENVIRONMENT["PATH"])
        if not sshd:
            return not_measured(case, "no sshd")
        with login.server(sshd):
            commands = login.commands(bench.gladhand, bench.nc)
            samples = bench.harness("plain", commands, bench.logins, warm_up=1)
        return (rows_of(case, samples, "ssh by itself", bench.aims[case[0]], field="to_reaped") +
                rows_of("e: the client's processor time", samples, "ssh by itself", field="cpu"))
    return case, run


def instruction_case(case):
    def run(bench):
        bar = bench.aims["instructions"].recorded
        if not shutil.which("valgrind"):
            return not_measured(case, "no valgrind")
        if re.search(rb"__[amt]san_init", pathlib.Path(bench.gladhand).read_bytes()):
            return not_measured(case, "built with a sanitizer")
        rows = []
        for name, command in bench.dialers("127.0.0.1").items():
            if name.startswith("Python"):
                continue
            count = measure.instructions(bench.tools, command)
            judged = name == "gladhand"
            rows.append(Row(case, name, "instr.", count, count, bar=f"<= {bar:,}" if judged else "",
                            verdict=judge(count, bar) if judged else ""))
        return rows
    return case, run


def wait_rows(case, samples, base, delay):
    """gladhand must wait the delay, else nothing was tested, and at most the allowance longer; and it
    must arrive over IPv4, the only family that answers."""
    if any(sample.family != 4 for sample in samples):
        raise measure.Failed("connected over IPv6, which must not answer here")
    rows = rows_of(case, samples, base)
    waited = rows[0].median
    verdict = MISSED + ": too early" if waited < delay - 1000 else judge(waited, delay + ALLOWANCE)
    rows[0] = rows[0]._replace(bar=f"{delay:,} to {delay + ALLOWANCE:,}", verdict=verdict)
    return rows


def dead_address_case(case):
    def run(bench):
        name = world.DEAD_NAME
        given = f"{name}:{world.DEAD},{world.ALIVE}"
        commands = {
            "gladhand": [bench.gladhand, "--resolve", given, "--", name, world.DEAD_PORT],
            "nc -F -w1:5": [bench.nc, "-F", "-w1", name, world.DEAD_PORT],
        }
        with world.black_hole():
            samples = bench.harness("exec", commands, bench.waits, warm_up=1)
        return wait_rows(case, samples, "nc -F -w1", CONNECTION_ATTEMPT_DELAY)
    return case, run


def mute_server_case(case):
    def run(bench):
        commands = {"gladhand": [bench.gladhand, "--", world.MUTE_NAME, world.TARGET_PORT]}
        samples = bench.harness("exec", commands, bench.waits)
        return wait_rows(case, samples, "gladhand", RESOLUTION_DELAY)
    return case, run


def name_server_case(case, servers, script):
    def run(bench):
        samples = name_servers.measured(bench, servers, script)
        rows = rows_of(case, samples, "gladhand")
        rows[0] = rows[0]._replace(bar=f"<= {name_servers.BAR:,}", verdict=judge(rows[0].median, name_servers.BAR))
        return rows
    return case, run


def three_dead_case(case):
    def run(bench):
        times = name_servers.three_dead(bench)
        most = name_servers.TIMEOUT + name_servers.ALLOWANCE
        return [Row(case, "gladhand --timeout 1s", "us", statistics.median(times), min(times), statistics.median(times),
                    bar=f"<= {most:,}", verdict=judge(statistics.median(times), most))]
    return case, run


CASES = [
    dial_case("a: literal, started directly", "exec", "127.0.0.1", with_memory=True),
    dial_case("b: literal, through /bin/sh", "shell", "127.0.0.1"),
    dial_case("c: name in hosts file", "exec", world.HOSTS_NAME),
    dial_case("d: name over DNS", "exec", world.DNS_NAME),
    login_case("e: ssh host true"),
    instruction_case("g: instructions, literal"),
    dead_address_case("h: first address dead"),
    mute_server_case("i: AAAA never answered"),
    *(name_server_case(*each) for each in name_servers.CASES),
    three_dead_case("n: three name servers dead, each named"),
]


def run_cases(bench):
    rows = []
    for case, run in CASES:
        if bench.only and case[0] not in bench.only:
            continue
        print(f"measuring {case}", file=sys.stderr, flush=True)
        try:
            rows += run(bench)
        except measure.Failed as problem:
            print(f"bench: {case}: {problem}", file=sys.stderr)
            rows.append(Row(case, "gladhand", "", "", "", verdict=FAILED))
    return sorted(rows, key=lambda row: row.case)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--gladhand", type=pathlib.Path, required=True, metavar="PATH")
    parser.add_argument("--quick", action="store_true", help="few runs: shows that it works, not how fast")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bar is missed, which no goal is")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--rounds", type=int, default=300, metavar="N",
                        help="rounds of each dial (%(default)s)")
    parser.add_argument("--only", default="", metavar="LETTERS",
                        help="only these cases (f comes with a)")
    parser.add_argument("--tools", type=pathlib.Path, metavar="FOLDER",
                        help="where harness, dialer and responder are (otherwise they are built)")
    parser.add_argument(world.INSIDE, dest="outer", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


@contextlib.contextmanager
def installed(program):
    """A copy, as users have it, on the same file system. A linker writes its output in pieces, which end
    up in small pages of the page cache: a start then takes an eighth longer."""
    with tempfile.TemporaryDirectory(dir=program.resolve().parent, prefix="installed-") as folder:
        yield pathlib.Path(shutil.copy(program, folder))


def main():
    options = parse(sys.argv[1:])
    if not os.access(options.gladhand, os.X_OK):
        sys.exit(f"bench: {options.gladhand} cannot be started")
    if options.outer is None:
        world.enter(sys.argv)
    nc = shutil.which("nc.openbsd") or shutil.which("nc") or world.cannot("it needs nc (netcat-openbsd)")
    world.furnish(options.outer)
    tools = options.tools.resolve() if options.tools else world.build_tools(world.TEMP)
    with installed(options.gladhand) as gladhand, world.responder(tools):
        bench = Bench(options, gladhand, tools, nc)
        measure.refuses_impostors(tools)
        rows = run_cases(bench) or sys.exit("bench: --only names no case")
        surroundings = report.surroundings(bench.gladhand, nc, bench.counts)

    text = "\n".join([report.table(rows), "", report.jobs(rows), "", *surroundings])
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n")
    verdicts = " ".join(row.verdict for row in rows)
    return 1 if FAILED in verdicts or (options.check and MISSED in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
