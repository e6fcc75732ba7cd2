"""Ten thousand hosts from a file, 512 at once: all are dialled, in little memory."""

import contextlib
import json
import os
import subprocess
import time

import common
import sandbox
from bench_case import WELL, BenchTest, words
from common import ENVIRONMENT, SANITIZED
from support import dns

HOSTS, AT_ONCE, MEBIBYTE = 10_000, 512, 1 << 20
BOUND = 64


def setUpModule():
    sandbox.enter()


def peak_memory(pid):
    """KiB. Not what wait4(2) says: that counts what this process had when it forked, too."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    return 0


class Fleet(BenchTest):
    def measure_memory(self, hosts, *arguments):
        """(the report, the highest resident size in MiB)"""
        listing, report = self.temporary_path("hosts"), self.temporary_path("report")
        with open(listing, "w", encoding="ascii") as file:
            file.writelines(host + "\n" for host in hosts)
        with open(os.devnull, "w", encoding="ascii") as nowhere:
            process = subprocess.Popen(words("--hosts", listing, "-c", AT_ONCE, "--reset", "--json", report, *arguments),
                                       stdout=nowhere, env=ENVIRONMENT)
            memory = 0
            while process.poll() is None:
                memory = max(memory, peak_memory(process.pid))
                time.sleep(0.01)
        self.assertEqual(process.returncode, WELL)
        with open(report, encoding="utf-8") as file:
            return json.load(file), memory / 1024

    def assert_all_connected(self, report, memory, samples):
        outcomes = [sample["outcome"] for host in report["hosts"] for sample in host["modes"][0]["samples"]]
        self.assertEqual(len(outcomes), HOSTS * samples)
        self.assertEqual(set(outcomes), {"connected"})
        self.assertGreater(memory, 5)
        if not SANITIZED:
            self.assertLess(memory, BOUND)

    def test_addresses(self):
        """With as many dials to each as there are without -n."""
        server = self.serve(b"", address="0.0.0.0")
        hosts = [f"127.{i >> 8 & 255}.{i & 255}.1:{server.port}" for i in range(256, HOSTS + 256)]
        self.assert_all_connected(*self.measure_memory(hosts), samples=10)

    def test_names_that_are_slow_to_resolve(self):
        """512 dials wait for their answers at once, most of the time. Once each: ten times take minutes."""
        server = self.serve(b"", address="0.0.0.0")
        script = {}
        for i in range(HOSTS):
            script[f"h{i}.example", "A"] = dns.answer(f"127.{i >> 8 & 255}.{i & 255}.1", delay=0.7)
            script[f"h{i}.example", "AAAA"] = dns.nodata(delay=0.7)
        nameserver = self.enter(dns.Server(("127.0.0.1", 0), script=script))
        address, port = nameserver.endpoints[0][:2]
        hosts = [f"h{i}.example:{server.port}" for i in range(HOSTS)]
        self.assert_all_connected(*self.measure_memory(hosts, "-n", 1, "--dns-server", f"{address}:{port}", "--timeout", "60s"),
                                  samples=1)


if __name__ == "__main__":
    common.main()
