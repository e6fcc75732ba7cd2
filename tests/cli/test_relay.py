"""The relay: what clients that take no descriptor get. Bytes both ways and both ends of file, slow
readers, resets, clients that go, and what decides between relay and descriptor. Loopback only.
"""

import contextlib
import fcntl
import os
import random
import select
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time

import common
from common import (ENVIRONMENT, GLADHAND, NOT_HANDED_OVER, SANITIZED, USAGE, CommandTest, in_milliseconds, is_connecting,
                    let_signals_end, read_json_lines, run, shortest_delayed_ack, wait_until)
from support import pipes

MIB = 1 << 20
LINGER = 5.0  # relay_linger in src/handover/relay.hpp
AT_ONCE = 2.0  # well below LINGER
PATIENCE = 60.0
MEMORY = 8 << 10  # KiB


def setUpModule():
    let_signals_end()


def some_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def is_pending(descriptor):
    return bool(select.select([descriptor], [], [], 0)[0])


def unsent(connection):
    """Bytes that the other machine has not acknowledged."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def send_and_reset(peer, data):
    """As much as the client's machine takes while nobody reads; then a reset. Returns how much that was."""
    peer.setblocking(False)
    sent = 0

    def stands():
        nonlocal sent
        with contextlib.suppress(BlockingIOError):
            while sent < len(data):
                sent += peer.send(data[sent:])
        waiting = unsent(peer)
        time.sleep(0.05)
        return waiting == unsent(peer)
    wait_until(stands, "back-pressure")
    taken = sent - unsent(peer)
    reset(peer)
    return taken


class RelayTest(CommandTest):
    def setUp(self):
        self.listener = self.listen(banner=b"")

    def start(self, *options, **how):
        command = [GLADHAND, *options, "127.0.0.1", str(self.listener.port)]
        return self.enter(pipes.Piped(command, env=ENVIRONMENT, **how))

    def connect(self, *options, **how):
        """The running relay and the server's end of its connection."""
        relay = self.start(*options, **how)
        (peer,) = self.listener.wait_for(1)
        peer.settimeout(PATIENCE)
        return relay, peer

    def connect_in_time(self):
        """The same when the relay has seen its connection: what breaks now is no failed attempt."""
        relay, peer = self.connect()
        peer.sendall(b"-")
        self.assertEqual(pipes.read_all(relay.back, 1), b"-")
        return relay, peer

    def over_socketpair(self, *options, family=socket.AF_UNIX):
        """The same with a socket as fds 0 and 1; and our end of it."""
        if family == socket.AF_UNIX:
            ours, theirs = socket.socketpair()
        else:
            with socket.create_server(("127.0.0.1", 0)) as server:
                theirs = socket.create_connection(server.getsockname())
                ours = server.accept()[0]
        self.addCleanup(ours.close)
        ours.settimeout(PATIENCE)
        with theirs:
            relay, peer = self.connect("--relay", *options, stdin=theirs, stdout=theirs)
        return relay, peer, ours

    def assert_ends_well(self, relay, timeout=20.0):
        self.assertEqual(relay.end(timeout), (0, ""))

    def assert_ends_with(self, relay, text, timeout=20.0):
        status, errors = relay.end(timeout)
        self.assertEqual(status, NOT_HANDED_OVER, errors)
        self.assert_one_message(errors)
        self.assertIn(text, errors)

    def assert_same(self, sender, taker):
        for thread in (sender, taker):
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive(), "the stream stands still")
        self.assertEqual(sender.left, 0)
        self.assertEqual(taker.hash.hexdigest(), sender.hash.hexdigest())


