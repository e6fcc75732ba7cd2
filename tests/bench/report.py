"""What the benchmark shows: Markdown tables, aligned so that they read well on a terminal too, and the machine and the versions it was measured with. A figure without these is worth nothing."""

import os
import pathlib
import platform
import re
import subprocess
from collections import namedtuple

Row = namedtuple("Row", "case contestant unit median least reaped ratio bar verdict goal",
                 defaults=("", "", "", "", ""))
HEADINGS = ("case", "contestant", "unit", "median", "min", "reaped, median",
            "ratio (quartiles)", "bar", "verdict")
RIGHT = (3, 4, 5)

JOB_HEADINGS = ("job", "unit", "C dialer", "nc -F", "ssh alone", "gladhand", "ratio", "goal")
JOB_RIGHT = (2, 3, 4, 5, 6)

REACHED, MISSED, FAILED = "reached", "MISSED", "FAILED"


def number(value):
    return value if isinstance(value, str) else f"{value:,.0f}"


def ratio_text(ratio):
    return f"{ratio.median:.3f} ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else ""


def cells_of(row):
    return [*map(number, row[:6]), ratio_text(row.ratio), row.bar, row.verdict]


def aligned(texts, widths, right):
    return "| " + " | ".join(text.rjust(width) if column in right else text.ljust(width)
                             for column, (text, width) in enumerate(zip(texts, widths))) + " |"


def laid_out(headings, cells, right):
    widths = [max(map(len, column)) for column in zip(headings, *cells)]
    rule = "".join("|" + "-" * (width + 1) + (":" if column in right else "-")
                   for column, width in enumerate(widths)) + "|"
    return "\n".join([aligned(headings, widths, right), rule, *(aligned(row, widths, right) for row in cells)])


def table(rows):
    return laid_out(HEADINGS, [cells_of(row) for row in rows], RIGHT)


def jobs(rows):
    """One line a job: what the others need for it, what gladhand needs, and what it should."""
    cells = []
    for case in dict.fromkeys(row.case for row in rows):
        own = [row for row in rows if row.case == case]
        by_name = {row.contestant: number(row.median) for row in own}
        nc = next((by_name[name] for name in by_name if name.startswith("nc")), "")
        cells.append([case, own[0].unit, by_name.get("C dialer", ""), nc, by_name.get("ssh by itself", ""),
                      number(own[0].median), f"{own[0].ratio.median:.2f}" if own[0].ratio else "", own[0].goal])
    return laid_out(JOB_HEADINGS, cells, JOB_RIGHT)


def says(*command):
    """The lines in which a program names its version."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace")
    return run.stdout.strip().splitlines() or ["unknown"]


def surroundings(gladhand, nc, counts):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return [
        f"machine: {cpu.group(1) if cpu else platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"Linux {platform.release()}, load {os.getloadavg()[0]:.1f}",
        f"gladhand: {', '.join(says(gladhand, '--version'))}; {os.path.getsize(gladhand) // 1024} KiB",
        f"peers: {says(nc, '-h')[0]}; {says('ssh', '-V')[0]}",
        f"runs: {counts}",
        "Times are from before socketpair() to the descriptor received, or to the process reaped (a "
        "login: to its end). Ratios are medians over the rounds, to the contestant with 1.000.",
    ]
