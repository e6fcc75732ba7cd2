"""How a dial fails and what it tells: statuses, messages, -q, -v, --log, --trace, --explain.

Addresses that refuse, that do not answer (a full backlog) and that have no route, all on loopback.
"""

import json
import os
import subprocess
import unittest

import common
import sandbox
from common import (ALL_FAILED, GLADHAND, NOT_HANDED_OVER, TIMED_OUT, USAGE, CommandTest, is_connecting, read_json_lines, resolve, run,
                    start, wait_until)
from support import dns, receiver

NAME = "db.example"
SOON = 1.0


def setUpModule():
    sandbox.available()


def duration(result):
    return result.exited - result.started


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Messages(CommandTest):
    def test_refused(self):
        port = self.refusing().port
        result = run("127.0.0.1", port)
        self.assert_fails(result, ALL_FAILED)
        self.assertEqual(result.lines[0], "gladhand: connect to '127.0.0.1' port %d: refused by 127.0.0.1" % port)
        self.assertLess(duration(result), SOON)

    def test_every_refusal_is_named_in_the_order_of_the_attempts(self):
        port = receiver.free_port("127.0.0.1", "::1")
        self.refusing("127.0.0.1", port)
        self.refusing("::1", port)
        result = run(*resolve(NAME, "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"), NAME, port)
        self.assert_fails(result, ALL_FAILED, "connect to 'db.example' port %d: " % port)
        positions = [result.stderr.index(address) for address in ("::1", "127.0.0.1", "127.0.0.2", "127.0.0.3")]
        self.assertEqual(positions, sorted(positions))
        self.assertLess(duration(result), SOON)

    def test_a_long_list_of_refusals_does_not_use_up_the_descriptors(self):
        """200 addresses refuse, the last accepts; the process may have 64 descriptors."""
        listener = self.listen("127.0.3.1")
        dead = ["127.0.2.%d" % i for i in range(1, 201)]
        limited = ["sh", "-c", 'ulimit -n 64; exec "$0" "$@"', GLADHAND]
        result = receiver.run([*limited, *resolve(NAME, *dead, "127.0.3.1"), NAME, str(listener.port)])
        self.assert_handed_over(result, listener)

    def test_no_route(self):
        if not sandbox.available():
            self.skipTest("this machine may have routes")
        result = run(*resolve(NAME, "192.0.2.1", "2001:db8::1"), NAME, "22")
        self.assert_fails(result, ALL_FAILED, "192.0.2.1", "2001:db8::1", "unreachable")
        self.assertLess(duration(result), SOON)

    def test_no_answer_in_time(self):
        hole = self.black_hole()
        result = run("--timeout", "2s", "127.0.0.1", hole.port)
        self.assert_fails(result, TIMED_OUT)
        self.assertRegex(result.lines[0], r"^gladhand: connect to '127\.0\.0\.1' port %d: "
                         r"no answer from 127\.0\.0\.1 in 2(\.[12])? s$" % hole.port)
        self.assertGreater(duration(result), 1.8)
        self.assertLess(duration(result), 3)  # with the start of a program that a sanitizer may watch

    def test_a_timeout_below_a_second(self):
        hole = self.black_hole()
        result = run("--timeout", "300ms", "127.0.0.1", hole.port)
        self.assert_fails(result, TIMED_OUT)
        self.assertRegex(result.lines[0], r" no answer from 127\.0\.0\.1 in (299|[34]\d\d) ms$")
        self.assertGreater(duration(result), 0.29)
        self.assertLess(duration(result), 1)

    def test_a_mixed_end_tells_each_cause(self):
        """The time runs out while one attempt waits; the refusal before it is told as well."""
        hole = self.black_hole("127.0.0.2")
        self.refusing("127.0.0.1", hole.port)
        result = run("--timeout", "1s", *resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, hole.port)
        self.assert_fails(result, TIMED_OUT)
        self.assertRegex(result.lines[0], r"^gladhand: connect to 'db\.example' port %d: "
                         r"refused by 127\.0\.0\.1, no answer from 127\.0\.0\.2 in (\d+ ms|1(\.\d)? s)$" % hole.port)

    def test_time_runs_out_before_the_second_address_has_its_turn(self):
        first = self.black_hole("127.0.0.1")
        second = self.listen("127.0.0.2", first.port)
        result = run("--timeout", "500ms", "--connection-attempt-delay", "2s", *resolve(NAME, "127.0.0.1", "127.0.0.2"),
                     NAME, first.port)
        self.assert_fails(result, TIMED_OUT, "127.0.0.1")
        self.assertEqual(second.connections, [])

    def test_the_name_is_quoted_as_given(self):
        result = run(*resolve(NAME, "127.0.0.9"), "DB.Example", self.refusing("127.0.0.9").port)
        self.assertRegex(result.lines[0], r"(?i)^gladhand: connect to 'db\.example' port ")

    def test_quiet_leaves_one_line(self):
        result = run("-q", "127.0.0.1", self.refusing().port)
        self.assert_fails(result, ALL_FAILED, hint=False)

    def test_losers_are_silent(self):
        winner = self.listen("127.0.0.2")
        self.refusing("127.0.0.1", winner.port)
        result = run(*resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, winner.port)
        self.assert_handed_over(result, winner)

    def test_no_colour_where_no_terminal_is(self):
        for options in ((), ("-v",)):
            self.assertNotIn("\x1b", run(*options, "127.0.0.1", self.refusing().port).stderr)