class Bytes(RelayTest):
    def exchange(self, peer, to, back, close_to, size, largest):
        up = pipes.Sender(to, size, 1, close_to, largest), pipes.Receiver(peer, 2, largest)
        down = (pipes.Sender(peer, size, 3, lambda: peer.shutdown(socket.SHUT_WR), largest),
                pipes.Receiver(back, 4, largest))
        self.assert_same(*up)
        self.assert_same(*down)

    def test_100_mib_both_ways_at_once_over_pipes(self):
        relay, peer = self.connect()
        self.exchange(peer, relay.to, relay.back, relay.close_to, 100 * MIB, 100000)
        self.assert_ends_well(relay)

    def test_small_pieces_over_pipes(self):
        relay, peer = self.connect()
        self.exchange(peer, relay.to, relay.back, relay.close_to, 2 * MIB, 300)
        self.assert_ends_well(relay)

    def test_100_mib_both_ways_at_once_over_a_socketpair(self):
        relay, peer, ours = self.over_socketpair()
        self.exchange(peer, ours, ours, lambda: ours.shutdown(socket.SHUT_WR), 100 * MIB, 100000)
        self.assert_ends_well(relay)

    def test_over_a_tcp_socket(self):
        relay, peer, ours = self.over_socketpair(family=socket.AF_INET)
        self.exchange(peer, ours, ours, lambda: ours.shutdown(socket.SHUT_WR), 5 * MIB, 100000)
        self.assert_ends_well(relay)

    def test_bytes_of_one_side_come_while_the_other_is_silent(self):
        relay, peer = self.connect()
        for end, other in ((peer, relay.back), (relay.to, peer), (peer, relay.back)):
            pipes.write_all(end, b"hello")
            self.assertEqual(pipes.read_all(other, 5), b"hello")

    def test_tcp_urgent_data_stops_nothing(self):
        """splice(2) would stand still there."""
        relay, peer = self.connect()
        data = some_bytes(MIB)
        for _ in range(3):
            taker = pipes.Receiver(relay.back, 1)
            peer.sendall(data)
            peer.send(b"!", socket.MSG_OOB)
            peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        taker.join(PATIENCE)
        self.assertFalse(taker.is_alive())
        relay.close_to()
        self.assert_ends_well(relay)

    def test_input_from_a_file(self):
        data = some_bytes(3 * MIB)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            file.seek(0)
            relay, peer = self.connect(stdin=file)
        self.assertEqual(pipes.read_all(peer), data)
        peer.sendall(b"answer")
        peer.close()
        self.assertEqual(pipes.read_all(relay.back), b"answer")
        self.assert_ends_well(relay)

    def test_input_from_dev_null(self):
        relay, peer = self.connect(stdin=subprocess.DEVNULL)
        self.assertEqual(pipes.read_all(peer), b"")
        peer.sendall(b"answer")
        peer.close()
        self.assertEqual(pipes.read_all(relay.back), b"answer")
        self.assert_ends_well(relay)


