"""Scenarios of what a user has to ask for: strategies, history, records of a service, ssh's own settings, TLS,
a system's log, the exporter."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time

import sandbox
from name_scenarios import Name
from scenarios import LONGEST, STATUSES, TIMEOUT, Explain, Literal, Outcome, Scenario, kill_session, wait_for_session
from support import dns, scripted
from support.receiver import BANNER, Listener, Refusing
from support.tls import Authority, tls

NAME = "db.example"
GATEWAY, ONE, OTHER = "192.0.2.1", "192.0.2.10", "192.0.2.11"
PREFIX = "2001:db8:64::"
FAR, TRANSLATED = "203.0.113.7", PREFIX + "cb00:7107"
JOURNAL = "/run/systemd/journal/socket"


@contextlib.contextmanager
def link(*addresses, via=None):
    """An interface that leads nowhere, with the way to the world over it."""
    sandbox.ip("link", "add", "gh2", "type", "bridge")
    try:
        sandbox.ip("link", "set", "gh2", "up")
        for address in addresses:
            sandbox.ip("address", "add", address, "dev", "gh2", *(("nodad",) if ":" in address else ()))
        if via:
            sandbox.ip("neighbour", "add", via, "lladdr", "02:00:00:00:00:01", "dev", "gh2")
            sandbox.ip("route", "add", "default", "via", via)
        else:
            sandbox.ip("-6", "route", "add", "default", "dev", "gh2")
        yield
    finally:
        sandbox.ip("link", "del", "gh2")


class History(Scenario):
    """A network that is known, and a file about it that every run reads and writes."""

    name = "history"

    def __init__(self, stack):
        super().__init__(stack)
        refusing = stack.enter_context(Refusing(ONE))
        self.port = stack.enter_context(Listener(OTHER, refusing.port)).port
        self.store = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "history")

    @classmethod
    def world(cls):
        return link(ONE + "/24", OTHER + "/24", via=GATEWAY)

    def arguments(self, folder):
        return ("--timeout", TIMEOUT, "--history=" + self.store, "--resolve", f"{NAME}:{ONE},{OTHER}",
                NAME, self.port)

    def judge_passed(self, outcome):
        strange = [name for name in os.listdir(self.store) if not re.fullmatch("network-[0-9a-f]{16}", name)] \
            if os.path.isdir(self.store) else []
        return f"left in the store: {strange}" if strange else super().judge_passed(outcome)


class HistoryShown(Explain):
    name = "shown"
    calls = frozenset({"fcntl", "flock", "fstat", "newfstatat", "openat", "read", "write"})

    def __init__(self, stack):
        super().__init__(stack)
        self.history = History(stack)

    @classmethod
    def world(cls):
        return History.world()

    def arguments(self, folder):
        if not os.path.isdir(self.history.store):
            self.history.judge(self.history.run([]))
        return "--history=" + self.history.store, "--history-show"

    def judge_passed(self, outcome):
        if outcome.status != 0:
            return outcome.failure_complaint()
        told = NAME in outcome.stdout.decode() or re.search(r"^network \w+: [a-z /]+$", outcome.stdout.decode(), re.M)
        return None if told else f"no history: {outcome.stdout!r}, {outcome.stderr!r}"


class Until(Literal):
    """The winner is who speaks; what it says stays to be read."""

    name = "until"

    def arguments(self, folder):
        return "--until", "banner", *super().arguments(folder)


class Configured(Literal):
    """A file with a rule for this network, by which the first way fails."""

    name = "rule"
    RULE = '[[rule]]\nmatch.host = "127.0.0.*"\nmatch.gateway = "%s"\nroute = [":%d", "direct"]\n'

    def __init__(self, stack):
        super().__init__(stack)
        self.file = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "config.toml")
        pathlib.Path(self.file).write_text(self.RULE % (GATEWAY, stack.enter_context(Refusing()).port), encoding="ascii")

    @classmethod
    def world(cls):
        return History.world()

    def arguments(self, folder):
        return "--config", self.file, *super().arguments(folder)


class Commanded(Scenario):
    """The way is another program's."""

    name = "route"

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--route", "command printf " + repr(BANNER.decode()), NAME, 22


