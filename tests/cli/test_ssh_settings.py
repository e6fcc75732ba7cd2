#!/usr/bin/env python3
"""--ssh-config: what ssh's configuration says of connecting holds for gladhand too. The ssh that is asked is a
script, but in the last class, where it is the machine's own."""

import os
import shutil
import socket
import subprocess
import unittest

from common import ENVIRONMENT, GLADHAND, NOT_HANDED_OVER, TIMED_OUT, USAGE, CommandTest, let_signals_end, main, run

setUpModule = let_signals_end

DEFAULTS = "addressfamily any\nconnectionattempts 1\nconnecttimeout none\ntcpkeepalive yes\nipqos none none\n"


class SshConfigTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.folder = os.path.dirname(self.temporary_path("ssh"))
        self.env = {**ENVIRONMENT, "PATH": self.folder + ":" + ENVIRONMENT["PATH"], "HOME": self.folder}

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def ssh_says(self, text, status=0):
        """An ssh that writes its arguments to a file and then this."""
        self.write("answer", text)
        self.write("ssh", '#!/bin/sh\necho "$*" >>"%s/calls"\ncat "%s/answer"\nexit %d\n'
                   % (self.folder, self.folder, status), 0o755)

    def calls(self):
        try:
            with open(os.path.join(self.folder, "calls"), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def dial(self, *arguments):
        return run(*arguments, env=self.env)

    def printed(self, *arguments):
        result = run("--print-config", *arguments, env=self.env, stdout=subprocess.PIPE)
        self.addCleanup(result.close)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        return result.stdout.decode()


class WhatHolds(SshConfigTest):
    def test_the_socket_is_as_ssh_would_have_it(self):
        listener = self.listen()
        self.ssh_says("bindaddress 127.0.0.9\ntcpkeepalive no\nipqos ef none\nconnecttimeout 5\n")
        passed = self.assert_handed_over(self.dial("--ssh-config", "127.0.0.1", listener.port), listener)
        self.assertEqual(passed.getsockname()[0], "127.0.0.9")
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 0)
        self.assertEqual(passed.getsockopt(socket.IPPROTO_IP, socket.IP_TOS), 46 << 2)

    def test_without_the_option_ssh_is_not_asked(self):
        listener = self.listen()
        self.ssh_says("bindaddress 127.0.0.9\n")
        self.assert_handed_over(self.dial("127.0.0.1", listener.port), listener)
        self.assertEqual(self.calls(), [])

    def test_the_destination_is_that_of_the_option_or_the_host(self):
        self.ssh_says(DEFAULTS)
        self.assertEqual(self.printed("--ssh-config", "db.example"), "ssh -G db.example: nothing to set\n")
        self.printed("--ssh-config=me@db", "db.example")
        self.assertEqual(self.calls(), ["-G -- db.example", "-G -- me@db"])

    def test_the_command_line_wins_and_then_rules(self):
        self.ssh_says("addressfamily inet6\nconnecttimeout 5\nconnectionattempts 3\n")
        rules = self.write("config.toml", "[[rule]]\nssh-config = true\ntimeout = 7\n")
        text = self.printed("--config", rules, "-4", "db")
        self.assertIn("ssh -G db (AddressFamily inet6): 6 = true (not used: beside -4 it has no meaning)\n", text)
        self.assertIn("ssh -G db (ConnectTimeout 5): timeout = 5s (not used: a rule has it)\n", text)
        self.assertTrue(text.endswith("ssh -G db (ConnectionAttempts 3): attempts = 3\n"), text)
        text = self.printed("--config", rules, "--attempts", "2", "db")
        self.assertIn("attempts = 3 (not used: the command line has it)\n", text)

    def test_a_rule_may_name_the_destination_or_turn_it_off(self):
        self.ssh_says(DEFAULTS)
        rules = self.write("config.toml", '[[rule]]\nmatch.host = "a"\nssh-config = "me@b"\n'
                                          "[[rule]]\nssh-config = false\n")
        self.assertIn("ssh -G me@b: nothing to set\n", self.printed("--config", rules, "a"))
        self.printed("--config", rules, "c")
        self.assertEqual(self.calls(), ["-G -- me@b"])

    def test_what_has_no_meaning_for_the_host_is_left_out(self):
        self.ssh_says("addressfamily inet\nconnecttimeout 5\n")
        text = self.printed("--ssh-config", "unix/run/socket")
        self.assertIn("4 = true (not used: it has no meaning for this host)\n", text)
        self.assertIn("timeout = 5s\n", text)

    def test_a_gladhand_that_this_ssh_runs_asks_no_ssh_again(self):
        self.ssh_says(DEFAULTS)
        self.write("ssh", '#!/bin/sh\necho called >>"%s/calls"\n"%s" --ssh-config --print-config db >"%s/inner"\n'
                   % (self.folder, os.path.abspath(GLADHAND), self.folder), 0o755)
        self.printed("--ssh-config", "db")
        self.assertEqual(self.calls(), ["called"])
        with open(os.path.join(self.folder, "inner"), encoding="utf-8") as file:
            self.assertIn("not asked", file.read())


