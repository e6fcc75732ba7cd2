"""What comes before a connection: knocks, commands of the user's, and waiting for a server.

Knocks and attempts are read on the wire at the server; a command tells what it found in a file.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import dial_case
import net_case
from cli.common import ALL_FAILED, NO_ADDRESS, NOT_HANDED_OVER, TIMED_OUT, read_json_lines
from dial_case import ALSO_CLIENT_V4, ALSO_CLIENT_V6, PORT, SECOND, TCP, UDP, SERVER_V4, SERVER_V6
from net_case import HOST, IPV4_SSH, IPV6_SSH, SSH
from support import dns, network, receiver
from timed_case import EARLY

WITNESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "witness.py")
DEAD_V4 = "192.0.2.66"  # the server's, and nothing listens there


def setUpModule():
    network.require()


class Knocking(dial_case.DialTest):
    KNOCK = ("--knock", "tcp:7000,udp:8000,tcp:9001")
    ORDER = [(TCP, 7000), (UDP, 8000), (TCP, 9001), (TCP, PORT)]

    def knocks(self, wire, host):
        """The SYNs and datagrams to that host, name server's questions and the rest of a connection left out."""
        return [packet for packet in wire.packets if packet.destination == host and
                (packet.is_syn or packet.protocol == UDP and packet.port != 53)]

    def assert_knocked(self, wire, host, delay):
        """Each door once, in order, that far apart, and the attempt after the last pause."""
        packets = self.knocks(wire, host)
        self.assertEqual([(packet.protocol, packet.port) for packet in packets], self.ORDER)
        self.assertEqual(packets[1].data, b"")
        for one, following in zip(packets, packets[1:]):
            self.assert_apart(following.time - one.time, delay)

    def test_each_address_is_knocked_at_before_it_is_tried(self):
        self.serve()
        self.network.black_hole(IPV6_SSH)
        _, wire = self.connect(*self.KNOCK)
        self.assertEqual(wire.destinations, [SERVER_V6, SERVER_V4])
        for host in (SERVER_V6, SERVER_V4):
            self.assert_knocked(wire, host, 0.1)

    def test_knock_delay_is_the_pause_after_each(self):
        self.serve()
        for delay in (0.03, 0.25):
            _, wire = self.connect(*self.KNOCK, "--knock-delay", delay, host=SERVER_V4)
            self.assert_knocked(wire, SERVER_V4, delay)

    def test_a_door_that_says_nothing_is_knocked_at_once(self):
        """No second SYN, though its silence lasts longer than a retransmission takes."""
        self.serve()
        self.network.black_hole("tcp dport { 7000, 9001 }")
        self.network.black_hole("udp dport 8000")
        _, wire = self.connect(*self.KNOCK, "--knock-delay", "1.2", host=SERVER_V6)
        self.assert_knocked(wire, SERVER_V6, 1.2)

    def test_knocks_come_from_the_same_address_as_the_connection(self):
        self.serve()
        for host, source in ((SERVER_V4, ALSO_CLIENT_V4), (SERVER_V6, ALSO_CLIENT_V6)):
            with self.subTest(host):
                _, wire = self.connect(*self.KNOCK, "--bind", source, host=host)
                self.assertEqual([packet.source for packet in self.knocks(wire, host)], [source] * 4)

    def test_knocks_leave_by_the_same_device_as_the_connection(self):
        self.serve(dial_case.FAR_V4, dial_case.FAR_V6, where=self.far)
        for host in (dial_case.FAR_V4, dial_case.FAR_V6):
            with self.subTest(host):
                _, wire = self.connect(*self.KNOCK, "--interface", SECOND, host=host)
                self.assertEqual([packet.device for packet in self.knocks(wire, host)], [SECOND] * 4)

    def test_a_loser_stops_knocking(self):
        """IPv6 connects 2.4 s after the begin; IPv4, begun after 2 s, has knocked once."""
        self.serve()
        _, wire = self.connect(*self.KNOCK, "--knock-delay", "0.8", "--connection-attempt-delay", "2s")
        self.assertEqual(wire.destinations, [SERVER_V6])
        self.assertEqual([packet.port for packet in self.knocks(wire, SERVER_V4)], [7000])

    def test_where_no_knock_can_go_there_is_no_attempt(self):
        self.network.client.do(f"ip route add unreachable {SERVER_V4}/32")
        self.addCleanup(self.network.client.do, f"ip route del unreachable {SERVER_V4}/32")
        result = self.start(*self.KNOCK, host=SERVER_V4).finish()
        self.assert_fails(result, ALL_FAILED, SERVER_V4)
        self.assertLess(result.exited - result.started, 0.3)


