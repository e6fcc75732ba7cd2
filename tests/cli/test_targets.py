"""Targets that are no host and port: Unix sockets, virtual machines, what systemd-machined knows; and protocols."""

import fcntl
import json
import os
import socket
import subprocess
import tempfile

import common
from common import (ALL_FAILED, ENVIRONMENT, GLADHAND, NO_ADDRESS, NOT_HANDED_OVER, PROXY_FAILED, TIMED_OUT, USAGE, CommandTest,
                    read_json_lines, run, start, wait_until)
from support import receiver, scripted
from support.receiver import BANNER
from support.scripted import closes, in_turn, says, silence, ssh, vsock_mux

IPPROTO_MPTCP, SO_PROTOCOL = 262, 38


class TargetTest(CommandTest):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="gladhand-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.path = os.path.join(self.directory, "socket")

    def serve(self, *plays, path=None, **how):
        return self.enter(scripted.Server(*plays, path=path or self.path, **how))

    def assert_carries(self, result, banner=BANNER):
        passed = self.assert_handed_over(result)
        self.assertFalse(fcntl.fcntl(passed.fileno(), fcntl.F_GETFL) & os.O_NONBLOCK)
        passed.settimeout(5)
        passed.sendall(b"ping")
        got = b""
        while len(got) < len(banner) + 4:
            piece = passed.recv(len(banner) + 4 - len(got))
            if not piece:
                break
            got += piece
        self.assertEqual(got, banner + b"ping")
        return passed

    def trace_of(self, *arguments, **how):
        path = self.temporary_path("trace")
        self.addCleanup(run("--trace", path, *arguments, **how).close)
        with open(path, encoding="utf-8") as file:
            return read_json_lines(file.read())


