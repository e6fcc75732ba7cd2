"""Clients that take no descriptor: ssh without ProxyUseFdpass, PuTTY's plink, dropbear's dbclient and
paramiko, through the relay to a real sshd. Each sends 4 MiB through `cat` and must get them back.
"""

import os
import shlex
import shutil
import subprocess
import unittest

import net_case
from net_case import HOST
from race_trace import Trace
from ssh_pair import gladhand

PARAMIKO_PYTHON = "/usr/bin/python3"  # the system's, for which the package is made
PARAMIKO_CLIENT = """
import sys, threading, paramiko
proxy, key = sys.argv[1:]
transport = paramiko.Transport(paramiko.ProxyCommand(proxy))
transport.connect(username="root", pkey=paramiko.Ed25519Key(filename=key))
channel = transport.open_session()
channel.exec_command("cat")
data = sys.stdin.buffer.read()
def send():
    channel.sendall(data)
    channel.shutdown_write()
threading.Thread(target=send).start()
for piece in iter(lambda: channel.recv(65536), b""):
    sys.stdout.buffer.write(piece)
status = channel.recv_exit_status()
transport.close()
sys.exit(status)
"""


def setUpModule():
    net_case.require()


def need(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, "needs " + ", ".join(missing))


def has_paramiko():
    probe = [PARAMIKO_PYTHON, "-c", "import paramiko"]
    return os.path.exists(PARAMIKO_PYTHON) and subprocess.run(
        probe, stderr=subprocess.DEVNULL, check=False).returncode == 0


class OtherClients(net_case.NetworkTest):
    def setUp(self):
        super().setUp()
        self.directory, self.trace = self.client.directory, self.client.trace_file
        self.trace.unlink(missing_ok=True)
        self.key = self.directory / "user_key"
        self.data = os.urandom(4 << 20)

    def proxy(self, host=HOST, port="22"):
        return f"{shlex.quote(gladhand())} --trace {shlex.quote(str(self.trace))} -- {host} {port}"

    def prepare(self, *argv):
        subprocess.run([str(word) for word in argv], check=True, timeout=20, stdin=subprocess.DEVNULL,
                       env={**os.environ, "HOME": str(self.directory)},
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def assert_carries(self, *argv):
        """The client's output is its input, and it came through the relay."""
        blob = self.directory / "blob"
        blob.write_bytes(self.data)
        with open(blob, "rb") as stdin:
            done = self.client.run(*argv, stdin=stdin, text=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout == self.data, True, "%d bytes came back" % len(done.stdout))
        self.assertNotIn(b"gladhand", done.stderr)
        self.assertEqual(len(Trace.read(self.trace).named("relay_started")), 1)

    def test_ssh_without_fdpass(self):
        self.assert_carries("ssh", "-F", self.client.config, "-o", "ProxyUseFdpass=no",
                            "-o", f"ProxyCommand={self.proxy('%h', '%p')}", HOST, "cat")

    @need("plink", "puttygen")
    def test_plink(self):
        key = self.directory / "key.ppk"
        self.prepare("puttygen", self.key, "-O", "private", "-o", key)
        shown = subprocess.run(["ssh-keygen", "-lf", str(self.directory / "host_key.pub")], check=True,
                               stdout=subprocess.PIPE, text=True, timeout=20)
        self.assert_carries("plink", "-batch", "-ssh", "-hostkey", shown.stdout.split()[1], "-i", key,
                            "-proxycmd", self.proxy("%host", "%port"), f"root@{HOST}", "cat")

    @need("dbclient", "dropbearconvert")
    def test_dbclient(self):
        key = self.directory / "key.dropbear"
        self.prepare("dropbearconvert", "openssh", "dropbear", self.key, key)
        self.assert_carries("dbclient", "-y", "-y", "-i", key, "-J", self.proxy(), f"root@{HOST}", "cat")

    @unittest.skipUnless(has_paramiko(), "needs python3-paramiko")
    def test_paramiko(self):
        self.assert_carries(PARAMIKO_PYTHON, "-W", "ignore", "-c", PARAMIKO_CLIENT, self.proxy(), self.key)


if __name__ == "__main__":
    net_case.main()