class WhatGoesWrong(SshConfigTest):
    """What was asked for and cannot be known ends the dial before anything is sent."""

    def test_there_is_no_ssh(self):
        listener = self.listen()
        self.env["PATH"] = self.folder
        result = self.dial("--ssh-config", "127.0.0.1", listener.port)
        self.assert_fails(result, NOT_HANDED_OVER, "--ssh-config: cannot run 'ssh': no such file or directory")

    def test_ssh_fails_and_its_reason_is_told(self):
        self.write("ssh", "#!/bin/sh\necho first >&2\necho 'config line 3: Bad \033 option' >&2\nexit 255\n", 0o755)
        result = self.dial("--ssh-config", "127.0.0.1", 9)
        self.assert_fails(result, NOT_HANDED_OVER,
                          r"--ssh-config: ssh -G 127.0.0.1 exited with status 255: config line 3: Bad \x1b option")

    def test_a_value_that_is_none_of_sshs(self):
        self.ssh_says("addressfamily inet7\n")
        self.assert_fails(self.dial("--ssh-config", "127.0.0.1", 9), USAGE,
                          "ssh -G 127.0.0.1 (AddressFamily inet7): this is no value of ssh's")

    def test_a_value_that_gladhand_does_not_take(self):
        self.ssh_says("bindaddress some.host\n")
        self.assert_fails(self.dial("--ssh-config", "127.0.0.1", 9), USAGE,
                          "ssh -G 127.0.0.1 (BindAddress some.host): --bind", "some.host")

    def test_it_writes_without_an_end(self):
        self.write("ssh", "#!/bin/sh\nexec yes\n", 0o755)
        self.assert_fails(self.dial("--ssh-config", "127.0.0.1", 9), NOT_HANDED_OVER, "'ssh' writes without an end")

    def test_it_does_not_end(self):
        self.write("ssh", "#!/bin/sh\nsleep 60\n", 0o755)
        result = run("--ssh-config", "127.0.0.1", 9, env=self.env, timeout=20)
        self.assert_fails(result, TIMED_OUT, "'ssh' does not end")

    def test_it_is_not_waited_for_what_it_leaves_behind(self):
        listener = self.listen()
        self.write("ssh", "#!/bin/sh\nsleep 5 &\necho tcpkeepalive no\n", 0o755)
        passed = self.assert_handed_over(run("--ssh-config", "127.0.0.1", listener.port, env=self.env, timeout=4))
        self.assertEqual(passed.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 0)


@unittest.skipUnless(shutil.which("ssh"), "needs ssh")
class RealSsh(SshConfigTest):
    """ssh runs gladhand as its proxy command, which prints instead of connecting."""

    def said_to(self, *arguments, more=""):
        self.write("config", "Host db\n  Hostname db.example\n  BindAddress 127.0.0.9\n%sHost *\n"
                             "  ProxyCommand %s --config none --ssh-config --print-config -- %%h %%p >%s/said\n"
                             "  ProxyUseFdpass yes\n"
                             % (more, os.path.abspath(GLADHAND), self.folder))
        subprocess.run(["ssh", "-F", os.path.join(self.folder, "config"), *arguments], env=self.env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10,
                       check=False)
        with open(os.path.join(self.folder, "said"), encoding="utf-8") as file:
            return file.read()

    def test_its_own_files_options_and_destination_count(self):
        said = self.said_to("-4", "-o", "ConnectTimeout=7", "-oIPQoS=none", "-v", "me@db", "true")
        self.assertEqual(said, "ssh -G me@db (AddressFamily inet): 4 = true\n"
                               "ssh -G me@db (BindAddress 127.0.0.9): bind = 127.0.0.9\n"
                               "ssh -G me@db (ConnectTimeout 7): timeout = 7s\n")

    def test_a_match_of_it_that_runs_gladhand_does_so_once(self):
        more = 'Match exec "%s --config none --ssh-config --print-config x >>%s/inner"\n  ConnectTimeout 8\n' % (
            os.path.abspath(GLADHAND), self.folder)
        said = self.said_to("-oIPQoS=none", "db", more=more)
        self.assertIn("(ConnectTimeout 8)", said)


if __name__ == "__main__":
    main()
