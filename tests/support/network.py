"""Two network namespaces, a client and a server, joined by one veth pair (IPv4 and IPv6).

Each namespace is kept by a holder process that ends when our end of its pipe closes, taking with it
every process in that namespace. So no process and no device is left behind, not even when the test
itself is killed; only its temporary directory then is.
Both have an /etc of their own (a bind mount), so no file of the machine is read or written.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

CLIENT_V4, SERVER_V4 = "192.0.2.2", "192.0.2.1"
CLIENT_V6, SERVER_V6 = "2001:db8::2", "2001:db8::1"
CLIENT_LINK_LOCAL, SERVER_LINK_LOCAL = "fe80::2", "fe80::1"
CLIENT_MAC, SERVER_MAC = "02:00:00:00:00:02", "02:00:00:00:00:01"
DEVICE = "eth0"  # the name of the veth end in either namespace

TOOLS = ("ip", "nft", "nsenter", "unshare", "mount", "ss")
SEARCH_PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
CLONE_NEWNET = 0x40000000

# "read" returns at the end of the pipe; the guards make sure that only a new namespace is swept.
HOLDER = """
[ /proc/$$/ns/net -ef /proc/%d/ns/net ] && exit 1
[ ! -d /etc/alternatives ] || mount --bind /etc/alternatives "$1/alternatives" || exit 1
mount --rbind "$1" /etc && ip link set lo up && echo ready || exit 1
read -r _
for pass in 1 2 3; do
  for process in /proc/[0-9]*; do
    [ "$process/ns/net" -ef /proc/$$/ns/net ] && [ "${process#/proc/}" != $$ ] &&
      kill -9 "${process#/proc/}" 2>/dev/null
  done
done
"""


def why_not(*more_tools):
    """The reason why no namespaces can be made here, or None."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    missing = [tool for tool in (*TOOLS, *more_tools) if not shutil.which(tool, path=SEARCH_PATH)]
    if missing:
        return "needs " + ", ".join(missing)
    probe = "ip link add probe0 type veth peer name probe1 && nft add table inet t && nft list tables"
    done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", probe], env={"PATH": SEARCH_PATH},
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return None if done.returncode == 0 else "no network namespaces: " + done.stderr.strip()


def require(*more_tools):
    """For setUpModule: skips the file, with the reason, where there can be no namespaces."""
    reason = why_not(*more_tools)
    if reason:
        raise unittest.SkipTest(reason)


def end_by_exception(*_):
    sys.exit("ended by SIGTERM")


