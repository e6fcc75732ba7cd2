"""Scripted servers: proxies, multiplexers and others that say what a test tells them to say, true or not.

A play is a function of one Peer. What it says is kept until it listens again or ends, and then goes out
in one piece or byte by byte: so the last words of a handshake share a segment with the first of the
server behind it, or every byte comes alone. A chain of proxies is a chain of plays on one connection.
"""

import base64
import contextlib
import hashlib
import os
import re
import socket
import struct
import threading
import time

from support.receiver import BANNER, tcp_socket

BETWEEN_BYTES = 0.0003  # enough for the other side to look at each


class Gone(Exception):
    """The other side has ended the connection, or the play has."""


class Peer:
    """One connection, as a play sees it."""

    def __init__(self, connection, split):
        self.connection, self.split = connection, split
        self.asked = []  # what the plays were asked for, in their words
        self._unsaid = b""

    def say(self, data):
        self._unsaid += data

    def flush(self):
        data, self._unsaid = self._unsaid, b""
        if not self.split:
            self.connection.sendall(data)
            return
        for at in range(len(data)):
            self.connection.sendall(data[at:at + 1])
            time.sleep(BETWEEN_BYTES)

    def take(self, size):
        """Exactly that many bytes."""
        self.flush()
        data = b""
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise Gone
            data += piece
        return data

    def take_until(self, end):
        """Up to that, and nothing after it."""
        data = b""
        while not data.endswith(end):
            data += self.take(1)
        return data

    def hang_up(self):
        self.flush()
        raise Gone


class Server:
    """Plays plays[n] on its nth connection, the last one on all after it. Use it in a with statement."""

    def __init__(self, *plays, address="127.0.0.1", port=0, path=None, split=False, backlog=64):
        self.address, self.port, self.split = address, port, split
        self.peers = []
        self._plays, self._errors, self._threads = plays, [], []
        self._changed = threading.Condition()
        if path is None:
            self._socket = tcp_socket(address)
            self._socket.bind((address, port))
            self.port = self._socket.getsockname()[1]
        else:
            self._socket = unix_socket(path)
        self._socket.listen(backlog)
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._socket.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    @property
    def asked(self):
        """What came on each connection."""
        return [peer.asked for peer in self.peers]

    def url(self, scheme, login=""):
        host = "[%s]" % self.address if ":" in self.address else self.address
        return "%s://%s%s:%d" % (scheme, login and login + "@", host, self.port)

    def wait_for(self, count, timeout=5.0):
        with self._changed:
            self._changed.wait_for(lambda: len(self.peers) >= count, timeout)
            return list(self.peers)

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
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(connection, self.split)
            play = self._plays[min(len(self.peers), len(self._plays) - 1)]
            with self._changed:
                self.peers.append(peer)
                self._changed.notify_all()
            self._start(self._play, play, peer)

    def _play(self, play, peer):
        try:
            play(peer)
            peer.flush()
        except (Gone, OSError):
            pass
        except Exception as error:  # for the test, not for this thread
            self._errors.append(error)
        peer.connection.close()


def unix_socket(path):
    """One that is bound to a path of any length, if its last part is short."""
    one = socket.socket(socket.AF_UNIX)
    if len(path) < 108:
        one.bind(path)
        return one
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        one.bind("/proc/self/fd/%d/%s" % (directory, os.path.basename(path)))
    finally:
        os.close(directory)
    return one


# -- plays --------------------------------------------------------------------------------------------

def in_turn(*plays):
    """A chain: what is behind the first comes to the second."""
    def play(peer):
        for one in plays:
            one(peer)
    return play


def ssh(peer):
    """The target: its banner, then an echo."""
    peer.say(BANNER)
    while True:
        peer.say(peer.take(1))


def says(data):
    """Whatever it is asked, that; then the end."""
    def play(peer):
        peer.say(data)
        peer.hang_up()
    return play


def silence(peer):
    """Until the other side leaves."""
    while True:
        peer.take(1)


def closes(peer):
    peer.hang_up()


def _socks_address(peer, kind):
    if kind == 1:
        return socket.inet_ntop(socket.AF_INET, peer.take(4))
    if kind == 4:
        return socket.inet_ntop(socket.AF_INET6, peer.take(16))
    return peer.take(peer.take(1)[0]).decode("ascii")


BOUND_V4 = b"\x01\x7f\0\0\x01\x1f\x90"
BOUND_V6 = b"\x04" + bytes(15) + b"\x01\x1f\x90"
BOUND_NAME = b"\x03\x0dproxy.example\x1f\x90"
BOUND_EMPTY_NAME = b"\x03\0\0\0"


