"""A scripted DNS server for tests: UDP and TCP, on any local addresses, in its own thread.

Every question is looked up in a script {(name, type): Reply} and written to a log. It can be slow,
silent, truncated, forged or malformed on request; it never recurses and never asks anybody.
The sockets are made by the thread that calls Server(), so they live in that thread's network namespace.
It also runs alone: python3 dns.py --script FILE ADDR[:PORT]... (script and log as JSON).
"""

import argparse
import contextlib
import dataclasses
import heapq
import itertools
import json
import os
import selectors
import socket
import struct
import sys
import threading
import time
from typing import NamedTuple, Optional

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33,
         "SVCB": 64, "HTTPS": 65}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
POINTER_TO_QUESTION = b"\xc0\x0c"
# What a forged answer says; a client that connects there has believed it.
FORGED_ADDRESS = {"A": "127.66.66.66", "AAAA": "::66"}


@dataclasses.dataclass(frozen=True)
class Reply:
    """What one question gets. The functions below make the usual ones."""

    addresses: tuple = ()
    aliases: tuple = ()  # a chain of CNAMEs from the asked name; the last one owns the addresses
    rcode: int = NOERROR
    drop: bool = False  # never answered
    delay: float = 0.0  # seconds
    truncate: bool = False  # UDP: no records and the TC bit; TCP: everything
    # "id", "question", "port", "query", "opcode", "noise": such answers go out first, then the true one
    forge: tuple = ()
    services: tuple = ()  # SRV records: (priority, weight, port, host)
    bindings: tuple = ()  # SVCB records: (priority, host, bytes of the parameters)
    glue: tuple = ()  # (name, address) of the additional section
    strays: tuple = ()  # addresses of a name that the aliases do not lead to, in the same answer
    lame: bool = False  # a referral elsewhere
    malformed: Optional[str] = None  # "cut", "garbage", "rdlength", "loop", "counts"
    without_edns: object = False  # for a question with EDNS: True or an rcode, "bare" (no question section), "drop"
    tcp: object = True  # answers over TCP, too; "close": ends the connection there
    ttl: int = 60

    def but(self, **changes):
        """The same reply with some fields changed: answer("::1").but(delay=0.2)."""
        return dataclasses.replace(self, **changes)


def answer(*addresses, **fields):
    return Reply(addresses=addresses, **fields)


def alias(chain, *addresses, **fields):
    """CNAMEs: alias(["b.example", "c.example"], "192.0.2.1")."""
    return Reply(aliases=tuple(chain), addresses=addresses, **fields)


def srv(*services, **fields):
    """SRV records: srv((10, 0, 22, "a.example"), (20, 0, 2222, "b.example")); "." is no host."""
    return Reply(services=services, **fields)


def svcb(*bindings, **fields):
    """SVCB records: svcb((1, "a.example", port(2222)), (0, "alias.example")); "." is the owner."""
    return Reply(bindings=tuple((*it, b"")[:3] for it in bindings), **fields)


def parameter(key, value):
    """One SvcParam; they go together in the order of their keys."""
    return struct.pack("!HH", key, len(value)) + value


def port(number):
    return parameter(3, struct.pack("!H", number))


def hint(address):
    kind = "AAAA" if ":" in address else "A"
    return parameter(6 if kind == "AAAA" else 4, address_data(kind, address))


def nodata(**fields):
    return Reply(**fields)


def nxdomain(**fields):
    return Reply(rcode=NXDOMAIN, **fields)


def servfail(**fields):
    return Reply(rcode=SERVFAIL, **fields)


def refused(**fields):
    return Reply(rcode=REFUSED, **fields)


def drop():
    return Reply(drop=True)


class Query(NamedTuple):
    """One line of the log. The name is in lower case and has no dot at its end."""

    time: float  # time.monotonic(); of a datagram when the kernel had it, be this thread late or not
    name: str
    type: str
    transport: str  # "udp" or "tcp"
    server: str  # the local address that was asked
    port: int  # where the question came from
    edns: bool


class Question(NamedTuple):
    id: int
    flags: int
    name: str
    type: str
    wire: bytes  # the question section as it came, case and all
    has_edns: bool


