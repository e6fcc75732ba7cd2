"""Every dial of the benchmark has one end with one cause, whatever it is, in every report."""

import contextlib
import json
import resource
import socket
import subprocess
import unittest

import sandbox
from bench_case import NOT_WELL, SYSTEM_FAILURE, WELL, BenchTest, run, words
from common import ENVIRONMENT, resolve, wait_until
from support import dns, receiver

NAME, GONE = "db.example", "192.0.2.9"


def setUpModule():
    sandbox.enter()


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class ThisMachine(BenchTest):
    """What was fine when the run began is refused by the kernel in its midst."""

    def measure_until(self, change, *options):
        """The samples before and after the change, and the whole report, which --merge must take."""
        server = self.serve(keep=True)
        path = self.temporary_path("run.json")
        with subprocess.Popen(words("--flood", "--reset", "--rate", 20, "-n", 40, "--json", path, *options,
                                    f"127.0.0.1:{server.port}"),
                              env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as bench:
            server.wait_for(2)
            change(server)
            _, errors = bench.communicate(timeout=20)
        self.assertEqual(bench.returncode, SYSTEM_FAILURE, errors)
        self.assertRegex(errors, r"^gladhand-bench: the run is over: dial after dial failed for this machine's own "
                                 r"limit: --[a-z-]+ [\d.]+: [a-z ]+\n$")
        merged = run("--merge", path)
        self.assertEqual((merged.returncode, merged.stderr), (WELL, ""))
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.assertTrue(report["interrupted"])
        mode = report["hosts"][0]["modes"][0]
        samples = mode["samples"]
        self.assertLess(len(samples), 40)
        connected = [sample for sample in samples if sample["outcome"] == "connected"]
        failed = [sample for sample in samples if sample["outcome"] != "connected"]
        self.assertGreaterEqual(len(connected), 2)
        self.assertGreaterEqual(len(failed), 10)
        self.assertEqual((mode["summary"]["ours"], mode["summary"]["failures"], mode["summary"]["loss"]), (len(failed), 0, 0))
        return connected, failed

    def assert_refused(self, samples, option, cause):
        for sample in samples:
            self.assertEqual((sample["outcome"], sample["error"]), ("ours", f"{option}: {cause}"))
            self.assertEqual([(attempt["outcome"], attempt["error"]) for attempt in sample["attempts"]],
                             [("failure", cause)])
            self.assertNotIn("address", sample)

    def test_a_source_address_that_goes(self):
        ip("address", "add", GONE + "/32", "dev", "lo")
        _, failed = self.measure_until(lambda _: ip("address", "del", GONE + "/32", "dev", "lo"), "--bind", GONE)
        self.assert_refused(failed, f"--bind {GONE}", "cannot assign requested address")

    def test_a_local_port_that_another_takes(self):
        port = receiver.free_port("0.0.0.0")

        def take(_):
            other = self.enter(socket.socket())

            def is_taken():  # between two dials of which one has it
                with contextlib.suppress(OSError):
                    other.bind(("0.0.0.0", port))
                    return True
            wait_until(is_taken, "the port")
            other.listen()
        _, failed = self.measure_until(take, "--local-port", port)
        self.assert_refused(failed, f"--local-port {port}", "address already in use")


class Descriptors(BenchTest):
    def test_a_run_that_could_dial_nothing_says_why_in_one_line(self):
        """All but a few descriptors are taken when the first dial wants one."""
        server = self.serve(keep=True)
        with subprocess.Popen(words("--flood", "--rate", 10, "-n", 30, "--csv", self.temporary_path("csv"), "--json", "-",
                                    f"127.0.0.1:{server.port}"),
                              env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as bench:
            server.wait_for(1)
            resource.prlimit(bench.pid, resource.RLIMIT_NOFILE, (4, 4))
            output, errors = bench.communicate(timeout=20)
        self.assertEqual(bench.returncode, SYSTEM_FAILURE)
        self.assertIn("gladhand-bench: the run is over: dial after dial failed for this machine's own limit: "
                      "too many open files\n", errors)
        summary = json.loads(output)["hosts"][0]["modes"][0]["summary"]
        self.assertEqual((summary["failures"], summary["ours"] >= 10), (0, True))


class Names(BenchTest):
    """A name behind a proxy, or a second proxy's, that is resolved here and leads nowhere."""

    def dials(self, *options, AAAA, A):
        proxy = self.serve(keep=True)
        servers = self.name_server(AAAA=AAAA, A=A)
        samples = self.samples("--flood", "-n", 3, *servers, "--proxy", f"socks5://127.0.0.1:{proxy.port}", *options,
                               status=NOT_WELL)
        self.assertEqual(len(samples), 3)
        return samples

    def test_no_address(self):
        for options in ((NAME,), ("--proxy", f"socks5h://{NAME}", "192.0.2.1")):
            for sample in self.dials(*options, AAAA=dns.nxdomain(), A=dns.nxdomain()):
                self.assertEqual((sample["outcome"], sample["error"]), ("no_address", "no address"))
                self.assertEqual([attempt["outcome"] for attempt in sample["attempts"]], ["success"])
                self.assertNotIn("address", sample)

    def test_no_answer(self):
        for sample in self.dials("--timeout", "300ms", NAME, AAAA=dns.drop(), A=dns.drop()):
            self.assertEqual((sample["outcome"], sample["error"]), ("timed_out", "no answer in time"))

    def test_the_status_says_so(self):
        proxy = self.serve(keep=True)
        servers = self.name_server(AAAA=dns.nodata(), A=dns.nodata())
        result = run("-n", 1, *servers, "--proxy", f"socks5://127.0.0.1:{proxy.port}", NAME)
        self.assertEqual(result.returncode, NOT_WELL)
        result = run("-n", 1, *servers, "--fail-if", "loss>10%", *resolve("up.example", "127.0.0.1"),
                     f"up.example:{proxy.port}", NAME)
        self.assertEqual(result.returncode, NOT_WELL)
        self.assertIn("loss>10%", result.stderr)


if __name__ == "__main__":
    unittest.main()