def socks5(code=0, bound=BOUND_V4, login=None):
    """Refuses with a code, or goes on with the next play; login: the "user:password" it wants."""
    def play(peer):
        _, count = peer.take(2)
        methods = peer.take(count)
        if login is None:
            peer.say(b"\x05\0")
        else:
            peer.say(b"\x05\x02" if 2 in methods else b"\x05\xff")
            peer.take(1)
            user = peer.take(peer.take(1)[0])
            password = peer.take(peer.take(1)[0])
            right = user + b":" + password == login.encode()
            peer.asked.append("login" if right else "wrong login")
            peer.say(b"\x01\0" if right else b"\x01\x01")
            if not right:
                peer.hang_up()
        _, _, _, kind = peer.take(4)
        host = _socks_address(peer, kind)
        peer.asked.append("%s port %d" % (host, struct.unpack("!H", peer.take(2))[0]))
        peer.say(b"\x05" + bytes([code]) + b"\0" + bound)
        if code:
            peer.hang_up()
    return play


def socks4(code=0x5a):
    def play(peer):
        _, _, port, address = struct.unpack("!BBH4s", peer.take(8))
        user = peer.take_until(b"\0")[:-1].decode()
        host = socket.inet_ntop(socket.AF_INET, address)
        if address[:3] == b"\0\0\0" and address[3]:
            host = peer.take_until(b"\0")[:-1].decode()
        peer.asked.append("%s port %d for %r" % (host, port, user))
        peer.say(b"\0" + bytes([code]) + bytes(6))
        if code != 0x5a:
            peer.hang_up()
    return play


def http(answer="HTTP/1.1 200 OK\r\n\r\n", login=None, challenge=""):
    """login: the "user:password" without which it says 407, with these more fields (and body)."""
    def play(peer):
        while True:
            request = peer.take_until(b"\r\n\r\n").decode("ascii")
            peer.asked.append(request.splitlines()[0])
            wanted = "Proxy-Authorization: Basic " + base64.b64encode((login or "").encode()).decode()
            if login is None or wanted in request.splitlines():
                break
            if "Proxy-Authorization" in request:
                peer.asked[-1] += " (wrong login)"
            peer.say(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                     b'Proxy-Authenticate: Basic realm="test"\r\n' + (challenge or "\r\n").encode())
            if "close" in challenge:
                peer.hang_up()
        peer.say(answer.encode())
        if not re.search(r"^HTTP/1\.\d 2", answer, re.MULTILINE):
            peer.hang_up()
    return play


def http_that_knows(login, otherwise):
    """Lets only those in who say who they are with their first request; others hear `otherwise`."""
    def play(peer):
        request = peer.take_until(b"\r\n\r\n").decode("ascii").splitlines()
        peer.asked.append(request)
        wanted = "Proxy-Authorization: Basic " + base64.b64encode(login.encode()).decode()
        peer.say(b"HTTP/1.1 200 OK\r\n\r\n" if wanted in request else otherwise)
        if wanted not in request:
            peer.hang_up()
    return play


def http_digest(login, algorithm=None, also=""):
    """Wants a Digest as squid and Apache do, and checks it."""
    user, _, password = login.partition(":")

    def hashed(*parts):
        return getattr(hashlib, (algorithm or "MD5").replace("-", "").lower())(":".join(parts).encode()).hexdigest()

    def play(peer):
        request = peer.take_until(b"\r\n\r\n").decode()
        peer.asked.append(request.splitlines()[0])
        uri = request.split()[1]
        told = dict((name, quoted or plain) for name, quoted, plain in re.findall(
            r'(\w+)=(?:"([^"]*)"|([^",\s]+))', request.partition("Proxy-Authorization: Digest ")[2]))
        right = told and told["response"] == hashed(
            hashed(user, "a realm, quoted", password), told["nonce"], told["nc"], told["cnonce"], "auth",
            hashed("CONNECT", uri)) and told["nonce"] == "n0nce" and told["username"] == user
        if right:
            peer.asked[-1] += " (Digest)"
            peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
            return
        peer.asked[-1] += " (wrong Digest)" if told else ""
        peer.say(('HTTP/1.1 407 No\r\nProxy-Authenticate: %sDigest realm="a realm, quoted", nonce="n0nce", '
                  'qop="auth,auth-int"%s\r\nConnection: close\r\n\r\n'
                  % (also, ", algorithm=" + algorithm if algorithm else "")).encode())
        peer.hang_up()
    return play


KEEPS_CONNECTION = "Content-Length: 9\r\n\r\nforbidden"
STRAY_BYTES = "Connection: keep-alive\r\nContent-Length: 0\r\n\r\nforbidden\r\n\r\n"
CLOSES_CONNECTION = "Connection: close\r\nContent-Length: 9\r\n\r\nforbidden"


def tcpmux(answer):
    def play(peer):
        peer.asked.append(peer.take_until(b"\r\n").decode().strip())
        peer.say(answer)
        if not answer.startswith(b"+"):
            peer.hang_up()
    return play


def vsock_mux(answer):
    def play(peer):
        peer.asked.append(peer.take_until(b"\n").decode().strip())
        peer.say(answer)
    return play
