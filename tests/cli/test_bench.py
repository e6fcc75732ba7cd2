"""gladhand-bench as its users see it: reports, statuses, politeness, progress, Ctrl-C. Loopback only."""

import csv
import datetime
import io
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

import common
import sandbox
from bench_case import NOT_WELL, SYSTEM_FAILURE, USAGE, WELL, BenchTest, run, words
from common import ENVIRONMENT, is_connecting, let_signals_end, resolve, wait_until
from support import dns, scripted

FLOOD = ("--flood", "--reset")


def setUpModule():
    sandbox.available()
    let_signals_end()


class Reports(BenchTest):
    def setUp(self):
        self.server = self.serve()
        self.target = f"127.0.0.1:{self.server.port}"

    def test_a_table_on_standard_output(self):
        target = f"db.example:{self.server.port}"
        result = run(*FLOOD, "-n", 12, *resolve("db.example", "127.0.0.1"), target)
        self.assertEqual((result.returncode, result.stderr), (WELL, ""))
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["host", "dials", "failed", "best", "median", "p90", "p99", "max", "IPv6", "IPv4"])
        self.assertRegex(lines[1], rf"^{re.escape(target)} +12 +- .* 0% +100%$")
        self.assertIn("IPv4 wins 12 of 12 races", result.stdout)
        self.assertNotIn("\033", result.stdout)
        self.assertNotIn("wins", run(*FLOOD, "-n", 2, self.target).stdout, "an address races against nobody")

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    def test_what_the_kernel_says_of_the_network_is_asked_once(self):
        """Not for every dial: it is not what is measured."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as trace:
            subprocess.run(["strace", "-o", trace.name, "-e", "trace=socket,openat", *words(
                *FLOOD, "-n", 50, *resolve("db.example", "127.0.0.1", "127.0.0.2"), f"db.example:{self.server.port}")],
                           stdout=subprocess.DEVNULL, env=ENVIRONMENT, timeout=30, check=True)
            calls = trace.read()
        self.assertGreaterEqual(calls.count("SOCK_STREAM"), 50)
        for once in ("SOCK_DGRAM", "AF_NETLINK", "gai.conf"):
            self.assertLess(calls.count(once), 15, once)
            self.assertGreater(calls.count(once), 0, once)

    def test_a_table_that_a_program_reads_is_whole(self):
        """And as wide as COLUMNS where somebody says so."""
        name = f"{'a' * 60}.example"
        asked = (*FLOOD, "-n", 2, "--until", "banner", *resolve(name, "127.0.0.1"), f"{name}:{self.server.port}")
        for columns, whole in ((None, True), ("60", False)):
            environment = {key: value for key, value in ENVIRONMENT.items() if key != "COLUMNS"}
            if columns:
                environment["COLUMNS"] = columns
            head, row = run(*asked, env=environment).stdout.splitlines()[:2]
            self.assertEqual(row.startswith(f"{name}:{self.server.port} "), whole, row)
            self.assertEqual(head.endswith(" banner"), whole, head)
            if not whole:
                self.assertLessEqual(max(len(head), len(row)), 60)

    def test_json_on_standard_output_is_alone_there(self):
        report = self.measure(*FLOOD, "-n", 5, self.target)
        self.assertEqual(report["schema"], "gladhand-bench/1")
        self.assertEqual((report["options"]["samples"], report["options"]["until"]), (5, "tcp"))
        mode = report["hosts"][0]["modes"][0]
        self.assertEqual(mode["summary"]["count"], 5)
        self.assertEqual([sample["n"] for sample in mode["samples"]], list(range(5)))
        totals = sorted(sample["total_us"] for sample in mode["samples"])
        self.assertEqual((mode["summary"]["min_us"], mode["summary"]["median_us"], mode["summary"]["max_us"]),
                         (totals[0], totals[2], totals[4]))

    def test_files_beside_the_table_and_nothing_left_behind(self):
        path = self.temporary_path("report")
        names = {kind: f"{path}.{kind}" for kind in ("json", "csv", "prom")}
        result = run(*FLOOD, "-n", 4, "--compare", "race,v4", "--json", names["json"], "--csv", names["csv"],
                     "--openmetrics", names["prom"], self.target)
        self.assertEqual((result.returncode, result.stderr), (WELL, ""))
        self.assertIn("median", result.stdout)
        self.assertEqual(sorted(os.listdir(os.path.dirname(path))), ["report.csv", "report.json", "report.prom"])
        with open(names["json"], encoding="utf-8") as file:
            report = json.load(file)
        with open(names["csv"], encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        samples = [(mode["mode"], sample) for mode in report["hosts"][0]["modes"] for sample in mode["samples"]]
        self.assertEqual(len(rows), 8)
        for row, (mode, sample) in zip(rows, samples):
            self.assertEqual((row["mode"], row["n"], row["total_us"], row["outcome"], row["address"]),
                             (mode, str(sample["n"]), str(sample["total_us"]), "connected", "127.0.0.1"))

    def test_no_report_holds_the_password_of_a_proxy(self):
        path = self.temporary_path("report")
        proxy = f"user:secret@127.0.0.1:{self.refusing().port}"
        for word in (("--proxy", f"http://{proxy}"), (f"--proxy=socks5://{proxy}",)):
            result = run(*FLOOD, "-n", 1, *word, "--json", f"{path}.json", "--report", f"{path}.html", "db.example")
            self.assertEqual(result.returncode, NOT_WELL, result)
            merged = run("--merge", f"{path}.json", "--json", "-", "--report", f"{path}.merged.html")
            texts = [result.stdout, result.stderr, merged.stdout]
            for name in ("report.json", "report.html", "report.merged.html"):
                with open(os.path.join(os.path.dirname(path), name), encoding="ascii") as file:
                    texts.append(file.read())
            self.assertIn("://127.0.0.1:", texts[3])
            for text in texts:
                self.assertNotIn("secret", text)

    def test_a_report_that_cannot_be_written_is_known_before_the_first_dial(self):
        self.assert_usage_error(run(*FLOOD, "--json", "/nonexistent/report", self.target), "/nonexistent/report")
        self.assertEqual(self.server.times, [])

    def test_a_full_disk_is_an_error(self):
        result = run(*FLOOD, "-n", 3, "--csv", "/dev/full", self.target)
        self.assertEqual(result.returncode, SYSTEM_FAILURE, result)
        self.assertIn("no space left", result.stderr)

    def test_a_report_that_cannot_be_written_takes_no_other_with_it(self):
        folder = self.temporary_path("reports")
        os.mkdir(folder)
        result = run(*FLOOD, "-n", 3, "--json", "/dev/full", "--csv", f"{folder}/csv", "--report", f"{folder}/page",
                     self.target)
        self.assertEqual(result.returncode, SYSTEM_FAILURE, result)
        self.assertEqual(result.stderr, "gladhand-bench: cannot write to '/dev/full': no space left on device\n")
        self.assertIn("127.0.0.1", result.stdout)
        self.assertEqual(sorted(os.listdir(folder)), ["csv", "page"])

    def test_a_file_at_its_limit_is_an_error_and_leaves_nothing(self):
        folder = self.temporary_path("reports")
        os.mkdir(folder)
        result = run(*FLOOD, "-n", 3, "--json", f"{folder}/json", self.target,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assertEqual(result.returncode, SYSTEM_FAILURE, result)
        self.assertIn("file too large", result.stderr)
        self.assertIn("127.0.0.1", result.stdout)
        self.assertEqual(os.listdir(folder), [])

    def test_the_user_is_asked_once_for_a_password(self):
        """Of twenty dials that wait for it at once, the first asks."""
        asked, program = self.temporary_path("asked"), self.temporary_path("askpass")
        with open(program, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\necho asked >>{asked}\nsleep 0.3\necho secret\n")
        os.chmod(program, 0o700)
        proxy = self.enter(scripted.Server(scripted.in_turn(scripted.socks5(login="jo:secret"), scripted.ssh)))
        result = run("-n", 1, "--proxy", proxy.url("socks5h", "jo"), *(f"h{i}.example:22" for i in range(20)),
                     env={**ENVIRONMENT, "SSH_ASKPASS": program, "SSH_ASKPASS_REQUIRE": "force"})
        self.assertEqual(result.returncode, WELL, result)
        with open(asked, encoding="ascii") as file:
            self.assertEqual(file.read(), "asked\n")

    def test_a_table_that_cannot_be_written_is_one_too(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            process = subprocess.run(words(*FLOOD, "-n", 3, self.target), stdout=full, stderr=subprocess.PIPE,
                                     encoding="utf-8", env=ENVIRONMENT, timeout=30)
        self.assertEqual(process.returncode, SYSTEM_FAILURE, process)
        self.assertEqual(process.stderr, "gladhand-bench: cannot write to standard output: no space left on device\n")


class OpenMetrics(BenchTest):
    SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')
    SUFFIXES = re.compile("_(bucket|count|sum)$")

    def parse(self, text):
        """[(name, labels, value)]; fails on what the format does not allow."""
        lines = text.split("\n")
        self.assertEqual(lines[-2:], ["# EOF", ""])
        types, samples, current = {}, [], None
        for line in lines[:-2]:
            if line.startswith("# "):
                keyword, name, rest = line[2:].split(" ", 2)
                self.assertIn(keyword, ("TYPE", "UNIT", "HELP"))
                if keyword == "TYPE":
                    self.assertNotIn(name, types, "a family comes once")
                    types[name] = rest
                    current = name
                self.assertEqual(name, current, line)
                if keyword == "UNIT":
                    self.assertTrue(name.endswith("_" + rest), line)
                continue
            found = self.SAMPLE.match(line)
            self.assertTrue(found, line)
            family = self.SUFFIXES.sub("", found[1]) if types[current] == "histogram" else found[1]
            self.assertEqual(family, current, "samples of a family are together")
            labels = dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', found[2] or ""))
            samples.append((found[1], labels, float(found[3])))
        return samples

    def test_every_line_is_of_the_format_and_every_histogram_adds_up(self):
        server = self.serve()
        result = run(*FLOOD, "-n", 6, "--until", "banner", "--compare", "race,v6", "--openmetrics", "-",
                     *resolve("db.example", "127.0.0.1"), f"db.example:{server.port}")
        self.assertEqual(result.returncode, WELL, result)
        samples = self.parse(result.stdout)
        series = {}
        for name, labels, value in samples:
            if name == "gladhand_bench_dial_seconds_bucket":
                bound = float(labels.pop("le"))
                series.setdefault((labels["mode"], labels["outcome"]), []).append((bound, value))
        for labels, buckets in series.items():
            self.assertEqual(buckets, sorted(buckets), labels)
            self.assertEqual([count for _, count in buckets], sorted(count for _, count in buckets))
        self.assertEqual({labels: buckets[-1] for labels, buckets in series.items()},
                         {("race", "connected"): (float("inf"), 6), ("race", "failed"): (float("inf"), 0),
                          ("v6", "connected"): (float("inf"), 0), ("v6", "failed"): (float("inf"), 6)})
        self.assertEqual({labels["phase"] for name, labels, _ in samples if name == "gladhand_bench_median_seconds"},
                         {"total", "connect", "connect_ipv4", "banner"})

    def test_a_second_run_counts_on(self):
        server = self.serve()
        path = self.temporary_path("bench.prom")
        for expected in (2.0, 4.0):
            result = run(*FLOOD, "-n", 2, "--label", "team=x", "--openmetrics", path, f"127.0.0.1:{server.port}")
            self.assertEqual((result.returncode, result.stderr), (WELL, ""))
            with open(path, encoding="utf-8") as file:
                samples = self.parse(file.read())
            counts = [value for name, labels, value in samples
                      if name == "gladhand_bench_dial_seconds_count" and labels["outcome"] == "connected"]
            self.assertEqual(counts, [expected])
            self.assertTrue(all(labels["team"] == "x" for _, labels, _ in samples))

    def test_a_file_of_somebody_else_is_left_alone(self):
        path = self.temporary_path("bench.prom")
        with open(path, "w", encoding="utf-8") as file:
            file.write("up 1\n")
        result = run(*FLOOD, "-n", 1, "--openmetrics", path, "127.0.0.1:1")
        self.assertEqual(result.returncode, USAGE)
        self.assertIn("holds 'up 1', which this program has not written", result.stderr)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "up 1\n")

    @unittest.skipUnless(shutil.which("promtool"), "promtool (Debian: prometheus) is not installed")
    def test_promtool_has_nothing_to_say(self):
        server = self.serve()
        result = run(*FLOOD, "-n", 3, "--openmetrics", "-", f"127.0.0.1:{server.port}", "127.0.0.1:1")
        checked = subprocess.run(["promtool", "check", "metrics"], input=result.stdout, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, encoding="utf-8", check=False, timeout=30)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))


class Statuses(BenchTest):
    def setUp(self):
        self.server = self.serve()
        self.target = f"127.0.0.1:{self.server.port}"

    def test_thresholds(self):
        for expression, status in (("p99>10s", WELL), ("p99<10s", NOT_WELL), ("loss>0%", WELL), ("loss>=0%", NOT_WELL),
                                   ("failures>0", WELL)):
            with self.subTest(expression):
                result = run(*FLOOD, "-n", 3, "--fail-if", expression, self.target)
                self.assertEqual(result.returncode, status, result)
                told = f"gladhand-bench: {expression}: 127.0.0.1:{self.server.port} (race): "
                self.assertEqual(result.stderr.startswith(told) if status == NOT_WELL else result.stderr == "", True,
                                 result.stderr)

    def test_one_of_several_thresholds_is_enough(self):
        result = run(*FLOOD, "-n", 3, "--fail-if", "p99>10s", "--fail-if", "max<10s", self.target)
        self.assertEqual(result.returncode, NOT_WELL)
        self.assertIn("max<10s", result.stderr)
        self.assertNotIn("p99", result.stderr)

    def test_nothing_connected(self):
        port = self.refusing().port
        report = self.measure(*FLOOD, "-n", 2, f"127.0.0.1:{port}", status=NOT_WELL)
        mode = report["hosts"][0]["modes"][0]
        self.assertEqual([sample["outcome"] for sample in mode["samples"]], ["refused", "refused"])
        self.assertEqual((mode["summary"]["loss"], "median_us" in mode["summary"]), (1, False))

    def test_one_dead_host_of_two_is_no_failure_unless_asked(self):
        dead = f"127.0.0.1:{self.refusing().port}"
        self.assertEqual(run(*FLOOD, "-n", 2, dead, self.target).returncode, WELL)
        result = run(*FLOOD, "-n", 2, "--fail-if", "p50>1s", dead, self.target)
        self.assertEqual(result.returncode, NOT_WELL)
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_usage_errors(self):
        for arguments, text in (
                ((), "HOST"), (("--until", "tls", self.target), "tls"), (("--compare", "v5", self.target), "v5"),
                (("--fail-if", "p99=1", self.target), "p99=1"), (("--rate", "0", self.target), "--rate"),
                (("-n", "0", self.target), "--samples"), (("--json", "-", "--csv", "-", self.target), "standard output"),
                (("127.0.0.1", "22"), "'22' is a number"), (("127.0.0.1,22",), "'127.0.0.1,22' is not HOST"),
                (("--hosts", "/nonexistent"), "/nonexistent"), (("127.0.0.1:99999",), "99999"),
                (("--json", "x", "--csv", "x", self.target), "one file"),
                (("-4", "--compare", "race,v6", self.target), "'v6'"),
                (("--bind", "127.0.0.2", "--compare", "v4,v6", self.target), "'v6'"),
                (("--what", self.target), "--what"), (("--relay", self.target), "--relay")):
            with self.subTest(arguments):
                self.assert_usage_error(run(*arguments), text)
        self.assertEqual(self.server.times, [])


class Targets(BenchTest):
    def test_hosts_from_a_file_and_from_standard_input(self):
        port = self.serve().port
        path = self.temporary_path("hosts")
        text = f"# two\n127.0.0.1:{port}\n\n[::ffff:127.0.0.1]:{port} # the same\n"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        for how, given in (((path,), {}), (("-",), {"input": text})):
            result = run(*FLOOD, "-n", 1, "--json", "-", "--hosts", *how, **given)
            hosts = json.loads(result.stdout)["hosts"]
            self.assertEqual([(host["host"], host["port"]) for host in hosts],
                             [("127.0.0.1", str(port)), ("::ffff:127.0.0.1", str(port))])

    def test_a_host_that_is_given_twice_is_dialled_as_one(self):
        """Nor is it worth two dials a second of --rate."""
        server = self.serve()
        same = [f"db.example:{server.port}", f"DB.example:{server.port}", f"[::1]:{server.port}", f"[0::1]:{server.port}"]
        result = run(*FLOOD, "-n", 2, "--json", "-", "--hosts", "-", *resolve("db.example", "127.0.0.1"), *same,
                     input="\n".join(same))
        hosts = json.loads(result.stdout)["hosts"]
        self.assertEqual([(host["host"], host["modes"][0]["summary"]["count"]) for host in hosts],
                         [("db.example", 2), ("::1", 2)])
        self.assert_usage_error(run("--rate", 2, same[0], same[0]), "one dial a second to each host")

    def test_each_address_is_a_mode_of_its_own(self):
        server = self.serve()
        report = self.measure(*FLOOD, "-n", 3, "--compare", "each", *resolve("db.example", "127.0.0.1", "127.0.0.2"),
                              f"db.example:{server.port}")
        modes = report["hosts"][0]["modes"]
        self.assertEqual([mode["mode"] for mode in modes], ["127.0.0.1", "127.0.0.2"])
        self.assertEqual({sample["address"] for sample in modes[0]["samples"]}, {"127.0.0.1"})
        self.assertEqual([sample["outcome"] for sample in modes[1]["samples"]], ["refused"] * 3)

    def test_asking_for_each_address_does_not_touch_the_host(self):
        """Learning them by a dial would be one more in the same second as the first that counts."""
        server = self.serve()
        samples = self.samples("-n", 1, "--compare", "each", *resolve("db.example", "127.0.0.1"), f"db.example:{server.port}")
        self.assertEqual(len(samples), 1)
        server.wait_for(1)
        self.assertEqual(len(server.times), 1)

    def test_a_host_without_addresses_has_a_mode_all_the_same(self):
        servers = self.name_server(A=dns.nodata(), AAAA=dns.nodata())
        report = self.measure(*FLOOD, "-n", 2, "--compare", "each", *servers, "db.example", status=NOT_WELL)
        modes = report["hosts"][0]["modes"]
        self.assertEqual([(mode["mode"], mode["summary"]["failures"]) for mode in modes], [("race", 2)])
        self.assertEqual(run(*FLOOD, "-n", 2, "--compare", "each", *servers, "--fail-if", "loss>1%",
                             "db.example").returncode, NOT_WELL)

    def test_addresses_are_learned_of_many_hosts_at_once_and_within_the_duration(self):
        """Twenty names that take 300 ms each; one after another would be six seconds."""
        server = self.serve(address="0.0.0.0")
        script = {}
        for i in range(20):
            script[f"h{i}.example", "A"] = dns.answer(f"127.0.0.{i + 1}", delay=0.3)
            script[f"h{i}.example", "AAAA"] = dns.nodata()
            script[f"dead{i}.example", "A"] = script[f"dead{i}.example", "AAAA"] = dns.drop()
        address, port = self.enter(dns.Server(("127.0.0.1", 0), script=script)).endpoints[0][:2]
        asked = ("-n", 1, "--compare", "each", "--dns-server", f"{address}:{port}")
        report = self.measure(*FLOOD, *asked, *(f"h{i}.example:{server.port}" for i in range(20)))
        self.assertEqual([host["modes"][0]["mode"] for host in report["hosts"]], [f"127.0.0.{i + 1}" for i in range(20)])
        began = time.monotonic()
        result = run(*FLOOD, *asked, "-c", 2, "--duration", "500ms", *(f"dead{i}.example:{server.port}" for i in range(20)))
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual(result.returncode, NOT_WELL, result)
        self.assertIn("20 of 20 hosts were not reached", result.stdout)

    def test_modes_take_turns(self):
        server = self.serve()
        report = self.measure(*FLOOD, "-n", 3, "--compare", "race,v4,delay=100ms", f"127.0.0.1:{server.port}")
        order = sorted((sample["started_us"], mode["mode"]) for mode in report["hosts"][0]["modes"]
                       for sample in mode["samples"])
        self.assertEqual([mode for _, mode in order], ["race", "v4", "delay=100ms", "v4", "delay=100ms", "race",
                                                       "delay=100ms", "race", "v4"])

    def test_warm_up_is_dialled_and_not_counted(self):
        server = self.serve()
        samples = self.samples(*FLOOD, "-n", 2, "--warmup", 3, f"127.0.0.1:{server.port}")
        self.assertEqual([sample["n"] for sample in samples], [0, 1])
        server.wait_for(5)
        self.assertEqual(len(server.times), 5)


class FirstLine(BenchTest):
    def outcomes(self, server, *arguments, status=WELL):
        samples = self.samples(*FLOOD, "-n", 3, "--until", "banner", *arguments, f"127.0.0.1:{server.port}", status=status)
        return {(sample["outcome"], sample["error"]) for sample in samples}

    def test_it_ends_the_dial(self):
        self.assertEqual(self.outcomes(self.serve()), {("connected", None)})

    def test_a_server_that_closes_and_one_that_is_silent(self):
        self.assertEqual(self.outcomes(self.serve(b"", delay=0.01, keep=False), "--timeout", "5s", status=NOT_WELL),
                         {("closed", "closed before its first line")})
        self.assertEqual(self.outcomes(self.serve(b"", keep=True), "--timeout", "300ms", status=NOT_WELL),
                         {("timed_out", "connected, but silent")})

    def test_what_is_no_ssh_server(self):
        self.assertEqual(self.outcomes(self.serve(b"220 mail.example ESMTP\r\n"), status=NOT_WELL),
                         {("failed", "no SSH server: '220 mail.example ESMTP'")})

    def test_what_it_says_is_kept(self):
        servers = [self.serve(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), self.serve(b"SSH-2.0-dropbear_2022.83\r\n")]
        path = self.temporary_path("csv")
        result = run(*FLOOD, "-n", 2, "--until", "banner", "--csv", path, *(f"127.0.0.1:{server.port}" for server in servers),
                     env={**ENVIRONMENT, "COLUMNS": "160"})
        self.assertEqual(result.returncode, WELL, result)
        self.assertRegex(result.stdout.splitlines()[0], r"banner$")
        self.assertRegex(result.stdout.splitlines()[1], r" OpenSSH_9\.2p1 Debian-2$")
        self.assertIn("not all servers are the same: 1 host OpenSSH_9.2p1 Debian-2, 1 host", result.stdout.replace("\n  ", " "))
        with open(path, encoding="utf-8", newline="") as file:
            self.assertEqual([row["banner"] for row in csv.DictReader(file)],
                             2 * ["SSH-2.0-OpenSSH_9.2p1 Debian-2"] + 2 * ["SSH-2.0-dropbear_2022.83"])

    def test_sshd_that_penalises_is_named(self):
        server = self.serve(limit=2)
        result = run(*FLOOD, "-n", 5, "--until", "banner", f"127.0.0.1:{server.port}")
        self.assertEqual(result.returncode, WELL, result)
        self.assertIn("3 of 5 failed (60 %): Not allowed at this time", result.stdout)
        self.assertIn("the server turns this client away", result.stdout)


class Manners(BenchTest):
    def test_a_host_is_dialled_once_a_second(self):
        """A start is late by what its sample says; that the server is late to see one has half a second."""
        server = self.serve()
        samples = self.samples("-n", 3, f"127.0.0.1:{server.port}")
        for earlier, later in zip(samples, samples[1:]):
            apart = later["started_us"] - earlier["started_us"]
            self.assertGreater(apart, 999_000 - earlier["lag_us"])
            self.assertLess(apart, 1_010_000 + later["lag_us"])
        server.wait_for(3)
        for earlier, later in zip(server.times, server.times[1:]):
            self.assertGreater(later - earlier, 0.5)

    def test_two_names_of_one_server_are_dialled_as_one(self):
        """Both at first; then it is known."""
        server = self.serve()
        names = [word for name in ("a.example", "b.example") for word in resolve(name, "127.0.0.1")]
        report = self.measure("-n", 2, *names, f"a.example:{server.port}", f"b.example:{server.port}")
        starts = sorted(sample["started_us"] for host in report["hosts"] for sample in host["modes"][0]["samples"])
        self.assertLess(starts[1], 900_000)
        for earlier, later in zip(starts[1:], starts[2:]):
            self.assertGreater(later - earlier, 900_000)

    def test_banners_are_asked_for_every_two_seconds(self):
        server = self.serve()
        samples = self.samples("-n", 2, "--until", "banner", f"127.0.0.1:{server.port}")
        self.assertGreater(samples[1]["started_us"] - samples[0]["started_us"], 1_900_000)
        self.assert_usage_error(run("--rate", 1, "--until", "banner", "127.0.0.1"), "one dial in 2 s to each host")
        self.assert_usage_error(run("--every", "1s", "--until", "banner", "127.0.0.1"), "--every is under 2 s")

    def test_who_measures_is_said_on_request_only(self):
        for options, ending in (((), "end"), (("--identify",), "data")):
            server = self.serve()
            self.samples("--flood", "-n", 1, "--until", "banner", *options, f"127.0.0.1:{server.port}")
            wait_until(lambda: server.endings, "the end of the connection")
            self.assertEqual(server.endings, [ending])

    def test_a_rate_over_that_must_be_meant(self):
        result = run("--rate", 3, "127.0.0.1", "127.0.0.2")
        self.assert_usage_error(result, "one dial a second to each host")
        self.assertIn("hint: ", result.stderr)
        self.assertIn("--flood", result.stderr)

    def test_an_orderly_close_unless_a_reset_is_asked_for(self):
        for options, ending in ((("--flood",), "end"), (FLOOD, "reset")):
            server = self.serve(b"", delay=0.05)
            self.measure(*options, "-n", 1, f"127.0.0.1:{server.port}")
            wait_until(lambda: server.endings, "the end of the connection")
            self.assertEqual(server.endings, [ending])

    def test_each_host_takes_every_source(self):
        """With two hosts and two sources, dials that end in the hosts' turn would give each host one source."""
        servers = [self.serve(), self.serve()]
        self.measure(*FLOOD, "-c", 1, "-n", 4, "--sources", "127.0.0.2,127.0.0.3",
                     *(f"127.0.0.1:{server.port}" for server in servers))
        for server in servers:
            server.wait_for(4)
            self.assertEqual(server.clients, 2 * ["127.0.0.2", "127.0.0.3"])

    def test_sources_are_taken_in_turn(self):
        server = self.serve()
        sources = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        self.measure(*FLOOD, "-c", 1, "-n", 6, "--sources", ",".join(["::1"] + sources), f"127.0.0.1:{server.port}")
        server.wait_for(6)
        self.assertEqual(server.clients, 2 * sources)

    def test_a_source_that_is_not_ours_is_refused_before_any_traffic(self):
        server = self.serve()
        result = run(*FLOOD, "-n", 1, "--sources", "127.0.0.2,192.0.2.1", f"127.0.0.1:{server.port}")
        self.assertEqual(result.returncode, SYSTEM_FAILURE, result)
        self.assertIn("192.0.2.1: ", result.stderr)
        self.assertEqual(server.clients, [])
        self.assert_usage_error(run("--sources", "127.0.0.2,", "127.0.0.1"), "--sources")
        self.assert_usage_error(run("--sources", "127.0.0.2", "--bind", "127.0.0.3", "127.0.0.1"), "exclude")

    def test_the_open_loop_counts_from_the_intended_start(self):
        """Twenty a second to a server that takes 150 ms, one at a time: each waits longer than the last."""
        server = self.serve(delay=0.15)
        samples = self.samples(*FLOOD, "--rate", 20, "-c", 1, "-n", 5, "--until", "banner",
                               f"127.0.0.1:{server.port}")
        self.assertEqual([sample["intended_us"] for sample in samples], [0, 50_000, 100_000, 150_000, 200_000])
        totals = [sample["total_us"] for sample in samples]
        for earlier, later in zip(totals, totals[1:]):
            self.assertGreater(later - earlier, 90_000)
        self.assertLess(sorted(sample["phases"]["connect_us"] for sample in samples)[2], 50_000)

    def test_an_open_loop_does_not_burst_at_one_host(self):
        """The name server keeps the first dial for 2.5 s; the two that are due by then keep their distance."""
        server = self.serve()
        servers = self.name_server(A=dns.answer("127.0.0.1", delay=2.5), AAAA=dns.nodata())
        samples = self.samples("--rate", 1, "-c", 1, "-n", 3, *servers, f"db.example:{server.port}")
        starts = [sample["started_us"] for sample in samples]
        self.assertEqual([sample["intended_us"] for sample in samples], [0, 1_000_000, 2_000_000])
        for earlier, later in zip(starts, starts[1:]):
            self.assertGreaterEqual(later - earlier, 990_000)

    def test_dials_that_were_due_and_left_out_are_counted(self):
        """20 a second for half a second are 10; a server that takes 150 ms each and one place at a time."""
        server = self.serve(delay=0.15)
        asked = (*FLOOD, "--rate", 20, "-c", 1, "--duration", "500ms", "--until", "banner", f"127.0.0.1:{server.port}")
        report = self.measure("--timeout", "400ms", *asked)
        begun = report["hosts"][0]["modes"][0]["summary"]["count"]
        self.assertLess(begun, 8)
        self.assertEqual((report["never_begun"], report["saturated"]), (10 - begun, True))
        self.assertIn(f"{10 - begun} dials were due and never begun: the rate was not kept", report["verdicts"])
        report = self.measure("--timeout", "10s", *asked)
        self.assertEqual((report["hosts"][0]["modes"][0]["summary"]["count"], report["never_begun"]), (10, 0))

    def test_ports_in_time_wait_are_pointed_at(self):
        server = self.serve()
        result = run("--flood", "--duration", "100ms", f"127.0.0.1:{server.port}")
        self.assertIn("TIME_WAIT", result.stderr)
        self.assertEqual(run(*FLOOD, "--duration", "100ms", f"127.0.0.1:{server.port}").stderr, "")

    def test_few_descriptors_are_said_and_kept_to(self):
        server = self.serve()
        limited = ["sh", "-c", 'ulimit -n 64; exec "$0" "$@"', *words(*FLOOD, "-n", 50, "-c", 40, "--json", "-",
                                                                       f"127.0.0.1:{server.port}")]
        result = subprocess.run(limited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT,
                                timeout=30)
        self.assertIn("only 64 descriptors", result.stderr)
        self.assertEqual(json.loads(result.stdout)["hosts"][0]["modes"][0]["summary"]["failures"], 0)


    def test_descriptors_are_raised_to_what_is_allowed(self):
        hole = self.black_hole()
        limited = ["sh", "-c", 'ulimit -Sn 100; exec "$0" "$@"', *words(f"127.0.0.1:{hole.port}")]
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with subprocess.Popen(limited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                              env=ENVIRONMENT) as process:
            wait_until(lambda: is_connecting(hole.port), "the SYN")
            soft, _ = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=5)
        self.assertEqual(soft, min(hard, 50_000))


