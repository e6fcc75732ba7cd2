"""Stand-ins for those who answer for names beside the DNS: Avahi's daemon and systemd-resolved, each by
its Unix socket, a responder for multicast DNS, and getent(1). None of them knows more than its script."""

import contextlib
import json
import os
import selectors
import socket
import stat
import struct
import threading

from support import dns

MDNS_PORT = 5353
MDNS_GROUP, MDNS_GROUP_6 = "224.0.0.251", "ff02::fb"


class UnixServer:
    """Answers each message of a Unix stream socket that ends with `end` by reply(message)."""

    def __init__(self, path, end, reply):
        self._end, self._reply = end, reply
        self.asked = []
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(8)
        self._serving = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._serving.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._serving[-1].start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            received = b""
            while not received.endswith(self._end):
                data = connection.recv(4096)
                if not data:
                    return
                received += data
            message = received[:-len(self._end)].decode()
            self.asked.append(message)
            answer = self._reply(message)
            if answer is not None:
                connection.sendall(answer.encode() + self._end)
            connection.recv(1)  # until the other side has gone

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self._serving:  # what is open keeps its folder from being unmounted
            one.join(timeout=10)
        os.unlink(self._path)


def avahi(names):
    """names: {(name, "IPV4" or "IPV6"): address}; the rest runs into Avahi's own timeout."""
    def reply(message):
        command, name = message.split(" ", 1)
        address = names.get((name, command.rpartition("-")[2]))
        return "+ 1 0 %s %s" % (name, address) if address else "-15 Timeout reached"
    return UnixServer("/run/avahi-daemon/socket", b"\n", reply)


def resolved(names, error="io.systemd.Resolve.NoNameServers"):
    """names: {(name, family): [address, ...]}; None in place of a list: no answer at all."""
    def reply(message):
        request = json.loads(message)
        assert request["method"] == "io.systemd.Resolve.ResolveHostname", request
        parameters = request["parameters"]
        family = socket.AddressFamily(parameters["family"])
        found = names.get((parameters["name"], family), [])
        if found is None:
            return None
        if not found:
            return json.dumps({"error": error, "parameters": {}})
        addresses = [{"ifindex": 1, "family": family, "address": list(socket.inet_pton(family, address))}
                     for address in found]
        return json.dumps({"parameters": {"addresses": addresses, "name": parameters["name"], "flags": 1}})
    return UnixServer("/run/systemd/resolve/io.systemd.Resolve", b"\0", reply)


class MdnsResponder:
    """Answers one-shot queries that reach this network namespace by multicast over one protocol.

    interface: its name; names: {(name, "A" or "AAAA"): address}; forge: what to send before: "id",
    "hops", "port".
    """

    def __init__(self, interface, names, forge=(), ipv6=False):
        self._names, self._forge = names, forge
        self.asked = []
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        index = socket.if_nametoindex(interface)
        self._hops = (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if ipv6 else (socket.IPPROTO_IP, socket.IP_TTL)
        self._socket, self._other = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self._socket, self._other):
            one.setsockopt(*self._hops, 255)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ipv6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._socket.bind(("", MDNS_PORT))
        if ipv6:
            membership = socket.inet_pton(family, MDNS_GROUP_6) + struct.pack("@I", index)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        else:
            membership = socket.inet_aton(MDNS_GROUP) + struct.pack("@4si", b"", index)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with selectors.DefaultSelector() as selector:
            for one in (self._socket, self._wake):
                selector.register(one, selectors.EVENT_READ)
            while self._wake not in [key.fileobj for key, _ in selector.select()]:
                self._take()

    def _take(self):
        message, client = self._socket.recvfrom(9000)
        question = dns.parse_question(message)
        if question is None:
            return
        self.asked.append((question.name, question.type))
        address = self._names.get((question.name, question.type))
        if address:
            self._answer(question, address, client)

    def _answer(self, question, address, client):
        lie = dns.encode(question, dns.answer(dns.FORGED_ADDRESS[question.type]))
        for what in self._forge:
            if what == "id":
                self._socket.sendto(struct.pack("!H", question.id ^ 1) + lie[2:], client)
            if what == "port":
                self._other.sendto(lie, client)
            if what == "hops":
                self._socket.setsockopt(*self._hops, 254)
                self._socket.sendto(lie, client)
                self._socket.setsockopt(*self._hops, 255)
        self._socket.sendto(dns.encode(question, dns.answer(address)), client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self._waker, b"x")
        self._thread.join()
        for one in (self._socket, self._other):
            one.close()
        os.close(self._wake)
        os.close(self._waker)


def write_getent(directory, body):
    """A getent in that directory: a shell script; $1... are -s, hosts:MODULE, ahostsv4, NAME."""
    path = os.path.join(directory, "getent")
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + body)
    os.chmod(path, stat.S_IRWXU)
    return path