class Race(CommandTest):
    """The race as its peers see it."""

    def test_a_failure_starts_the_next_attempt_at_once(self):
        winner = self.listen("127.0.0.4")
        addresses = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
        result = run("--connection-attempt-delay", "2s", *resolve(NAME, *addresses), NAME, winner.port)
        self.assert_handed_over(result, winner)
        self.assertLess(duration(result), SOON)

    def test_the_next_address_gets_its_turn_after_the_delay(self):
        first = self.black_hole("127.0.0.1")
        winner = self.listen("127.0.0.2", first.port)
        for option, delay in (((), 0.25), (("--connection-attempt-delay", "600ms"), 0.6)):
            with self.subTest(delay):
                result = run(*option, *resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, first.port)
                self.assert_handed_over(result, winner)
                self.assertGreaterEqual(duration(result), delay)
                self.assertLess(duration(result), delay + 0.3)

    def test_the_delay_is_at_least_10_ms(self):
        first = self.black_hole("127.0.0.1")
        winner = self.listen("127.0.0.2", first.port)
        for count, value in enumerate(("0", "1ms"), 1):
            result = run("--connection-attempt-delay", value, *resolve(NAME, "127.0.0.1", "127.0.0.2"),
                         NAME, first.port)
            self.assert_handed_over(result, winner)
            winner.wait_for(count)
            self.assertGreaterEqual(winner.connections[-1][0] - result.started, 0.010)

    def test_the_delay_is_at_most_2_s(self):
        first = self.black_hole("127.0.0.1")
        winner = self.listen("127.0.0.2", first.port)
        result = run("--connection-attempt-delay", "20s", *resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, first.port)
        self.assert_handed_over(result, winner)
        self.assertGreaterEqual(duration(result), 2.0)
        self.assertLess(duration(result), 3)

    def test_families_alternate_beginning_with_ipv6(self):
        port = receiver.free_port("127.0.0.1", "::1")
        self.refusing("127.0.0.1", port)
        self.refusing("::1", port)
        result = run("--trace", "-", *resolve(NAME, "127.0.0.1", "127.0.0.2", "::1"), NAME, port)
        events = read_json_lines("\n".join(line for line in result.lines if line.startswith("{")))
        order = [event["address"] for event in events if event["event"] == "attempt_started"]
        self.assertEqual(order, ["::1", "127.0.0.1", "127.0.0.2"])