class Services(Name):
    name = "srv"
    host = NAME
    options = ("--srv",)

    def __init__(self, stack):
        super().__init__(stack)
        refusing = stack.enter_context(Refusing())
        self.server.set("_ssh._tcp." + NAME, "SRV", dns.srv((10, 0, refusing.port, NAME), (20, 0, self.port, NAME)))


class Bindings(Name):
    name = "svcb"
    options = ("--svcb",)

    def __init__(self, stack):
        super().__init__(stack)
        self.server.set(f"_{self.port}._ssh.{NAME}", "SVCB",
                        dns.svcb((1, NAME, dns.port(self.port) + dns.hint("127.0.0.1"))))


class Translated(Scenario):
    """A network without IPv4, and what it is reached by."""

    name = "nat64"

    def __init__(self, stack):
        super().__init__(stack)
        self.port = stack.enter_context(Listener(TRANSLATED)).port
        self.server = stack.enter_context(dns.Server("::1", script={
            ("ipv4only.arpa", "AAAA"): dns.answer(PREFIX + "c000:aa")}))

    @classmethod
    def world(cls):
        return link("2001:db8:1::2/64", TRANSLATED + "/128")

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--dns-server", self.server.endpoint, FAR, self.port


class AsSsh(Literal):
    """What ssh's configuration says; the ssh that is asked is a script."""

    name = "ssh-g"
    # It would fail in two processes at once: in ssh, and where we look whether a line may be told.
    spared = frozenset({"newfstatat"})
    SAYS = "addressfamily inet\nconnecttimeout 5\nconnectionattempts 1\ntcpkeepalive yes\nipqos ef none\n"

    def __init__(self, stack):
        super().__init__(stack)
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        ssh = pathlib.Path(self.folder, "ssh")
        ssh.write_text(f'#!/bin/sh\necho "{self.SAYS}"\n', encoding="ascii")
        ssh.chmod(0o700)

    def environment(self):
        ours = super().environment()
        return {**ours, "PATH": self.folder + ":" + ours["PATH"], "HOME": self.folder}

    def arguments(self, folder):
        return "--ssh-config", *super().arguments(folder)


class Doctor(Explain):
    name = "doctor"
    PROBLEMS = 78
    status = PROBLEMS

    def __init__(self, stack):
        super().__init__(stack)
        self.ssh = AsSsh(stack)

    def environment(self):
        return self.ssh.environment()

    def arguments(self, folder):
        return "--doctor", "--json", "--timeout", TIMEOUT, f"127.0.0.1:{self.port}"

    def judge_passed(self, outcome):
        if outcome.status not in (0, self.PROBLEMS):
            return outcome.failure_complaint()
        with contextlib.suppress(ValueError):
            if json.loads(outcome.stdout)["findings"] is not None:
                return None
        return f"no findings: {outcome.stdout[:200]!r}"


class Logged(Literal):
    """By the journal's socket; what is there is read at once."""

    name = "journal"

    @classmethod
    @contextlib.contextmanager
    def world(cls):
        with sandbox.empty_directory("/run"), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            os.makedirs(os.path.dirname(JOURNAL))
            log.bind(JOURNAL)
            reader = threading.Thread(target=cls.read, args=(log,))
            reader.start()
            yield
            log.shutdown(socket.SHUT_RDWR)
            reader.join()

    @staticmethod
    def read(log):
        while log.recv(65536):
            pass

    def arguments(self, folder):
        return "--log", "journal", *super().arguments(folder)


