"""What gladhand-bench computes, beside numpy and scipy, of runs with made-up times; skipped where they are missing."""

import json
import pathlib
import random
import unittest

import common
from bench_case import BenchTest, run

try:
    import numpy
    from scipy import stats
except ImportError:
    numpy = stats = None

EXAMPLE = pathlib.Path(__file__).parents[1] / "unit" / "figures" / "example.json"


@unittest.skipUnless(numpy, "numpy and scipy (Debian: python3-scipy) are not installed")
class Numbers(BenchTest):
    def report(self, times, *more):
        """What --merge makes of a host whose dials in the modes v4 and v6 took these times, in microseconds."""
        report = json.loads(EXAMPLE.read_text(encoding="ascii"))
        host = report["hosts"][0]
        modes = {mode["mode"]: mode for mode in host["modes"]}
        host["modes"] = []
        for name, values in zip(("v4", "v6"), (times, *more)):
            sample = modes[name]["samples"][0]
            attempt = next(it for it in sample["attempts"] if it["outcome"] == "success")
            samples = [{**sample, "n": n, "total_us": value, "phases": {**sample["phases"], "connect_us": value},
                        "attempts": [{**attempt, "start_us": 0, "end_us": value}]} for n, value in enumerate(values)]
            host["modes"].append({"mode": name, "samples": samples})
        report["hosts"] = [host]
        path = self.temporary_path("report.json")
        pathlib.Path(path).write_text(json.dumps(report), encoding="ascii")
        result = run("--merge", path, "--json", "-")
        self.assertEqual(result.stderr, "", result)
        return json.loads(result.stdout)["hosts"][0]

    def times(self, count, typical, seed):
        source = random.Random(seed)
        return [int(source.lognormvariate(0, 0.5) * typical) + 200 for _ in range(count)]

    def test_percentiles_and_the_mean(self):
        for count in (1, 2, 9, 10, 100, 101, 1234):
            times = self.times(count, 20_000, count)
            summary = self.report(times)["modes"][0]["summary"]
            wanted = {"min_us": min(times), "max_us": max(times), "median_us": numpy.median(times),
                      "mean_us": numpy.mean(times)}
            if count >= 10:
                wanted["p90_us"] = numpy.percentile(times, 90)
            if count >= 100:
                wanted["p99_us"] = numpy.percentile(times, 99)
            for name, value in wanted.items():
                self.assertAlmostEqual(summary[name], value, delta=0.51, msg=(count, name))
            self.assertEqual("p90_us" in summary, count >= 10)
            self.assertEqual("p99_us" in summary, count >= 100)

    def test_the_interval_of_a_median(self):
        """Two percentile bootstraps of 1,000 and 20,000 resamples: they differ by a tenth of their width, no more."""
        for count in (30, 200):
            times = self.times(count, 20_000, count)
            low, high = self.report(times)["modes"][0]["summary"]["median_ci95_us"]
            drawn = numpy.random.default_rng(1).choice(times, (20_000, count))
            wanted = numpy.percentile(numpy.median(drawn, axis=1), [2.5, 97.5])
            for ours, theirs in zip((low, high), wanted):
                self.assertAlmostEqual(ours, theirs, delta=0.15 * (wanted[1] - wanted[0]))

    def test_the_better_family_is_that_of_the_rank_test(self):
        """The connects of IPv6 take from as long as those of IPv4 up to half as long again."""
        seen = set()
        for step in range(12):
            ipv4 = self.times(40, 20_000, step)
            ipv6 = self.times(40, 20_000 * (1 + step / 22), 100 + step)
            probability = stats.mannwhitneyu(ipv4, ipv6, method="asymptotic").pvalue
            if abs(probability - 0.05) < 1e-6:
                continue
            wanted = None
            if probability < 0.05:
                wanted = "IPv4" if numpy.median(ipv4) < numpy.median(ipv6) else "IPv6"
            summary = self.report(ipv4, ipv6)["modes"][0]["summary"]
            self.assertEqual(summary.get("best_family"), wanted, (step, probability))
            seen.add(wanted)
        self.assertGreater(len(seen), 1)


if __name__ == "__main__":
    common.main()