class Verbose(CommandTest):
    def setUp(self):
        self.winner = self.listen("127.0.0.2")
        self.refusing("127.0.0.1", self.winner.port)
        self.arguments = (*resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, self.winner.port)

    def assert_tells_the_race(self, text):
        for words in ("127.0.0.1", "127.0.0.2", "refused"):
            self.assertIn(words, text)
        self.assertGreaterEqual(len(text.splitlines()), 4)
        for line in text.splitlines():
            self.assertTrue(line.isprintable(), line)

    def test_verbose_tells_every_decision_on_stderr(self):
        result = run("-v", *self.arguments)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))
        self.assert_tells_the_race(result.stderr)

    def test_log_file_gets_the_text_and_stderr_does_not(self):
        path = self.temporary_path("log")
        self.assert_handed_over(run("--log", path, *self.arguments), self.winner)
        self.assert_tells_the_race(read(path))

    def test_log_and_verbose_together(self):
        path = self.temporary_path("log")
        result = run("-v", "--log", path, *self.arguments)
        self.addCleanup(result.close)
        self.assert_tells_the_race(result.stderr)
        self.assert_tells_the_race(read(path))

    def test_log_to_stderr_and_verbose_tell_it_once(self):
        port = self.refusing("127.0.0.1").port
        for options in (("--log", "-"), ("-v", "--log", "-")):
            with self.subTest(options):
                result = run(*options, "127.0.0.1", port)
                self.assertEqual(result.status, ALL_FAILED)
                self.assertEqual(len(result.lines), len(set(result.lines)), result.stderr)
                self.assertTrue(result.lines[-1].startswith("gladhand: connect to '127.0.0.1'"), result.stderr)

    def test_verbose_ends_with_the_error_line(self):
        result = run("-v", "127.0.0.1", self.winner.port)
        self.assertEqual(result.status, ALL_FAILED)
        errors = [line for line in result.lines if line.startswith("gladhand: connect to ")]
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertGreater(len(result.lines), 2)

    def test_a_failure_is_in_the_log_and_on_stderr(self):
        path = self.temporary_path("log")
        result = run("--log", path, "127.0.0.1", self.winner.port)
        self.assert_fails(result, ALL_FAILED, "refused by 127.0.0.1")
        self.assertIn("127.0.0.1", read(path))

    def test_what_is_wrong_before_the_race_is_in_the_log(self):
        """ControlPersist leaves nothing else to read."""
        for arguments in (("bad..name", "22"), ("x.example", "nosuch-service"), ("fe80::1%nosuch", "22"),
                          ("--protocol", "sctp", "--interface", "nosuch", "127.0.0.1", "22"),
                          ("-4", "::1", "22"), ("--on-slow", "1s:/no/such", "127.0.0.1", "22")):
            with self.subTest(arguments):
                path = self.temporary_path("log")
                result = run("--log", path, *arguments)
                self.addCleanup(result.close)
                self.assertNotEqual(result.status, 0)
                self.assertEqual(read(path), result.stderr)
        path = self.temporary_path("log")
        result = run("--log", path, "127.0.0.1", "22", stdout=subprocess.DEVNULL)
        self.assertIn("standard output is closed, or /dev/null", read(path))

    def test_a_pipe_that_nobody_reads_holds_nobody(self):
        path = self.temporary_path("fifo")
        os.mkfifo(path)
        for option in ("--log", "--trace"):
            result = run(option, path, *self.arguments, timeout=3)
            self.assert_fails(result, 64, option, path)

    def test_a_log_that_is_full_does_not_harm(self):
        for option in ("--log", "--trace"):
            with self.subTest(option):
                result = run(option, "/dev/full", *self.arguments)
                self.addCleanup(result.close)
                self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1), result)


