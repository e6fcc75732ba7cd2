"""Clients that take no descriptor: ssh without ProxyUseFdpass, PuTTY's plink, dropbear's dbclient, paramiko,
asyncssh and libssh, through the relay to a real sshd. Each sends 4 MiB through `cat` and must get them back;
libssh, of which there is no program, says what it was told.
"""

import ctypes.util
import os
import shlex
import shutil
import subprocess
import unittest

import net_case
from net_case import HOST
from race_trace import Trace
from ssh_pair import gladhand

SYSTEM_PYTHON = "/usr/bin/python3"  # for which the packages are made
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
ASYNCSSH_CLIENT = """
import asyncio, sys, asyncssh
proxy, key = sys.argv[1:]
async def main():
    async with asyncssh.connect("db.example", username="root", client_keys=[key], known_hosts=None, config=None,
                                proxy_command=proxy) as connection:
        done = await connection.run("cat", input=sys.stdin.buffer.read(), encoding=None)
        sys.stdout.buffer.write(done.stdout)
asyncio.run(main())
"""
# The numbers are those of libssh's ABI: HOST, PORT_STR, USER, TIMEOUT, PROXYCOMMAND.
LIBSSH_CLIENT = """
import ctypes, sys
proxy, key = sys.argv[1:]
ssh = ctypes.CDLL("libssh.so.4")
for name in ("ssh_new", "ssh_channel_new", "ssh_get_error"):
    getattr(ssh, name).restype = ctypes.c_void_p
session = ctypes.c_void_p(ssh.ssh_new())
for option, value in ((0, b"db.example"), (2, b"22"), (4, b"root"), (19, proxy.encode())):
    assert ssh.ssh_options_set(session, option, value) == 0
seconds = ctypes.c_long(10)
assert ssh.ssh_options_set(session, 9, ctypes.byref(seconds)) == 0
assert ssh.ssh_connect(session) == 0, ctypes.string_at(ssh.ssh_get_error(session))
private = ctypes.c_void_p()
assert ssh.ssh_pki_import_privkey_file(key.encode(), None, None, None, ctypes.byref(private)) == 0
assert ssh.ssh_userauth_publickey(session, None, private) == 0
channel = ctypes.c_void_p(ssh.ssh_channel_new(session))
assert ssh.ssh_channel_open_session(channel) == 0 and ssh.ssh_channel_request_exec(channel, b"echo hello") == 0
data = ctypes.create_string_buffer(100)
print(data[:ssh.ssh_channel_read(channel, data, 100, 0)].decode(), end="")
"""


def setUpModule():
    net_case.require()


def need(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, "needs " + ", ".join(missing))


def has_module(name):
    probe = [SYSTEM_PYTHON, "-W", "ignore", "-c", "import " + name]
    return os.path.exists(SYSTEM_PYTHON) and subprocess.run(
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

    @unittest.skipUnless(has_module("paramiko"), "needs python3-paramiko")
    def test_paramiko(self):
        self.assert_carries(SYSTEM_PYTHON, "-W", "ignore", "-c", PARAMIKO_CLIENT, self.proxy(), self.key)

    @unittest.skipUnless(has_module("asyncssh"), "needs python3-asyncssh")
    def test_asyncssh(self):
        self.assert_carries(SYSTEM_PYTHON, "-W", "ignore", "-c", ASYNCSSH_CLIENT, self.proxy(), self.key)

    @unittest.skipUnless(ctypes.util.find_library("ssh"), "needs libssh-4")
    def test_libssh(self):
        """It makes of fds 0 and 1 what ssh makes, but speaks first."""
        done = self.client.run(SYSTEM_PYTHON, "-c", LIBSSH_CLIENT, self.proxy(), self.key)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "hello\n", ""))
        self.assertEqual(len(Trace.read(self.trace).named("relay_started")), 1)


if __name__ == "__main__":
    net_case.main()
