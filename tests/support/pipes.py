"""Runs a command as ssh runs a ProxyCommand without ProxyUseFdpass: pipes, or what the test gives, as
fds 0 and 1. Below it: the ends of a stream that send and check much data in pieces of random size.
"""

import contextlib
import hashlib
import os
import random
import socket
import subprocess
import threading


class Piped:
    """One run. to, back: our ends' descriptors. Use it in a with statement."""

    def __init__(self, command, *, env=None, stdin=None, stdout=None):
        """stdin, stdout: instead of a pipe (as for Popen); then the one of ours is None."""
        theirs_in = theirs_out = self.to = self.back = None
        if stdin is None:
            theirs_in, self.to = os.pipe()
        if stdout is None:
            self.back, theirs_out = os.pipe()
        try:
            self.process = subprocess.Popen(
                command, env=env, stderr=subprocess.PIPE,
                stdin=theirs_in if stdin is None else stdin, stdout=theirs_out if stdout is None else stdout)
        finally:
            for descriptor in (theirs_in, theirs_out):
                if descriptor is not None:
                    os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.close_to()
        self.close_back()

    def close_to(self):
        if self.to is not None:
            os.close(self.to)
            self.to = None

    def close_back(self):
        if self.back is not None:
            os.close(self.back)
            self.back = None

    def end(self, timeout=20.0):
        """(status, text on fd 2); reads nothing of what is on its way back."""
        errors = self.process.communicate(timeout=timeout)[1]
        return self.process.returncode, errors.decode()

    def memory(self):
        """Peak resident memory in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def write(end, data):
    return end.send(data) if isinstance(end, socket.socket) else os.write(end, data)


def read(end, size):
    return end.recv(size) if isinstance(end, socket.socket) else os.read(end, size)


def write_all(end, data):
    data = memoryview(data)
    while data:
        data = data[write(end, data):]


def read_all(end, size=None):
    """Everything up to the end of the stream, or `size` bytes."""
    data = bytearray()
    while size is None or len(data) < size:
        piece = read(end, 1 << 16 if size is None else min(1 << 16, size - len(data)))
        if not piece:
            break
        data += piece
    return bytes(data)


class Sender(threading.Thread):
    """Writes `size` random bytes in pieces of random size, then calls at_end."""

    def __init__(self, end, size, seed, at_end=lambda: None, largest=100000):
        super().__init__(daemon=True)
        self.end, self.left, self.random, self.at_end = end, size, random.Random(seed), at_end
        self.largest, self.hash = largest, hashlib.sha256()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while self.left:
                piece = self.random.randbytes(min(self.left, self.random.randint(1, self.largest)))
                write_all(self.end, piece)
                self.hash.update(piece)
                self.left -= len(piece)
            self.at_end()


class Receiver(threading.Thread):
    """Reads to the end of the stream in pieces of random size."""

    def __init__(self, end, seed, largest=100000):
        super().__init__(daemon=True)
        self.end, self.random, self.largest = end, random.Random(seed), largest
        self.size, self.hash = 0, hashlib.sha256()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                piece = read(self.end, self.random.randint(1, self.largest))
                if not piece:
                    return
                self.size += len(piece)
                self.hash.update(piece)