class Trace(CommandTest):
    def setUp(self):
        self.winner = self.listen("127.0.0.2")
        self.refusing("127.0.0.1", self.winner.port)

    def trace(self, *arguments):
        """Runs with --trace FILE; returns the result and the events."""
        path = self.temporary_path("trace")
        result = run("--trace", path, *arguments)
        self.addCleanup(result.close)
        return result, read_json_lines(read(path))

    def assert_well_formed(self, events, success):
        names = [event["event"] for event in events]
        times = [event["t_us"] for event in events]
        self.assertTrue(all(isinstance(time, int) and time >= 0 for time in times), times)
        self.assertEqual(times, sorted(times))
        self.assertEqual(names[0], "config_set")
        self.assertIn("trace_version", events[0])
        self.assertEqual(names.count("config_set"), 1)
        self.assertEqual(names.count("metrics"), 1)
        self.assertEqual(names.count("connection_selected"), 1 if success else 0)
        self.assertEqual(names.count("handed_over"), 1 if success else 0)
        self.assertEqual(names.count("connection_aborted"), 0 if success else 1)
        self.assert_one_outcome_each(events)

    def assert_one_outcome_each(self, events):
        """In the order of time: every attempt starts once and then ends once."""
        open_attempts, ended = set(), set()
        for event in events:
            if event["event"] == "attempt_started":
                self.assertNotIn(event["attempt"], open_attempts | ended)
                open_attempts.add(event["attempt"])
            elif event["event"] == "attempt_outcome":
                self.assertIn(event["attempt"], open_attempts, event)
                open_attempts.remove(event["attempt"])
                ended.add(event["attempt"])
        self.assertEqual(open_attempts, set())

    def outcomes(self, events):
        return [event["outcome"] for event in events if event["event"] == "attempt_outcome"]

    def test_success(self):
        result, events = self.trace(*resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, self.winner.port)
        self.assert_handed_over(result, self.winner)
        self.assert_well_formed(events, success=True)
        self.assertEqual(self.outcomes(events), ["failure", "success"])

    def test_all_failed(self):
        result, events = self.trace(*resolve(NAME, "127.0.0.1", "127.0.0.3"), NAME, self.winner.port)
        self.assertEqual(result.status, ALL_FAILED)
        self.assert_well_formed(events, success=False)
        self.assertEqual(self.outcomes(events), ["failure", "failure"])

    def test_timeout(self):
        first = self.black_hole("127.0.0.1")
        self.enter(receiver.BlackHole("127.0.0.2", first.port))
        result, events = self.trace("--timeout", "400ms", "--connection-attempt-delay", "50ms",
                                    *resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, first.port)
        self.assertEqual(result.status, TIMED_OUT)
        self.assert_well_formed(events, success=False)
        started = [event for event in events if event["event"] == "attempt_started"]
        self.assertEqual([event.get("backup_of") for event in started], [None, None, 0, 1])
        self.assertEqual(len(self.outcomes(events)), 4)
        self.assertLessEqual(set(self.outcomes(events)), {"timeout", "canceled"})

    def test_a_pending_loser_is_canceled(self):
        first = self.black_hole("127.0.0.1")
        winner = self.listen("127.0.0.2", first.port)
        result, events = self.trace("--connection-attempt-delay", "50ms", *resolve(NAME, "127.0.0.1", "127.0.0.2"),
                                    NAME, first.port)
        self.assert_handed_over(result, winner)
        self.assert_well_formed(events, success=True)
        self.assertEqual(sorted(self.outcomes(events)), ["canceled", "success"])

    def test_a_name_that_does_not_exist(self):
        server = self.enter(dns.Server())
        result, events = self.trace("--dns-server", server.endpoint, NAME, "22")
        self.assertEqual(result.status, 68)
        self.assert_well_formed(events, success=False)
        names = [event["event"] for event in events]
        self.assertEqual(names.count("dns_query_started"), len(server.queries))
        self.assertEqual(names.count("dns_query_finished"), len(server.queries))

    def test_to_stderr(self):
        """Every line is an event; the error line, if there is one, comes last."""
        result = run("--trace", "-", *resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, self.winner.port)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data), (0, b"\0"))
        self.assert_well_formed(read_json_lines(result.stderr), success=True)
        result = run("--trace", "-", "127.0.0.1", self.winner.port)
        lines = [line for line in result.lines if line.startswith("{")]
        self.assert_well_formed([json.loads(line) for line in lines], success=False)
        self.assert_one_message("".join(line + "\n" for line in result.lines if not line.startswith("{")))

    def test_a_name_with_odd_characters_is_valid_json(self):
        server = self.enter(dns.Server())
        _, events = self.trace("--dns-server", server.endpoint, "a\"b.example", "22")
        if events:  # such a name may as well be refused
            self.assert_well_formed(events, success=False)

    def test_a_dial_that_is_cut_short_has_its_outcomes_and_metrics(self):
        hole = self.black_hole()
        path = self.temporary_path("trace")
        with start("--trace", path, "127.0.0.1", hole.port) as session:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            session.ours.close()
            session.wait(5)
            self.assertEqual(session.process.returncode, 71)
        events = read_json_lines(read(path))
        self.assertEqual(set(self.outcomes(events)), {"canceled"})
        self.assertEqual(events[-1]["event"], "metrics")
        self.assertEqual((events[-1]["outcome"], events[-1]["exit_status"]), ("failure", 71))
        for command in ("false", "sleep 60"):
            result, events = self.trace("--before", command, "--timeout", "300ms", "127.0.0.2", self.winner.port)
            self.assertNotEqual(result.status, 0)
            self.assertEqual([event["event"] for event in events].count("metrics"), 1)
            self.assertEqual(events[-1]["event"], "metrics")

    def test_the_end_by_a_signal_leaves_whole_lines(self):
        hole, path = self.black_hole(), self.temporary_path("trace")
        with start("--trace", path, "127.0.0.1", hole.port) as session:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            session.process.terminate()
            self.assertEqual(session.finish().status, -15)
        read_json_lines(read(path))