class CommandCase(dial_case.DialTest):
    def setUp(self):
        super().setUp()
        self.told = self.own_file("told")

    def witness(self, seconds=0, words=""):
        return f"{sys.executable} -I -S {WITNESS} {self.told} {seconds} {words}"

    def accounts(self):
        """What the command told, a dictionary for each time that it ran."""
        if not os.path.exists(self.told):
            return []
        with open(self.told, encoding="utf-8") as file:
            return read_json_lines(file.read())

    def assert_descriptors(self, account):
        """Nothing of gladhand's: an empty input, and its stderr twice."""
        found = account["descriptors"]
        self.assertEqual(sorted(found), ["0", "1", "2"], found)
        self.assertEqual(found["0"], "/dev/null")
        self.assertEqual(found["1"], found["2"])
        self.assertFalse(found["1"].startswith("socket:"), found)


class Before(CommandCase):
    def test_it_finds_the_target_and_all_addresses_in_its_environment(self):
        self.serve()
        self.dns.set(HOST, "AAAA", dns.answer(SERVER_V6, delay=0.05))
        self.connect("--before", self.witness(), "--resolution-delay", "5s")
        self.assertEqual(len(self.accounts()), 1)
        found = self.accounts()[0]["environment"]
        self.assertEqual(found["GLADHAND_HOST"], HOST)
        self.assertEqual(found["GLADHAND_PORT"], str(PORT))
        self.assertEqual(found["GLADHAND_ADDRESSES"], f"{SERVER_V6} {SERVER_V4}")
        self.assertEqual(found["PATH"], network.SEARCH_PATH)

    def test_the_first_attempt_waits_for_its_end(self):
        self.serve()
        _, wire = self.connect("--before", self.witness(0.3))
        told = self.accounts()[0]["time"]
        self.assertGreaterEqual(wire.syns[0].time, told + 0.3 - EARLY)

    def test_it_runs_once_however_many_addresses_are_tried(self):
        self.serve()
        self.network.refuse(IPV6_SSH)
        _, wire = self.connect("--before", self.witness())
        self.assertEqual(wire.destinations, [SERVER_V6, SERVER_V4])
        self.assertEqual(len(self.accounts()), 1)

    def test_without_an_address_it_does_not_run(self):
        for kind in ("AAAA", "A"):
            self.dns.set(HOST, kind, dns.nxdomain())
        result, _ = self.dial("--before", self.witness())
        self.assert_fails(result, NO_ADDRESS)
        self.assertEqual(self.accounts(), [])

    def test_it_gets_no_descriptor_of_ours(self):
        self.serve()
        trace = self.own_file("trace")
        self.connect("--before", self.witness(), "--trace", trace, "--log", trace + ".log")
        self.assert_descriptors(self.accounts()[0])

    def test_words_are_split_and_nothing_is_expanded(self):
        self.serve()
        self.connect("--before", self.witness(words=r"""'a  b' "c'd" e\ f '' "" $HOME * ~ x'y'"z" 'q\' "\"" ;|&>"""))
        self.assertEqual(self.accounts()[0]["words"],
                         ["a  b", "c'd", "e f", "", "", "$HOME", "*", "~", "xyz", "q\\", '"', ";|&>"])

    def test_nothing_that_it_writes_reaches_the_receiver(self):
        self.serve()
        result, _ = self.dial("--before", "head -c 1048576 /dev/zero")
        self.assertEqual((result.status, result.data, result.messages), (0, b"\0", [1]))
        self.assertEqual(len(result.descriptors), 1)
        self.assertEqual(result.stderr, "\0" * 1048576)

    def assert_ends_dial(self, command, text):
        self.serve_nothing_else()
        with self.subTest(command):
            result, wire = self.dial("--before", command)
            self.assert_fails(result, NOT_HANDED_OVER, text)
            self.assertEqual(wire.syns, [])

    def serve_nothing_else(self):
        if not getattr(self, "served", False):
            self.serve()
            self.served = True

    def test_its_failure_ends_the_dial_and_names_the_status(self):
        self.assert_ends_dial("sh -c 'exit 3'", "--before 'sh' exited with status 3")
        self.assert_ends_dial("sh -c 'kill -9 $$'", "--before 'sh' was ended by signal 9")
        self.assert_ends_dial("false", "--before 'false' exited with status 1")

    def test_what_cannot_be_run_ends_the_dial(self):
        self.assert_ends_dial("/nonexistent/command", "cannot run '/nonexistent/command'")

    def test_a_command_that_hangs_is_ended_at_the_timeout(self):
        self.serve()
        result, wire = self.dial("--before", "sleep 60", "--timeout", "0.5")
        self.assert_fails(result, TIMED_OUT, "--before 'sleep' has not ended in 500 ms")
        self.assertGreaterEqual(result.exited - result.started, 0.5)
        self.assertLess(result.exited - result.started, 2)
        self.assertEqual(wire.syns, [])
        self.assert_soon(lambda: not self.network.client.processes(), "the command's end")

    def test_it_ends_when_the_receiver_goes(self):
        self.serve()
        with self.start("--before", self.witness(60)) as session:
            self.assert_soon(self.accounts, "the command's begin")
            session.ours.close()
            session.wait(5)
            self.assertEqual(session.process.returncode, NOT_HANDED_OVER)
        self.assert_soon(lambda: not self.network.client.processes(), "the command's end")


    def test_it_ends_with_us_when_a_signal_ends_us(self):
        self.serve()
        with self.start("--before", self.witness(60)) as session:
            self.assert_soon(self.accounts, "the command's begin")
            session.process.terminate()
            session.wait(5)
        self.assert_soon(lambda: not self.network.client.processes(), "the command's end")

    def test_its_failure_counts_where_ends_of_children_are_ignored(self):
        self.serve()
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            session = self.start("--before", "sh -c 'sleep 0.1; exit 3'")
        finally:
            signal.signal(signal.SIGCHLD, before)
        with session:
            self.assert_fails(session.finish(), NOT_HANDED_OVER, "exited with status 3")