def setns(descriptor):
    if hasattr(os, "setns"):
        os.setns(descriptor, CLONE_NEWNET)
    elif ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def await_refusal(address, seconds=5):
    """Connects to a closed port until the other side says so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=0.05).close()
        except ConnectionRefusedError:
            return
        except OSError:
            continue
    raise OSError(f"no way to {address[0]}")


class Namespace:
    """One network namespace with its own /etc; commands run in it by nsenter."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.etc = self.directory / "etc"
        self.home = self.directory / "home"
        self.home.mkdir(parents=True)
        self._fill_etc()
        script = HOLDER % os.getpid()
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", script, "holder", str(self.etc)],
            env={"PATH": SEARCH_PATH}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "ready\n":
            self.close()
            raise OSError("cannot make a network namespace")
        self.pid = self._holder.pid

    def _fill_etc(self):
        """As little as the programs under test need, so that no setting of the machine matters."""
        self.etc.mkdir()
        for name in ("ld.so.cache", "ld.so.conf", "services", "protocols"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(os.path.join("/etc", name), self.etc)
        with contextlib.suppress(FileNotFoundError):
            shutil.copytree("/etc/ld.so.conf.d", self.etc / "ld.so.conf.d")
        (self.etc / "alternatives").mkdir()  # the holder shows the real one there
        self.write_etc("passwd", f"root:x:0:0:root:{self.home}:/bin/sh\n"
                                 "sshd:x:74:74::/run/sshd:/usr/sbin/nologin\n"
                                 "nobody:x:65534:65534::/:/usr/sbin/nologin\n")
        self.write_etc("shadow", "root:*:19000:0:99999:7:::\n")
        self.write_etc("group", "root:x:0:\ntty:x:5:\nsshd:x:74:\nnogroup:x:65534:\n")
        self.write_etc("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n"
                                        "hosts: files dns\nservices: files\nprotocols: files\n")
        self.write_etc("hosts", "127.0.0.1 localhost\n::1 localhost\n")
        self.write_etc("resolv.conf", "")
        self.write_etc("gai.conf", "")

    def write_etc(self, name, text):
        (self.etc / name).write_text(text, encoding="utf-8")

    def _arguments(self, argv):
        enter = ["nsenter", "--target", str(self.pid), "--net", "--mount", f"--wd={self.home}", "--"]
        return enter + [str(argument) for argument in argv]

    def _environment(self, more):
        sanitizers = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        return {**sanitizers, "PATH": SEARCH_PATH, "LC_ALL": "C",
                "HOME": str(self.home), "SHELL": "/bin/sh", **more}

    def start(self, *argv, env=None, **options):
        """A Popen in here; its pid is that of the command itself."""
        return subprocess.Popen(self._arguments(argv), env=self._environment(env or {}), **options)

    def run(self, *argv, env=None, timeout=20, check=False, **options):
        """A finished command with its output as text."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "text": True, **options}
        return subprocess.run(self._arguments(argv), env=self._environment(env or {}),
                              timeout=timeout, check=check, **options)

    def do(self, command):
        """A set-up command that must succeed; the text is split at blanks."""
        done = self.run(*command.split())
        if done.returncode != 0:
            raise OSError(f"{command}: {done.stderr.strip()}")
        return done.stdout

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in this network: sockets and threads made now belong to it."""
        with open("/proc/thread-self/ns/net", "rb") as before, \
                open(f"/proc/{self.pid}/ns/net", "rb") as here:
            setns(here.fileno())
            try:
                yield
            finally:
                setns(before.fileno())

    def processes(self):
        """{pid: command line} of everything that runs in here, the holder left out."""
        here, found = os.stat(f"/proc/{self.pid}/ns/net"), {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int(entry.name) not in (self.pid, os.getpid()) and os.path.samestat(os.stat(entry / "ns/net"), here):
                    words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                    found[int(entry.name)] = b" ".join(words).decode("utf-8", "replace")
        return found

    def kill(self, name=""):
        """Ends what runs in here and has that name; all of it was started by the test."""
        for pid, command in self.processes().items():
            if command.startswith(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def close(self):
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(timeout=10)


class Network:
    """The pair. Use in a with statement; families says what the client has connectivity for."""

    def __init__(self, families=(4, 6)):
        self.families = families
        self._stack = contextlib.ExitStack()
        self._counters = itertools.count()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                signal.signal(signal.SIGTERM, end_by_exception)
                stack.callback(signal.signal, signal.SIGTERM, signal.SIG_DFL)
            # The kernel begins to stamp packets a while after the first socket that wants it.
            stamps = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            stamps.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.directory = pathlib.Path(stack.enter_context(
                tempfile.TemporaryDirectory(prefix="gladhand-net-")))
            self.client = self._namespace(stack, "client")
            self.server = self._namespace(stack, "server")
            self._join()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _namespace(self, stack, name):
        namespace = Namespace(self.directory / name)
        stack.callback(namespace.close)
        return namespace

    def _join(self):
        """Addresses, and a default route for each family the client is to have."""
        client, server = self.client, self.server
        client.do(f"ip link add {DEVICE} address {CLIENT_MAC} type veth "
                  f"peer name {DEVICE} address {SERVER_MAC} netns {server.pid}")
        self.up(client, DEVICE, CLIENT_LINK_LOCAL + "/64")
        self.up(server, DEVICE, SERVER_LINK_LOCAL + "/64", SERVER_V4 + "/24", SERVER_V6 + "/64")
        if 4 in self.families:
            client.do(f"ip addr add {CLIENT_V4}/24 dev {DEVICE}")
            client.do(f"ip route add default via {SERVER_V4}")
        if 6 in self.families:
            client.do(f"ip addr add {CLIENT_V6}/64 dev {DEVICE} nodad")
            client.do(f"ip route add default via {SERVER_V6}")
        self._introduce(client, SERVER_MAC, SERVER_V4, SERVER_V6, SERVER_LINK_LOCAL)
        self._introduce(server, CLIENT_MAC, CLIENT_V4, CLIENT_V6, CLIENT_LINK_LOCAL)
        self._await_link()
        server.do("nft add table inet test")
        server.do("nft add chain inet test in { type filter hook input priority 0 ; }")

    @staticmethod
    def _introduce(namespace, mac, *addresses):
        """Fixed neighbours: no test waits for, or loses a packet to, neighbour discovery."""
        for address in addresses:
            namespace.do(f"ip neigh replace {address} lladdr {mac} dev {DEVICE} nud permanent")

    def _await_link(self):
        """A new link drops packets for a moment; a refused connection means that it is through."""
        addresses = {4: (SERVER_V4, 9), 6: (SERVER_V6, 9)}
        with self.client.inside():
            for family in self.families:
                await_refusal(addresses[family])

    @staticmethod
    def up(namespace, device, *addresses):
        """Brings a device up with these addresses and no others, usable at once."""
        settings = f"/proc/sys/net/ipv6/conf/{device}"
        namespace.run("sh", "-c", f"echo 1 >{settings}/addr_gen_mode; echo 0 >{settings}/accept_ra",
                      check=True)
        for address in addresses:
            nodad = " nodad" if ":" in address else ""
            namespace.do(f"ip addr add {address} dev {device}{nodad}")
        namespace.do(f"ip link set {device} up")

    # -- what the server does with packets -----------------------------------------------------------

    def black_hole(self, what):
        """No answer at all; what is an nft match: "meta nfproto ipv6 tcp dport 22"."""
        self.server.do(f"nft add rule inet test in {what} counter drop")

    def refuse(self, what):
        self.server.do(f"nft add rule inet test in {what} counter reject with tcp reset")

    def unreachable(self, what):
        self.server.do(f"nft add rule inet test in {what} counter reject with icmpx type host-unreachable")

    def count(self, what):
        """A function that says how many such packets have come since now."""
        name = f"count{next(self._counters)}"
        self.server.do(f"nft add counter inet test {name}")
        self.server.do(f"nft add rule inet test in {what} counter name {name}")

        def packets():
            return int(self.server.do(f"nft list counter inet test {name}").split("packets ")[1].split()[0])
        return packets

    def clear(self):
        """All packets pass again."""
        self.server.do("nft flush chain inet test in")

    @contextlib.contextmanager
    def capture_syns(self):
        """Gives a list; on leaving, it holds the client's SYNs as (time.monotonic(), address, port)."""
        with self.client.inside():
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        with wire:
            wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            wire.setblocking(False)
            syns = []
            yield syns
            syns.extend(read_syns(wire))


# -- the wire -----------------------------------------------------------------------------------------

ETH_P_ALL, PACKET_OUTGOING, SO_TIMESTAMPNS = 3, 4, 35


def parse_syn(packet):
    """(destination, its port, our port) if the IP packet is the first of a connection, else None."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and packet[9] == socket.IPPROTO_TCP:
        family, destination, tcp = socket.AF_INET, packet[16:20], packet[(packet[0] & 15) * 4:]
    elif version == 6 and packet[6] == socket.IPPROTO_TCP:
        family, destination, tcp = socket.AF_INET6, packet[24:40], packet[40:]
    else:
        return None
    ours, theirs = struct.unpack_from("!HH", tcp)
    is_syn = tcp[13] & 0x12 == 0x02
    return (socket.inet_ntop(family, destination), theirs, ours) if is_syn else None


def clock_difference():
    """What to add to time.time() for time.monotonic(); the closest pair of several readings."""
    readings = []
    for _ in range(10):
        before, now, after = time.monotonic(), time.time(), time.monotonic()
        readings.append((after - before, (before + after) / 2 - now))
    return min(readings)[1]


def read_syns(wire):
    """Everything the kernel has kept for us; retransmissions are left out."""
    to_monotonic = clock_difference()
    seen = set()
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, control, _, sender = wire.recvmsg(128, 256)
            syn = parse_syn(packet) if sender[2] == PACKET_OUTGOING else None
            if syn and syn not in seen:
                seen.add(syn)
                seconds, nanoseconds = struct.unpack("ll", control[0][2])
                yield seconds + nanoseconds / 1e9 + to_monotonic, syn[0], syn[1]
