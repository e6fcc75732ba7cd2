"""A command for --before and --on-slow that tells what it found: one JSON line appended to FILE.

    witness.py FILE SECONDS [WORD...]      SECONDS: how long it stays afterwards
"""

import contextlib
import json
import os
import sys
import time


def descriptors():
    """{number: what it is}; the one that lists them is closed again, so it has no link."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found[number] = os.readlink("/proc/self/fd/" + number)
    return found


def main():
    words = sys.argv[3:]
    line = json.dumps({"time": time.monotonic(), "pid": os.getpid(), "words": words,
                       "environment": dict(os.environ), "descriptors": descriptors()})
    with open(sys.argv[1], "a", encoding="utf-8") as file:
        file.write(line + "\n")
    time.sleep(float(sys.argv[2]))


if __name__ == "__main__":
    main()
