"""The world the benchmark runs in: namespaces of its own for network, mounts and processes, in which
only lo is up, /etc says what the benchmark needs, and /run is an empty memory file system that also
holds every temporary file. It vanishes with the last process in it, however that ends."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

UNSHARE = ["unshare", "--net", "--mount", "--propagation", "private",
           "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = "--inside-of"
SKIPPED = 77

TEMP = pathlib.Path("/run/bench")
TARGET_PORT = "22"
HOSTS_NAME, DNS_NAME, MUTE_NAME, DEAD_NAME, SERVERS_NAME = (
    label + ".bench.test" for label in ("hosts", "dns", "mute", "dead", "servers"))
DEAD, ALIVE, DEAD_PORT = "::1", "127.0.0.1", "23"
UPLINK, GATEWAY = "192.0.2.2", "192.0.2.1"

ETC = {
    "hosts": f"127.0.0.1 localhost\n::1 localhost\n127.0.0.1 {HOSTS_NAME}\n::1 {HOSTS_NAME}\n"
             f"{DEAD} {DEAD_NAME}\n{ALIVE} {DEAD_NAME}\n",
    "resolv.conf": "nameserver 127.0.0.1\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
    "gai.conf": "",
    # The login shell must not read anybody's start files: the login is what is measured.
    "passwd": f"root:x:0:0::{TEMP}:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n",
    "shadow": "root:*:19000:0:99999:7:::\n",
}

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": str(TEMP), "SHELL": "/bin/sh", "LC_ALL": "C"}


def cannot(reason):
    """For what the machine lacks; Meson counts this status as skipped. fail() is for what is broken."""
    print(f"bench: cannot measure here: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)


def fail(reason):
    sys.exit(f"bench: {reason}")


def net_namespace():
    return str(os.stat("/proc/self/ns/net").st_ino)


def enter(argv):
    """Starts this program anew inside; does not return."""
    if os.geteuid() != 0:
        cannot("it needs root, for namespaces of its own")
    if not shutil.which("unshare"):
        cannot("it needs unshare (util-linux)")
    trial = subprocess.run([*UNSHARE, "true"], stderr=subprocess.PIPE, text=True)
    if trial.returncode != 0:
        cannot("no namespaces: " + trial.stderr.strip())
    os.execvp("unshare", [*UNSHARE, sys.executable, *argv, INSIDE, net_namespace()])


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def replace_etc(name, content):
    source = TEMP / "etc" / name
    source.write_text(content)
    if name == "shadow":
        source.chmod(0o600)
    target = pathlib.Path("/etc", name).resolve()
    if target.is_relative_to("/run") and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    if target.exists():
        mount("--bind", str(source), str(target))
    elif content:
        cannot(f"/etc/{name} does not exist")


def furnish(outer_namespace):
    """Once inside: lo, /run, /etc. Refuses to touch anything in the namespace it came from."""
    if net_namespace() == outer_namespace:
        cannot("still in the namespace it was started in")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for folder in (TEMP / "etc", pathlib.Path("/run/sshd")):
        folder.mkdir(parents=True)
    for name, content in ETC.items():
        replace_etc(name, content)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if "0" * 31 + "1" not in pathlib.Path("/proc/net/if_inet6").read_text():
        cannot("no IPv6 on lo")


def add_uplink():
    """A network that can be told from others, by its gateway, where this machine is UPLINK."""
    for command in (["link", "add", "up0", "type", "veth", "peer", "name", "up1"],
                    ["link", "set", "up1", "up"], ["link", "set", "up0", "up"],
                    ["addr", "add", f"{UPLINK}/24", "dev", "up0"],
                    ["neigh", "add", GATEWAY, "lladdr", "02:00:00:00:00:01", "dev", "up0"],
                    ["route", "add", "default", "via", GATEWAY]):
        subprocess.run(["ip", *command], check=True)


def build_tools(folder):
    """The three C programs for a run without Meson."""
    here = pathlib.Path(__file__).resolve().parent
    for name in ("harness", "dialer", "responder"):
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-static",
                        "-o", str(folder / name), str(here / (name + ".c"))],
                       check=True, stderr=subprocess.DEVNULL)
    return folder


@contextlib.contextmanager
def responder(tools):
    process = subprocess.Popen([str(tools / "responder"), TARGET_PORT],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            fail("the responder does not serve")
        yield
    finally:
        process.stdin.close()
        process.wait(timeout=10)


@contextlib.contextmanager
def name_servers(*addresses):
    """These in resolv.conf, for a while."""
    file = TEMP / "etc" / "resolv.conf"
    file.write_text("".join(f"nameserver {address}\n" for address in addresses))
    try:
        yield
    finally:
        file.write_text(ETC["resolv.conf"])


@contextlib.contextmanager
def black_hole():
    """On DEAD_PORT one address answers no SYN and the other one connects. The dead one is a listener
    whose queue is full: the kernel drops what comes then, without a word. Nobody accepts anything."""
    with contextlib.ExitStack() as stack:
        def listener(family, address, backlog):
            made = stack.enter_context(socket.socket(family))
            made.bind((address, int(DEAD_PORT)))
            made.listen(backlog)
        listener(socket.AF_INET, ALIVE, 1024)
        listener(socket.AF_INET6, DEAD, 1)
        for _ in range(8):
            try:
                stack.enter_context(socket.create_connection((DEAD, int(DEAD_PORT)), timeout=0.2))
            except socket.timeout:
                break
        else:
            fail("a listener with a full queue still accepts")
        yield
