"""Runs a command as ssh runs an fd-passing ProxyCommand, and receives what it passes.

fds 0 and 1 of the command are one end of an AF_UNIX stream socketpair, fd 2 is a pipe, SIGPIPE is
ignored, no other descriptor is open. The receiver keeps every byte and every descriptor that comes, so
that a test can say "exactly one of each". Below it: TCP listeners on loopback, willing, deaf or absent.
"""

import array
import contextlib
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Optional

BANNER = b"SSH-2.0-test_1.0\r\n"
# Closes the descriptors named by $0, then becomes the command.
CLOSE_AND_EXEC = 'for fd in $0; do eval "exec $fd>&-"; done; exec "$@"'


@dataclass
class Result:
    """What one run left behind. Times are time.monotonic()."""

    status: int  # negative: ended by that signal
    data: bytes  # everything that came over the socket
    descriptors: list  # every descriptor that came over it; still open, the caller's
    stderr: str
    stdout: Optional[bytes]  # only when fd 1 was a pipe
    started: float
    received: Optional[float]  # when the first message came
    exited: float
    messages: list = field(default_factory=list)  # sizes of the messages, in order

    @property
    def lines(self):
        return self.stderr.splitlines()

    def socket(self):
        """The one descriptor as a socket object, which then owns it."""
        assert len(self.descriptors) == 1, self
        return socket.socket(fileno=self.descriptors.pop())

    def close(self):
        while self.descriptors:
            socket.close(self.descriptors.pop())