class OnSlow(CommandCase):
    def test_it_does_not_run_when_the_dial_is_quick(self):
        self.serve()
        self.connect("--on-slow", "5s:" + self.witness())
        self.assertEqual(self.accounts(), [])

    def test_the_race_goes_on_and_wins(self):
        """The server is deaf until the command runs; then the second SYN, 1 s after the first, is answered."""
        self.serve()
        self.network.black_hole(SSH)
        with self.start("--on-slow", "200ms:" + self.witness(), "--timeout", "10s") as session:
            self.assert_soon(self.accounts, "the command")
            self.network.clear()
            result = session.finish()
        self.assert_handed_over(result)
        self.assertEqual(len(self.accounts()), 1)
        told = self.accounts()[0]
        self.assertGreaterEqual(told["time"], result.started + 0.2)
        self.assertEqual((told["environment"]["GLADHAND_HOST"], told["environment"]["GLADHAND_PORT"]),
                         (HOST, str(PORT)))

    def test_it_keeps_no_connection_open(self):
        """It outlives gladhand; when the receiver closes, the server sees the end all the same."""
        listeners = self.serve()
        self.network.black_hole(SSH)
        with self.start("--on-slow", "200ms:" + self.witness(60), stderr=subprocess.DEVNULL) as session:
            self.assert_soon(self.accounts, "the command")
            self.network.clear()
            result = session.finish()
        passed = self.assert_handed_over(result)
        peer = next(one for one in listeners if one.address == ("::" if ":" in passed.getpeername()[0] else "0.0.0.0"))
        passed.close()
        self.assertTrue(receiver.at_end(peer.wait_for(1)[0]))
        self.assertIn(self.accounts()[0]["pid"], self.network.client.processes())
        self.assert_descriptors(self.accounts()[0])

    def test_what_it_writes_reaches_stderr_only(self):
        self.serve()
        self.network.black_hole(SSH)
        told = self.own_file("said")
        command = f"sh -c 'echo help is on its way; : >{told}'"
        with self.start("--on-slow", "100ms:" + command) as session:
            self.assert_soon(lambda: os.path.exists(told), "the command")
            self.network.clear()
            result = session.finish()
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))
        self.assertEqual(result.stderr, "help is on its way\n")

    def test_its_failure_does_not_end_the_race(self):
        self.serve()
        self.network.black_hole(IPV6_SSH)
        self.assertEqual(self.connect("--on-slow", "50ms:false")[1].destinations, [SERVER_V6, SERVER_V4])

    def test_what_cannot_be_run_is_told_before_anything_is_sent(self):
        self.serve()
        for command in ("/nonexistent/command", "nonexistent-command"):
            result, wire = self.dial("--on-slow", f"5s:{command} x")
            self.assert_fails(result, NOT_HANDED_OVER, f"cannot run '{command}'")
            self.assertEqual((wire.syns, self.dns.queries), ([], []))

    def test_it_counts_from_the_first_of_all_dials_and_runs_once(self):
        """Each dial is refused at once; the machine is asleep all the same."""
        result, wire = self.dial("--on-slow", "700ms:" + self.witness(), "--wait", "2s", host=SERVER_V4)
        self.assert_fails(result, ALL_FAILED)
        self.assertGreater(len(wire.syns), 3)
        self.assertEqual(len(self.accounts()), 1)
        self.assertGreaterEqual(self.accounts()[0]["time"], result.started + 0.7)

    def test_it_does_not_stay_behind_as_a_zombie(self):
        self.serve()
        self.network.black_hole(SSH)
        with self.start("--on-slow", "100ms:" + self.witness(), "--relay") as session:
            self.assert_soon(self.accounts, "the command")
            self.network.clear()
            self.assert_soon(lambda: self.accounts()[0]["pid"] not in self.network.client.processes(), "its end")

    def test_it_may_be_due_when_a_dial_ends(self):
        """Both clocks ring at once, with no attempt that would keep the dial's data alive; for ASan."""
        for kind in ("AAAA", "A"):
            self.dns.set(HOST, kind, dns.drop())
        result, _ = self.dial("--on-slow", "100.02ms:true", "--timeout", "100ms", "--attempts", "5")
        self.assert_fails(result, TIMED_OUT, "(the last of 5 dials)")


