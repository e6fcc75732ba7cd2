"""What the real Prometheus, promtool and node_exporter make of gladhand-bench's metrics. Loopback only."""

import bisect
import contextlib
import datetime
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import common
import sandbox
from bench_case import WELL, BenchTest, Exporter, Server, run, samples
from common import ENVIRONMENT, wait_until
from support import receiver

FILES = pathlib.Path(__file__).resolve().parents[2] / "src/apps/serve"


def setUpModule():
    sandbox.enter()
    common.let_signals_end()


@unittest.skipUnless(shutil.which("promtool"), "promtool (Debian: prometheus) is not installed")
class Files(BenchTest):
    def test_rules_and_configuration(self):
        for kind, name in (("rules", "rules.yml"), ("config", "prometheus.yml")):
            checked = subprocess.run(["promtool", "check", kind, name], cwd=FILES, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, encoding="utf-8", check=False, timeout=30)
            self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_what_it_serves_is_of_the_format(self):
        server = self.serve()
        exporter = self.enter(Exporter("--every", "1s", "--address-label", f"127.0.0.1:{server.port}"))
        server.wait_for(2)
        for text in (exporter.get("/metrics")[1], exporter.probe(f"127.0.0.1:{self.serve().port}", "ssh_banner")[1]):
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, encoding="utf-8", check=False, timeout=30)
            self.assertEqual((checked.returncode, checked.stdout), (0, ""))

    def test_every_metric_that_the_files_ask_for_is_served(self):
        with open(FILES / "dashboard.json", encoding="utf-8") as file:
            dashboard = json.load(file)
        asked = "".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
        asked += (FILES / "rules.yml").read_text(encoding="utf-8")
        server = self.serve()
        exporter = self.enter(Exporter("--every", "1s", f"127.0.0.1:{server.port}"))
        server.wait_for(2)
        served = {name for name, _ in samples(exporter.get("/metrics")[1])}
        for name in set(re.findall(r"gladhand_bench_\w+", asked)):
            self.assertIn(name, served)


class Sometimes(Server):
    """Answers seven of ten connections at once, two after 0.6 s, and one not at all."""

    def __init__(self):
        self._numbers = itertools.count()
        super().__init__(delay=0.001)

    def _answer(self, connection, turned_away, began):
        number = next(self._numbers) % 10
        if number in (7, 8):
            time.sleep(0.6)
        with connection:
            if number != 9:
                connection.sendall(self.text)


class Process:
    """A server of somebody else's, as long as the test."""

    def __init__(self, log, *command):
        with open(log, "w", encoding="utf-8") as file:
            self._process = subprocess.Popen(list(map(str, command)), stdout=file, stderr=file,
                                             env={**ENVIRONMENT, "HOME": os.path.dirname(log)})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(20)