def encode_name(name):
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def parse_question(message):
    """The one question of a message, or None if there is no such thing in it."""
    if len(message) < 12:
        return None
    ident, flags, questions, _, _, additional = struct.unpack("!6H", message[:12])
    if questions != 1 or flags & 0x8000:
        return None
    labels, position = [], 12
    while position < len(message) and message[position]:
        length = message[position]
        labels.append(message[position + 1:position + 1 + length])
        position += 1 + length
    if position + 5 > len(message):
        return None
    number = struct.unpack("!H", message[position + 1:position + 3])[0]
    name = b".".join(labels).decode("ascii", "backslashreplace").lower()
    kind = TYPE_NAMES.get(number, "TYPE%d" % number)
    return Question(ident, flags, name, kind, message[12:position + 5], additional > 0)


def record(owner, kind, ttl, data):
    return owner + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data


def address_data(kind, address):
    family = socket.AF_INET6 if kind == "AAAA" else socket.AF_INET
    return socket.inet_pton(family, address)


def header(question, rcode, answers, authorities=0, truncated=False, additional=0):
    flags = 0x8480 | (question.flags & 0x0100) | rcode | (0x0200 if truncated else 0)
    return struct.pack("!6H", question.id, flags, 1, answers, authorities, additional)


def encode(question, reply):
    """The full, honest answer."""
    owner, records = POINTER_TO_QUESTION, []
    for target in reply.aliases:
        records.append(record(owner, "CNAME", reply.ttl, encode_name(target)))
        owner = encode_name(target)
    if question.type in ("A", "AAAA"):
        for address in reply.addresses:
            records.append(record(owner, question.type, reply.ttl, address_data(question.type, address)))
        for address in reply.strays:
            data = address_data(question.type, address)
            records.append(record(encode_name("stray.invalid"), question.type, reply.ttl, data))
    if question.type == "SRV":
        for *numbers, host in reply.services:
            records.append(record(owner, "SRV", reply.ttl, struct.pack("!3H", *numbers) + encode_name(host)))
    if question.type == "SVCB":
        for priority, host, parameters in reply.bindings:
            data = struct.pack("!H", priority) + encode_name(host) + parameters
            records.append(record(owner, "SVCB", reply.ttl, data))
    if reply.lame:
        referral = record(b"\0", "NS", reply.ttl, encode_name("ns.invalid"))
        return struct.pack("!6H", question.id, 0x8000, 1, 0, 1, 0) + question.wire + referral
    authority = b""
    if not (reply.addresses or reply.services or reply.bindings) and reply.rcode in (NOERROR, NXDOMAIN):
        soa = encode_name("ns.invalid") + encode_name("root.invalid") + struct.pack("!5I", 1, 2, 3, 4, 5)
        authority = record(b"\0", "SOA", reply.ttl, soa)
    glue = b""
    for name, address in reply.glue:
        kind = "AAAA" if ":" in address else "A"
        glue += record(encode_name(name), kind, reply.ttl, address_data(kind, address))
    start = header(question, reply.rcode, len(records), 1 if authority else 0, additional=len(reply.glue))
    return start + question.wire + b"".join(records) + authority + glue


def encode_malformed(question, reply):
    """A message with the right id that breaks a rule."""
    whole = encode(question, reply)
    if reply.malformed == "cut":
        return whole[:-7]
    if reply.malformed == "garbage":
        return whole[:2] + bytes(range(255, 195, -1))
    if reply.malformed == "counts":
        return whole[:6] + b"\xff\xff" + whole[8:]
    start = header(question, NOERROR, 1) + question.wire
    if reply.malformed == "rdlength":
        return start + POINTER_TO_QUESTION + struct.pack("!HHIH", TYPES[question.type], 1, 60, 0xFFF0) + b"\x7f\0\0\1"
    if reply.malformed == "loop":
        itself = struct.pack("!H", 0xC000 | len(start))
        return start + record(itself, question.type, 60, b"\x7f\0\0\1")
    raise ValueError("no such malformation: %r" % reply.malformed)


