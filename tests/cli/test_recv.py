"""gladhand-recv: what it shows of a socket, what it says to a COMMAND that does not pass one, how it
treats COMMAND (as ssh would), and what PROGRAM and the relay get. Loopback only.
"""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

import common
from common import (ENVIRONMENT, GLADHAND, NOT_HANDED_OVER, SANITIZED, TIMED_OUT, USAGE, CommandTest, in_milliseconds,
                    let_signals_end, shortest_delayed_ack, wait_until)
from support import pipes, receiver

RECV = os.environ.get("GLADHAND_RECV", "build/gladhand-recv")
DELAYED_ACK = shortest_delayed_ack()
PASSER = os.path.join(os.path.dirname(__file__), "..", "bench", "passer.py")

# What every COMMAND of this file begins with: pass_() sends bytes and descriptors over fd 1.
PRELUDE = """
import array, os, resource, signal, socket, struct, subprocess, sys, time
receiver = socket.socket(fileno=os.dup(1))
def pass_(data, *what):
    descriptors = array.array("i", [one if isinstance(one, int) else one.fileno() for one in what])
    receiver.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
def connect(port):
    return socket.create_connection(("127.0.0.1", int(port)))
"""

# For a shell, which must start nothing: it blocks signals meanwhile.
TELL_SIGNALS = """
while read -r line; do case $line in Sig[IB]*) echo "$line" >&2; esac; done </proc/$$/status
"""


def setUpModule():
    let_signals_end()


def script(text, *arguments):
    """A COMMAND or PROGRAM in Python."""
    return [sys.executable, "-c", PRELUDE + text, *map(str, arguments)]


def recv(*words, timeout=20.0, env=None, **how):
    how.setdefault("stdin", subprocess.DEVNULL)
    if "input" in how:
        del how["stdin"]
    return subprocess.run([RECV, *map(str, words)], capture_output=True, timeout=timeout, check=False,
                          env=env or ENVIRONMENT, **how)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class RecvTest(CommandTest):
    def assert_says(self, result, status, message, hint=None):
        """That status, nothing on standard output, that one line, and a hint if one is asked for."""
        lines = result.stderr.decode().splitlines()
        self.assertEqual(result.returncode, status, result)
        self.assertEqual(result.stdout, b"", result)
        self.assertEqual(lines[0], "gladhand-recv: " + message)
        self.assertEqual([line[:6] for line in lines[1:]], ["hint: "] if hint else [], lines)
        if hint:
            self.assertIn(hint, lines[1])

    def assert_silent(self, result, status=0):
        self.assertEqual((result.returncode, result.stderr), (status, b""), result)

    def shown(self, *command):
        """The JSON object for what the command passes."""
        result = recv("--json", "--", *command)
        self.assert_silent(result)
        self.assertEqual(result.stdout.count(b"\n"), 1)
        return json.loads(result.stdout)

    def pid_in(self, path):
        """The process id that a COMMAND has written there."""
        def written():
            with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:
                return file.read().endswith("\n")
        wait_until(written, "the pid in " + path)
        with open(path, encoding="ascii") as file:
            return int(file.read())

    def assert_has_ended(self, path):
        pid = self.pid_in(path)
        self.assertFalse(is_running(pid), "COMMAND is left running")


