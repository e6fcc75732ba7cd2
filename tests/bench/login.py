"""A real sshd on loopback and the client configuration for `ssh host true`: three hosts that differ
only in who connects. Keys and configuration are made for this run; nobody's own files are read."""

import contextlib
import shlex
import subprocess
import threading

from world import ENVIRONMENT, TEMP, fail

PORT = "2222"

SSHD = f"""\
ListenAddress 127.0.0.1
Port {PORT}
HostKey {TEMP}/host_key
AuthorizedKeysFile {TEMP}/user_key.pub
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
PidFile none
MaxStartups 1000:30:1000
"""

SSH = f"""\
Host direct gladhand nc
  Hostname 127.0.0.1
  Port {PORT}
  User root
  IdentityFile {TEMP}/user_key
  IdentitiesOnly yes
  PreferredAuthentications publickey
  HostKeyAlias bench
  UserKnownHostsFile {TEMP}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
Host gladhand nc
  ProxyUseFdpass yes
Host gladhand
  ProxyCommand %s -- %%h %%p
Host nc
  ProxyCommand %s -F %%h %%p
"""


def make_keys():
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(TEMP / name)],
                       check=True, stdin=subprocess.DEVNULL)
    (TEMP / "known_hosts").write_text("bench " + (TEMP / "host_key.pub").read_text())


def sshd_command(sshd):
    """sshd 9.8 and later slow down whoever connects often; older ones do not know the option."""
    command = [sshd, "-D", "-e", "-f", str(TEMP / "sshd_config")]
    no_penalties = ["-o", "PerSourcePenalties=no"]
    knows = subprocess.run([*command, *no_penalties, "-t"], stderr=subprocess.DEVNULL).returncode == 0
    return command + no_penalties if knows else command


@contextlib.contextmanager
def server(sshd):
    make_keys()
    (TEMP / "sshd_config").write_text(SSHD)
    process = subprocess.Popen(sshd_command(sshd), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        if not any("Server listening" in line for line in process.stderr):
            fail("sshd does not start")
        # It writes a few lines per login and must never find the pipe full.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def commands(gladhand, nc):
    config = TEMP / "ssh_config"
    config.write_text(SSH % (shlex.quote(gladhand).replace("%", "%%"), shlex.quote(nc)))
    ssh = ["ssh", "-n", "-F", str(config)]
    return {"gladhand": [*ssh, "gladhand", "true"],
            "ssh by itself": [*ssh, "direct", "true"],
            "nc -F": [*ssh, "nc", "true"]}