@unittest.skipUnless(shutil.which("prometheus"), "prometheus (Debian: prometheus) is not installed")
class Prometheus(BenchTest):
    """The real one scrapes for half a minute; what it then knows is what the servers of the tests did."""

    SECONDS = 30
    BOUNDS = (0, 0.005, 0.02, 0.1, 0.25, 0.5, 1, 5, float("inf"))

    def start(self, jobs):
        self.folder = self.enter(tempfile.TemporaryDirectory())
        self.port = receiver.free_port("127.0.0.1")
        with open(f"{self.folder}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(f"global: {{scrape_interval: 1s}}\nrule_files: [{FILES}/rules.yml]\nscrape_configs: [{jobs}]\n")
        self.enter(Process(f"{self.folder}/log", "prometheus", f"--config.file={self.folder}/prometheus.yml",
                           f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{self.port}"))

    def ask(self, expression):
        """[(labels, value)], a value being [time, text], or a list of them for a range."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
            return [(it["metric"], it.get("value") or it["values"])
                    for it in json.load(connection.getresponse())["data"]["result"]]

    def values(self, expression):
        return [float(value[1]) for _, value in self.ask(expression)]

    def has(self, expression, wanted):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):  # not ready yet
            return self.values(expression) == wanted
        return False

    def bucket_of(self, dials, share):
        """The bounds of the histogram between which so many of the dials lie, the quickest first."""
        seconds = sorted(it["total_us"] for it in dials)[min(len(dials) - 1, int(share * len(dials)))] / 1e6
        place = bisect.bisect_left(self.BOUNDS, seconds)
        return self.BOUNDS[place - 1], self.BOUNDS[place]

    def test_what_it_knows_of_the_schedule_is_what_happened(self):
        server, dead = self.enter(Sometimes()), self.refusing()
        lines = self.temporary_path("lines")
        exporter = self.enter(Exporter("--flood", "--every", "200ms", "--until", "banner", "--jsonl", lines,
                                       f"127.0.0.1:{server.port}"))
        self.start("{job_name: bench, static_configs: [{targets: ['127.0.0.1:%d']}]}, {job_name: probe, metrics_path: "
                   "/probe, params: {target: ['127.0.0.1:%d']}, scrape_interval: 5s, scrape_timeout: 5s, "
                   "static_configs: [{targets: ['127.0.0.1:%d']}]}" % (exporter.port, dead.port, exporter.port))
        wait_until(lambda: self.has('up{job="bench"}', [1]), "the first scrape", 60)
        wait_until(lambda: self.has('probe_success{job="probe"}', [0]), "the probe", 30)
        time.sleep(self.SECONDS)
        self.assertEqual(self.values('min_over_time(up{job="bench"}[25s])'), [1])
        ranges = {labels["outcome"]: values for labels, values in
                  self.ask(f'gladhand_bench_dial_seconds_count{{port="{server.port}"}}[25s]')}
        asked = time.time()
        failing, quantiles = (self.ask(expression % server.port) for expression in (
            'sum(increase(gladhand_bench_dial_seconds_count{outcome="failed",port="%d"}[25s])) '
            '/ sum(increase(gladhand_bench_dial_seconds_count{outcome!="ours"}[25s]))',
            'histogram_quantile(0.5, sum by (le) (increase('
            'gladhand_bench_dial_seconds_bucket{outcome="connected",port="%d"}[25s])))'))
        slow = self.values('histogram_quantile(0.9, sum by (le) (increase('
                           'gladhand_bench_dial_seconds_bucket{outcome="connected"}[25s])))')
        exporter.end()
        with open(lines, encoding="utf-8") as file:
            dials = [json.loads(line) for line in file]
        for dial in dials:
            began = datetime.datetime.fromisoformat(dial["time"].replace("Z", "+00:00")).timestamp()
            dial["ended"] = began + dial["total_us"] / 1e6
        self.assertGreater(len(ranges["connected"]), 15)
        for outcome, wanted in (("connected", ("connected",)), ("failed", ("closed",))):
            of_kind = [dial for dial in dials if dial["outcome"] in wanted]
            for moment, value in ranges[outcome]:  # stamped when the scrape begins
                self.assertLessEqual(sum(dial["ended"] < moment - 0.01 for dial in of_kind), float(value), outcome)
                self.assertGreaterEqual(sum(dial["ended"] < moment + 1.1 for dial in of_kind), float(value), outcome)
        late = [dial for dial in dials if asked - 25 < dial["ended"] < asked]
        self.assertGreater(len(late), 40)
        self.assertAlmostEqual(float(failing[0][1][1]), sum(dial["outcome"] == "closed" for dial in late) / len(late),
                               delta=3 / len(late))
        connected = [dial for dial in late if dial["outcome"] == "connected"]
        for known, share in ((float(quantiles[0][1][1]), 0.5), (slow[0], 0.9)):
            least, most = self.bucket_of(connected, share - 0.05)[0], self.bucket_of(connected, share + 0.05)[1]
            self.assertTrue(least <= known <= most, (least, known, most))
        self.assertGreaterEqual(slow[0], 0.5)

    @unittest.skipUnless(shutil.which("prometheus-node-exporter"), "prometheus-node-exporter is not installed")
    def test_what_runs_have_counted_into_a_file_for_node_exporter(self):
        """Six runs of five dials; of one of them nobody ever sees the file, and no dial is lost."""
        server, dead = self.serve(), self.refusing()
        folder = self.enter(tempfile.TemporaryDirectory())
        node = receiver.free_port("127.0.0.1")
        self.enter(Process(f"{folder}/log", "prometheus-node-exporter", "--collector.disable-defaults",
                           "--collector.textfile", f"--collector.textfile.directory={folder}",
                           f"--web.listen-address=127.0.0.1:{node}"))
        self.start(f"{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{node}']}}]}}")
        runs, seen = 6, 'gladhand_bench_dial_seconds_count{port="%d",outcome="%s"}'
        for number in range(1, runs + 1):
            result = run("--flood", "-n", 5, "--openmetrics", f"{folder}/bench.prom", "--label", "team=x",
                         f"127.0.0.1:{server.port}", f"127.0.0.1:{dead.port}")
            self.assertEqual((result.returncode, result.stderr), (WELL, ""))
            if number != 3:
                wait_until(lambda: self.has(seen % (server.port, "connected"), [5 * number]), "the scrape", 60)
        self.assertEqual(self.values(seen % (dead.port, "failed")), [5 * runs])
        self.assertEqual(self.values(f'gladhand_bench_success{{team="x",port="{dead.port}"}}'), [0])
        self.assertEqual(self.values(f'resets({seen % (server.port, "connected")}[5m])'), [0])
        self.assertEqual(self.values("max_over_time(node_textfile_scrape_error[5m])"), [0])
        median = self.values("histogram_quantile(0.5, sum by (le) (gladhand_bench_dial_seconds_bucket"
                             f'{{outcome="connected",port="{server.port}"}}))')
        self.assertTrue(0 < median[0] <= 0.1, median)


if __name__ == "__main__":
    common.main()
