"""Scenarios of names: whoever is asked, and by whatever way. What of them is in files of the system is so
while they are run, and for them alone."""

import contextlib
import socket
import tempfile

import sandbox
from scenarios import TIMEOUT, Scenario
from support import dns, nss
from support.receiver import Listener

V4 = "127.0.0.1"
LINK = "192.0.2.2"


class Name(Scenario):
    """The DNS knows it, in one datagram for each family."""

    name = "name"
    host = "db.example"
    address = V4
    options = ()
    script = {("db.example", "AAAA"): dns.answer("::1"), ("db.example", "A"): dns.answer("127.0.0.1", "127.0.0.2")}

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(Listener(self.address)).port
        self.server = stack.enter_context(dns.Server(script=self.script))

    def arguments(self, folder):
        return "--timeout", TIMEOUT, *self.options, "--dns-server", self.server.endpoint, self.host, self.port


class Traced(Name):
    name = "traced"

    def arguments(self, folder):
        return ("--trace", f"{folder}/trace", "--log", f"{folder}/log", *super().arguments(folder))


class Truncated(Name):
    """Answers that only TCP brings."""

    name = "tcp"
    script = {question: reply.but(truncate=True) for question, reply in Name.script.items()}


class SilentServer(Name):
    """The first name server says nothing; the second is asked after a delay."""

    name = "servers"

    def __init__(self, stack):
        super().__init__(stack)
        self.silent = stack.enter_context(dns.Server(default=dns.drop()))

    def arguments(self, folder):
        return ("--dns-server", self.silent.endpoint, "--dns-attempt-delay", "30ms", *super().arguments(folder))


class Unknown(Name):
    """A name that does not exist below any domain: several questions, and no address."""

    name = "nobody"
    status = 68
    script = {}

    def environment(self):
        return {**super().environment(), "LOCALDOMAIN": "one.example two.example"}


class Command(Name):
    name = "command"

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--resolve-with", "/bin/echo 127.0.0.1", self.host, self.port


class Helper(Name):
    """A module of nsswitch.conf, through getent(1), after the DNS has said no."""

    name = "getent"
    host = "guest"
    script = {}
    hosts_line = "files dns libvirt"

    def __init__(self, stack):
        super().__init__(stack)
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        nss.write_getent(self.folder, '[ "$3" = ahostsv4 ] || exit 2\necho "127.0.0.1 STREAM guest"\n')

    def environment(self):
        ours = super().environment()
        return {**ours, "PATH": self.folder + ":" + ours["PATH"]}

    @classmethod
    @contextlib.contextmanager
    def world(cls):
        with sandbox.file("/etc/nsswitch.conf", f"hosts: {cls.hosts_line}\n"), sandbox.empty_directory("/run"), \
                cls.daemon():
            yield

    @classmethod
    def daemon(cls):
        return contextlib.nullcontext()


class Resolved(Helper):
    """systemd-resolved by its Varlink socket."""

    name = "resolved"
    hosts_line = "files resolve [!UNAVAIL=return] dns"

    @classmethod
    def daemon(cls):
        return nss.resolved({("guest", socket.AF_INET): [V4]})


class Avahi(Helper):
    name = "avahi"
    host = "hall9.local"
    hosts_line = "files mdns4_minimal [NOTFOUND=return] dns"

    @classmethod
    def daemon(cls):
        return nss.avahi({("hall9.local", "IPV4"): V4})


class Multicast(Avahi):
    """No daemon: one question of our own on the link."""

    name = "mdns"
    address = LINK

    @classmethod
    @contextlib.contextmanager
    def daemon(cls):
        sandbox.ip("link", "add", "gh0", "type", "veth", "peer", "name", "gh1")
        try:
            for link in ("gh0", "gh1"):
                sandbox.ip("link", "set", link, "up")
            sandbox.ip("address", "add", LINK + "/24", "dev", "gh0")
            with nss.MdnsResponder("gh0", {("hall9.local", "A"): LINK}):
                yield
        finally:
            sandbox.ip("link", "del", "gh0")


OF_NAME_SERVERS = [Name, Traced, Truncated, SilentServer, Unknown, Command]
OF_THE_SYSTEM = [Helper, Resolved, Avahi, Multicast]
