"""The hand-over: what ssh receives, in which state, how soon after it the command is gone,
and what happens when fd 1 is not what ssh makes it, when ssh goes away, or when a signal comes.
"""

import contextlib
import fcntl
import itertools
import os
import pty
import select
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import time
import unittest

import common
import sandbox
from common import (ALL_FAILED, ENVIRONMENT, GLADHAND, NOT_HANDED_OVER, SANITIZED, TCP_DELACK_MAX_US, TIMED_OUT, USAGE,
                    CommandTest, in_milliseconds, is_connecting, let_signals_end, read_json_lines, resolve, run,
                    shortest_delayed_ack, start, wait_until)
from support import dns, receiver, scripted

AT_ONCE = 1.0  # seconds; "ends at once" with room for a busy machine


def setUpModule():
    sandbox.available()
    let_signals_end()


def delayed_ack(stream):
    """In microseconds; None where the kernel does not tell."""
    try:
        return stream.getsockopt(socket.IPPROTO_TCP, TCP_DELACK_MAX_US)
    except OSError:
        return None


def read_to(stream, size, timeout=10.0):
    stream.settimeout(timeout)
    data = bytearray()
    while len(data) < size:
        piece = stream.recv(min(65536, size - len(data)))
        if not piece:
            break
        data += piece
    return bytes(data)


class WhoSpeaksFirst(CommandTest):
    """A receiver says nothing; who has said something carries bytes over what looks like ssh's socket (libssh)."""

    HELLO = b"SSH-2.0-client\r\n"

    def hello(self, ours, _):
        ours.sendall(self.HELLO)

    def test_it_is_relayed(self):
        server = self.enter(scripted.Server(scripted.ssh))
        with start(server.address, server.port, prepare=self.hello) as session:
            self.assertEqual(read_to(session.ours, len(receiver.BANNER + self.HELLO)), receiver.BANNER + self.HELLO)
            session.ours.shutdown(socket.SHUT_WR)
            session.wait(10)

    def test_who_says_what_it_wants_gets_it(self):
        listener = self.listen()
        for arguments, variables in ((("--fdpass",), {}), ((), {"GLADHAND_HAND_OVER": "pass"})):
            result = run(*arguments, listener.address, listener.port, prepare=self.hello,
                         env={**ENVIRONMENT, **variables})
            self.assert_handed_over(result, listener)


class ShellThatPrints(CommandTest):
    """A start-up file of the shell has printed something: ssh takes that for the message, and goes."""

    def test_the_cause_is_named(self):
        hole = self.black_hole()
        with start(hole.address, hole.port) as session:
            session.ours.close()
            session.wait(10)
            self.assert_one_message(session.error_text(), hint=True)
            self.assertIn("start-up file", session.error_text())

    def test_a_receiver_that_goes_later_has_reasons_of_its_own(self):
        hole = self.black_hole()
        with start(hole.address, hole.port) as session:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            time.sleep(1.2)
            session.ours.close()
            session.wait(10)
            self.assert_one_message(session.error_text(), hint=False)


