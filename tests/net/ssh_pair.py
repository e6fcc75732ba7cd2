"""The real sshd in the server namespace and the real ssh in the client namespace.

All keys, settings and sockets are in the network's temporary directory. ssh reaches the server only
through ProxyCommand and ProxyUseFdpass, with gladhand (from the environment) in between.
"""

import dataclasses
import os
import shlex
import shutil
import subprocess
import threading
import time

from race_trace import Trace
from support.network import SEARCH_PATH

SSHD_CONFIG = """
ListenAddress 0.0.0.0
ListenAddress ::
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/user_key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
PidFile none
PrintMotd no
MaxStartups 100
Subsystem sftp internal-sftp
"""
SSH_CONFIG = """
Host *
  User root
  ProxyCommand {proxy}
  ProxyUseFdpass yes
  IdentityFile {directory}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
"""


def gladhand():
    """The program under test; without it there is nothing to test, which is a failure."""
    path = os.environ.get("GLADHAND")
    if not path:
        raise OSError("GLADHAND must name the gladhand executable")
    return os.path.abspath(path)


def in_shell(*words):
    """The words as a ProxyCommand: quoted for the shell, and for ssh's own % signs."""
    return " ".join(shlex.quote(str(word)) for word in words).replace("%", "%%")


class SshServer:
    """sshd on port 22 of all the server's addresses; use in a with statement."""

    def __init__(self, network):
        self.network = network
        self.directory = network.directory / "ssh"
        self.log = []

    def __enter__(self):
        self.directory.mkdir()
        for name in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                            "-f", str(self.directory / name)], check=True, timeout=20)
        words = (self.directory / "host_key.pub").read_text().split()
        (self.directory / "known_hosts").write_text(f"* {words[0]} {words[1]}\n")
        self._start()
        return self

    def __exit__(self, *_):
        """Sessions are processes of their own, and they outlive the listener."""
        self.network.server.kill("sshd")
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stderr.close()

    def _start(self):
        """sshd wants /run/sshd, by its full path. Newer ones punish clients that leave early."""
        server, sshd = self.network.server, shutil.which("sshd", path=SEARCH_PATH)
        settings = self.directory / "sshd_config"
        server.do("mount -t tmpfs tmpfs /run")
        server.do("mkdir -m 755 /run/sshd")
        settings.write_text(SSHD_CONFIG.format(directory=self.directory) + "PerSourcePenalties no\n")
        if server.run(sshd, "-t", "-f", settings).returncode != 0:
            settings.write_text(SSHD_CONFIG.format(directory=self.directory))
        self._process = server.start(sshd, "-D", "-e", "-f", settings, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        listening = threading.Semaphore(0)
        self._reader = threading.Thread(target=self._read_log, args=(listening,), daemon=True)
        self._reader.start()
        for _ in ("0.0.0.0", "::"):
            if not listening.acquire(timeout=10):
                raise OSError("sshd does not start: " + "".join(self.log))

    def _read_log(self, listening):
        for line in self._process.stderr:
            self.log.append(line)
            if line.startswith("Server listening"):
                listening.release()

    def connections(self, *states):
        """The peers' addresses of sshd's TCP connections, in any of the states ss knows."""
        lines = self.network.server.do("ss --no-header --tcp --numeric --all sport = :22").splitlines()
        rows = [line.split() for line in lines]
        return [row[4].rpartition(":")[0].strip("[]") for row in rows if row[0] in states]


@dataclasses.dataclass
class Login:
    """What came of one ssh command."""

    status: int
    output: str
    errors: str
    trace: Trace
    seconds: float

    @property
    def address(self):
        """The server's address as sshd saw it, from SSH_CONNECTION."""
        words = self.output.split()
        return words[2].removeprefix("::ffff:") if len(words) == 4 else None


class SshClient:
    """ssh in the client namespace."""

    def __init__(self, server):
        self.network = server.network
        self.directory = server.directory
        self.trace_file = self.directory / "trace"
        self.config = self.directory / "ssh_config"
        self.configure()

    def configure(self, *options, more=""):
        """Writes ssh's settings; options are gladhand's, more is any ssh_config text."""
        proxy = in_shell(gladhand(), "--trace", self.trace_file, *options) + " -- %h %p"
        self.config.write_text(SSH_CONFIG.format(directory=self.directory, proxy=proxy) + more)

    def start(self, host, *command, **pipes):
        """A running ssh; its pid is that of ssh itself."""
        self.trace_file.unlink(missing_ok=True)
        return self.network.client.start("ssh", "-F", self.config, host, *command, text=True, **pipes)

    def run(self, *argv, **options):
        """Any command in the client namespace."""
        return self.network.client.run(*argv, **options)

    def login(self, host, command='echo "$SSH_CONNECTION"'):
        """One whole session, in which the server says which addresses it is between."""
        self.trace_file.unlink(missing_ok=True)
        start = time.monotonic()
        done = self.run("ssh", "-F", self.config, host, command, timeout=20)
        seconds = time.monotonic() - start
        return Login(done.returncode, done.stdout, done.stderr, Trace.read(self.trace_file), seconds)