class UnwritableFiles(CommandTest):
    def test_a_clear_error_before_traffic(self):
        listener, server = self.listen(), self.enter(dns.Server())
        missing = os.path.join(os.path.dirname(self.temporary_path("x")), "no", "such", "directory")
        for option in ("--trace", "--log"):
            for path in (missing, "/", ""):
                with self.subTest((option, path)):
                    result = run("--dns-server", server.endpoint, option, path, NAME, listener.port)
                    self.assertIn(result.status, (64, NOT_HANDED_OVER))
                    self.assert_fails(result, result.status, path)
        self.assertEqual((server.queries, listener.connections), ([], []))


class TextOnTheReceiver(CommandTest):
    """stderr is the socket that the connection is to be passed over: not one byte of text, whatever fails."""

    def run_with(self, before, *arguments):
        words = ["sh", "-c", f'exec 2>&1; {before} exec "$@"', "sh", GLADHAND, *map(str, arguments)]
        result = receiver.run(words, env=common.ENVIRONMENT)
        self.addCleanup(result.close)
        return result

    def test_whatever_is_wrong(self):
        port = self.refusing().port
        for arguments, status in ((("--no-such-option",), USAGE), ((), USAGE), (("bad..name", "22"), USAGE),
                                  (("x.example", "nosuch-service"), USAGE), (("-v", "x.example", "nosuch"), USAGE),
                                  (("--log", "/", "127.0.0.1", port), USAGE),
                                  (("--before", "/no/such", "127.0.0.1", port), NOT_HANDED_OVER),
                                  (("-v", "--log", "-", "--trace", "-", "127.0.0.1", port), ALL_FAILED)):
            with self.subTest(arguments):
                result = self.run_with("", *arguments)
                self.assertEqual((result.status, result.data, result.descriptors), (status, b"", []), result)

    def test_what_works_works(self):
        listener = self.listen()
        self.assert_handed_over(self.run_with("", "-v", "127.0.0.1", listener.port), listener)

    @unittest.skipIf(common.SANITIZED, "a sanitizer needs descriptors of its own")
    def test_few_descriptors(self):
        """From the first with which the program begins at all: its libraries take one."""
        listener, statuses = self.listen(), []
        for count in range(3, 16):
            result = self.run_with(f"ulimit -n {count};", "127.0.0.1", listener.port)
            statuses.append(result.status)
            if result.status == 127:
                self.assertIn(b"loading shared libraries", result.data)
            elif result.status != 0:
                self.assertIn(result.status, (USAGE, ALL_FAILED, NOT_HANDED_OVER))
                self.assertEqual((result.data, result.descriptors), (b"", []), result)
            else:
                self.assertEqual((result.data, len(result.descriptors)), (b"\0", 1), result)
        self.assertEqual(statuses[-1], 0, statuses)

    def test_a_picture_is_for_people(self):
        """ssh HOST gladhand --explain ... 2>&1: sshd gives a socket, too."""
        result = self.run_with("", "--explain", "127.0.0.1", self.refusing().port)
        self.assertIn(b"refused by 127.0.0.1", result.data)