class WhatIsPassed(CommandTest):
    def setUp(self):
        self.listener = self.listen()

    def hand_over(self, **how):
        return self.assert_handed_over(run("127.0.0.1", self.listener.port, **how), self.listener)

    def test_one_nul_byte_with_one_descriptor_and_nothing_else(self):
        result = run("127.0.0.1", self.listener.port)
        self.addCleanup(result.close)
        self.assertEqual(result.data, b"\0")
        self.assertEqual(result.messages, [1])
        self.assertEqual(len(result.descriptors), 1)
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.status, 0)

    def test_it_is_a_connected_tcp_socket(self):
        passed = self.hand_over()
        self.assertEqual((passed.family, passed.type), (socket.AF_INET, socket.SOCK_STREAM))
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL), socket.IPPROTO_TCP)
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)

    def test_it_is_blocking(self):
        self.assertFalse(fcntl.fcntl(self.hand_over().fileno(), fcntl.F_GETFL) & os.O_NONBLOCK)

    def test_options_as_of_a_direct_connection_or_better(self):
        passed = self.hand_over()
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)
        self.assertEqual(passed.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1)

    def test_its_acknowledgments_wait_as_short_as_the_kernel_has_it(self):
        """The server's next small packet waits for them, where its Nagle's algorithm is on."""
        expected = shortest_delayed_ack()
        for host in ("127.0.0.1", "::1"):
            with self.subTest(host):
                listener = self.listen(host)
                passed = self.assert_handed_over(run(host, listener.port), listener)
                self.assertEqual(delayed_ack(passed), expected)
                result = run("-v", host, listener.port)
                self.addCleanup(result.close)
                said = [line for line in result.lines if "handed over" in line]
                tail = f", delayed ACK at most {in_milliseconds(expected)}" if expected else ""
                self.assertTrue(said[0].endswith(f"{host} port {listener.port}{tail}"), said)

    def test_a_delayed_ack_of_the_users(self):
        usual = delayed_ack(self.enter(socket.socket()))
        arguments = ("127.0.0.1", self.listener.port)
        self.assertEqual(delayed_ack(self.assert_handed_over(run("--delayed-ack", "kernel", *arguments))), usual)
        asked = run("--delayed-ack", "40ms", *arguments)
        if usual is None:
            return self.assert_fails(asked, NOT_HANDED_OVER, "--delayed-ack 40ms: protocol not available", hint=False)
        self.assertEqual(delayed_ack(self.assert_handed_over(asked)), 40000)
        refused = run("--delayed-ack", "0.1ms", *arguments)
        self.assert_fails(refused, NOT_HANDED_OVER, "--delayed-ack 0.1ms: invalid argument", hint=False)
        for value in ("0", "x", ""):
            self.assert_fails(run(f"--delayed-ack={value}", *arguments), USAGE, "--delayed-ack")

    def test_no_limits_are_left_on_it(self):
        passed, no_time = self.hand_over(), struct.pack("ll", 0, 0)
        for name in ("SO_RCVTIMEO", "SO_SNDTIMEO"):
            value = passed.getsockopt(socket.SOL_SOCKET, getattr(socket, name), len(no_time))
            self.assertEqual(value, no_time, name)
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 1)
        linger = passed.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        self.assertEqual(struct.unpack("ii", linger)[0], 0)

    def test_it_works_both_ways(self):
        passed = self.hand_over()
        (peer,) = self.listener.wait_for(1)
        self.assertEqual(read_to(passed, len(receiver.BANNER)), receiver.BANNER)
        passed.sendall(b"SSH-2.0-client\r\n")
        self.assertEqual(read_to(peer, 16), b"SSH-2.0-client\r\n")

    def test_ipv6_as_well(self):
        listener = self.listen("::1")
        passed = self.assert_handed_over(run("::1", listener.port), listener)
        self.assertEqual(passed.family, socket.AF_INET6)
        self.assertFalse(fcntl.fcntl(passed.fileno(), fcntl.F_GETFL) & os.O_NONBLOCK)
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)
        self.assertEqual(passed.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1)

    def test_every_byte_of_a_large_banner_is_there(self):
        banner = b"".join(b"%07d\n" % line for line in range(100000))
        listener = self.listen(banner=banner)
        passed = self.assert_handed_over(run("127.0.0.1", listener.port), listener)
        self.assertEqual(read_to(passed, len(banner)), banner)

    def test_a_server_that_says_everything_and_closes(self):
        """The bytes are still there although the peer was gone before the hand-over."""
        with receiver.tcp_socket("127.0.0.1") as server:
            server.bind(("127.0.0.1", 0))
            server.listen(1)
            with start("127.0.0.1", server.getsockname()[1]) as session:
                peer = server.accept()[0]
                peer.sendall(receiver.BANNER * 100)
                peer.close()
                passed = self.assert_handed_over(session.finish())
                self.assertEqual(read_to(passed, 1 << 20), receiver.BANNER * 100)

    def test_the_server_sees_one_connection_that_stays(self):
        self.hand_over()
        (peer,) = self.listener.wait_for(1)
        self.assertFalse(receiver.at_end(peer, 0.1))
        self.assertEqual(len(self.listener.connections), 1)