def forged(question, what):
    """An answer that a careful client must not believe."""
    lie = Reply(addresses=(FORGED_ADDRESS[question.type],))
    if what == "id":
        question = question._replace(id=question.id ^ 0x5555)
    elif what == "question":
        tail = question.wire[-4:]
        question = question._replace(wire=encode_name("forged.invalid") + tail)
    message = encode(question, lie)
    if what == "query":
        return message[:2] + bytes([message[2] & 0x7F]) + message[3:]
    if what == "opcode":
        return message[:2] + bytes([message[2] | 0x28]) + message[3:]
    if what == "noise":
        return message[:2] + bytes(range(200))
    return message


def arrival(ancillary):
    """When a datagram came, by the kernel: time.monotonic()."""
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", content)
            return time.monotonic() - (time.time() - seconds - nanoseconds / 1e9)
    return None


class Server:
    """Listens until close(); use it in a with statement.

    addresses: "127.0.0.1", ("127.0.0.1", 5300), "::1" ...; port 0 or none means any free one.
    script: {(name, type): Reply}, or a list of them, one a question, the last one for good. A name
    known with another type only gets NODATA, an unknown one gets `default` (NXDOMAIN).
    once_a_port: as behind a firewall that takes one answer to a port for all that will come.
    """

    def __init__(self, *addresses, script=None, default=None, once_a_port=False):
        self._script = {}
        self._once_a_port, self._answered = once_a_port, set()
        self._default = default if default is not None else nxdomain()
        self._log = []
        self._changed = threading.Condition()
        self._outbox, self._order = [], itertools.count()
        self._lateness = {}  # (name, type): seconds, of the least late answer
        self._selector = selectors.DefaultSelector()
        self.endpoints = []  # (address, port) for each of the addresses
        for (name, kind), reply in (script or {}).items():
            self.set(name, kind, reply)
        for address in addresses or ("127.0.0.1",):
            self._listen(*((address, 0) if isinstance(address, str) else address))
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def set(self, name, kind, reply):
        """Changes the script while the server runs."""
        self._script[(name.rstrip(".").lower(), kind)] = list(reply) if isinstance(reply, list) else reply

    @property
    def port(self):
        return self.endpoints[0][1]

    @property
    def endpoint(self):
        """The first address as --dns-server wants it."""
        address, port = self.endpoints[0]
        return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)

    @property
    def queries(self):
        with self._changed:
            return list(self._log)

    def asked(self):
        """The log as [(name, type)], in order of arrival."""
        return [(query.name, query.type) for query in self.queries]

    def wait_for(self, count, timeout=5.0):
        """Waits until that many questions have come; returns the log."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._log) >= count, timeout)
            return list(self._log)

    def lateness(self, name, kind):
        """What the least late answer to that question was late by: seconds."""
        return self._lateness[(name, kind)]

    def close(self):
        """May be called twice."""
        if not self._thread.is_alive():
            return
        os.write(self._wake_writer, b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    # -- sockets ------------------------------------------------------------------------------------

    def _listen(self, address, port):
        """One UDP and one TCP socket on the same port; a port taken for TCP means another try."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for attempt in range(50):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            tcp = socket.socket(family, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                if family == socket.AF_INET6:
                    for one in (udp, tcp):
                        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                udp.bind((address, port))
                tcp.bind((address, udp.getsockname()[1]))
                tcp.listen(16)
                break
            except OSError:
                udp.close()
                tcp.close()
                if port or attempt == 49:
                    raise
        udp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        udp.setblocking(False)
        tcp.setblocking(False)
        self.endpoints.append((address, udp.getsockname()[1]))
        self._selector.register(udp, selectors.EVENT_READ, self._read_udp)
        self._selector.register(tcp, selectors.EVENT_READ, self._accept)

    def _run(self):
        while True:
            pause = max(0.0, self._outbox[0][0] - time.monotonic()) if self._outbox else None
            for key, _ in self._selector.select(pause):
                if key.data is None:
                    return
                key.data(key.fileobj)
            while self._outbox and self._outbox[0][0] <= time.monotonic():
                due, _, asked, send = heapq.heappop(self._outbox)
                with contextlib.suppress(OSError):
                    send()
                late = time.monotonic() - due
                self._lateness[asked] = min(late, self._lateness.get(asked, late))

    def _read_udp(self, udp):
        with contextlib.suppress(OSError):
            message, ancillary, _, client = udp.recvmsg(65535, 64)
            self._handle(message, "udp", udp, lambda data: udp.sendto(data, client), client, arrival(ancillary))

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            connection, client = listener.accept()
            received = bytearray()
            self._selector.register(connection, selectors.EVENT_READ,
                                    lambda it: self._read_tcp(it, received, client))

    def _read_tcp(self, connection, received, client):
        try:
            data = connection.recv(65535)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()
            return
        received += data
        while len(received) >= 2 and len(received) >= 2 + struct.unpack_from("!H", received)[0]:
            length = struct.unpack_from("!H", received)[0]
            message = bytes(received[2:2 + length])
            del received[:2 + length]
            self._handle(message, "tcp", connection,
                         lambda answer: connection.sendall(struct.pack("!H", len(answer)) + answer), client)

    # -- questions and answers ------------------------------------------------------------------------

    def _handle(self, message, transport, sock, send, client, now=None):
        now = now or time.monotonic()
        question = parse_question(message)
        if question is None:
            return
        reply = self._reply_for(question)
        with self._changed:
            self._log.append(Query(now, question.name, question.type, transport, sock.getsockname()[0],
                                   client[1], question.has_edns))
            self._changed.notify_all()
        if transport == "tcp" and reply.tcp == "close":
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            return
        if reply.drop or (transport == "tcp" and not reply.tcp):
            return
        if self._once_a_port and transport == "udp":
            if client in self._answered:
                return
            self._answered.add(client)
        heapq.heappush(self._outbox, (now + reply.delay, next(self._order), (question.name, question.type),
                                      lambda: self._send(question, reply, transport, sock, send, client)))

    def _reply_for(self, question):
        reply = self._script.get((question.name, question.type))
        if reply is None:
            known = any(name == question.name for name, _ in self._script)
            reply = nodata() if known else self._default
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        return reply

    def _send(self, question, reply, transport, sock, send, client):
        if reply.without_edns and question.has_edns:
            if reply.without_edns == "bare":
                send(struct.pack("!6H", question.id, 0x8001, 0, 0, 0, 0))
            elif reply.without_edns != "drop":
                rcode = FORMERR if reply.without_edns is True else reply.without_edns
                send(header(question, rcode, 0) + question.wire)
            return
        if reply.truncate and transport == "udp":
            send(header(question, reply.rcode, 0, truncated=True) + question.wire)
            return
        for what in reply.forge if transport == "udp" else ():
            if what == "port":
                self._send_from_another_port(forged(question, what), sock, client)
            else:
                send(forged(question, what))
        send(encode_malformed(question, reply) if reply.malformed else encode(question, reply))

    @staticmethod
    def _send_from_another_port(data, sock, client):
        with socket.socket(sock.family, socket.SOCK_DGRAM) as other:
            other.bind((sock.getsockname()[0], 0))
            other.sendto(data, client)


def split_endpoint(text):
    """ADDR, ADDR:PORT, [V6] or [V6]:PORT; the port is 53 when not given."""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return address, int(port.lstrip(":") or 53)
    if text.count(":") == 1:
        address, port = text.split(":")
        return address, int(port)
    return text, 53


def main():
    """Serves a JSON script {"db.example AAAA": {"addresses": ["::1"], "delay": 0.05}, ...} until killed.

    First line on stdout: the endpoints; then one line for each question.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--script", required=True)
    parser.add_argument("addresses", nargs="+", metavar="ADDR[:PORT]")
    arguments = parser.parse_args()
    with open(arguments.script, encoding="utf-8") as file:
        source = json.load(file)
    script = {}
    for key, fields in source.items():
        fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
        script[tuple(key.split())] = Reply(**fields)
    with Server(*map(split_endpoint, arguments.addresses), script=script) as server:
        print(json.dumps({"endpoints": server.endpoints}), flush=True)
        shown = 0
        while True:
            for query in server.wait_for(shown + 1, timeout=3600)[shown:]:
                print(json.dumps(query._asdict()), flush=True)
                shown += 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
    sys.exit(0)
