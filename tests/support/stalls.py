"""How long this machine has kept everybody waiting: what a bound of milliseconds has to allow it.

One process a processor sleeps a few milliseconds, again and again. When it wakes up late, so would have
the program under test, the name server or the thread that carries the packets.
"""

import contextlib
import json
import os
import subprocess
import sys
import unittest

TICK = 0.002  # seconds of sleep
COUNTS = 0.010  # what is late by less is in every bound already

# Answers a line with every stall so far, [when it should have run, when it did]; ends at the end of its input.
TICKER = """
import json, os, select, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
stalls = []
print(flush=True)
while True:
    due = time.monotonic() + %r
    asked = select.select([0], [], [], %r)[0]
    now = time.monotonic()
    if now - due > %r:
        stalls.append((due, now))
    if asked:
        if not os.read(0, 1):
            break
        print(json.dumps(stalls), flush=True)
""" % (TICK, TICK, COUNTS)


class StallMeter:
    """Use in a with statement."""

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self._tickers = [self._start(stack, processor) for processor in sorted(os.sched_getaffinity(0))]
            for ticker in self._tickers:
                ticker.stdout.readline()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @staticmethod
    def _start(stack, processor):
        ticker = subprocess.Popen([sys.executable, "-I", "-S", "-c", TICKER, str(processor)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for end in (ticker.wait, ticker.stdout.close, ticker.stdin.close):
            stack.callback(end)
        return ticker

    def since(self, moment):
        """The seconds since then, in time.monotonic(), in which at least one processor stood still."""
        for ticker in self._tickers:
            ticker.stdin.write(b"?")
            ticker.stdin.flush()
        stalls = [stall for ticker in self._tickers for stall in json.loads(ticker.stdout.readline())]
        total, counted_until = 0.0, moment
        for begin, end in sorted(stalls):
            total += max(0.0, end - max(begin, counted_until))
            counted_until = max(counted_until, end)
        return total


class MeteredTest(unittest.TestCase):
    """Its class has a meter of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.meter = cls.enterClassContext(StallMeter())