class FullDisk(CommandTest):
    def test_what_was_asked_for_and_is_not_there_is_an_error(self):
        listener = self.listen()
        for arguments in (("--help",), ("--version",), ("--explain", "127.0.0.1", listener.port)):
            with self.subTest(arguments), open("/dev/full", "wb") as disk:
                self.assert_fails(run(*arguments, stdout=disk), NOT_HANDED_OVER,
                                  "cannot write to standard output: no space left on device")


class Explain(CommandTest):
    """--explain: the same race, a picture on stdout, no hand-over; the status is that of the dial."""

    def explain(self, *arguments):
        result = run("--explain", *arguments, stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual((result.data, result.descriptors), (b"", []))
        return result, result.stdout.decode("utf-8")

    def test_success(self):
        winner = self.listen("127.0.0.2")
        self.refusing("127.0.0.1", winner.port)
        result, picture = self.explain(*resolve(NAME, "127.0.0.1", "127.0.0.2"), NAME, winner.port)
        self.assertEqual((result.status, result.stderr), (0, ""))
        self.assertIn("127.0.0.1", picture)
        self.assertIn("127.0.0.2", picture)
        self.assertNotIn("\x1b", picture)
        (peer,) = winner.wait_for(1)
        self.assertTrue(receiver.at_end(peer))

    def test_a_host_as_people_type_it(self):
        port = self.listen("127.0.0.1").port
        for text in ("127.0.0.1:%d" % port, "ssh://me@127.0.0.1:%d" % port, "me@127.0.0.1:%d" % port):
            with self.subTest(text):
                result, picture = self.explain(text)
                self.assertEqual((result.status, result.stderr), (0, ""))
                self.assertIn("connect to '127.0.0.1' port %d" % port, picture)
        result, picture = self.explain("--timeout", "1s", "127.0.0.1")
        self.assertIn("port 22", picture)
        self.assert_fails(run("127.0.0.1:%d" % port), USAGE)  # ssh does not give that

    def test_failure(self):
        port = self.refusing("127.0.0.1").port
        result, picture = self.explain("127.0.0.1", port)
        self.assertEqual(result.status, ALL_FAILED)
        self.assertIn("127.0.0.1", picture)
        self.assert_one_message(result.stderr)

    def test_timeout(self):
        hole = self.black_hole()
        result, picture = self.explain("--timeout", "300ms", "127.0.0.1", hole.port)
        self.assertEqual(result.status, TIMED_OUT)
        self.assertIn("127.0.0.1", picture)

    def test_a_name_that_does_not_exist(self):
        server = self.enter(dns.Server())
        result, _ = self.explain("--dns-server", server.endpoint, NAME, "22")
        self.assertEqual(result.status, 68)
        self.assert_one_message(result.stderr)

    def test_nothing_is_passed_even_to_a_socket_of_ssh(self):
        listener = self.listen()
        result = run("--explain", "127.0.0.1", listener.port)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.descriptors), (0, []))

    def test_a_reader_that_is_gone_is_survived(self):
        """gladhand --explain ... | head -0"""
        listener = self.listen()
        reader, writer = os.pipe()
        os.close(reader)
        try:
            result = run("--explain", "127.0.0.1", listener.port, stdout=writer)
        finally:
            os.close(writer)
        self.assertGreaterEqual(result.status, 0, "ended by a signal")


if __name__ == "__main__":
    common.main()