class Lasting(Scenario):
    """What is started does not end with what it was started for: it is not strace that is waited for."""

    linger = 1.0  # seconds that it may stay when nobody holds it

    def run(self, prefix):
        return super().run(["strace", "-D", *prefix[1:]] if prefix[:1] == ["strace"] else prefix)

    def start(self, command, stdin, stdout):
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=errors, env=self.environment(),
                                       start_new_session=True, restore_signals=False)
            process.errors = os.fdopen(os.dup(errors.fileno()), "rb")
        return process

    def end(self, process, outcome):
        with contextlib.suppress(subprocess.TimeoutExpired):
            outcome.status = process.wait(LONGEST)
        outcome.hung = outcome.status is None
        outcome.session = process.pid
        with process.errors as errors:
            errors.seek(0)
            outcome.stderr = errors.read().decode("utf-8", "backslashreplace")

    def judge(self, outcome):
        try:
            return super().judge(outcome) or ", ".join(
                "left behind: " + name for name in wait_for_session(outcome.session, self.linger)) or None
        finally:
            kill_session(outcome.session)


class Tls(Lasting):
    """gladhand-tls stays as long as its socket is held, and not longer."""

    name = "https"
    linger = 6.0  # a proxy that does not hear us may still be heard

    def __init__(self, stack):
        super().__init__(stack)
        authority = Authority(stack.enter_context(tempfile.TemporaryDirectory()))
        self.certificate = authority.certificate
        context = authority.sign("server", "IP:127.0.0.1")
        self.server = stack.enter_context(scripted.Server(scripted.in_turn(tls(context), scripted.http(), scripted.ssh)))

    def arguments(self, folder):
        return "--timeout", TIMEOUT, "--proxy-ca", self.certificate, "--proxy", self.server.url("https"), NAME, 22


class Exporter(Lasting):
    """Whatever fails once, it says so and ends, or goes on to answer."""

    name = "serve"
    program = "gladhand-bench"

    def __init__(self, stack):
        super().__init__(stack)
        self.target = stack.enter_context(Listener()).port
        self.probed = stack.enter_context(Listener()).port  # not what the schedule has just dialled

    def arguments(self, folder):
        return "--serve", "127.0.0.1:0", "--timeout", TIMEOUT, "--every", "10s", f"127.0.0.1:{self.target}"

    def drive(self, command, folder):
        outcome = Outcome()
        process = self.start(command, subprocess.DEVNULL, subprocess.DEVNULL)
        outcome.answers = self.ask(process)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST / 4)
        process.terminate()  # the news of one signal may be what is lost
        self.end(process, outcome)
        return outcome

    def ask(self, process):
        """What it answers to each of these, "" where it does not."""
        port = self.port_of(process)
        return [self.answer(port, path) for path in (
            f"/probe?module=tcp_connect&target=127.0.0.1:{self.probed}", "/metrics", "/healthz", "/healthz")] if port else []

    @staticmethod
    def port_of(process):
        until = time.monotonic() + LONGEST
        while process.poll() is None and time.monotonic() < until:
            said = os.pread(process.errors.fileno(), 10000, 0).decode("utf-8", "replace")
            if match := re.search(r"serves http://127\.0\.0\.1:(\d+)/", said):
                return int(match[1])
            time.sleep(0.01)
        return None

    @staticmethod
    def answer(port, path):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=4)) as connection, \
                contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else ""
        return ""

    def judge_passed(self, outcome):
        if outcome.status != 0:
            return outcome.failure_complaint("gladhand-bench", STATUSES | {1, 2})
        if not outcome.answers:
            return "serves, and no line"
        unanswered = outcome.answers.count("")
        told = "--serve: cannot answer" in outcome.stderr
        return f"{unanswered} questions without an answer" if unanswered > 1 and not told else None


SCENARIOS = [History, HistoryShown, Until, Configured, Commanded, Services, Bindings, Translated, AsSsh, Doctor, Logged,
             Tls, Exporter]