class WhatItShows(RecvTest):
    def test_text_about_what_gladhand_passes(self):
        listener = self.listen(banner=b"")
        result = recv("--", GLADHAND, "127.0.0.1", listener.port)
        self.assert_silent(result)
        (peer,) = listener.wait_for(1)
        self.assertEqual(result.stdout.decode().splitlines(), [
            "socket    IPv4 stream, tcp, connected",
            "local     127.0.0.1:%d" % peer.getpeername()[1],
            "peer      127.0.0.1:%d" % listener.port,
            "options   blocking, keepalive, nodelay"
            + (f", delayed ack {in_milliseconds(DELAYED_ACK)}" if DELAYED_ACK else ""),
            "waiting   0 bytes to read",
            "command   exited with status 0"])

    def test_json_about_what_gladhand_passes_over_ipv6(self):
        listener = self.listen("::1", banner=b"")
        facts = self.shown(GLADHAND, "--dscp", "ef", "--", "::1", listener.port)
        (peer,) = listener.wait_for(1)
        self.assertEqual(facts, {
            "family": "IPv6", "type": "stream", "protocol": "tcp", "state": "connected",
            "local_address": "::1", "local_port": peer.getpeername()[1],
            "peer_address": "::1", "peer_port": listener.port,
            "blocking": True, "keepalive": True, "nodelay": True, "delayed_ack_us": DELAYED_ACK,
            "waiting_bytes": 0,
            "mark": None, "dscp": 46, "device": None,
            "receive_timeout_us": None, "send_timeout_us": None,
            "command_status": 0, "command_signal": None})

    def test_an_ipv6_address_in_text_is_in_brackets(self):
        listener = self.listen("::1")
        result = recv("--", GLADHAND, "::1", listener.port)
        self.assertIn(b"peer      [::1]:%d\n" % listener.port, result.stdout)

    def test_nc(self):
        """It leaves its socket non-blocking."""
        listener = self.listen()
        facts = self.shown("nc", "-F", "127.0.0.1", listener.port)
        self.assertEqual((facts["peer_port"], facts["blocking"]), (listener.port, False))
        self.assertEqual((facts["keepalive"], facts["nodelay"]), (False, False))

    def test_the_passer_of_the_article(self):
        listener = self.listen()
        facts = self.shown(sys.executable, PASSER, "127.0.0.1", listener.port)
        self.assertEqual((facts["peer_port"], facts["blocking"]), (listener.port, True))

    def test_how_many_bytes_wait(self):
        listener = self.listen()
        facts = self.shown(*script("""
c = connect(sys.argv[1])
c.recv(18, socket.MSG_PEEK | socket.MSG_WAITALL)
pass_(b"\\0", c)
""", listener.port))
        self.assertEqual(facts["waiting_bytes"], len(receiver.BANNER))

    def test_times_and_quality_of_service(self):
        facts = self.shown(*script("""
c = connect(sys.argv[1])
c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 500000))
c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 3, 0))
c.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 8 << 2)
pass_(b"\\0", c)
""", self.listen().port))
        self.assertEqual((facts["receive_timeout_us"], facts["send_timeout_us"]), (2500000, 3000000))
        self.assertEqual(facts["dscp"], 8)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_mark_and_device(self):
        passing = script("""
c = socket.socket()
c.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, struct.pack("I", 0xffffffff))
c.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
c.connect(("127.0.0.1", int(sys.argv[1])))
pass_(b"\\0", c)
""", self.listen().port)
        facts = self.shown(*passing)
        self.assertEqual((facts["mark"], facts["device"]), (0xffffffff, "lo"))
        self.assertIn(b", mark 4294967295, device lo\n", recv("--", *passing).stdout)

    def test_a_unix_socket_with_a_path_of_any_bytes(self):
        path = self.temporary_path("a\n\x1b\"b").encode()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            passing = script("""
c = socket.socket(socket.AF_UNIX)
c.connect(os.fsencode(sys.argv[1]))
pass_(b"\\0", c)
""", os.fsdecode(path))
            facts = self.shown(*passing)
            text = recv("--", *passing).stdout.decode()
        self.assertEqual((facts["family"], facts["protocol"], facts["nodelay"]), ("unix", None, None))
        self.assertEqual((facts["peer_address"], facts["peer_port"]), (os.fsdecode(path), None))
        self.assertIsNone(facts["local_address"])
        self.assertIn("local     (no name)\n", text)
        self.assertIn("\\x0a\\x1b\"b\n", text)

    def test_an_abstract_unix_socket(self):
        name = "gladhand-%d" % os.getpid()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("\0" + name)
            server.listen()
            facts = self.shown(*script("""
c = socket.socket(socket.AF_UNIX)
c.connect("\\0" + sys.argv[1])
pass_(b"\\0", c)
""", name))
        self.assertEqual(facts["peer_address"], "@" + name)

    def test_a_vsock_address(self):
        try:
            socket.socket(socket.AF_VSOCK).close()
        except OSError:
            self.skipTest("no vsock here")
        passing = script("""
c = socket.socket(socket.AF_VSOCK)
c.bind((socket.VMADDR_CID_ANY, 7777))
pass_(b"\\0", c)
""")
        self.assertIn(b"local     vsock:4294967295:7777\n", recv("--", *passing).stdout)
        self.assertEqual(self.shown(*passing)["local_address"], "vsock:4294967295")

    def test_multipath_tcp(self):
        try:
            socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()
        except OSError:
            self.skipTest("no MPTCP here")
        facts = self.shown(*script("""
c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
c.connect(("127.0.0.1", int(sys.argv[1])))
pass_(b"\\0", c)
""", self.listen().port))
        self.assertEqual((facts["protocol"], facts["state"]), ("mptcp", "connected"))

    def test_states(self):
        black_hole = self.black_hole()
        listener = self.listen(banner=b"x")
        for state, text in {
                "unconnected": "c = socket.socket()",
                "listening": "c = socket.create_server(('127.0.0.1', 0))",
                "connecting": "c = socket.socket(); c.setblocking(False); "
                              "c.connect_ex(('127.0.0.1', %d))" % black_hole.port,
                "connected": "c = connect(%d)" % listener.port,
        }.items():
            with self.subTest(state):
                facts = self.shown(*script(text + "\npass_(b'\\0', c)"))
                self.assertEqual(facts["state"], state)
                self.assertEqual(facts["peer_address"], "127.0.0.1" if state == "connected" else None)

    def test_a_peer_that_has_ended_its_stream(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            facts = self.shown(*script("""
c = connect(sys.argv[1])
c.recv(1)
pass_(b"\\0", c)
""", self.end_at_once(server)))
        self.assertEqual(facts["state"], "ended by peer")

    def end_at_once(self, server):
        def serve():
            connection = server.accept()[0]
            self.addCleanup(connection.close)
            connection.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        return server.getsockname()[1]

    def test_a_datagram_socket(self):
        facts = self.shown(*script("""
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
pass_(b"\\0", c)
"""))
        self.assertEqual((facts["type"], facts["protocol"], facts["nodelay"]), ("datagram", "udp", None))

    def test_how_command_ended_is_told_and_no_error(self):
        passing = "pass_(b'\\0', connect(sys.argv[1]))\n"
        port = self.listen().port
        facts = self.shown(*script(passing + "os._exit(3)", port))
        self.assertEqual((facts["command_status"], facts["command_signal"]), (3, None))
        killed = script(passing + "os.kill(os.getpid(), signal.SIGKILL)", port)
        facts = self.shown(*killed)
        self.assertEqual((facts["command_status"], facts["command_signal"]), (None, 9))
        self.assertIn(b"command   was ended by signal 9\n", recv("--", *killed).stdout)

    def test_a_standard_output_that_takes_nothing(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([RECV, "--", GLADHAND, "127.0.0.1", str(self.listen().port)], stdout=full,
                                    stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=20, check=False)
        self.assertEqual(result.returncode, NOT_HANDED_OVER)
        self.assertEqual(result.stderr,
                         b"gladhand-recv: cannot write to standard output: no space left on device\n")


class WrongCommands(RecvTest):
    def assert_refused(self, command, message, hint=None, status=NOT_HANDED_OVER):
        self.assert_says(recv("--timeout", "15s", "--", *command), status, message, hint)

    def test_nothing(self):
        self.assert_refused(["true"], "COMMAND exited with status 0 and passed nothing")
        self.assert_refused(["sh", "-c", "exit 68"], "COMMAND exited with status 68 and passed nothing")
        self.assert_refused(["sh", "-c", "kill -9 $$"], "COMMAND was ended by signal 9 and passed nothing")

    def test_nothing_and_gladhands_own_message_above(self):
        port = self.refusing().port
        result = recv("--", GLADHAND, "127.0.0.1", port)
        self.assertEqual(result.returncode, NOT_HANDED_OVER)
        self.assertEqual(result.stderr.decode().splitlines(), [
            "gladhand: connect to '127.0.0.1' port %d: refused by 127.0.0.1" % port,
            "gladhand-recv: COMMAND exited with status 69 and passed nothing"])

    def test_no_such_command(self):
        self.assert_refused(["/no/such\n"], "cannot run '/no/such\\x0a': no such file or directory")

    def test_it_closes_the_socket_and_runs_on(self):
        path = self.temporary_path("pid")
        command = ["sh", "-c", 'echo $$ >"$0"; exec sleep 60 0<&- 1>&-', path]
        self.assert_refused(command, "COMMAND closed its standard input and output and passed nothing")
        self.assert_has_ended(path)

    def test_text(self):
        self.assert_refused(["printf", "hello\\n"], "COMMAND wrote 'hello\\x0a' and no descriptor",
                            "standard error")

    def test_text_that_comes_in_pieces(self):
        self.assert_refused(script("for c in b'hello': receiver.send(bytes([c])); time.sleep(0.01)"),
                            "COMMAND wrote 'hello' and no descriptor", "standard error")

    def test_text_without_end(self):
        """It is shown in part, and COMMAND does not go on for ever."""
        result = recv("--", "yes")
        self.assertEqual(result.returncode, NOT_HANDED_OVER)
        self.assertRegex(result.stderr, rb"^gladhand-recv: COMMAND wrote '(y\\x0a){50,}[^']*'(\.\.\.)? and no")
        self.assertLess(len(result.stderr), 600)

    def test_a_relay_in_place_of_a_passer(self):
        listener = self.listen(banner=b"SSH-2.0-test\r\n")
        self.assert_refused(["nc", "127.0.0.1", str(listener.port)],
                            "COMMAND wrote 'SSH-2.0-test\\x0d\\x0a' and no descriptor", "nc needs -F")

    def test_a_byte_without_a_descriptor(self):
        self.assert_refused(["printf", "\\0"], "COMMAND wrote one byte, '\\x00', without a descriptor")

    def test_text_before_the_descriptor(self):
        self.assert_refused(script("receiver.send(b'hi\\n'); pass_(b'\\0', socket.socket())"),
                            "COMMAND wrote 'hi\\x0a' before its descriptor", "exactly one byte")

    def test_text_after_the_descriptor(self):
        self.assert_refused(script("pass_(b'\\0', socket.socket()); receiver.send(b'bye')"),
                            "COMMAND wrote 'bye' after the one byte that goes with its descriptor", "exactly one byte")

    def test_text_that_is_seen_only_when_command_has_ended(self):
        """Both are there when gladhand-recv, stopped meanwhile, looks again."""
        self.assert_refused(script("""
command, recv = os.getpid(), os.getppid()
pass_(b"\\0", socket.socket())
os.kill(recv, signal.SIGSTOP)
receiver.send(b"bye")
if os.fork() == 0:
    while open("/proc/%d/stat" % command).read().split()[2] != "Z": time.sleep(0.001)
    os.kill(recv, signal.SIGCONT)
os._exit(0)
"""), "COMMAND wrote 'bye' after the one byte that goes with its descriptor", "exactly one byte")

    def test_two_bytes_with_the_descriptor(self):
        self.assert_refused(script("pass_(b'ab', socket.socket())"),
                            "COMMAND wrote 'b' after the one byte that goes with its descriptor", "exactly one byte")

    def test_endless_text_after_the_descriptor(self):
        result = recv("--", *script("""
pass_(b"\\0", socket.socket())
while True: os.write(1, b"more ")
"""))
        self.assertEqual(result.returncode, NOT_HANDED_OVER)
        self.assertIn(b"after the one byte that goes with its descriptor\n", result.stderr)

    def test_two_descriptors_in_one_message(self):
        self.assert_refused(script("pass_(b'\\0', socket.socket(), 2)"),
                            "COMMAND passed 2 descriptors at once, not one")

    def test_as_many_as_one_message_takes(self):
        self.assert_refused(script("pass_(b'\\0', *[2] * 253)"),
                            "COMMAND passed 253 descriptors at once, not one")

    def test_two_descriptors_in_two_messages(self):
        self.assert_refused(script("c = socket.socket(); pass_(b'\\0', c); pass_(b'\\0', c)"),
                            "COMMAND passed a second descriptor after the first")

    @unittest.skipIf(SANITIZED, "a sanitizer needs descriptors, too")
    def test_a_descriptor_for_which_there_is_no_room(self):
        self.assert_refused(script("""
resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3))
pass_(b"\\0", socket.socket())
"""), "COMMAND passed a descriptor, but this process may open no more")

    def test_what_is_no_socket(self):
        path = self.temporary_path("a file")
        directory = os.path.dirname(path)
        cases = {
            "open(sys.argv[1], 'w')": "a regular file, '%s'" % path,
            "os.open(sys.argv[2], os.O_RDONLY)": "a directory, '%s'" % directory,
            "os.pipe()[0]": "a pipe",
            "os.open('/dev/null', os.O_RDONLY)": "a character device, '/dev/null'",
            "__import__('select').epoll()": "an object of the kernel, 'anon_inode:[eventpoll]'",
        }
        for expression, kind in cases.items():
            with self.subTest(kind):
                self.assert_refused(script("x = " + expression + """
pass_(b"\\0", x)
""", path, directory), "what COMMAND passed is no socket but " + kind)

    def test_a_terminal_is_no_socket(self):
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        name = os.ttyname(slave)
        self.assert_refused(script("pass_(b'\\0', os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY))", name),
                            "what COMMAND passed is no socket but a terminal, '%s'" % name)


class TimeAndSignals(RecvTest):
    SLEEP = "open(sys.argv[1], 'w').write('%d\\n' % os.getpid())\ntime.sleep(60)"

    def setUp(self):
        self.path = self.temporary_path("pid")

    def test_command_that_passes_nothing_in_time(self):
        result = recv("--timeout", "500ms", "--", *script(self.SLEEP, self.path))
        self.assert_says(result, TIMED_OUT, "COMMAND passed nothing in 500 ms")
        self.assert_has_ended(self.path)

    def test_command_is_asked_to_end_first(self):
        told = self.temporary_path("told")
        tidy = "def end(*_): open(sys.argv[2], 'w').close(); sys.exit()\nsignal.signal(signal.SIGTERM, end)\n"
        recv("--timeout", "500ms", "--", *script(tidy + self.SLEEP, self.path, told))
        self.assertTrue(os.path.exists(told))

    def test_command_that_ignores_the_polite_signal(self):
        ignoring = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + self.SLEEP
        result = recv("--timeout", "500ms", "--", *script(ignoring, self.path))
        self.assert_says(result, TIMED_OUT, "COMMAND passed nothing in 500 ms")
        self.assert_has_ended(self.path)

    def test_command_that_passes_and_does_not_end(self):
        passing = "pass_(b'\\0', socket.socket())\n" + self.SLEEP
        result = recv("--timeout", "500ms", "--", *script(passing, self.path))
        self.assert_says(result, TIMED_OUT, "COMMAND passed a descriptor, but still runs after 500 ms",
                         "ssh waits")
        self.assert_has_ended(self.path)

    def test_what_command_left_running_passes_nothing(self):
        leaving = "sleep 3 2>/dev/null & exit 4"
        result = recv("--timeout", "500ms", "--", "sh", "-c", leaving)
        self.assert_says(result, TIMED_OUT,
                         "COMMAND exited with status 4, and what it left running passed nothing in 500 ms")

    def test_what_command_left_running_may_pass_later(self):
        """As with ssh, which waits for a message and not for a process."""
        listener = self.listen()
        facts = self.shown(*script("""
me = os.getpid()
if os.fork() == 0:
    while os.getppid() == me: time.sleep(0.001)
    pass_(b"\\0", connect(sys.argv[1]))
os._exit(5)
""", listener.port))
        self.assertEqual((facts["peer_port"], facts["command_status"]), (listener.port, 5))

    def test_a_signal_ends_both(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                path = self.temporary_path("pid")
                process = subprocess.Popen([RECV, "--", *script(self.SLEEP, path)], env=ENVIRONMENT,
                                           stderr=subprocess.PIPE)
                self.pid_in(path)
                process.send_signal(number)
                self.assertEqual(process.communicate(timeout=10)[1], b"")
                self.assertEqual(process.returncode, -number)
                self.assert_has_ended(path)

    def test_an_ignored_signal_stays_ignored(self):
        waiting = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
open(sys.argv[1], 'w').write('%d\\n' % os.getpid())
while not os.path.exists(sys.argv[1] + '.go'): time.sleep(0.005)
pass_(b'\\0', connect(sys.argv[2]))
"""
        process = subprocess.Popen([RECV, "--json", "--", *script(waiting, self.path, self.listen().port)],
                                   env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        self.pid_in(self.path)
        process.send_signal(signal.SIGINT)
        with open(self.path + ".go", "w", encoding="ascii"):
            pass
        self.assertEqual(json.loads(process.communicate(timeout=10)[0])["state"], "connected")
        self.assertEqual(process.returncode, 0)


class AsSshDoes(RecvTest):
    def told(self, text, **how):
        """What a COMMAND that passes a socket writes to its standard error; a JSON value."""
        result = recv("--", *script(text + "\npass_(b'\\0', socket.socket())"), **how)
        self.assertEqual(result.returncode, 0, result)
        return json.loads(result.stderr)

    def test_standard_input_and_output_are_one_unix_stream_socket_and_nothing_else_is_open(self):
        inherited = os.pipe()
        for descriptor in inherited:
            self.addCleanup(os.close, descriptor)
        told = self.told("""
import json
links = {}
for fd in os.listdir("/proc/self/fd"):
    try: links[fd] = os.readlink("/proc/self/fd/" + fd)
    except FileNotFoundError: pass  # the list's own
del links[str(receiver.fileno())]
json.dump([links, receiver.family, receiver.type], sys.stderr)
""", pass_fds=inherited)
        links, family, kind = told
        self.assertEqual((family, kind), (socket.AF_UNIX, socket.SOCK_STREAM))
        self.assertEqual(links["0"], links["1"])
        self.assertRegex(links["0"], r"^socket:")
        self.assertEqual(sorted(links), ["0", "1", "2"])

    def test_signals_are_as_ssh_leaves_them(self):
        """SIGPIPE ignored, none blocked. Python ignores SIGPIPE itself, so this is read by a shell."""
        result = recv("--", "sh", "-c", TELL_SIGNALS,
                      preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        told = dict(line.split(":\t") for line in result.stderr.decode().splitlines()[:2])
        self.assertEqual(int(told["SigBlk"], 16), 0)
        self.assertTrue(int(told["SigIgn"], 16) & 1 << (signal.SIGPIPE - 1))

    def test_its_own_end_is_closed_once_it_has_the_descriptor(self):
        """A COMMAND that then waits for that ends."""
        facts = self.shown(*script("""
pass_(b"\\0", connect(sys.argv[1]))
assert receiver.recv(1) == b""
""", self.listen().port))
        self.assertEqual(facts["command_status"], 0)

    def test_no_shell_reads_the_words(self):
        result = recv("--", "printf", "%s", "$HOME * a  b")
        self.assertIn(b"COMMAND wrote '$HOME * a  b' and no", result.stderr)

    def test_standard_descriptors_that_are_closed_at_the_start(self):
        port = self.listen().port
        result = receiver.run([RECV, "--json", "--", GLADHAND, "127.0.0.1", str(port)], closed=(0,), env=ENVIRONMENT,
                              stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual(json.loads(result.stdout)["peer_port"], port)


class Exec(RecvTest):
    def run_program(self, program, command, **how):
        return recv("--exec", *program, "--", *command, **how)

    def environment(self, command, **outer):
        """The environment that PROGRAM is given, without what is not about the connection."""
        result = self.run_program(["sh", "-c", "env >&2"], command, env={**ENVIRONMENT, **outer})
        self.assertEqual(result.returncode, 0, result)
        pairs = dict(line.split("=", 1) for line in result.stderr.decode().splitlines())
        shells_own = {"PWD", "OLDPWD", "SHLVL", "_"}
        return {name: value for name, value in pairs.items() if name not in ENVIRONMENT.keys() | shells_own}

    def test_the_socket_is_its_standard_input_and_output(self):
        listener = self.listen()
        result = self.run_program(["sh", "-c", 'read -r banner; echo "I saw $banner"'],
                                  [GLADHAND, "--", "127.0.0.1", listener.port])
        self.assert_silent(result)
        self.assertEqual(result.stdout, b"")
        (peer,) = listener.wait_for(1)
        self.assertEqual(peer.recv(100), b"I saw " + receiver.BANNER.replace(b"\n", b"") + b"\n")

    def test_a_non_blocking_socket_is_made_blocking(self):
        telling = "import os, sys; print(os.get_blocking(0), os.get_blocking(1), file=sys.stderr)"
        result = self.run_program([sys.executable, "-c", telling], ["nc", "-F", "127.0.0.1", self.listen().port])
        self.assertEqual((result.returncode, result.stderr), (0, b"True True\n"))

    def test_variables_of_ipv4_and_none_of_an_outer_program(self):
        listener = self.listen(banner=b"")
        variables = self.environment([GLADHAND, "127.0.0.1", listener.port], PROTO="SSL", TCPREMOTEIP="192.0.2.1",
                                     TCPREMOTEHOST="other.example", TCPREMOTEINFO="x", TCPLOCALHOST="y")
        (peer,) = listener.wait_for(1)
        self.assertEqual(variables, {
            "PROTO": "TCP", "TCPLOCALIP": "127.0.0.1", "TCPLOCALPORT": str(peer.getpeername()[1]),
            "TCPREMOTEIP": "127.0.0.1", "TCPREMOTEPORT": str(listener.port)})

    def test_variables_of_ipv6(self):
        listener = self.listen("::1", banner=b"")
        variables = self.environment([GLADHAND, "::1", listener.port])
        (peer,) = listener.wait_for(1)
        self.assertEqual(variables, {
            "PROTO": "TCP", "TCPLOCALIP": "::1", "TCPLOCALPORT": str(peer.getpeername()[1]),
            "TCPREMOTEIP": "::1", "TCPREMOTEPORT": str(listener.port)})

    def test_variables_of_a_unix_socket(self):
        path = self.temporary_path("socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            variables = self.environment(script("""
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
pass_(b"\\0", c)
""", path), UNIXLOCALPATH="/other")
        self.assertEqual(variables, {"PROTO": "UNIX", "UNIXREMOTEPATH": path})

    def test_its_status_is_ours(self):
        command = [GLADHAND, "127.0.0.1", self.listen().port]
        self.assert_silent(self.run_program(["sh", "-c", "exit 7"], command), 7)
        self.assert_silent(self.run_program(["sh", "-c", "kill -9 $$"], command), -signal.SIGKILL)

    def test_it_gets_three_descriptors_and_no_child(self):
        looking = """
import os, sys
with open("/proc/self/task/%d/children" % os.getpid()) as file: children = file.read()
numbers = [n for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)]
print(repr(children), sorted(numbers), file=sys.stderr)
"""
        result = self.run_program([sys.executable, "-c", looking], [GLADHAND, "127.0.0.1", self.listen().port])
        self.assertEqual(result.stderr, b"'' ['0', '1', '2']\n")

    def test_it_gets_the_signals_that_we_had(self):
        result = self.run_program(["sh", "-c", TELL_SIGNALS], [GLADHAND, "127.0.0.1", self.listen().port],
                                  preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        told = dict(line.split(":\t") for line in result.stderr.decode().splitlines())
        self.assertEqual(int(told["SigBlk"], 16), 0)
        self.assertFalse(int(told["SigIgn"], 16) & 1 << (signal.SIGPIPE - 1))

    def test_words_are_split_at_the_first_dashes(self):
        """PROGRAM's options are its own, and so are COMMAND's, dashes included."""
        listener = self.listen()
        result = recv("--timeout", "15s", "--exec", "sh", "-c", 'echo "$@" >&2', "sh", "--json", "--timeout", "-x",
                      "--", GLADHAND, "--", "127.0.0.1", listener.port)
        self.assertEqual((result.returncode, result.stderr), (0, b"--json --timeout -x\n"))

    def test_a_program_that_is_not_there(self):
        result = self.run_program(["/no/such"], [GLADHAND, "127.0.0.1", self.listen().port])
        self.assert_says(result, NOT_HANDED_OVER, "cannot run '/no/such': no such file or directory")

    def test_a_socket_without_a_peer(self):
        result = self.run_program(["cat"], script("pass_(b'\\0', socket.socket())"))
        self.assert_says(result, NOT_HANDED_OVER, "the socket that COMMAND passed has no peer: it is unconnected")


class Relay(RecvTest):
    def serve_once(self, answer):
        """A server that reads to the end of the stream, then sends answer(what it read) and closes."""
        server = self.enter(socket.create_server(("127.0.0.1", 0)))

        def serve():
            with server.accept()[0] as connection:
                connection.sendall(answer(pipes.read_all(connection)))
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        return server.getsockname()[1]

    def test_bytes_and_ends_both_ways(self):
        """The answer comes after our end of file, so both halves are closed on their own."""
        data = os.urandom(1 << 20)
        for passing in ([GLADHAND], ["nc", "-F"]):
            with self.subTest(passing):
                port = self.serve_once(lambda read: read[::-1])
                result = recv("--relay", "--", *passing, "127.0.0.1", port, input=data)
                self.assert_silent(result)
                self.assertEqual(result.stdout, data[::-1])

    def test_over_a_unix_socket(self):
        path = self.temporary_path("socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            thread = threading.Thread(target=self.echo_once, args=(server,), daemon=True)
            thread.start()
            result = recv("--relay", "--", *script("""
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
pass_(b"\\0", c)
""", path), input=b"hello")
            thread.join()
        self.assert_silent(result)
        self.assertEqual(result.stdout, b"hello")

    @staticmethod
    def echo_once(server):
        with server.accept()[0] as connection:
            connection.sendall(pipes.read_all(connection))

    def test_a_reset_is_an_error(self):
        server = self.enter(socket.create_server(("127.0.0.1", 0)))

        def reset():
            connection = server.accept()[0]
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, array.array("i", (1, 0)).tobytes())
            connection.close()
        thread = threading.Thread(target=reset, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        port = server.getsockname()[1]
        result = recv("--relay", "--", GLADHAND, "127.0.0.1", port, input=b"x")
        self.assert_says(result, NOT_HANDED_OVER, "connection to 127.0.0.1:%d lost: reset by the server" % port)

    def test_a_datagram_socket_carries_no_stream(self):
        result = recv("--relay", "--", *script("""
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.connect(("127.0.0.1", 9))
pass_(b"\\0", c)
"""))
        self.assert_says(result, NOT_HANDED_OVER,
                         "--relay carries bytes over stream sockets only; COMMAND passed a datagram one")

    def test_a_signal_ends_it(self):
        listener = self.listen()
        process = subprocess.Popen([RECV, "--relay", "--", GLADHAND, "127.0.0.1", str(listener.port)], env=ENVIRONMENT,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.assertEqual(os.read(process.stdout.fileno(), 100), receiver.BANNER)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), -signal.SIGTERM)


class CommandLine(RecvTest):
    def test_what_cannot_be_meant(self):
        usage = "usage: gladhand-recv [OPTIONS]"
        for words, message, hint in (
                ([], "COMMAND is required, behind a '--'", usage),
                (["--"], "COMMAND is required, behind a '--'", usage),
                (["--json"], "COMMAND is required, behind a '--'", usage),
                (["nc", "-F"], "unexpected argument 'nc': COMMAND is behind a '--'", usage),
                (["--jsn", "--", "true"], "unknown option '--jsn'", usage),
                (["--exec", "--", "true"], "--exec needs a PROGRAM", usage),
                (["--exec=cat", "--", "true"], "--exec and PROGRAM are two words", usage),
                (["--exec", "cat"], "COMMAND is required, behind a '--'", usage),
                (["--timeout", "soon", "--", "true"],
                 "--timeout: 'soon' is not a duration such as 250ms, 2s or 0.5", None),
                (["--timeout", "0", "--", "true"], "--timeout must be over 0", None),
                (["--json", "--relay", "--", "true"], "--json, --exec and --relay exclude each other", None),
                (["--relay", "--exec", "cat", "--", "true"], "--json, --exec and --relay exclude each other", None)):
            with self.subTest(words):
                result = recv(*words)
                lines = result.stderr.decode().splitlines()
                self.assertEqual(result.returncode, USAGE)
                self.assertEqual(lines[0], "gladhand-recv: " + message)
                self.assertEqual(len(lines), 2 if hint else 1, lines)

    def test_help_and_version(self):
        self.assertRegex(recv("--version").stdout, rb"\Agladhand-recv \d+\.\d+\.\d+\n\Z")
        result = recv("--help")
        self.assert_silent(result)
        self.assertIn(b"Usage: gladhand-recv [OPTIONS] [--exec PROGRAM ARGS...] -- COMMAND", result.stdout)
        with open("/dev/full", "wb") as full:
            self.assertEqual(subprocess.run([RECV, "--help"], stdout=full, stderr=subprocess.DEVNULL, timeout=10,
                                            check=False).returncode, NOT_HANDED_OVER)


if __name__ == "__main__":
    common.main()
