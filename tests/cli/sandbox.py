"""A network and mount namespace of its own for a test process, so that port 53, /etc/hosts and
/etc/resolv.conf can be had without touching the machine. Needs root or unprivileged user namespaces.

enter() moves the calling process for good; network() is a further, temporary namespace within.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import tempfile
import unittest

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
TUNSETIFF, TUNSETLINK, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x400454CD, 1, 0x1000

_libc = ctypes.CDLL(None, use_errno=True)
_entered = False


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _mount(source, target, flags):
    _check(_libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(flags), None))


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", request)[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _unshare():
    if os.geteuid() == 0:
        _check(_libc.unshare(CLONE_NEWNET | CLONE_NEWNS))
        return
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
    for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % user), ("gid_map", "0 %d 1" % group)):
        with open("/proc/self/" + name, "w", encoding="ascii") as file:
            file.write(text)


def available():
    """Enters the namespaces if the machine allows it; says whether this process is in them."""
    global _entered
    if not _entered:
        try:
            _unshare()
            _mount("none", "/", MS_REC | MS_PRIVATE)
            _loopback_up()
            _entered = True
        except OSError:
            return False
    return True


def enter():
    """For setUpModule: without the namespaces the whole module is skipped."""
    if not available():
        raise unittest.SkipTest("needs root or unprivileged user namespaces")


@contextlib.contextmanager
def file(path, text):
    """Shows a text in place of a file such as /etc/hosts; changes nothing on disk."""
    target = os.path.realpath(path)
    if not os.path.exists(target):
        raise unittest.SkipTest("no %s to put something over" % path)
    with tempfile.NamedTemporaryFile("w", suffix=os.path.basename(path)) as replacement:
        os.chmod(replacement.name, 0o644)
        replacement.write(text)
        replacement.flush()
        _mount(replacement.name, target, MS_BIND)
        try:
            yield
        finally:
            _check(_libc.umount2(target.encode(), 0))


@contextlib.contextmanager
def unreadable(path):
    """Shows what nobody can open, not even root, in place of a file: a socket."""
    target = os.path.realpath(path)
    if not os.path.exists(target):
        raise unittest.SkipTest("no %s to put something over" % path)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(folder, "socket"))
        _mount(os.path.join(folder, "socket"), target, MS_BIND)
        try:
            yield
        finally:
            _check(_libc.umount2(target.encode(), 0))


@contextlib.contextmanager
def empty_directory(path):
    """An empty one in place of a directory such as /run; what is put into it goes with it."""
    with tempfile.TemporaryDirectory() as replacement:
        os.chmod(replacement, 0o755)
        _mount(replacement, path, MS_BIND)
        try:
            yield
        finally:
            _check(_libc.umount2(path.encode(), 0))


@contextlib.contextmanager
def devices():
    """Another /dev, with null and urandom alone; what is put into it goes with it."""
    with tempfile.TemporaryDirectory() as replacement:
        for name in ("null", "urandom"):
            with open(os.path.join(replacement, name), "wb"):
                _mount("/dev/" + name, os.path.join(replacement, name), MS_BIND)
        _mount(replacement, "/dev", MS_BIND | MS_REC)
        try:
            yield
        finally:
            for path in ("/dev/null", "/dev/urandom", "/dev"):
                _check(_libc.umount2(path.encode(), 0))
            for name in ("null", "urandom"):
                _check(_libc.umount2(os.path.join(replacement, name).encode(), 0))


@contextlib.contextmanager
def network():
    """A fresh network namespace for this thread and what it starts; loopback is up."""
    outer = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.unshare(CLONE_NEWNET))
        _loopback_up()
        yield
    finally:
        _check(_libc.setns(outer, CLONE_NEWNET))
        os.close(outer)


@contextlib.contextmanager
def tunnel(name, hardware):
    """A point-to-point link of that hardware type (ARPHRD_...), as the kernel's tunnels have it, into nothing."""
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise unittest.SkipTest("no /dev/net/tun: " + error.strerror) from None
    try:
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sh22x", name.encode(), IFF_TUN | IFF_NO_PI))
        fcntl.ioctl(device, TUNSETLINK, hardware)
        ip("link", "set", name, "up")
        yield
    finally:
        os.close(device)


@contextlib.contextmanager
def router(client, router_end, *configuration):
    """A further namespace at the other end of a link: `client` stays here, `router_end` goes there, where
    both ends are up and packets are forwarded; then ip(8) carries out each line of the configuration."""
    ip("link", "add", client, "type", "veth", "peer", "name", router_end)
    ip("link", "set", client, "up")
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; read never"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        ip("link", "set", router_end, "netns", str(holder.pid))
        lines = ["link set lo up", "link set %s up" % router_end, *configuration]
        commands = ["echo 1 >/proc/sys/net/ipv4/ip_forward", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
                    "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit", "echo 0 >/proc/sys/net/ipv6/icmp/ratelimit",
                    *("ip " + line for line in lines)]
        done = subprocess.run(["nsenter", "--net=/proc/%d/ns/net" % holder.pid, "sh", "-ec", "\n".join(commands)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise unittest.SkipTest("no router: " + done.stderr.strip())
        yield
    finally:
        with holder:
            holder.stdin.close()


def ip(*arguments):
    """The ip command; a machine without it, or without that kind of link, skips the test."""
    try:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise unittest.SkipTest("needs the ip command") from None
    except subprocess.CalledProcessError as error:
        raise unittest.SkipTest("ip %s: %s" % (" ".join(arguments), error.stderr.strip())) from None
