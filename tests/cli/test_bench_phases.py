"""Every phase that gladhand-bench tells against servers whose delays are known, and its verdicts on them.

A busy machine makes an answer later than it was told to be, never earlier. So of several samples the quickest
must not be late by more than 5 ms a phase beside what the server itself was late by, and none may be early by
more than 1 ms or 2 % of the truth, whichever is more. Only the wait for the first line begins with what the
network did, and a busy machine hears of that late: there it is the lower quartile that may not be early. The
delays are so long that no phase could be taken for another, nor two be one.
A program that a sanitizer watches is slow itself: that is no figure of gladhand's, and has more room.
"""

import re

import common
import sandbox
from bench_case import NOT_WELL, WELL, BenchTest, SocksServer, run
from common import SANITIZED, resolve
from support import dns, receiver

FLOOD = ("--flood", "--reset")
SAMPLES = 12
MS = 1000
LATE = 5 * MS
WATCHED = 5 * MS if SANITIZED else 0


def setUpModule():
    sandbox.enter()


class Phases(BenchTest):
    def assert_true(self, figures, truth, phases=1, earliest=0, server=0):
        """figures and truth in microseconds; phases: how many were added up; earliest: the rank of the first
        that may not be early; server: what it may be late by itself."""
        self.assertEqual(len(figures), SAMPLES)
        self.assertGreaterEqual(sorted(figures)[earliest], truth - max(MS, truth // 50))
        self.assertLessEqual(min(figures), truth + server + WATCHED + phases * LATE)

    def late(self, kind):
        """What the name server's least late answer was late by, in whole microseconds."""
        return int(self.names.lateness("db.example", kind) * 1e6)

    def phases(self, samples, phase):
        return [sample["phases"][phase + "_us"] for sample in samples if phase + "_us" in sample["phases"]]

    def test_questions(self):
        server = self.serve()
        servers = self.name_server(AAAA=dns.answer("::1", delay=0.040), A=dns.answer("127.0.0.1", delay=0.025))
        samples = self.samples(*FLOOD, "-n", SAMPLES, *servers, "--resolution-delay", "1s", f"db.example:{server.port}")
        late = self.late("AAAA")
        self.assert_true(self.phases(samples, "dns_aaaa"), 40 * MS, server=late)
        self.assert_true(self.phases(samples, "dns_a"), 25 * MS, server=self.late("A"))
        self.assert_true([sample["total_us"] for sample in samples], 40 * MS, phases=2, server=late)

    def test_a_question_that_is_not_waited_for_costs_the_resolution_delay(self):
        server = self.serve()
        servers = self.name_server(AAAA=dns.drop(), A=dns.answer("127.0.0.1", delay=0.010))
        samples = self.samples(*FLOOD, "-n", SAMPLES, *servers, f"db.example:{server.port}")
        late = self.late("A")
        self.assert_true(self.phases(samples, "dns_a"), 10 * MS, server=late)
        self.assertEqual(self.phases(samples, "dns_aaaa"), [])
        self.assertEqual({sample["queries"][0]["status"] for sample in samples}, {"unanswered"})
        self.assert_true([sample["total_us"] for sample in samples], 60 * MS, phases=2, server=late)

    def test_the_first_line(self):
        server = self.serve(delay=0.060)
        samples = self.samples(*FLOOD, "-n", SAMPLES, "--until", "banner", f"127.0.0.1:{server.port}")
        late = server.lateness()
        self.assert_true(self.phases(samples, "banner"), 60 * MS, earliest=SAMPLES // 4, server=late)
        self.assert_true([sample["total_us"] for sample in samples], 60 * MS, phases=2, server=late)

    def test_the_handshake_with_a_proxy(self):
        proxy = self.enter(SocksServer(delay=0.030))
        samples = self.samples(*FLOOD, "-n", SAMPLES, "--proxy", f"socks5h://127.0.0.1:{proxy.port}", "db.example")
        self.assert_true(self.phases(samples, "proxy"), 30 * MS, server=proxy.lateness())
        self.assert_true(self.phases(samples, "connect"), 0)
        self.assert_true([sample["total_us"] for sample in samples], 30 * MS, phases=2, server=proxy.lateness())
        self.assertEqual({sample["address"] for sample in samples}, {"127.0.0.1"})

    def test_a_mute_proxy_is_not_waited_for_without_end(self):
        """One address after another has no bound but that of each; the handshakes have it, too."""
        proxy = self.enter(SocksServer(delay=20))
        for mode in ("race", "sequential"):
            samples = self.samples(*FLOOD, "-n", 1, "--timeout", "300ms", "--compare", mode,
                                   "--proxy", f"socks5h://127.0.0.1:{proxy.port}", "db.example", status=NOT_WELL, timeout=10)
            self.assertEqual([sample["outcome"] for sample in samples], ["timed_out"])
            self.assertRegex(samples[0]["error"], r"no answer in (300|[12]\d\d) ms")
            self.assertNotIn("proxy_us", samples[0]["phases"])

    def test_attempts_and_the_winner(self):
        """IPv6 is silent: it is given up after the delay, and IPv4 alone takes no time."""
        hole = self.black_hole("::1", port=receiver.free_port("::1", "127.0.0.1"))
        self.serve(port=hole.port)
        samples = self.samples(*FLOOD, "-n", SAMPLES, "--connection-attempt-delay", "100ms",
                               *resolve("db.example", "::1", "127.0.0.1"), f"db.example:{hole.port}")
        self.assert_true([sample["total_us"] for sample in samples], 100 * MS, phases=2)
        self.assert_true([sample["attempts"][1]["start_us"] for sample in samples], 100 * MS)
        self.assert_true(self.phases(samples, "connect"), 0)
        self.assertEqual({(sample["family"], sample["attempts"][0]["outcome"]) for sample in samples},
                         {("IPv4", "canceled")})


class Verdicts(BenchTest):
    """The sentences follow from the same figures."""

    def verdicts(self, *arguments):
        report = self.measure(*FLOOD, "-n", SAMPLES, *arguments)
        return report["hosts"][0]["verdicts"], report["hosts"][0]["modes"]

    def test_what_the_race_saves_against_one_address_after_another(self):
        hole = self.black_hole("::1", port=receiver.free_port("::1", "127.0.0.1"))
        self.serve(port=hole.port)
        verdicts, modes = self.verdicts("--compare", "race,sequential", "--timeout", "400ms",
                                        "--connection-attempt-delay", "50ms",
                                        *resolve("db.example", "::1", "127.0.0.1"), f"db.example:{hole.port}")
        for mode, truth in zip(modes, (50 * MS, 400 * MS)):
            quickest = min(sample["total_us"] for sample in mode["samples"])
            self.assertAlmostEqual(quickest, truth, delta=10 * MS + WATCHED)
        race, sequential = (mode["summary"]["median_us"] for mode in modes)
        (told,) = [text for text in verdicts if text.startswith("the race saves ")]
        self.assertIn("against one address after another", told)
        self.assertAlmostEqual(float(re.match(r"the race saves ([\d.]+) ms", told)[1]) * MS, sequential - race, delta=MS)
        self.assertIn("IPv4 wins 12 of 12 races", verdicts)
        self.assertTrue([text for text in verdicts if text.startswith("IPv6 is broken: none of 12 attempts")], verdicts)

    def test_late_answers(self):
        server = self.serve()
        servers = self.name_server(AAAA=dns.answer("::1", delay=0.070), A=dns.answer("127.0.0.1"))
        verdicts, _ = self.verdicts(*servers, "--resolution-delay", "1s", "--timeout", "2s", f"db.example:{server.port}")
        self.assertTrue([text for text in verdicts if text.startswith("AAAA answers come ")], verdicts)

    def test_sequential_waits_for_every_answer_and_asks_each_address_once(self):
        port = receiver.free_port("::1", "127.0.0.1")
        self.serve(port=port)
        servers = self.name_server(AAAA=dns.answer("::1", delay=0.005), A=dns.answer("127.0.0.1", delay=0.080))
        _, modes = self.verdicts("--compare", "sequential", *servers, f"db.example:{port}")
        for sample in modes[0]["samples"]:
            self.assertEqual([(attempt["address"], attempt["outcome"]) for attempt in sample["attempts"]],
                             [("::1", "failure"), ("127.0.0.1", "success")])
            self.assertGreaterEqual(sample["attempts"][0]["start_us"], 79 * MS)

    def test_all_is_well(self):
        server = self.serve()
        result = run(*FLOOD, "-n", SAMPLES, *resolve("db.example", "127.0.0.1"), f"db.example:{server.port}")
        self.assertEqual((result.returncode, result.stderr), (WELL, ""))
        self.assertNotIn("broken", result.stdout)


if __name__ == "__main__":
    common.main()
