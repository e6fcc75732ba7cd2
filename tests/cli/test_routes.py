#!/usr/bin/env python3
"""Several ways to one target: which are tried, when the next one is, and what is told of those that failed."""

import os
import shlex
import sys
import time

from common import (ALL_FAILED, GLADHAND, PROXY_FAILED, TIMED_OUT, USAGE, let_signals_end, main, read_json_lines,
                    resolve, run, start)
from proxy_case import NAME, ProxyTest, eventually, is_running, read
from support.receiver import BANNER
from support.scripted import http, in_turn, silence, socks5, ssh

setUpModule = let_signals_end

# What a bastion's "ssh -W" does: the server's banner, then whatever is said to it.
ECHO = "exec 2>/dev/null; printf 'SSH-2.0-test_1.0\\r\\n'; exec cat"


def routes(*texts):
    return [word for text in texts for word in ("--route", text)]


def shell(script):
    return "command sh -c " + shlex.quote(script)


class InOrder(ProxyTest):
    def test_the_first_that_connects_is_the_last_that_is_tried(self):
        listener = self.listen()
        other = self.listen()
        result = run(*routes(f"127.0.0.1:{listener.port}", f"127.0.0.1:{other.port}"), "127.0.0.1", 1)
        self.assert_handed_over(result, listener)
        self.assertEqual(len(other.connections), 0)

    def test_one_that_fails_has_a_successor_at_once(self):
        listener = self.listen()
        began = time.monotonic()
        result = run(*routes("direct", f":{listener.port}"), "127.0.0.1", self.refusing().port)
        self.assert_handed_over(result, listener)
        self.assertLess(time.monotonic() - began, 2)

    def test_one_that_says_nothing_has_its_time(self):
        listener = self.listen()
        hole = self.black_hole()
        began = time.monotonic()
        result = run(*routes(f"300ms :{hole.port}", "direct"), "127.0.0.1", listener.port)
        self.assert_handed_over(result, listener)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_another_name_and_the_resolver_of_options(self):
        listener = self.listen()
        result = run(*routes("%h.lan", "%h.vpn"), *resolve("nas.lan", "127.0.0.9"),
                     *resolve("nas.vpn", "127.0.0.1"), "nas", listener.port)
        self.assert_handed_over(result, listener)

    def test_through_a_proxy_else_through_another(self):
        silent = self.serve(silence)
        proxy = self.serve(in_turn(socks5(), ssh))
        result = run(*routes("200ms " + silent.url("http"), proxy.url("socks5h")), NAME, "22")
        self.assert_carries(result)
        self.assertEqual(proxy.asked, [[f"{NAME} port 22"]])

    def test_a_rule_may_have_them(self):
        proxy = self.serve(in_turn(http(), ssh))
        path = self.temporary_path("config.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[[rule]]\nroute = [":{self.refusing().port}", "{proxy.url("http")} b.example:2222"]\n')
        os.chmod(path, 0o600)
        self.assert_carries(run("--config", path, "127.0.0.1", "22"))
        self.assertEqual(proxy.asked, [["CONNECT b.example:2222 HTTP/1.1"]])

    def test_a_unix_socket_may_be_one(self):
        path = self.temporary_path("socket")
        self.serve(ssh, path=path)
        result = run(*routes("direct", "unix" + path), "--keepalive", "127.0.0.1", self.refusing().port)
        self.assert_carries(result)

    def test_waiting_for_a_server_goes_through_all_of_them_again(self):
        one, other = self.refusing(), self.refusing()
        path = self.temporary_path("trace")
        result = run("--attempts", "2", "--trace", path, *routes("direct", f":{other.port}"), "127.0.0.1", one.port)
        self.assert_fails(result, ALL_FAILED)
        tried = [(event["number"], event["of"], event["route"]) for event in read_json_lines(read(path))
                 if event["event"] == "route_tried"]
        self.assertEqual(tried, [(1, 2, "direct"), (2, 2, f":{other.port}")] * 2)


class Race(ProxyTest):
    """One whose time is over goes on beside the next."""

    def race(self, *texts, **how):
        return ("--route-order", "race", *routes(*texts), "127.0.0.1", self.listen().port)

    def test_one_that_is_slow_may_still_win(self):
        slow = self.serve(in_turn(waits(0.5), ssh))
        hole = self.black_hole()
        result = run("--until", "banner", *self.race(f"100ms :{slow.port}", f":{hole.port}"))
        self.assertEqual(self.assert_carries(result).getpeername()[1], slow.port)

    def test_the_next_begins_when_the_time_is_over_or_one_has_failed(self):
        hole, listener = self.black_hole(), self.listen()
        began = time.monotonic()
        result = run(*self.race(f"200ms :{hole.port}", f":{self.refusing().port}", f":{listener.port}"))
        self.assert_handed_over(result, listener)
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_those_that_lose_are_closed_also_where_bytes_are_carried(self):
        silent = self.serve(silence)
        server = self.serve(ssh)
        pid = self.temporary_path("pid")
        with start("--relay", "--until", "banner", *self.race(
                f"100ms :{silent.port}", "100ms " + shell(f"echo $$ >{pid}; exec sleep 60 2>/dev/null"),
                f":{server.port}")) as session:
            session.ours.settimeout(5)
            self.assertTrue(session.ours.recv(100).startswith(b"SSH-"))
            peer = silent.wait_for(1)[0]
            self.assertTrue(eventually(lambda: peer.connection.fileno() == -1))  # it has seen the end
            self.assertTrue(eventually(lambda: not is_running(int(read(pid)))))

    def test_the_record_has_one_end_for_each(self):
        hole, listener = self.black_hole(), self.listen()
        path = self.temporary_path("trace")
        result = run("--trace", path, *self.race(f"100ms :{hole.port}", f":{listener.port}"))
        self.assert_handed_over(result, listener)
        events = [event["event"] for event in read_json_lines(read(path))]
        self.assertEqual([events.count(name) for name in ("route_tried", "config_set", "metrics")], [2, 2, 2])
        self.assertEqual(events.count("attempt_started"), events.count("attempt_outcome"))
        self.assertEqual(events[-2:], ["handed_over", "metrics"])

    def test_all_that_failed_are_told(self):
        one, other = self.refusing(), self.refusing()
        result = run(*self.race(f":{one.port}", f":{other.port}"))
        self.assert_fails(result, ALL_FAILED, f"port {one.port}: refused", f"port {other.port}: refused")

    def test_time_is_over_for_all_of_them(self):
        holes = [self.black_hole(), self.black_hole()]
        result = run("--timeout", "1s", *self.race(*(f"100ms :{hole.port}" for hole in holes)))
        self.assert_fails(result, TIMED_OUT, *(f"port {hole.port}: no answer" for hole in holes))


def waits(seconds):
    def play(_):
        time.sleep(seconds)
    return play


class Told(ProxyTest):
    def test_one_line_has_what_each_said(self):
        one, other = self.refusing(), self.refusing("127.0.0.2")
        result = run(*routes("direct", f"127.0.0.2:{other.port}", shell("exit 3")), "127.0.0.1", one.port)
        self.assert_fails(result, PROXY_FAILED)
        self.assertEqual(
            result.lines[0],
            f"gladhand: connect to '127.0.0.1' port {one.port}: direct: refused by 127.0.0.1; "
            f"connect to '127.0.0.2' port {other.port}: refused by 127.0.0.2; "
            "command sh -c 'exit 3': 'sh': it exited with status 3")

    def test_verbose_names_the_routes(self):
        listener = self.listen()
        result = run("-v", *routes("http://jo:secret@127.0.0.1:1", "direct"), "127.0.0.1", listener.port)
        self.addCleanup(result.close)
        self.assertEqual(result.status, 0)
        self.assertIn("route 1 of 2: http://127.0.0.1:1\n", result.stderr)
        self.assertIn("route 2 of 2: direct\n", result.stderr)
        self.assertNotIn("secret", result.stderr)

    def test_what_is_no_route_is_refused_before_any_traffic(self):
        listener = self.listen()
        for text, fault in (("nowhere at all", "is not direct"), ("ftp://x", "ftp"), ("0s direct", "no time"),
                            ("command 'x", "is no command")):
            result = run(*routes("direct", text), "127.0.0.1", listener.port)
            self.assert_fails(result, USAGE, fault)
        self.assert_fails(run(*routes("direct"), "--proxy", "http://a", "b", "1"), USAGE, "exclude each other")
        self.assertEqual(len(listener.connections), 0)


class Commands(ProxyTest):
    def test_it_carries_what_ssh_says_and_stays(self):
        self.assert_carries(run(*routes(shell(ECHO)), NAME, "22"))
        passed = self.assert_handed_over(run(*routes(shell(ECHO)), NAME, "22"))
        self.assertTrue(os.get_blocking(passed.fileno()))

    def test_not_a_byte_is_taken_from_a_banner_after_other_lines(self):
        passed = self.assert_carries_after(b"hello\r\n", "printf 'hello\\r\\n';" + ECHO)
        self.assert_has_banner(passed)

    def assert_carries_after(self, first, script):
        result = run(*routes(shell(script)), NAME, "22")
        passed = self.assert_handed_over(result)
        passed.settimeout(5)
        self.assertEqual(passed.recv(len(first)), first)
        return passed

    def test_it_knows_the_target(self):
        passed = self.assert_handed_over(
            run(*routes("command sh -c 'echo \"$GLADHAND_HOST $GLADHAND_PORT %h %p\"; exec cat 2>/dev/null'"), NAME, "2222"))
        passed.settimeout(5)
        self.assertEqual(passed.recv(100), f"{NAME} 2222 {NAME} 2222\n".encode())

    def test_it_comes_after_what_is_better(self):
        result = run(*routes("direct", shell(ECHO)), "127.0.0.1", self.refusing().port)
        self.assert_carries(result)

    def test_it_is_relayed_where_no_descriptor_can_be_passed(self):
        with start("--relay", *routes(shell(ECHO)), NAME, "22") as session:
            session.ours.settimeout(5)
            session.ours.sendall(b"ping")
            got = b""
            while len(got) < len(BANNER) + 4:
                got += session.ours.recv(100)
            self.assertEqual(got, BANNER + b"ping")

    def test_one_that_says_nothing_is_ended_in_time(self):
        pid = self.temporary_path("pid")
        result = run(*routes("300ms " + shell(f"echo $$ >{pid}; exec sleep 60 2>/dev/null")), NAME, "22")
        self.assert_fails(result, TIMED_OUT, "'sh': no first words in 300 ms")
        number = int(read(pid))
        self.assertTrue(eventually(lambda: not is_running(number)))

    def test_half_a_line_is_none(self):
        result = run(*routes(shell("printf SSH-2.0; sleep 0.05; exit 1")), NAME, "22")
        self.assert_fails(result, PROXY_FAILED, "it exited with status 1")
        result = run(*routes("300ms " + shell("printf SSH-2.0; exec sleep 60 2>/dev/null")), NAME, "22")
        self.assert_fails(result, TIMED_OUT, "no first words in 300 ms")

    def test_one_that_is_not_there_is_told_and_the_next_is_tried(self):
        listener = self.listen()
        self.assert_fails(run(*routes("command no-such-program"), NAME, "22"), 71, "'no-such-program'")
        result = run(*routes("command no-such-program", "direct"), "127.0.0.1", listener.port)
        self.assert_handed_over(result, listener)

    def test_it_has_no_other_descriptor_than_its_three(self):
        script = f"{sys.executable} -c 'import os; print(sorted(os.listdir(\"/proc/self/fd\")), flush=True)'; exec cat 2>/dev/null"
        passed = self.assert_handed_over(run(*routes(shell(script)), NAME, "22"))
        passed.settimeout(5)
        self.assertEqual(passed.recv(100), b"['0', '1', '2', '3']\n")  # the last is of the listing

    def test_it_ends_when_ssh_does(self):
        pid = self.temporary_path("pid")
        passed = self.assert_carries(run(*routes(shell(f"echo $$ >{pid}; {ECHO}")), NAME, "22"))
        number = int(read(pid))
        self.assertTrue(is_running(number))
        passed.close()
        self.assertTrue(eventually(lambda: not is_running(number)))

    def test_one_that_leads_to_itself_ends(self):
        """The rule of the bastion holds for the bastion, too."""
        path = self.temporary_path("config.toml")
        with open(path, "w", encoding="utf-8") as file:
            command = f"{GLADHAND} --config {path} --relay -- gate.example 22"
            file.write(f"[[rule]]\nroute = 'command {command}'\n")
        os.chmod(path, 0o600)
        result = run("--config", path, NAME, "22")
        self.addCleanup(result.close)
        self.assertEqual(result.status, PROXY_FAILED, result)
        told, one, other = result.stderr.splitlines()
        self.assertIn("connect to 'gate.example' port 22: ", told)
        self.assertIn("it runs for this host already: leave the host out of the rule, as in ", told)
        self.assertTrue(told.endswith('match.host = "*,!gate.example"'), told)
        for line in (one, other):  # of the two gladhands that have run a command
            self.assertTrue(line.endswith("it exited with status 76"), line)

    def test_another_host_s_is_run(self):
        """A bastion behind a bastion."""
        inner = f"{GLADHAND} --config none --relay --route {shlex.quote(shell(ECHO))} -- gate.example 22"
        self.assert_carries(run(*routes(shell("exec 2>/dev/null; exec " + inner)), NAME, "22"))

    def test_no_shell_reads_what_is_in_a_host(self):
        result = run(*routes("command sh -c 'echo %h'"), "$(reboot)", "22")
        self.assert_fails(result, USAGE)


if __name__ == "__main__":
    main()