class EndOfFile(RelayTest):
    def test_the_clients_leaves_the_answer_all_its_time(self):
        relay, peer = self.connect()
        question, answer = some_bytes(3 * MIB, 1), some_bytes(3 * MIB, 2)
        sender = pipes.Sender(relay.to, len(question), 1, relay.close_to)
        self.assertEqual(len(pipes.read_all(peer)), len(question))
        sender.join()
        with self.assertRaises(subprocess.TimeoutExpired):
            relay.process.wait(LINGER + 1)  # whoever has sent its end waits without limit
        pipes.Sender(peer, len(answer), 2, peer.close)
        self.assertEqual(len(pipes.read_all(relay.back)), len(answer))
        self.assert_ends_well(relay)

    def test_the_servers_leaves_the_client_its_say(self):
        relay, peer = self.connect()
        peer.sendall(b"enough")
        peer.shutdown(socket.SHUT_WR)
        self.assertEqual(pipes.read_all(relay.back), b"enough")
        sender, taker = pipes.Sender(relay.to, 5 * MIB, 1, relay.close_to), pipes.Receiver(peer, 2)
        self.assert_same(sender, taker)
        self.assert_ends_well(relay)

    def test_a_server_that_has_ended_may_be_a_slow_reader(self):
        relay, peer = self.connect()
        peer.shutdown(socket.SHUT_WR)
        self.assertEqual(pipes.read_all(relay.back), b"")
        sender = pipes.Sender(relay.to, 20 * MIB, 1, relay.close_to)
        with self.assertRaises(subprocess.TimeoutExpired):
            relay.process.wait(LINGER + 1)
        self.assert_same(sender, pipes.Receiver(peer, 2))
        self.assert_ends_well(relay)

    def test_a_client_that_never_ends_keeps_nothing_alive(self):
        relay, peer = self.connect()
        peer.sendall(b"bye")
        peer.close()
        self.assertEqual(pipes.read_all(relay.back), b"bye")
        self.assert_ends_well(relay, LINGER + 5)

    def test_a_server_that_is_gone_ends_it_when_the_client_still_sends(self):
        relay, peer = self.connect()
        peer.close()
        self.assertEqual(pipes.read_all(relay.back), b"")
        pipes.write_all(relay.to, b"anybody there?")
        started = time.monotonic()
        self.assert_ends_well(relay)
        self.assertLess(time.monotonic() - started, AT_ONCE)

    def test_what_the_server_said_last_arrives_however_late_it_is_read(self):
        relay, peer = self.connect()
        data = some_bytes(700000)
        peer.sendall(data)
        peer.close()
        wait_until(lambda: is_pending(relay.back), "the first bytes")
        relay.close_to()
        self.assertEqual(pipes.read_all(relay.back), data)
        self.assert_ends_well(relay)

    def test_what_the_client_said_last_arrives_although_it_is_gone(self):
        relay, peer = self.connect()
        data = some_bytes(60000)
        peer.sendall(b"unread")
        wait_until(lambda: is_pending(relay.back), "the answer")
        pipes.write_all(relay.to, data)
        relay.close_back()
        relay.close_to()
        self.assertEqual(pipes.read_all(peer, len(data)), data)
        self.assert_ends_well(relay)

    def test_it_arrives_although_it_fills_every_buffer_and_the_answer_is_unread(self):
        """Our own close must not reset the connection while it holds what the client has said."""
        relay, peer = self.connect()
        answer = pipes.Sender(peer, 50 * MIB, 1)
        pipes.read_all(relay.back, MIB)
        data = some_bytes(2 * MIB)
        said = threading.Thread(target=lambda: (pipes.write_all(relay.to, data), relay.close_to()))
        said.start()
        received = bytearray(pipes.read_all(peer, MIB))
        relay.close_back()
        received += pipes.read_all(peer, len(data) - MIB)
        said.join()
        self.assertEqual(bytes(received), data)
        self.assert_ends_well(relay)
        answer.join(PATIENCE)

    def test_over_a_socketpair_the_last_words_arrive_too(self):
        relay, peer, ours = self.over_socketpair()
        data = some_bytes(60000)
        peer.sendall(b"unread")
        wait_until(lambda: is_pending(ours), "the answer")
        ours.sendall(data)
        ours.close()
        self.assertEqual(pipes.read_all(peer, len(data)), data)
        self.assert_ends_well(relay)


