"""gladhand-bench --merge and --report without a browser: files that are read back, compared, refused."""

import json
import os
import re

import common
from bench_case import NOT_WELL, WELL, BenchTest, run
from common import resolve

SERVER_NAME = "db.example"


class MergeTest(BenchTest):
    def record(self, name, *arguments, status=WELL):
        path = self.temporary_path(name)
        result = run("--json", path, "--flood", *arguments)
        self.assertEqual(result.returncode, status, result)
        return path

    def record_delay(self, name, delay, samples=12):
        server = self.serve(delay=delay)
        path = self.record(name, "-n", samples, "--until", "banner",
                           *resolve(SERVER_NAME, "127.0.0.1"), f"{SERVER_NAME}:{server.port}")
        with open(path, encoding="ascii") as file:
            report = json.load(file)
        report["hosts"][0]["port"] = "22"
        return self.write(name, json.dumps(report))

    def write(self, name, text):
        path = self.temporary_path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def merge(self, *arguments, status=WELL):
        result = run("--merge", *arguments)
        self.assertEqual((result.returncode, result.stderr), (status, ""), result)
        return result.stdout


class Merging(MergeTest):
    def test_a_slower_server_is_told_with_an_interval_that_holds_the_truth(self):
        fast, slow = self.record_delay("fast.json", 0.002), self.record_delay("slow.json", 0.152)
        report = json.loads(self.merge(fast, slow, "--json", "-"))
        (found,) = report["hosts"][0]["comparisons"]
        self.assertEqual((found["first"], found["second"], found["verdict"]),
                         ("fast.json", "slow.json", "slower"))
        low, high = found["ci95_us"]
        self.assertLess(low, high)
        self.assertLess(50_000, low)
        self.assertRegex(self.merge(fast, slow),
                         r"race from slow\.json: [\d.]+ ms slower than from fast\.json at the\s+median")

    def test_figures_are_computed_from_the_samples_again(self):
        path = self.record_delay("a.json", 0.001)
        with open(path, encoding="ascii") as file:
            report = json.load(file)
        summary = dict(report["hosts"][0]["modes"][0]["summary"])
        report["hosts"][0]["modes"][0]["summary"] = {"median_us": 1}
        lying = self.write("a.json", json.dumps(report))
        merged = json.loads(self.merge(lying, "--json", "-"))
        self.assertEqual(merged["hosts"][0]["modes"][0]["summary"], summary)

    def test_the_same_file_twice_shows_no_difference(self):
        path = self.record_delay("a.json", 0.001)
        text = self.merge(path, path)
        self.assertIn("no difference", text)
        self.assertIn("#2", text)

    def test_thresholds_hold_for_every_series(self):
        path = self.record_delay("a.json", 0.001)
        result = run("--merge", path, path, "--fail-if", "median>0.1ms")
        self.assertEqual(result.returncode, NOT_WELL, result)
        self.assertEqual(len(result.stderr.splitlines()), 2, result)


class Refusing(MergeTest):
    def test_what_is_no_report_is_named_in_one_line(self):
        good = self.record_delay("a.json", 0)
        for text in ("", "{}", "[1]", '{"schema":"gladhand-bench/2"}', "\x7f" * 100, '{"schema":"gladhand-bench/1"}'):
            bad = self.write("bad.json", text)
            self.assert_usage_error(run("--merge", good, bad), "bad.json")
        self.assert_usage_error(run("--merge", good, good + ".gone"), "cannot read")
        self.assert_usage_error(run("--merge", good, os.path.dirname(good)), "cannot read")

    def test_crafted_numbers_end_in_one_line_or_are_taken(self):
        good = self.record_delay("a.json", 0, samples=2)
        with open(good, encoding="ascii") as file:
            text = file.read()
        for number, match in enumerate(re.finditer(r'(?<=": )[0-9.]+|(?<=":)[0-9.]+', text)):
            value = ("18446744073709551615", "18446744073709551616", "-1", "1e308", "[[]]")[number % 5]
            with self.subTest((match.start(), value)):
                crafted = self.write("crafted.json", text[:match.start()] + value + text[match.end():])
                result = run("--merge", good, crafted)
                if result.returncode != WELL:
                    self.assert_usage_error(result, "crafted.json")

    def test_what_is_nested_deep_or_very_many_is_told(self):
        good = self.record_delay("a.json", 0, samples=1)
        deep = self.write("deep.json", "[" * 200000)
        self.assert_usage_error(run("--merge", good, deep), "deep.json", "broken at byte 200001")
        with open(good, encoding="ascii") as file:
            report = json.load(file)
        report["hosts"][0]["x"] = "@"
        nested = json.dumps(report).replace('"@"', "[" * 100000 + "]" * 100000)
        self.merge(good, self.write("nested.json", nested))
        sample = report["hosts"][0]["modes"][0]["samples"][0]
        sample["attempts"] = [{**sample["attempts"][0], "address": f"10.0.{i >> 8}.{i & 255}"} for i in range(5000)]
        many = self.write("many.json", json.dumps(report))
        self.assert_usage_error(run("--merge", good, many), "many.json", "is one of more than 4096")

    def test_a_merged_report_is_not_merged_again(self):
        good = self.record_delay("a.json", 0)
        merged = self.write("merged.json", self.merge(good, good, "--json", "-"))
        self.assert_usage_error(run("--merge", merged, good), "merged already")

    def test_options_that_dial_have_no_meaning(self):
        for option in (["-n", "3"], ["--timeout", "1s"], ["--hosts", "x"], ["-4"]):
            self.assert_usage_error(run("--merge", "a.json", *option), "--merge dials nothing")

    def test_nothing_is_written_when_a_file_is_refused(self):
        page = self.temporary_path("page.html")
        self.assert_usage_error(run("--merge", "/dev/null", "--report", page), "is no JSON")
        self.assertFalse(os.path.exists(page))


class Page(MergeTest):
    def test_the_page_is_one_file_that_asks_for_nothing(self):
        page = self.temporary_path("page.html")
        self.record("a.json", "-n", "2", "--report", page, "--compare", "race,v4",
                    *resolve("db.example", "127.0.0.1"), f"db.example:{self.serve().port}")
        with open(page, encoding="ascii") as file:
            text = file.read()
        self.assertIn("default-src 'none'", text)
        for loading in (r"<(?:img|iframe|object|embed|audio|video)\b", r"<script[^>]+src", r"@import", r"\burl\(",
                        r"\bfetch\(", r"XMLHttpRequest", r"WebSocket", r"innerHTML", r"\beval\("):
            self.assertIsNone(re.search(loading, text), loading)
        self.assertEqual(re.findall(r"https?://[^\s'\"]+", text), ["http://www.w3.org/2000/svg"])

    def test_only_one_report_goes_to_standard_output(self):
        self.assert_usage_error(run("--report", "-", "--json", "-", "127.0.0.1"), "only one report")


if __name__ == "__main__":
    common.main()