class StandardDescriptors(CommandTest):
    def setUp(self):
        self.listener = self.listen()

    def test_closed_at_start_in_every_combination(self):
        combinations = itertools.chain.from_iterable(itertools.combinations((0, 1, 2), n) for n in (1, 2, 3))
        accepted = 0
        for closed in combinations:
            with self.subTest(closed):
                result = run("127.0.0.1", self.listener.port, closed=closed)
                if 1 not in closed:
                    passed = self.assert_handed_over(result, self.listener)
                    self.assertEqual(read_to(passed, len(receiver.BANNER)), receiver.BANNER)
                elif 2 not in closed:
                    self.assert_fails(result, NOT_HANDED_OVER, hint=True)
                else:
                    self.assertEqual((result.status, result.data, result.stderr), (NOT_HANDED_OVER, b"", ""))
                accepted += 1 not in closed
                self.listener.wait_for(accepted)
                self.assertEqual(len(self.listener.connections), accepted)

    def test_closed_descriptors_do_not_become_our_sockets(self):
        """With fd 2 closed and -v, text must not go to the server, to the DNS server or to ssh."""
        server = self.enter(dns.Server(script={("db.example", "A"): dns.answer("127.0.0.1")}))
        accepted = 0
        for closed in ((2,), (0, 2)):
            with self.subTest(closed):
                result = run("-4", "-v", "--dns-server", server.endpoint, "db.example", self.listener.port,
                             closed=closed)
                passed = self.assert_handed_over(result, self.listener)
                accepted += 1
                peer = self.listener.wait_for(accepted)[-1]
                passed.shutdown(socket.SHUT_WR)
                self.assertEqual(read_to(peer, 1), b"")

    def test_closed_descriptors_do_not_become_our_files(self):
        """The trace must not take the number of fd 1 or 2 and then receive the picture or the text."""
        for closed, options in (((1,), ("--explain",)), ((0, 1), ("--explain",)), ((2,), ("-v",)), ((0, 2), ("-v",))):
            with self.subTest(closed):
                path = self.temporary_path("trace")
                run("--trace", path, *options, "127.0.0.1", self.listener.port, closed=closed).close()
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(read_json_lines(file.read())[-1]["event"], "metrics")

    def test_an_error_with_no_fd_2_goes_nowhere(self):
        port = self.refusing().port
        for closed in ((2,), (0, 2)):
            with self.subTest(closed):
                result = run("-v", "127.0.0.1", port, closed=closed)
                self.assertEqual((result.status, result.data, result.descriptors), (ALL_FAILED, b"", []))

    def test_a_picture_with_no_fd_1_goes_nowhere(self):
        """--explain needs no fd 1; the server must not see the picture either."""
        for closed in ((1,), (0, 1), (0, 1, 2)):
            with self.subTest(closed), receiver.Listener(banner=b"") as listener:
                run("--explain", "127.0.0.1", listener.port, closed=closed)
                (peer,) = listener.wait_for(1)
                self.assertEqual(read_to(peer, 1), b"")

    def test_nobody_reads_fd_2(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as stderr:
            self.assert_handed_over(run("-v", "127.0.0.1", self.listener.port, stderr=stderr), self.listener)

    @unittest.skipIf(SANITIZED, "a sanitizer needs descriptors of its own")
    def test_few_descriptors_are_enough_or_end_in_a_clear_error(self):
        """From "not even a library can be loaded" (127) to success, with no crash between."""
        limit = 'ulimit -n $0; exec "$@"'
        statuses = []
        for count in range(3, 24):
            command = ["/bin/sh", "-c", limit, str(count), GLADHAND, "127.0.0.1", str(self.listener.port)]
            result = receiver.run(command, env=ENVIRONMENT)
            self.addCleanup(result.close)
            statuses.append(result.status)
            self.assertIn(result.status, (0, ALL_FAILED, NOT_HANDED_OVER, 127), result)
            if result.status in (ALL_FAILED, NOT_HANDED_OVER):
                self.assert_fails(result, result.status)
        self.assertEqual(statuses[-1], 0)

    def test_input_from_dev_null(self):
        result = run("127.0.0.1", self.listener.port, stdin=subprocess.DEVNULL)
        self.assert_handed_over(result, self.listener)

    def test_errors_to_dev_null(self):
        result = run("127.0.0.1", self.listener.port, stderr=subprocess.DEVNULL)
        self.assert_handed_over(result, self.listener)

    def test_end_of_input_alone_is_no_hang_up(self):
        result = run("127.0.0.1", self.listener.port, prepare=lambda ours, _: ours.shutdown(socket.SHUT_WR))
        self.assert_handed_over(result, self.listener)

    def test_a_full_and_non_blocking_fd_1_is_waited_for(self):
        junk = bytearray()

        def fill(_, theirs):
            theirs.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    junk.extend(b"j" * theirs.send(b"j" * 4096))

        with start("127.0.0.1", self.listener.port, prepare=fill) as session:
            self.listener.wait_for(1)
            with self.assertRaises(subprocess.TimeoutExpired):
                session.process.wait(0.2)
            while len(session.data) < len(junk) + 1:
                self.assertTrue(session.receive(5), "the stream ended early")
            result = session.finish()
            self.addCleanup(result.close)
            self.assertEqual((result.status, len(result.descriptors)), (0, 1), result.stderr)
            self.assertEqual(result.data, bytes(junk) + b"\0")

    def test_a_full_fd_1_that_nobody_reads_is_waited_for_until_the_timeout(self):
        def fill(_, theirs):
            theirs.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    theirs.send(b"j" * 4096)
            theirs.setblocking(True)

        with start("--timeout", "300ms", "127.0.0.1", self.listener.port, prepare=fill) as session:
            self.assertLess(session.wait(5) - session.started, 2)
            self.assertEqual(session.process.returncode, TIMED_OUT)
            self.assertEqual(session.error_text(), "gladhand: connected, but the program that wanted the "
                             "connection does not take it\n")


class NotASocketOfSsh(CommandTest):
    """fd 1 is checked before any traffic: no connection, no question."""

    def setUp(self):
        self.listener = self.listen()
        self.server = self.enter(dns.Server(script={("db.example", "A"): dns.answer("127.0.0.1")}))

    def assert_refused_before_traffic(self, stdout, *options, **how):
        result = run(*options, "--dns-server", self.server.endpoint, "db.example", self.listener.port, stdout=stdout, **how)
        self.assert_fails(result, NOT_HANDED_OVER, hint=True)
        self.assertEqual((self.server.queries, self.listener.connections), ([], []))
        return result

    def test_pipe_without_the_relay(self):
        self.assert_refused_before_traffic(subprocess.PIPE, "--fdpass")

    def test_dev_null(self):
        self.assert_refused_before_traffic(subprocess.DEVNULL)

    def test_regular_file(self):
        with tempfile.TemporaryFile() as file:
            self.assert_refused_before_traffic(file)
            self.assertEqual(os.fstat(file.fileno()).st_size, 0)

    def test_terminal(self):
        ours, theirs = pty.openpty()
        try:
            self.assert_refused_before_traffic(theirs)
            self.assertEqual(select.select([ours], [], [], 0)[0], [], "something was written to the terminal")
        finally:
            os.close(ours)
            os.close(theirs)

    def test_sockets_of_another_kind(self):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
            with self.subTest(kind), ours, theirs:
                self.assert_refused_before_traffic(theirs)
                theirs.close()
                ours.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    self.assertEqual(ours.recv(100), b"")

    def test_a_stream_socket_that_is_not_connected(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lonely:
            result = run("--dns-server", self.server.endpoint, "db.example", self.listener.port, stdout=lonely)
            self.assert_fails(result, NOT_HANDED_OVER)
            self.assertEqual(self.listener.connections, [])

    def test_tcp_socket(self):
        with self.listen(banner=b"") as other, socket.create_connection((other.address, other.port)) as theirs:
            self.assert_refused_before_traffic(theirs)
            (peer,) = other.wait_for(1)
            theirs.close()
            self.assertEqual(read_to(peer, 100), b"")

    def test_a_pipe_gets_a_hint_about_ssh(self):
        """The usual cause: ProxyUseFdpass was forgotten."""
        self.assertIn("ProxyUseFdpass", self.assert_refused_before_traffic(subprocess.PIPE, "--fdpass").lines[1])

    def test_quiet_leaves_the_error_alone(self):
        result = run("-q", "127.0.0.1", self.listener.port, stdout=subprocess.DEVNULL)
        self.assert_fails(result, NOT_HANDED_OVER, hint=False)


class WhoIsThere(CommandTest):
    """Only what ssh makes gets a descriptor; other sockets that carry bytes get the bytes."""

    def setUp(self):
        self.listener = self.listen()

    def assert_relayed(self, stdin, stdout, theirs_in, theirs_out, *options, **how):
        """theirs_in, theirs_out: where the client writes and reads."""
        command = [GLADHAND, *options, "127.0.0.1", str(self.listener.port)]
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, **how)
        stdin.close()
        stdout.close()
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(read_to(theirs_out, len(receiver.BANNER)), receiver.BANNER)
        (peer,) = self.listener.wait_for(1)
        theirs_in.sendall(b"hello")
        self.assertEqual(read_to(peer, 5), b"hello")

    def test_one_pair_for_each_direction_as_node_has_it(self):
        client_in, stdin = socket.socketpair()
        client_out, stdout = socket.socketpair()
        with client_in, client_out:
            self.assert_relayed(stdin, stdout, client_in, client_out)

    def test_a_connection_to_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
            server.bind(folder + "/s")
            server.listen()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(folder + "/s")
                accepted, _ = server.accept()
                self.assert_relayed(accepted.dup(), accepted, client, client)

    def test_ksh_like_pipelines_of_one_direction(self):
        client_out, stdout = socket.socketpair()
        client_out.shutdown(socket.SHUT_WR)
        stdin, client_in = os.pipe()
        with client_out, os.fdopen(stdin, "rb") as reader, os.fdopen(client_in, "wb", buffering=0) as writer:
            writer.sendall = writer.write
            self.assert_relayed(reader, stdout, writer, client_out)

    def test_the_environment_decides_where_the_client_cannot(self):
        client, ours = socket.socketpair()
        with client:
            self.assert_relayed(ours.dup(), ours, client, client, env={**ENVIRONMENT, "GLADHAND_HAND_OVER": "relay"})

    def test_an_option_wins_over_the_environment(self):
        result = run("--fdpass", "127.0.0.1", self.listener.port, env={**ENVIRONMENT, "GLADHAND_HAND_OVER": "relay"})
        self.assert_handed_over(result, self.listener)

    def test_pairs_for_each_direction_can_be_meant_for_a_descriptor(self):
        client_in, stdin = socket.socketpair()
        with client_in, stdin:
            self.assert_handed_over(run("--fdpass", "127.0.0.1", self.listener.port, stdin=stdin), self.listener)

    def test_the_environment_may_not_be_nonsense(self):
        result = run("127.0.0.1", self.listener.port, env={**ENVIRONMENT, "GLADHAND_HAND_OVER": "maybe"})
        self.assert_fails(result, USAGE, hint=False)
        self.assertIn("GLADHAND_HAND_OVER: 'maybe'", result.stderr)


class ReceiverGone(CommandTest):
    def test_it_reads_no_more(self):
        """Our end still exists but refuses data: sendmsg gets EPIPE."""
        listener = self.listen()
        result = run("127.0.0.1", listener.port, prepare=lambda ours, _: ours.shutdown(socket.SHUT_RD))
        self.assert_fails(result, NOT_HANDED_OVER)
        (peer,) = listener.wait_for(1)
        self.assertTrue(receiver.at_end(peer))

    def test_before_the_start(self):
        listener = self.listen()
        with start("127.0.0.1", listener.port, prepare=lambda ours, _: ours.close()) as session:
            session.process.wait(AT_ONCE)
            self.assertEqual(session.process.returncode, NOT_HANDED_OVER)
            self.assert_one_message(session.error_text())

    def assert_ends_at_once_when_receiver_goes(self, session):
        closed = time.monotonic()
        session.ours.close()
        self.assertLess(session.wait(AT_ONCE) - closed, AT_ONCE)
        self.assertEqual(session.process.returncode, NOT_HANDED_OVER)
        self.assert_one_message(session.error_text())

    def test_during_the_race(self):
        hole = self.black_hole()
        with start("127.0.0.1", hole.port) as session:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            self.assert_ends_at_once_when_receiver_goes(session)

    def test_while_names_are_looked_up(self):
        server = self.enter(dns.Server(default=dns.drop()))
        with start("--dns-server", server.endpoint, "db.example", "22") as session:
            server.wait_for(1)
            self.assert_ends_at_once_when_receiver_goes(session)

    def test_during_the_race_with_other_input(self):
        """fd 0 is not the socket: the hang-up on fd 1 alone counts."""
        hole = self.black_hole()
        with start("127.0.0.1", hole.port, stdin=subprocess.DEVNULL) as session:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            self.assert_ends_at_once_when_receiver_goes(session)


class Losers(CommandTest):
    """Two addresses of one name; whoever loses is gone for good."""

    def test_a_pending_attempt_is_withdrawn(self):
        """The black hole opens after the race: the kernel must not complete the forgotten attempt."""
        hole = self.black_hole("127.0.0.1")
        winner = self.listen("127.0.0.2", hole.port)
        result = run("--connection-attempt-delay", "50ms", *resolve("db.example", hole.address, winner.address),
                     "db.example", hole.port)
        self.assert_handed_over(result, winner)
        self.assertFalse(is_connecting(hole.port))
        hole.start_accepting()
        with self.assertRaises((TimeoutError, socket.timeout)):
            hole.accept(1.2)  # the SYN would be repeated 1 s after the first
        self.assertEqual(len(winner.connections), 1)

    def test_of_two_in_the_same_turn_one_is_kept_and_the_other_closed(self):
        """Both connect while the process is stopped, so it finds two winners when it wakes."""
        first = self.black_hole("127.0.0.1")
        second = self.black_hole("127.0.0.2", first.port)
        session = start("--connection-attempt-delay", "10ms", "--backup-attempt", "off",
                        *resolve("db.example", first.address, second.address),
                        "db.example", first.port)
        with session:
            wait_until(lambda: self.count_connecting(first.port) == 2, "two SYNs")
            session.process.send_signal(signal.SIGSTOP)
            for hole in (first, second):
                hole.start_accepting()
            peers = {hole.accept(): hole.address for hole in (first, second)}
            session.process.send_signal(signal.SIGCONT)
            passed = self.assert_handed_over(session.finish())
        ended = [peer for peer in peers if receiver.at_end(peer, 0.3)]
        self.assertEqual(len(ended), 1)
        kept = next(peer for peer in peers if peer is not ended[0])
        self.assertEqual(passed.getsockname(), kept.getpeername())

    @staticmethod
    def count_connecting(port):
        with open("/proc/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        return sum(1 for row in rows if row[3] == "02" and int(row[2].rpartition(":")[2], 16) == port)

    def test_an_address_that_was_not_needed_sees_no_connection(self):
        first = self.listen("127.0.0.1")
        second = self.listen("127.0.0.2", first.port)
        result = run(*resolve("db.example", first.address, second.address), "db.example", first.port)
        self.assert_handed_over(result, first)
        first.wait_for(1)
        self.assertEqual((len(first.connections), len(second.connections)), (1, 0))


class Signals(CommandTest):
    ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def assert_ends_by(self, session, number):
        sent = time.monotonic()
        session.process.send_signal(number)
        result = session.finish(5)
        self.assertLess(result.exited - sent, AT_ONCE)
        self.assertEqual((result.status, result.data, result.descriptors), (-number, b"", []))

    def test_during_the_race(self):
        hole = self.black_hole()
        for number in self.ENDING:
            with self.subTest(number), start("127.0.0.1", hole.port) as session:
                wait_until(lambda: is_connecting(hole.port), "a SYN")
                self.assert_ends_by(session, number)
                wait_until(lambda: not is_connecting(hole.port), "the end of the attempt")

    def test_while_names_are_looked_up(self):
        for number in self.ENDING:
            server = self.enter(dns.Server(default=dns.drop()))
            with self.subTest(number), start("--dns-server", server.endpoint, "db.example", "22") as session:
                server.wait_for(1)
                self.assert_ends_by(session, number)

    def test_ctrl_c_under_verbose_and_trace(self):
        """Open files and a handler of its own, if it has one, must not keep it."""
        hole, path = self.black_hole(), self.temporary_path("trace")
        with start("-v", "--trace", path, "127.0.0.1", hole.port) as session:
            wait_until(lambda: is_connecting(hole.port), "a SYN")
            self.assert_ends_by(session, signal.SIGINT)


class Stderr(CommandTest):
    """What happens to our text must not happen to the connection."""

    def dial(self, *options, **how):
        listener = self.listen()
        return start(*options, "127.0.0.1", listener.port, **how)

    def test_a_reader_that_has_gone_does_not_end_the_dial(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        default_sigpipe = ["env", "--default-signal=PIPE", GLADHAND]
        listener = self.listen()
        with receiver.Session([*default_sigpipe, "-v", "127.0.0.1", str(listener.port)],
                              env=ENVIRONMENT, stderr=write_end) as session:
            os.close(write_end)
            result = session.finish()
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))

    def test_a_reader_that_does_not_read_cannot_hold_the_process_after_the_hand_over(self):
        """The pipe takes all lines but the last one, which is dropped."""
        with self.dial("-v", stderr=subprocess.PIPE) as session:
            text = session.finish().stderr
        before = text[:text.index("gladhand:", text.index("winner"))].encode()
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        capacity = fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write_end, b"x" * (capacity - len(before) - 20))
        with self.dial("-v", stderr=write_end) as session:
            os.close(write_end)
            result = session.finish(timeout=5)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))

    def full_pipe(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        os.set_blocking(write_end, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(write_end, b"x" * 4096)
        os.set_blocking(write_end, True)
        return write_end

    def test_a_reader_that_does_not_read_cannot_hold_the_race_either(self):
        for options in (("-v",), ("-v", "--trace", "-")):
            write_end = self.full_pipe()
            with self.dial(*options, stderr=write_end) as session:
                os.close(write_end)
                result = session.finish(timeout=3)
            self.addCleanup(result.close)
            self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))

    def test_a_reader_with_room_for_some_of_it_cannot_either(self):
        """A pipe with room for PIPE_BUF bytes is writable; a write of more would wait."""
        addresses = resolve("many.example", "127.0.0.1", *("127.0.1.%d" % i for i in range(1, 200)))
        listener = self.listen()
        for destination in ("--trace", "--log"):
            read_end, write_end = os.pipe()
            self.addCleanup(os.close, read_end)
            for _ in range(15):
                os.write(write_end, b"x" * 4096)
            with start("-v", destination, "-", *addresses, "many.example", listener.port, stderr=write_end) as session:
                os.close(write_end)
                result = session.finish(timeout=3)
            self.addCleanup(result.close)
            self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))

    def test_nor_the_end_of_a_dial_that_fails(self):
        write_end = self.full_pipe()
        refusing = self.refusing()
        with start("127.0.0.1", refusing.port, stderr=write_end) as session:
            os.close(write_end)
            self.assertEqual(session.finish(timeout=3).status, ALL_FAILED)

    def test_text_never_goes_into_the_hand_over(self):
        """`2>&1` in the ProxyCommand makes fd 2 the receiver's socket too."""
        with self.dial("-v", stderr=subprocess.STDOUT) as session:
            result = session.finish()
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1))


