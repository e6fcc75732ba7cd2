"""gladhand's trace (JSON lines) as the tests want it: who was tried, when, and what came of it."""

import json


class Trace:
    """An empty one if gladhand wrote none."""

    def __init__(self, events):
        self.events = events

    @classmethod
    def read(cls, path):
        if not path.exists():
            return cls([])
        return cls([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])

    def named(self, name):
        return [event for event in self.events if event["event"] == name]

    @property
    def attempts(self):
        """[(seconds since the dial began, address)] in the order of starting."""
        return [(event["t_us"] / 1e6, event["address"]) for event in self.named("attempt_started")]

    @property
    def outcomes(self):
        """{address: "success", "failure", "timeout" or "canceled"}."""
        return {event["address"]: event["outcome"] for event in self.named("attempt_outcome")}