class Session:
    """One run, step by step: start it, receive(), finish(). Use it in a with statement."""

    def __init__(self, command, *, closed=(), stdin=None, stdout=None, stderr=subprocess.PIPE,
                 env=None, prepare=None):
        """closed: descriptors closed at start; stdin, stdout: instead of the socket (as for Popen);
        prepare(ours, theirs): called with both ends of the socketpair before the start."""
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.data, self.descriptors, self.messages = b"", [], []
        self.received = None
        self._stderr, self._stdout = b"", None
        command = list(command)
        if closed:
            command = ["/bin/sh", "-c", CLOSE_AND_EXEC, " ".join(map(str, closed))] + command
        try:
            if prepare:
                prepare(self.ours, theirs)
            self.started = time.monotonic()
            self.process = subprocess.Popen(
                command, env=env, stderr=stderr, restore_signals=False,  # SIGPIPE stays ignored
                stdin=theirs if stdin is None else stdin, stdout=theirs if stdout is None else stdout)
        except BaseException:
            self.ours.close()
            raise
        finally:
            theirs.close()
        self._readers = [self._read_in_background("_" + name) for name in ("stdout", "stderr")
                         if getattr(self.process, name)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join()
        self.ours.close()
        while self.descriptors:
            socket.close(self.descriptors.pop())

    def receive(self, timeout=10.0):
        """One message. False at the end of the stream, and when none comes in time."""
        self.ours.settimeout(timeout)
        room = socket.CMSG_SPACE(16 * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self.ours.recvmsg(65536, room)
        except (TimeoutError, socket.timeout, ConnectionResetError):
            return False
        now = time.monotonic()
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(content[:len(content) - len(content) % numbers.itemsize])
                self.descriptors.extend(numbers)
        if not data:
            return False
        self.received = self.received or now
        self.data += data
        self.messages.append(len(data))
        return True

    def wait(self, timeout=10.0):
        """Reaps the process as ssh does after the hand-over; returns the time of that."""
        self.process.wait(timeout)
        return time.monotonic()

    def error_text(self):
        """Everything written to fd 2; waits for the end of the process."""
        for reader in self._readers:
            reader.join()
        return self._stderr.decode("utf-8", "backslashreplace")

    def finish(self, timeout=10.0):
        """First message, end of the process, then everything that is left: the whole Result."""
        with self:
            deadline = time.monotonic() + timeout
            self.receive(timeout)
            exited = self.wait(max(0.1, deadline - time.monotonic()))
            while self.receive(1.0):
                pass
            errors = self.error_text()
            descriptors, self.descriptors = self.descriptors, []
            return Result(self.process.returncode, self.data, descriptors,
                          errors, self._stdout,
                          self.started, self.received, exited, self.messages)

    def _read_in_background(self, name):
        stream = getattr(self.process, name[1:])

        def read():
            with stream:
                setattr(self, name, stream.read())

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread


def run(command, timeout=10.0, **how):
    """Session and finish() in one: the usual case."""
    return Session(command, **how).finish(timeout)


def free_port(*addresses):
    """A port number that is free on all of the addresses just now."""
    for _ in range(100):
        with contextlib.ExitStack() as stack:
            port = 0
            try:
                for address in addresses or ("127.0.0.1",):
                    one = stack.enter_context(tcp_socket(address))
                    one.bind((address, port))
                    port = one.getsockname()[1]
            except OSError:
                continue
            return port
    raise OSError("no port is free on all of %s" % (addresses,))


def tcp_socket(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return one


class Listener:
    """Accepts at once and sends the banner; remembers every connection. Use it in a with statement."""

    def __init__(self, address="127.0.0.1", port=0, banner=BANNER):
        self.address, self.banner = address, banner
        self.connections = []  # (time.monotonic(), socket), in order
        self._changed = threading.Condition()
        self._threads = []
        self._socket = tcp_socket(address)
        try:
            self._socket.bind((address, port))
            self._socket.listen(64)
        except OSError:
            self._socket.close()
            raise
        self.port = self._socket.getsockname()[1]
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait_for(self, count, timeout=5.0):
        """Waits until that many connections have come; returns their sockets."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.connections) >= count, timeout)
            return [connection for _, connection in self.connections]

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._socket.close()
        for _, connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for _, connection in self.connections:
            connection.close()

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self.banner:
                self._start(self._send_banner, connection)
            with self._changed:
                self.connections.append((time.monotonic(), connection))
                self._changed.notify_all()

    def _send_banner(self, connection):
        with contextlib.suppress(OSError):
            connection.sendall(self.banner)


class BlackHole:
    """A listener with a full backlog: the kernel drops every further SYN, nobody answers.

    start_accepting() empties the backlog; a retransmitted SYN (1 s after the first) then succeeds.
    """

    def __init__(self, address="127.0.0.1", port=0):
        self.address = address
        self._fillers, self.accepted = [], []
        self._socket = tcp_socket(address)
        try:
            self._socket.bind((address, port))
            self._socket.listen(0)
            self.port = self._socket.getsockname()[1]
            self._fill()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _fill(self):
        """Connects until a connection stays unanswered; on loopback an answer is a matter of microseconds."""
        for _ in range(8):
            filler = tcp_socket(self.address)
            self._fillers.append(filler)
            filler.settimeout(0.1)
            try:
                filler.connect((self.address, self.port))
            except (TimeoutError, socket.timeout):
                self._fillers.pop().close()
                return
        raise OSError("this kernel answers in spite of a full backlog")

    def start_accepting(self):
        """Takes the fillers out of the backlog, so that the next SYN is answered."""
        for filler in self._fillers:
            self._socket.accept()[0].close()
            filler.close()
        self._fillers = []
        self._socket.listen(64)

    def accept(self, timeout=5.0):
        self._socket.settimeout(timeout)
        self.accepted.append(self._socket.accept()[0])
        return self.accepted[-1]

    def close(self):
        for one in self._fillers + self.accepted + [self._socket]:
            one.close()


class Refusing:
    """A port that is taken, so that nobody else gets it, but where nothing listens."""

    def __init__(self, address="127.0.0.1", port=0):
        self.address = address
        self._socket = tcp_socket(address)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        try:
            self._socket.bind((address, port))
        except OSError:
            self._socket.close()
            raise
        self.port = self._socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()


def at_end(connection, timeout=2.0):
    """Whether the peer of a connection closes it (end of stream or reset) within that time."""
    connection.settimeout(timeout)
    try:
        while connection.recv(65536):
            pass
    except (TimeoutError, socket.timeout):
        return False
    except ConnectionResetError:
        return True
    return True