class UnixSockets(TargetTest):
    def test_every_way_to_write_it(self):
        self.serve(ssh)
        for host in ("unix/" + self.path, "unix%" + self.path, "unix" + self.path, "unix%" + self.path[1:]):
            for port in ((), ("22",), ("anything",)):
                with self.subTest((host, port)):
                    passed = self.assert_carries(run(host, *port))
                    self.assertEqual((passed.family, passed.getpeername()), (socket.AF_UNIX, self.path))

    def in_directory(self, host):
        return receiver.run(["/bin/sh", "-c", 'cd "$0" && exec "$@"', self.directory, os.path.abspath(GLADHAND), host],
                            env=ENVIRONMENT)

    def test_a_relative_path(self):
        self.serve(ssh)
        self.assert_carries(self.in_directory("unix/./socket"))
        self.assert_fails(self.in_directory("unix/socket"), ALL_FAILED, "/socket")

    def path_of(self, size):
        """In directories that this makes."""
        path, left = self.directory, size - len(self.directory) - len("/s")
        while left:
            step = min(left, 200) - (left == 201)
            path, left = path + "/" + "d" * (step - 1), left - step
        os.makedirs(path, exist_ok=True)
        return path + "/s"

    def test_paths_longer_than_an_address(self):
        for size in (107, 108, 109, 255, 3000):
            path = self.path_of(size)
            with self.subTest(size):
                self.assertEqual(len(path), size)
                self.serve(ssh, path=path)
                self.assert_carries(run("unix" + path))

    def test_nobody_listens(self):
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(self.path)
        long_path = os.path.join(self.directory, "s" * 150)
        for path, words in ((self.path, "refused"), (self.directory, "refused"),
                            (self.directory + "/none", "no such file"),
                            (long_path, "no such file"), (self.path + "/x", "not a directory"),
                            ("/" + "s" * 280, "name too long")):
            with self.subTest(words):
                self.assert_fails(run("unix" + path), ALL_FAILED, f"connect to 'unix{path}"[:250], words)

    def test_a_long_path_is_told_as_it_was_written(self):
        path = self.path_of(150)
        with socket.socket(socket.AF_UNIX) as bound:
            directory = os.open(os.path.dirname(path), os.O_PATH)
            self.addCleanup(os.close, directory)
            bound.bind(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
        self.assert_fails(run("unix" + path), ALL_FAILED, f"refused by {path}")

    def test_a_datagram_socket(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
            bound.bind(self.path)
            self.assert_fails(run("unix" + self.path), ALL_FAILED, "protocol")

    def test_a_server_without_room_for_the_moment(self):
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as filler:
            listener.bind(self.path)
            listener.listen(0)
            filler.connect(self.path)
            trace = self.temporary_path("trace")
            with start("--trace", trace, "unix" + self.path) as session:
                wait_until(lambda: os.path.exists(trace) and "attempt_started" in read(trace), "an attempt")
                self.assertNotIn("attempt_outcome", read(trace))
                listener.accept()[0].close()
                listener.settimeout(5)
                connection = listener.accept()[0]
                connection.sendall(BANNER)
                result = session.finish()
            passed = self.assert_handed_over(result)
            self.assertEqual(passed.recv(100), BANNER)
            connection.close()
            passed.close()

    def test_a_server_without_room_for_ever(self):
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as filler:
            listener.bind(self.path)
            listener.listen(0)
            filler.connect(self.path)
            result = run("--timeout", "300ms", "unix" + self.path)
            self.assert_fails(result, TIMED_OUT, "no answer")
            self.assertLess(result.exited - result.started, 1.0)

    def test_one_that_is_not_there_yet(self):
        for path in (self.path, self.path_of(150)):
            trace = self.temporary_path("trace")
            with start("--wait", "5s", "--trace", trace, "unix" + path) as session:
                wait_until(lambda: os.path.exists(trace) and "retry_scheduled" in read(trace), "a first dial")
                self.serve(ssh, path=path)
                self.assert_carries(session.finish())

    def test_trace(self):
        self.serve(ssh)
        events = self.trace_of("unix" + self.path)
        self.assertEqual(events[0]["origin"], "unix")
        selected = [event for event in events if event["event"] == "connection_selected"]
        self.assertEqual([event["address"] for event in selected], [self.path])
        self.assertEqual([event["event"] for event in events][-2:], ["handed_over", "metrics"])

    def test_explain(self):
        self.serve(ssh)
        result = run("--explain", "unix" + self.path, stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.stderr), (0, ""))
        self.assertIn(self.path, result.stdout.decode())


class VsockMux(TargetTest):
    def dial(self, *arguments):
        return run(*arguments, "vsock-mux" + self.path, "22")

    def test_with_and_without_an_answer(self):
        for answer in (b"OK 1073741824\n", b"OK 0\n", b""):
            for banner in (BANNER, b"OK", b"OK 12 is my banner\r\n", b"OK 12345678901\n", b"O"):
                if answer == b"" and banner in (b"OK", b"O"):
                    continue  # nobody can tell what that will be
                for split in (False, True):
                    with self.subTest((answer, banner, split)):
                        path = self.temporary_path("mux")
                        server = self.serve(in_turn(vsock_mux(answer), lambda peer, it=banner: peer.say(it), echo),
                                            path=path, split=split)
                        self.assert_carries(run("vsock-mux%" + path, "22"), banner)
                        self.assertEqual(server.asked, [["CONNECT 22"]])

    def test_a_port_that_is_not_open(self):
        self.serve(in_turn(vsock_mux(b""), closes))
        self.assert_fails(self.dial(), PROXY_FAILED,
                          f"connect to 'vsock-mux{self.path}' port 22: port 22 of the machine is not open")

    def test_an_answer_that_is_cut(self):
        for begin in (b"O", b"OK ", b"OK 12"):
            path = self.temporary_path("mux")
            self.serve(in_turn(vsock_mux(begin), closes), path=path)
            self.assert_fails(run("vsock-mux" + path, "22"), PROXY_FAILED, "in the middle of its answer")

    def test_silence(self):
        for begin in (b"", b"OK"):
            path = self.temporary_path("mux")
            self.serve(in_turn(vsock_mux(begin), silence), path=path)
            result = run("--timeout", "300ms", "vsock-mux" + path, "22")
            self.assert_fails(result, TIMED_OUT, "no answer in ")
            self.assertRegex(result.lines[0], r"no answer in (300|[12]\d\d) ms$")
            self.assertLess(result.exited - result.started, 1.0)

    def test_five_seconds_of_silence_are_an_answer(self):
        """As to systemd-ssh-proxy: a guest that waits for its client is reached, too."""
        def guest(peer):
            self.assertEqual(peer.take(4), b"ping")
            peer.say(b"pong")
            peer.flush()
            silence(peer)
        self.serve(in_turn(vsock_mux(b""), guest))
        result = self.dial()
        passed = self.assert_handed_over(result)
        self.assertGreaterEqual(result.exited - result.started, 5)
        passed.settimeout(5)
        passed.sendall(b"ping")
        self.assertEqual(passed.recv(4), b"pong")

    def test_nobody_listens(self):
        self.assert_fails(self.dial(), ALL_FAILED, "no such file")

    def test_a_peer_that_leaves_at_once(self):
        self.serve(says(b""))
        self.assert_fails(self.dial(), PROXY_FAILED, "not open")

    def test_trace(self):
        self.serve(in_turn(vsock_mux(b"OK 1\n"), ssh))
        events = self.trace_of("vsock-mux" + self.path, "22")
        names = [event["event"] for event in events]
        self.assertEqual(names[-4:], ["handshake_started", "handshake_finished", "handed_over", "metrics"])
        self.assertEqual(events[-4]["asks_for"], "port 22")

    def test_the_end_of_ssh_ends_it(self):
        server = self.serve(silence)
        with start("vsock-mux" + self.path, "22") as session:
            self.assertTrue(server.wait_for(1))
            session.ours.close()
            session.wait(2)
            self.assertNotEqual(session.process.returncode, 0)


class Machines(TargetTest):
    """A fake systemd-machined of the user's. Where it knows nothing the system's is asked, which may be there."""

    NAME = "no-machine-of-this-name"

    def setUp(self):
        super().setUp()
        os.makedirs(os.path.join(self.directory, "systemd", "machine"))
        self.path = os.path.join(self.directory, "systemd", "machine", "io.systemd.Machine")
        self.asked = []

    def reply(self, *pieces):
        """Serves one whose answer that is."""
        def play(peer):
            self.asked.append(json.loads(peer.take_until(b"\0")[:-1]))
            for piece in pieces:
                peer.say(piece)
                peer.flush()
            silence(peer)
        os.path.exists(self.path) and os.unlink(self.path)
        return self.serve(play)

    def found(self, **fields):
        return json.dumps({"parameters": {"name": self.NAME, **fields}}).encode() + b"\0"

    def dial(self, *options, separator="/", port="22"):
        environment = {**ENVIRONMENT, "XDG_RUNTIME_DIR": self.directory}
        return run(*options, "machine" + separator + self.NAME, port, env=environment)

    def test_a_virtual_machine(self):
        """Its address is that of this machine itself, where nobody listens at that port."""
        self.reply(self.found(**{"class": "vm", "vSockCid": 1}))
        result = self.dial("--timeout", "200ms", port="4000000000")
        self.assert_fails(result, result.status, f"connect to 'machine/{self.NAME}' port 4000000000: ",
                          "vsock:1:4000000000")
        self.assertIn(result.status, (ALL_FAILED, TIMED_OUT))
        self.assertEqual(self.asked, [{"method": "io.systemd.Machine.List", "parameters": {"name": self.NAME}}])

    def test_a_container(self):
        directory = os.path.join(self.directory, "systemd", "nspawn", "unix-export", self.NAME)
        os.makedirs(directory)
        self.serve(ssh, path=os.path.join(directory, "ssh"))
        answer = self.found(**{"class": "container", "service": "systemd-nspawn"})
        for pieces in ((answer,), [answer[at:at + 1] for at in range(len(answer))]):
            for separator in "/%":
                self.reply(*pieces)
                self.assert_carries(self.dial(separator=separator))

    def test_no_way_into_it(self):
        for fields, words in (({"class": "container", "service": "podman"}, "'podman'"), ({"class": "host"}, "'host'"),
                              ({"class": "vm"}, "VSOCK"), ({"class": "vm", "vSockCid": -1}, "VSOCK"),
                              ({"class": "vm", "vSockCid": 4294967295}, "VSOCK"),
                              ({"class": "vm", "vSockCid": "3"}, "VSOCK"), ({"class": ["vm"]}, "class ''"),
                              ({}, "class ''")):
            with self.subTest(fields):
                self.reply(self.found(**fields))
                self.assert_fails(self.dial(), NO_ADDRESS, f"connect to 'machine/{self.NAME}' port 22: ", words)

    def test_ssh_that_goes_is_noticed_while_it_is_silent(self):
        self.reply()
        environment = {**ENVIRONMENT, "XDG_RUNTIME_DIR": self.directory}
        with start("machine/" + self.NAME, "22", env=environment) as session:
            wait_until(lambda: self.asked, "the question")
            session.ours.close()
            session.wait(2)
            self.assertEqual(session.process.returncode, NOT_HANDED_OVER)

    def test_no_such_machine(self):
        self.reply(b'{"error": "io.systemd.Machine.NoSuchMachine", "parameters": {}}\0')
        self.assert_fails(self.dial(), NO_ADDRESS, "knows no such machine")

    def test_no_user_scope(self):
        for directory in (self.directory + "/none", "relative", ""):
            result = run("machine/" + self.NAME, "22", env={**ENVIRONMENT, "XDG_RUNTIME_DIR": directory})
            self.assert_fails(result, NO_ADDRESS, "knows no such machine")

    def test_nonsense(self):
        for answer in (b"\0", b"hello\0", b"[]\0", b"{}\0", b'{"parameters": []}\0', b'{"parameters"\0', b"\xff\xfe\0",
                       b"[" * 100000 + b"\0", b'{"parameters": {"class": "vm", "vSockCid": 1e400}}\0'):
            with self.subTest(answer[:40]):
                self.reply(answer)
                self.assert_fails(self.dial(), NO_ADDRESS, "systemd-machined sends no proper answer")

    def test_another_error(self):
        self.reply(b'{"error": "org.varlink.service.MethodNotFound\x7f"}\0')
        self.assert_fails(self.dial(), NO_ADDRESS, "systemd-machined: org.varlink.service.MethodNotFound\\x7f")

    def test_an_end_before_the_answer(self):
        self.serve(closes)
        self.assert_fails(self.dial(), NO_ADDRESS, "systemd-machined")

    def test_a_huge_answer(self):
        def flood(peer):
            while True:
                peer.say(b"x" * 65536)
                peer.flush()
        self.serve(flood)
        self.assert_fails(self.dial(), NO_ADDRESS, "systemd-machined sends no proper answer")

    def test_no_answer_in_time(self):
        def drip(peer):
            while True:
                peer.say(b" ")
                peer.flush()
                peer.connection.settimeout(0.05)
                try:
                    peer.take(1)
                except socket.timeout:
                    continue
        for play in (silence, drip):
            os.path.exists(self.path) and os.unlink(self.path)
            self.serve(play)
            result = self.dial("--timeout", "300ms")
            self.assert_fails(result, TIMED_OUT, f"connect to 'machine/{self.NAME}' port 22: ", "systemd-machined")
            self.assertLess(result.exited - result.started, 1.0)

    def test_names_that_lead_elsewhere(self):
        server = self.reply(b"{}\0")
        for name in ("../x", "a/b", ".hidden", "-x", "a b", "", "x" * 65, "caf\xe9"):
            result = run("machine/" + name, "22", env={**ENVIRONMENT, "XDG_RUNTIME_DIR": self.directory})
            self.assert_fails(result, USAGE)
        self.assertEqual(server.peers, [])


class Vsock(TargetTest):
    """Connecting is for the tests in a virtual machine: few kernels have the loopback."""

    def test_usage(self):
        for arguments, words in ((("vsock/x", "22"), "CID"), (("vsock/4294967295", "22"), "CID"),
                                 (("vsock/-1", "22"), "CID"),
                                 (("vsock/3", "4294967295"), "port"), (("vsock/3", "ssh"), "port"),
                                 (("vsock/3",), "port"),
                                 (("vsock%", "22"), "CID"), (("vsock-mux/",), ""), (("vsock-mux/x", "x"), "port")):
            with self.subTest(arguments):
                self.assert_fails(run(*arguments), USAGE, words)

    def test_the_address(self):
        """Of this machine itself, where nobody listens at that port."""
        events = self.trace_of("--timeout", "200ms", "vsock/1", "4000000000")
        self.assertEqual(events[0]["origin"], "vsock")
        started = [event for event in events if event["event"] == "attempt_started"]
        self.assertEqual([event["address"] for event in started], ["vsock:1:4000000000"])


class Meaning(TargetTest):
    def test_options_without_a_meaning(self):
        self.serve(ssh)
        for host in ("unix" + self.path, "vsock/3", "vsock-mux" + self.path, "machine/x"):
            for option in (("-4",), ("-6",), ("--bind", "127.0.0.1"), ("--interface", "lo"), ("--local-port", "1234"),
                           ("--mark", "1"), ("--dscp", "ef"), ("--ttl", "3"), ("--dontroute",), ("--keepalive=1,1,1",),
                           ("--no-keepalive",), ("--no-nodelay",), ("--user-timeout", "1s"), ("--congestion", "reno"),
                           ("--delayed-ack", "kernel"), ("--rto-min", "1s"), ("--rto-max", "1s"),
                           ("--thin-linear-timeouts",), ("--knock", "tcp:1"), ("--protocol", "mptcp"), ("--proxy", "env"), ("--tcpmux", "x"),
                           ("--dns-server", "127.0.0.1"), ("--resolve", "x:127.0.0.1"),
                           ("--preferred-family-count", "2"), ("--rcvbuf", "20000")):
                with self.subTest((host, option)):
                    self.assert_fails(run(*option, host, "22"), USAGE, option[0].partition("=")[0], "no meaning")

    def test_a_send_buffer_is_not_for_vsock(self):
        self.assert_fails(run("--sndbuf", "20000", "vsock/3", "22"), USAGE, "--sndbuf has no meaning")

    def test_options_with_a_meaning(self):
        self.serve(ssh)
        passed = self.assert_carries(run("--sndbuf", "20000", "--timeout", "2s", "unix" + self.path))
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), 40000)

    def test_hosts_that_only_look_like_it(self):
        listener = self.listen()
        for name in ("unix.example", "vsock-mux", "machine"):
            result = run("--resolve", name + ":127.0.0.1", name, listener.port)
            self.assert_handed_over(result, listener)

    def test_before_and_its_environment(self):
        self.serve(ssh)
        output = self.temporary_path("output")
        result = run("--before", f"sh -c 'echo $GLADHAND_HOST,$GLADHAND_PORT,$GLADHAND_ADDRESSES >{output}'",
                     "unix" + self.path)
        self.assert_carries(result)
        self.assertEqual(read(output), f"unix{self.path},,{self.path}\n")


