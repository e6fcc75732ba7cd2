"""Assertions about time: exact to what the machine itself has stalled meanwhile, which is measured.

What a stall could turn into another order of events is not for these: there the delays are so far apart
that no order depends on milliseconds.
"""

import time

from support import stalls

EARLY = 0.002  # what two clocks may differ by
LATE = 0.1  # what a busy machine may add


class TimedTest(stalls.MeteredTest):
    def setUp(self):
        super().setUp()
        self._began = time.monotonic()

    def late(self):
        """How late the best program can be: seconds, of this test."""
        return LATE + self.meter.since(self._began)

    def assert_on_time(self, seconds, expected, latest=None):
        """By one clock: never too early. latest: where there is a range."""
        self.assertGreaterEqual(seconds, expected - EARLY)
        self.assertLessEqual(seconds, (expected if latest is None else latest) + self.late())

    def assert_apart(self, seconds, expected, latest=None):
        """Two packets: a stall between a decision and its packet can also bring them closer together, be it too
        short to be measured."""
        late = self.late()
        self.assertGreaterEqual(seconds, expected - EARLY - stalls.COUNTS - (late - LATE))
        self.assertLessEqual(seconds, (expected if latest is None else latest) + late)
