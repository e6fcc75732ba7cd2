"""What people do with ssh besides logging in: shared connections, scp, sftp, git and rsync."""

import os
import shutil
import unittest

import net_case
from net_case import HOST
from support.network import SERVER_V4, SERVER_V6


def setUpModule():
    net_case.require()


def need(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, "needs " + ", ".join(missing))


class ControlPersist(net_case.NetworkTest):
    """With it, ssh gives its ProxyCommand /dev/null for stderr."""

    def share(self, *options):
        control = self.network.directory / "control"
        self.client.configure(*options, more="  ControlMaster auto\n  ControlPersist 60\n"
                                             f"  ControlPath {control}\n")
        self.addCleanup(self.control, "exit")

    def control(self, command):
        return self.client.run("ssh", "-F", self.client.config, "-O", command, HOST).returncode

    def test_a_second_session_shares_the_first_ones_connection(self):
        self.share()
        first = self.login()
        self.assert_login(first, SERVER_V6)
        self.assertEqual(len(first.syns), 1)
        self.assertEqual(self.control("check"), 0)
        second = self.login()
        self.assert_login(second, SERVER_V6)
        self.assertEqual((second.output, second.syns), (first.output, []))

    def test_the_log_file_has_what_stderr_cannot_show(self):
        log = self.network.directory / "log"
        self.network.refuse(net_case.IPV6_SSH)
        self.share("-v", "--log", log)
        self.assert_login(self.login(), SERVER_V4)
        text = log.read_text(encoding="utf-8")
        self.assertIn(SERVER_V6, text)
        self.assertIn(SERVER_V4, text)

    def test_without_sharing_the_same_text_is_on_stderr(self):
        """The control to the test above: there is something to see."""
        self.client.configure("-v")
        login = self.login()
        self.assertEqual((login.status, login.address), (0, SERVER_V6))
        self.assertIn(SERVER_V6, login.errors)

    def test_the_log_file_has_the_reason_of_a_failure(self):
        log = self.network.directory / "failure"
        self.network.refuse(net_case.SSH)
        self.share("--log", log)
        login = self.login()
        self.assertEqual(login.status, 255)
        self.assertNotIn("gladhand", login.errors)
        self.assertIn("refused", log.read_text(encoding="utf-8"))


class Copying(net_case.NetworkTest):
    def setUp(self):
        super().setUp()
        self.here = self.make_directory("here")
        self.there = self.make_directory("there")
        self.ssh = f"ssh -F {self.client.config}"
        (self.here / "file").write_bytes(os.urandom(1 << 20))

    def make_directory(self, name):
        directory = self.network.directory / name
        directory.mkdir()
        self.addCleanup(shutil.rmtree, directory)
        return directory

    def assert_done(self, *argv, **options):
        done = self.client.run(*argv, **options)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_same(self, one, other):
        self.assertEqual(one.read_bytes(), other.read_bytes())

    @need("scp")
    def test_scp_there_and_back(self):
        self.assert_done("scp", "-F", self.client.config, self.here / "file", f"{HOST}:{self.there}/")
        self.assert_done("scp", "-F", self.client.config, f"{HOST}:{self.there}/file", self.here / "back")
        self.assert_same(self.here / "file", self.here / "back")

    @need("sftp")
    def test_sftp_batch(self):
        batch = f"put {self.here}/file {self.there}/file\nget {self.there}/file {self.here}/back\n"
        self.assert_done("sftp", "-F", self.client.config, "-b", "-", HOST, input=batch, stdin=None)
        self.assert_same(self.here / "file", self.here / "back")

    @need("git")
    def test_git_clone(self):
        git = ("git", "-C", self.there, "-c", "user.name=t", "-c", "user.email=t@example")
        self.assert_done("git", "init", "-q", self.there)
        shutil.copy(self.here / "file", self.there)
        self.assert_done(*git, "add", "file")
        self.assert_done(*git, "commit", "-q", "-m", "one")
        self.assert_done("git", "clone", "-q", f"ssh://{HOST}{self.there}", self.here / "clone",
                         env={"GIT_SSH_COMMAND": self.ssh})
        self.assert_same(self.there / "file", self.here / "clone" / "file")

    @need("rsync")
    def test_rsync(self):
        self.assert_done("rsync", "-a", "-e", self.ssh, f"{self.here}/", f"{HOST}:{self.there}/")
        self.assert_same(self.here / "file", self.there / "file")


if __name__ == "__main__":
    net_case.main()
