"""The ssh.conf that is installed, read by the real ssh: gladhand where nothing else is meant, and no
harm to any other ProxyCommand, whoever names it.
"""

import os
import pathlib
import shutil
import unittest

import net_case
from net_case import HOST
from ssh_pair import gladhand
from support.network import SERVER_V4, SERVER_V6

DROP_IN = pathlib.Path(__file__).parents[2] / "man" / "ssh.conf"
SSH_CONFIG = """
{before}
Host *
  User root
  IdentityFile {directory}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/known_hosts
  GlobalKnownHostsFile /dev/null
  BatchMode yes
Host *
  Include {drop_in}
"""
NETCAT = "nc %h %p"  # passes no descriptor


def setUpModule():
    net_case.require()


@unittest.skipUnless(shutil.which("nc"), "needs nc")
class DropIn(net_case.NetworkTest):
    def setUp(self):
        super().setUp()
        programs = self.client.directory / "bin"
        programs.mkdir(exist_ok=True)
        self.addCleanup(shutil.rmtree, programs)
        os.symlink(gladhand(), programs / "gladhand")
        self.path = f"{programs}:{os.environ['PATH']}"

    def log_in(self, *options, host=HOST, before="", shell="/bin/sh"):
        """The output of a session, and the debug lines that name the proxy command."""
        config = self.client.directory / "config"
        drop_in = shutil.copy(DROP_IN, self.client.directory)  # ssh reads nothing of another user's
        config.write_text(SSH_CONFIG.format(before=before, directory=self.client.directory, drop_in=drop_in))
        done = self.client.run("ssh", "-v", "-F", config, *options, host, "echo well",
                               env={"PATH": self.path, "SHELL": shell})
        self.assertEqual((done.returncode, done.stdout), (0, "well\n"), done.stderr)
        return [line for line in done.stderr.splitlines() if "Executing proxy" in line]

    def test_gladhand_passes_the_descriptor(self):
        for shell in filter(os.path.exists, ("/bin/dash", "/bin/bash", "/bin/zsh")):
            with self.subTest(shell):
                (line,) = self.log_in(shell=shell)
                self.assertIn("proxy dialer command: exec gladhand -- db.example 22", line)

    def test_a_proxy_command_of_the_command_line_is_left_alone(self):
        for options in (("-o", "ProxyCommand=" + NETCAT), ("-oProxyCommand=" + NETCAT,),
                        ("-o", "proxycommand " + NETCAT)):
            with self.subTest(options):
                (line,) = self.log_in(*options)
                self.assertIn("nc", line)
                self.assertNotIn("dialer", line)

    def test_one_of_the_configuration_has_a_line_beside_it(self):
        (line,) = self.log_in(before=f"Host {HOST}\n  ProxyCommand {NETCAT}\n  ProxyUseFdpass no\n")
        self.assertNotIn("dialer", line)

    def test_a_jump_host_is_left_alone(self):
        lines = self.log_in("-J", f"root@[{SERVER_V6}]", host=SERVER_V4)
        self.assertTrue(any("-W" in line for line in lines), lines)


if __name__ == "__main__":
    net_case.main()