class SlowReaders(RelayTest):
    def assert_moves(self, end, other):
        for _ in range(10):
            pipes.write_all(end, b"ping")
            self.assertEqual(pipes.read_all(other, 4), b"ping")

    def assert_small(self, relay):
        if not SANITIZED:
            self.assertLess(relay.memory(), MEMORY)

    def offer(self, end, at_end):
        """1 GiB, of which somebody soon takes no more."""
        sender = pipes.Sender(end, 1 << 30, 1, at_end, 4 * MIB)
        last = [-1]

        def stands():
            before, last[0] = last[0], sender.left
            time.sleep(0.05)
            return before == sender.left
        wait_until(stands, "back-pressure", PATIENCE)
        self.assertGreater(sender.left, 900 * MIB)
        return sender

    def test_a_client_that_does_not_read(self):
        relay, peer = self.connect()
        sender = self.offer(peer, lambda: peer.shutdown(socket.SHUT_WR))
        self.assert_moves(relay.to, peer)
        taker = pipes.Receiver(relay.back, 2, MIB)
        self.assert_same(sender, taker)
        self.assert_small(relay)
        relay.close_to()
        self.assert_ends_well(relay)

    def test_a_server_that_does_not_read(self):
        relay, peer = self.connect()
        sender = self.offer(relay.to, relay.close_to)
        self.assert_moves(peer, relay.back)
        self.assert_same(sender, pipes.Receiver(peer, 2, MIB))
        self.assert_small(relay)
        peer.close()
        self.assert_ends_well(relay)

    def test_a_client_with_a_socket_that_does_not_read(self):
        relay, peer, ours = self.over_socketpair()
        sender = self.offer(peer, lambda: peer.shutdown(socket.SHUT_WR))
        self.assert_moves(ours, peer)
        self.assert_same(sender, pipes.Receiver(ours, 2, MIB))
        self.assert_small(relay)

    def test_waiting_costs_no_cpu_time(self):
        """Also with hang-ups that cannot be acted upon: the server is gone, the client reads nothing."""
        relay, peer = self.connect_in_time()
        send_and_reset(peer, b"x" * (32 * MIB))
        before = self.cpu_ticks(relay)
        with self.assertRaises(subprocess.TimeoutExpired):
            relay.process.wait(1.0)
        self.assertLess(self.cpu_ticks(relay) - before, 20)  # of 100

    @staticmethod
    def cpu_ticks(relay):
        with open(f"/proc/{relay.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


class Breaks(RelayTest):
    LOST = "lost: reset by the server"

    def test_reset(self):
        relay, peer = self.connect_in_time()
        reset(peer)
        self.assert_ends_with(relay, "gladhand: connection to '127.0.0.1' port %d %s" % (self.listener.port, self.LOST))

    def test_reset_while_both_send(self):
        relay, peer = self.connect_in_time()
        pipes.Sender(relay.to, 50 * MIB, 1)
        taker = pipes.Receiver(relay.back, 2)
        pipes.read_all(peer, MIB)
        peer.sendall(some_bytes(MIB))
        reset(peer)
        self.assert_ends_with(relay, self.LOST)
        relay.close_to()
        taker.join(PATIENCE)

    def test_what_came_before_a_reset_is_delivered(self):
        for sends in (False, True):
            with self.subTest(sends):
                self.listener = self.listen(banner=b"")
                relay, peer = self.connect_in_time()
                data = some_bytes(32 * MIB)
                taken = send_and_reset(peer, data)
                self.assertLess(taken, len(data))
                if sends:
                    pipes.write_all(relay.to, b"too late")
                received = pipes.read_all(relay.back)
                self.assertGreaterEqual(len(received), taken)
                self.assertTrue(data.startswith(received))
                self.assert_ends_with(relay, self.LOST)

    def test_a_client_that_goes_while_the_server_sends(self):
        relay, peer = self.connect()
        pipes.Sender(peer, 50 * MIB, 1)
        pipes.read_all(relay.back, MIB)
        relay.close_back()
        relay.close_to()
        started = time.monotonic()
        self.assert_ends_well(relay)
        self.assertLess(time.monotonic() - started, AT_ONCE)

    def test_a_client_with_a_socket_that_goes_while_the_server_sends(self):
        relay, peer, ours = self.over_socketpair()
        pipes.Sender(peer, 50 * MIB, 1)
        pipes.read_all(ours, MIB)
        ours.close()
        self.assert_ends_well(relay)

    def test_a_client_that_reads_no_more_but_stays(self):
        relay, _ = self.connect_in_time()
        relay.close_back()
        self.assert_ends_with(relay, "nobody reads standard output any more", LINGER + 5)

    def test_a_client_that_goes_during_the_race(self):
        hole = self.black_hole()
        with pipes.Piped([GLADHAND, "127.0.0.1", str(hole.port)], env=ENVIRONMENT) as relay:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            relay.close_back()
            started = time.monotonic()
            self.assert_ends_with(relay, "has gone")
            self.assertLess(time.monotonic() - started, AT_ONCE)

    def test_input_that_cannot_be_read(self):
        directory = os.open("/", os.O_RDONLY)
        self.addCleanup(os.close, directory)
        relay, peer = self.connect(stdin=directory)
        peer.sendall(b"answer")
        peer.close()
        self.assertEqual(pipes.read_all(relay.back), b"answer")
        self.assert_ends_with(relay, "cannot read standard input")

    def test_signals_end_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                self.listener = self.listen(banner=b"")
                relay, peer = self.connect()
                pipes.write_all(relay.to, b"x")
                pipes.read_all(peer, 1)
                relay.process.send_signal(number)
                self.assertEqual(relay.end(), (-number, ""))
                self.assertEqual(pipes.read_all(peer), b"")


class Choice(RelayTest):
    def test_fdpass_forbids_the_relay(self):
        relay = self.start("--fdpass")
        self.assert_ends_with(relay, "standard output is a pipe")
        self.assertEqual(self.listener.connections, [])

    def test_fdpass_with_a_socket_is_as_ever(self):
        self.assert_handed_over(run("--fdpass", "127.0.0.1", self.listener.port), self.listener)

    def test_relay_and_fdpass_exclude_each_other(self):
        self.assert_fails(run("--relay", "--fdpass", "127.0.0.1", self.listener.port), USAGE, "exclude")

    def test_a_file_takes_no_relay_either(self):
        with tempfile.TemporaryFile() as file:
            result = run("--relay", "127.0.0.1", self.listener.port, stdout=file)
            self.assert_fails(result, NOT_HANDED_OVER, "standard output is a file", hint=True)

    def test_no_descriptor_comes_over_a_socket_with_relay(self):
        _, peer, ours = self.over_socketpair()
        peer.sendall(b"banner")
        data, ancillary, _, _ = ours.recvmsg(100, 100)
        self.assertEqual((data, ancillary), (b"banner", []))

    def test_shared_descriptors_keep_their_flags(self):
        for flag in (0, os.O_NONBLOCK):
            with self.subTest(flag):
                self.listener = self.listen(banner=b"")
                (theirs_in, to), (back, theirs_out) = os.pipe(), os.pipe()
                for end in (theirs_in, to, back, theirs_out):
                    self.addCleanup(os.close, end)
                for end in (theirs_in, theirs_out):
                    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | flag)
                _, peer = self.connect(stdin=theirs_in, stdout=theirs_out)
                os.write(to, b"question")
                self.assertEqual(pipes.read_all(peer, 8), b"question")
                peer.sendall(b"answer")
                self.assertEqual(pipes.read_all(back, 6), b"answer")
                for end in (theirs_in, theirs_out):
                    self.assertEqual(fcntl.fcntl(end, fcntl.F_GETFL) & os.O_NONBLOCK, flag)

    def test_trace_log_and_verbose_tell_of_it(self):
        trace, log = self.temporary_path("trace"), self.temporary_path("log")
        relay, peer = self.connect("-v", "--trace", trace, "--log", log)
        pipes.write_all(relay.to, b"12345")
        relay.close_to()
        self.assertEqual(pipes.read_all(peer), b"12345")
        peer.sendall(b"1234567")
        peer.close()
        self.assertEqual(pipes.read_all(relay.back), b"1234567")
        status, errors = relay.end()
        self.assertEqual(status, 0)
        self.assertIn("relay over: 5 bytes sent, 7 bytes received", errors)
        acknowledges = shortest_delayed_ack()
        tail = f", delayed ACK at most {in_milliseconds(acknowledges)}" if acknowledges else ""
        with open(log, encoding="utf-8") as file:
            self.assertIn(f"relay: 127.0.0.1 port {self.listener.port}{tail}\n", file.read())
        with open(trace, encoding="utf-8") as file:
            started, metrics, finished = read_json_lines(file.read())[-3:]
        self.assertEqual([e["event"] for e in (started, metrics, finished)],
                         ["relay_started", "metrics", "relay_finished"])
        self.assertEqual(started.get("delayed_ack_us"), acknowledges)
        self.assertEqual((finished["bytes_sent"], finished["bytes_received"]), (5, 7))


if __name__ == "__main__":
    common.main()