class Promptness(CommandTest):
    ROUNDS = 20
    # Seconds between the message and the reaped process; median of all rounds. A sanitizer looks for leaks at
    # the end.
    TOLERANCE = 0.1 if SANITIZED else 0.020

    def median_gap(self, *arguments):
        gaps = []
        for _ in range(self.ROUNDS):
            with start(*arguments) as session:
                self.assertTrue(session.receive())
                gaps.append(session.wait() - session.received)
        return statistics.median(gaps)

    def test_gone_right_after_the_send(self):
        listener = self.listen()
        self.assertLess(self.median_gap("127.0.0.1", listener.port), self.TOLERANCE)

    def test_gone_right_after_the_send_with_log_and_trace(self):
        listener, log, trace = self.listen(), self.temporary_path("log"), self.temporary_path("trace")
        gap = self.median_gap("--log", log, "--trace", trace, "127.0.0.1", listener.port)
        self.assertLess(gap, self.TOLERANCE)

    def test_gone_right_after_the_send_with_a_resolver_still_waiting(self):
        """The A answer never comes: nothing of the resolver may be waited for."""
        if not sandbox.available():
            self.skipTest("this machine may have one family only")
        listener = self.listen("::1")
        script = {("db.example", "AAAA"): dns.answer("::1"), ("db.example", "A"): dns.drop()}
        server = self.enter(dns.Server(script=script))
        gap = self.median_gap("--dns-server", server.endpoint, "db.example", listener.port)
        self.assertLess(gap, self.TOLERANCE)

    def test_gone_right_after_the_send_with_a_loser_pending(self):
        hole = self.black_hole("127.0.0.1")
        winner = self.listen("127.0.0.2", hole.port)
        names = resolve("db.example", hole.address, winner.address)
        gap = self.median_gap("--connection-attempt-delay", "10ms", *names, "db.example", hole.port)
        self.assertLess(gap, self.TOLERANCE)


if __name__ == "__main__":
    common.main()