def gaps(moments):
    return [later - earlier for earlier, later in zip(moments, moments[1:])]


class Waiting(dial_case.DialTest):
    PAUSES = [0.2, 0.3, 0.45, 0.675, 1.0125, 1.51875]  # before the jitter of a quarter

    def last_of(self, wire):
        return f"(the last of {len(wire.syns)} dials)"

    def test_a_server_that_starts_late_is_found(self):
        """After 3 s: within the pause that follows then, at most, of 1.9 s."""
        started = []

        def start_server():
            time.sleep(3)  # what is tested: nothing tells the client
            started.append(time.monotonic())
            self.serve(SERVER_V4)

        server = threading.Thread(target=start_server)
        server.start()
        try:
            passed, wire = self.connect("--wait", "20s", host=SERVER_V4, timeout=15)
        finally:
            server.join()
        self.assertEqual(passed.getpeername()[0], SERVER_V4)
        late = wire.syns[-1].time - started[0]
        self.assertLessEqual(late, max(self.PAUSES) * 1.25 + self.late())
        self.assertGreaterEqual(len(wire.syns), 4)
        for gap, pause in zip(gaps([syn.time for syn in wire.syns]), self.PAUSES):
            self.assert_apart(gap, 0.75 * pause, latest=1.25 * pause)

    def test_pauses_are_jittered(self):
        """Six first pauses, in milliseconds: at least three different ones."""
        first = {round(gaps([syn.time for syn in self.dial("--attempts", 2, host=SERVER_V4)[1].syns])[0], 3)
                 for _ in range(6)}
        self.assertGreater(len(first), 2, first)

    def test_when_the_time_is_spent_the_last_causes_are_told(self):
        result, wire = self.dial("--wait", "1s", host=SERVER_V4)
        self.assert_fails(result, ALL_FAILED, f"refused by {SERVER_V4}")
        dials = int(re.search(r"\(the last of (\d+) dials\)", result.stderr)[1])
        self.assertIn(dials - len(wire.syns), (0, 1))  # the last may have no time left for a packet
        self.assertGreater(len(wire.syns), 3)
        self.assert_on_time(result.exited - result.started, 0.98, latest=1)  # less is no time for a dial

    def test_a_dial_that_was_cut_short_blames_nobody(self):
        """Names take 60 ms: the last dials have no time for them, but the ones before told who refuses."""
        for kind, address in (("AAAA", SERVER_V6), ("A", SERVER_V4)):
            self.dns.set(HOST, kind, dns.answer(address, delay=0.06))
        result, _ = self.dial("--wait", "1s")
        self.assert_fails(result, ALL_FAILED, f"refused by {SERVER_V6}")

    def test_a_silent_server_spends_it_in_one_dial(self):
        self.network.black_hole(SSH)
        result, wire = self.dial("--wait", "0.7", host=SERVER_V4)
        self.assert_fails(result, TIMED_OUT, f"no answer from {SERVER_V4} in")
        self.assertEqual(len(wire.syns), 2)  # the attempt and its backup
        self.assert_on_time(result.exited - result.started, 0.7)

    def test_each_dial_has_its_own_timeout(self):
        self.network.black_hole(SSH)
        result, wire = self.dial("--wait", "20s", "--attempts", 3, "--timeout", "0.2", host=SERVER_V4)
        self.assert_fails(result, TIMED_OUT, f"no answer from {SERVER_V4} in", self.last_of(wire))
        self.assertEqual(len(wire.syns), 3)

    def test_names_are_resolved_anew(self):
        self.network.server.do(f"ip addr add {DEAD_V4}/24 dev {network.DEVICE}")
        self.addCleanup(self.network.server.do, f"ip addr del {DEAD_V4}/24 dev {network.DEVICE}")
        self.serve(SERVER_V4)
        self.dns.set(HOST, "AAAA", dns.nodata())
        self.dns.set(HOST, "A", dns.answer(DEAD_V4))
        with dial_case.Wire(self.network) as wire, self.start("--wait", "20s") as session:
            self.assertGreaterEqual(len(self.dns.wait_for(4)), 4)
            self.dns.set(HOST, "A", dns.answer(SERVER_V4))
            result = session.finish()
        self.assert_handed_over(result)
        self.assertEqual(wire.destinations[0], DEAD_V4)
        self.assertEqual(wire.destinations[-1], SERVER_V4)
        self.assertEqual(self.dns.asked(), [(HOST, "AAAA"), (HOST, "A")] * len(wire.syns))

    def test_a_name_may_come_into_being(self):
        self.serve(SERVER_V4)
        self.dns.set("new.example", "A", dns.nxdomain())
        with self.start("--wait", "20s", host="new.example") as session:
            self.assertGreaterEqual(len(self.dns.wait_for(2)), 2)
            self.dns.set("new.example", "A", dns.answer(SERVER_V4))
            self.assert_handed_over(session.finish())

    def test_attempts_is_the_number_of_dials(self):
        for number in (1, 2, 4):
            with self.subTest(number):
                result, wire = self.dial("--attempts", number, host=SERVER_V4)
                told = [f"(the last of {number} dials)"] if number > 1 else []
                self.assert_fails(result, ALL_FAILED, f"refused by {SERVER_V4}", *told)
                self.assertEqual(len(wire.syns), number)

    def test_attempts_counts_dials_and_not_addresses(self):
        result, wire = self.dial("--attempts", 2)
        self.assert_fails(result, ALL_FAILED)
        self.assertEqual(wire.destinations, [SERVER_V6, SERVER_V4] * 2)
        self.assertEqual(sorted(self.dns.asked()), sorted([(HOST, "AAAA"), (HOST, "A")] * 2))

    def test_attempts_also_counts_dials_without_an_address(self):
        result, wire = self.dial("--attempts", 3, host="nosuch.example")
        self.assert_fails(result, NO_ADDRESS, "(the last of 3 dials)")
        self.assertEqual(len(self.dns.queries), 6)
        self.assertEqual(wire.syns, [])

    def test_a_receiver_that_goes_ends_the_waiting(self):
        with self.start("--wait", "60s", host=SERVER_V4) as session:
            session.ours.close()
            session.wait(2)
            self.assertEqual(session.process.returncode, NOT_HANDED_OVER)


if __name__ == "__main__":
    net_case.main()