def kernel_has_mptcp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError:
        return False
    return True


class Protocols(TargetTest):
    def test_mptcp(self):
        listener = self.listen()
        passed = self.assert_handed_over(run("--protocol", "mptcp", "127.0.0.1", listener.port), listener)
        expected = IPPROTO_MPTCP if kernel_has_mptcp() else socket.IPPROTO_TCP
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL), expected)
        self.assertEqual(passed.recv(100), BANNER)

    def assert_falls_back(self, result, listener):
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.data, len(result.descriptors)), (0, b"\0", 1), result)
        self.assertIn("no MPTCP", result.stderr)
        passed = result.socket()
        self.addCleanup(passed.close)
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL), socket.IPPROTO_TCP)

    def test_a_system_without_mptcp(self):
        """As this kernel is, or as a network namespace with MPTCP turned off."""
        if not kernel_has_mptcp():
            listener = self.listen()
            self.assert_falls_back(run("-v", "--protocol", "mptcp", "127.0.0.1", listener.port), listener)
            return
        setting = "/proc/sys/net/mptcp/enabled"
        script = f'echo 0 >{setting} && ip link set lo up && exec "$@"'
        without = ["unshare", "--net", "sh", "-c", script, "sh"]
        if subprocess.run([*without, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("needs root to turn MPTCP off in a network namespace")
        result = receiver.run([*without, GLADHAND, "-v", "--protocol", "mptcp", "--timeout", "1s", "127.0.0.1", "9"],
                              env=ENVIRONMENT)
        self.assertEqual(result.status, ALL_FAILED)
        self.assertIn("no MPTCP", result.stderr)

    def test_what_is_no_protocol(self):
        for protocol in ("", "udp", "TCP", "6"):
            self.assert_fails(run("--protocol", protocol, "127.0.0.1", "22"), USAGE, "--protocol")

    def test_options_of_tcp_without_a_meaning_for_sctp(self):
        for option in (("--no-keepalive",), ("--user-timeout", "1s"), ("--congestion", "reno"), ("--tcpmux", "x"),
                       ("--delayed-ack", "kernel"), ("--rto-min", "1s"), ("--rto-max", "1s"), ("--thin-linear-timeouts",),
                       ("--proxy", "http://127.0.0.1:9")):
            self.assert_fails(run("--protocol", "sctp", *option, "127.0.0.1", "22"), USAGE, option[0], "SCTP")


def echo(peer):
    while True:
        peer.say(peer.take(1))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    common.main()