class Running(BenchTest):
    def test_ctrl_c_prints_what_there_is(self):
        server = self.serve()
        path = self.temporary_path("report")
        with subprocess.Popen(words("--duration", "60s", "--json", path, f"127.0.0.1:{server.port}"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
            server.wait_for(2)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=10)
        self.assertEqual((process.returncode, errors), (WELL, ""))
        self.assertIn("median", output)
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.assertIn(report["hosts"][0]["modes"][0]["summary"]["count"], (1, 2))
        self.assertTrue(report["interrupted"])
        self.assertIn("interrupted", output)
        self.assertLess(report["duration_us"], 30_000_000)

    def test_the_end_of_its_terminal_prints_what_there_is(self):
        server = self.serve()
        path = self.temporary_path("report")
        with subprocess.Popen(words("--duration", "60s", "--json", path, f"127.0.0.1:{server.port}"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
            server.wait_for(2)
            process.send_signal(signal.SIGHUP)
            output, errors = process.communicate(timeout=10)
        self.assertEqual((process.returncode, errors), (WELL, ""))
        self.assertIn("median", output)
        with open(path, encoding="utf-8") as file:
            self.assertTrue(json.load(file)["interrupted"])

    def test_a_signal_prints_what_there_is_and_the_run_goes_on(self):
        server = self.serve()
        path = self.temporary_path("report")
        with subprocess.Popen(words("-n", 4, "--json", path, f"127.0.0.1:{server.port}"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
            server.wait_for(2)
            process.send_signal(signal.SIGUSR1)
            wait_until(lambda: os.path.exists(path), "the file")
            with open(path, encoding="utf-8") as file:
                so_far = json.load(file)
            output, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, errors), (WELL, ""))
        self.assertIn(so_far["hosts"][0]["modes"][0]["summary"]["count"], (1, 2, 3))
        self.assertEqual(len(re.findall("^host +dials", output, re.MULTILINE)), 2)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["hosts"][0]["modes"][0]["summary"]["count"], 4)

    def test_files_are_written_anew_and_one_that_cannot_be_takes_no_other_with_it(self):
        server = self.serve()
        good, bad = self.temporary_path("good.json"), os.path.join(self.temporary_path("folder"), "bad.csv")
        os.mkdir(os.path.dirname(bad))
        with open(good, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o640)
        arguments = ("-n", 30, "--interval", "1s", "--json", good, "--csv", bad, f"127.0.0.1:{server.port}")
        with subprocess.Popen(words(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                              env=ENVIRONMENT) as process:
            wait_until(lambda: os.path.exists(bad), "the first reports, of which this is the last")
            os.unlink(bad)
            os.rmdir(os.path.dirname(bad))
            first = os.stat(good).st_ino
            wait_until(lambda: os.stat(good).st_ino != first, "the next one")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, SYSTEM_FAILURE)
        self.assertIn("bad.csv", errors)
        self.assertEqual(len(re.findall("^host +dials", output, re.MULTILINE)), 1)
        self.assertEqual(stat.S_IMODE(os.stat(good).st_mode), 0o640)
        with open(good, encoding="utf-8") as file:
            self.assertTrue(json.load(file)["interrupted"])
        self.assertEqual(os.listdir(os.path.dirname(good)), ["good.json"])

    def test_a_line_for_each_dial_as_it_ends(self):
        server = self.serve()
        before = datetime.datetime.now(datetime.timezone.utc)
        with subprocess.Popen(words("-n", 2, "--jsonl", "-", f"127.0.0.1:{server.port}"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
            first = json.loads(process.stdout.readline())
            self.assertIsNone(process.poll())
            second, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, errors), (WELL, ""))
        second = json.loads(second)
        self.assertEqual([(it["host"], it["port"], it["mode"], it["n"], it["outcome"]) for it in (first, second)],
                         [("127.0.0.1", str(server.port), "race", n, "connected") for n in (0, 1)])
        times = [datetime.datetime.fromisoformat(it["time"].replace("Z", "+00:00")) for it in (first, second)]
        self.assertLess(before - datetime.timedelta(milliseconds=1), times[0])
        between = (second["started_us"] - first["started_us"]) / 1e6
        self.assertAlmostEqual((times[1] - times[0]).total_seconds(), between, delta=0.0011)

    def test_lines_that_nobody_reads_do_not_hold_the_run(self):
        server = self.serve()
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        os.set_blocking(theirs, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(theirs, bytes(65536))
        result = run(*FLOOD, "-n", 50, "--jsonl", f"/proc/self/fd/{theirs}", f"127.0.0.1:{server.port}",
                     pass_fds=[theirs])
        os.close(theirs)
        self.assertEqual(result.returncode, SYSTEM_FAILURE)
        self.assertRegex(result.stderr, "^gladhand-bench: --jsonl: cannot write to .*: it is not read\n$")
        self.assertIn("median", result.stdout)

    def test_what_an_interval_needs(self):
        for arguments, words_of_it in ((["--interval", "2s", "h"], "--interval needs a file"),
                                       (["--interval", "2s", "--json", "-", "h"], "--interval needs a file"),
                                       (["--interval", "10ms", "--json", "x", "h"], "at least 1s"),
                                       (["--merge", "--jsonl", "x", "a.json"], "it excludes --jsonl")):
            result = run(*arguments)
            self.assertEqual(result.returncode, USAGE, arguments)
            self.assertIn(words_of_it, result.stderr)

    def test_ctrl_c_in_a_flood_of_dials_that_never_wait(self):
        # The kernel connects them all, nobody accepts: seconds of dials that need nothing of the loop.
        doors = [socket.create_server(("127.0.0.1", 0), backlog=4096) for _ in range(8)]
        for door in doors:
            self.addCleanup(door.close)
        targets = [f"127.0.0.1:{door.getsockname()[1]}" for door in doors]
        with subprocess.Popen(words(*FLOOD, "-n", 4000, "-c", 1, "--json", "-", *targets), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
            select.select(doors, [], [], 10)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
        self.assertEqual(errors, "")
        report = json.loads(output)
        self.assertTrue(report["interrupted"])
        self.assertLess(sum(host["modes"][0]["summary"]["count"] for host in report["hosts"]), 8 * 4000)

    def test_ctrl_c_while_addresses_are_learned(self):
        servers = self.name_server(A=dns.drop(), AAAA=dns.drop())
        with subprocess.Popen(words("--compare", "each", *servers, "db.example"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
            wait_until(lambda: self.names.queries, "the questions")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=5)
        self.assertEqual((process.returncode, errors), (NOT_WELL, ""))
        self.assertIn("1 of 1 host was not reached", output)

    def test_ctrl_c_while_a_dial_hangs(self):
        hole = self.black_hole()
        with subprocess.Popen(words(f"127.0.0.1:{hole.port}"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              encoding="utf-8", env=ENVIRONMENT) as process:
            wait_until(lambda: is_connecting(hole.port), "the SYN")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=5)
        self.assertEqual((process.returncode, errors), (NOT_WELL, ""))
        self.assertRegex(output.splitlines()[1], r" 0 +- +- +- ")

    def test_a_progress_line_on_a_terminal_and_none_elsewhere(self):
        server = self.serve()
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            with subprocess.Popen(words("-n", 2, f"127.0.0.1:{server.port}"), stdout=subprocess.PIPE, stderr=theirs,
                                  encoding="utf-8", env=ENVIRONMENT) as process:
                os.close(theirs)
                output, _ = process.communicate(timeout=20)
            seen = b""
            try:
                while piece := terminal.read(65536):
                    seen += piece
            except OSError:  # the other end is closed
                pass
        text = seen.decode()
        self.assertRegex(text, r"\r1 of 2 dials, \d+(\.\d)?/s, 0 failed, \d+ s left\x1b\[K")
        self.assertTrue(text.endswith("\r\x1b[K"), "it is gone at the end")
        self.assertNotIn("\r", output)
        self.assertEqual(run("-n", 2, f"127.0.0.1:{server.port}").stderr, "")


if __name__ == "__main__":
    common.main()
