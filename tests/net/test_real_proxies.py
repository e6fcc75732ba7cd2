"""Real proxies in front of a real sshd: microsocks (SOCKS5), tinyproxy and privoxy (CONNECT), alone and in a
chain, and Apache, which wants a Digest; socat and nc as servers. The proxies run in the server's network and reach sshd from there.
"""

import hashlib
import shutil
import socket
import subprocess
import time
import unittest

import net_case
from net_case import CONNECTION_ATTEMPT_DELAY, HOST, IPV4_SSH, IPV6_SSH
from ssh_pair import gladhand, in_shell
from support import dns, network
from support.network import SEARCH_PATH, SERVER_V4, SERVER_V6

SOCKS, SOCKS_WITH_LOGIN, HTTP, HTTP_WITH_LOGIN = 1080, 1081, 3128, 3129
PROXY = "proxy.example"
LOGIN = "alice:open5esame"
NAMES = f"127.0.0.1 localhost\n::1 localhost\n{SERVER_V4} {HOST} {PROXY}\n"


def setUpModule():
    network.require("ssh", "ssh-keygen", "sshd", "microsocks", "tinyproxy", "socat", "nc")


def await_port(namespace, port, seconds=5):
    deadline = time.monotonic() + seconds
    with namespace.inside():
        while True:
            try:
                socket.create_connection((SERVER_V4, port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


class ProxyTest(net_case.NetworkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        user, password = LOGIN.split(":")
        cls.network.server.write_etc("hosts", NAMES)  # what the proxies resolve with
        cls.run_server("microsocks", "-i", "::", "-p", SOCKS)
        cls.run_server("microsocks", "-i", "::", "-p", SOCKS_WITH_LOGIN, "-u", user, "-P", password)
        for port, more in ((HTTP, ""), (HTTP_WITH_LOGIN, f"BasicAuth {user} {password}\n")):
            settings = cls.network.directory / f"tinyproxy-{port}"
            settings.write_text(f"Port {port}\nTimeout 60\nMaxClients 50\nLogLevel Critical\n{more}")
            cls.run_server("tinyproxy", "-d", "-c", settings)
        for port in (SOCKS, SOCKS_WITH_LOGIN, HTTP, HTTP_WITH_LOGIN):
            await_port(cls.network.server, port)

    @classmethod
    def run_server(cls, *argv):
        """A process of the server's network until the end of the class."""
        process = cls.network.server.start(*argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)

    def setUp(self):
        super().setUp()
        for kind, address in (("AAAA", SERVER_V6), ("A", SERVER_V4)):
            self.dns.set(PROXY, kind, dns.answer(address))

    def logins(self, *urls):
        """--proxy-auth-file with its value."""
        path = self.client.directory / "logins"
        path.write_text("".join(url + "\n" for url in urls))
        path.chmod(0o600)
        return "--proxy-auth-file", path

    def through(self, *options, host=HOST):
        self.client.configure(*options)
        return self.login(host)

    def assert_refused(self, login, *words):
        self.assertNotEqual(login.status, 0)
        lines = [line for line in login.errors.splitlines() if line.startswith("gladhand: ")]
        self.assertEqual(len(lines), 1, login.errors)
        for text in words:
            self.assertIn(text, lines[0])
        self.assertNotIn("open5esame", login.errors)


class Socks(ProxyTest):
    URL = f"{PROXY}:{SOCKS}"

    def test_the_proxy_resolves(self):
        login = self.through("--proxy", f"socks5h://{self.URL}")
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V6)
        self.assertEqual({query.name for query in login.queries}, {PROXY})

    def test_names_are_resolved_here(self):
        login = self.through("--proxy", f"socks5://{self.URL}")
        self.assert_login(login, SERVER_V6)
        self.assertEqual({query.name for query in login.queries}, {PROXY, HOST})

    def test_the_next_address_where_the_first_is_refused(self):
        self.network.refuse(IPV6_SSH)
        login = self.through("--proxy", f"socks5://{self.URL}")
        self.assert_login(login, SERVER_V4)
        self.assertEqual(len(login.trace.named("config_set")), 2)

    def test_no_address_can_be_reached(self):
        self.network.refuse(IPV6_SSH)
        self.network.refuse(IPV4_SSH)
        self.assert_refused(self.through("--proxy", f"socks5://{self.URL}"), f"for {SERVER_V6}: ",
                            f"for {SERVER_V4}: ", "refused")

    def test_a_password(self):
        url = f"{PROXY}:{SOCKS_WITH_LOGIN}"
        for options in (("--proxy", f"socks5h://{LOGIN}@{url}"),
                        ("--proxy", f"socks5h://{url}", *self.logins(f"socks5://{LOGIN}@{url}"))):
            self.assert_login(self.through(*options), SERVER_V4)

    def test_a_wrong_password_and_none(self):
        url = f"{PROXY}:{SOCKS_WITH_LOGIN}"
        self.assert_refused(self.through("--proxy", f"socks5h://alice:wrong@{url}"), f"socks5h://{url}: ",
                            "refuses these credentials")
        self.assert_refused(self.through("--proxy", f"socks5h://{url}"),
                            f"socks5h://{url}: it wants a user and a password")

    def test_the_race_is_for_the_first_proxy(self):
        self.network.black_hole(f"meta nfproto ipv6 tcp dport {SOCKS}")
        login = self.through("--proxy", f"socks5h://{self.URL}")
        self.assert_login(login, SERVER_V4)
        self.assert_attempts(login, SERVER_V6, SERVER_V4)
        self.assert_gap(login, CONNECTION_ATTEMPT_DELAY)


class Http(ProxyTest):
    def test_connect(self):
        self.assert_login(self.through("--proxy", f"http://{PROXY}:{HTTP}"), SERVER_V4)

    def test_an_ipv6_address(self):
        self.assert_login(self.through("--proxy", f"http://{PROXY}:{HTTP}", host=SERVER_V6), SERVER_V6)

    def test_a_password(self):
        url = f"{PROXY}:{HTTP_WITH_LOGIN}"
        for options in (("--proxy", f"http://{LOGIN}@{url}"),
                        ("--proxy-auth", "on-challenge", "--proxy", f"http://{LOGIN}@{url}"),
                        ("--proxy", f"http://{url}", *self.logins(f"http://{LOGIN}@{url}"))):
            self.assert_login(self.through(*options), SERVER_V4)

    def test_a_wrong_password_and_none(self):
        url = f"{PROXY}:{HTTP_WITH_LOGIN}"
        self.assert_refused(self.through("--proxy", f"http://alice:wrong@{url}"), f"http://{url}: ",
                            "refuses these credentials")
        self.assert_refused(self.through("--proxy", f"http://{url}"), f"http://{url}: it wants a user and a password")

    def test_a_closed_port(self):
        self.network.refuse(IPV4_SSH)
        self.assert_refused(self.through("--proxy", f"http://{PROXY}:{HTTP}"), f"http://{PROXY}:{HTTP}: 50")


class Privoxy(ProxyTest):
    PORT = 8118

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("privoxy", path=SEARCH_PATH):
            raise unittest.SkipTest("needs privoxy")
        settings = cls.network.directory / "privoxy"
        settings.write_text(f"listen-address {SERVER_V4}:{cls.PORT}\nconfdir /etc/privoxy\n")
        cls.run_server("privoxy", "--no-daemon", settings)
        await_port(cls.network.server, cls.PORT)

    def test_connect(self):
        self.assert_login(self.through("--proxy", f"http://{PROXY}:{self.PORT}"), SERVER_V4)

    def test_a_closed_port(self):
        self.network.refuse(IPV4_SSH)
        self.assert_refused(self.through("--proxy", f"http://{PROXY}:{self.PORT}"), f"http://{PROXY}:{self.PORT}: 50")


class Digest(ProxyTest):
    PORT = 8080
    MODULES = ("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest", "proxy",
               "proxy_connect")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("apache2", path=SEARCH_PATH):
            raise unittest.SkipTest("needs apache2-bin")
        user, password = LOGIN.split(":")
        directory = cls.network.directory
        directory.chmod(0o711)  # it looks for the file as another user
        logins = directory / "digest"
        logins.write_text(f"{user}:test:{hashlib.md5(f'{user}:test:{password}'.encode()).hexdigest()}\n")
        settings = directory / "apache"
        modules = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in cls.MODULES]
        settings.write_text("\n".join(modules + [
            f"ServerRoot {directory}", f"ServerName {PROXY}", f"Listen {SERVER_V4}:{cls.PORT}",
            f"PidFile {directory}/apache.pid", f"ErrorLog {directory}/apache.log", f"Mutex file:{directory}",
            "User sshd", "Group sshd", "ProxyRequests On", "AllowCONNECT 22", "<Proxy *>", "AuthType Digest",
            "AuthName test", "AuthDigestProvider file", f"AuthUserFile {logins}", "Require valid-user", "</Proxy>",
            ""]))
        cls.run_server("apache2", "-X", "-f", settings)
        await_port(cls.network.server, cls.PORT)

    def test_a_password(self):
        for when in ("at-once", "on-challenge"):
            self.assert_login(self.through("--proxy-auth", when, "--proxy", f"http://{LOGIN}@{PROXY}:{self.PORT}"),
                              SERVER_V4)

    def test_a_wrong_password(self):
        self.assert_refused(self.through("--proxy", f"http://alice:wrong@{PROXY}:{self.PORT}"),
                            "refuses these credentials")

    def test_another_port(self):
        login = self.through("--proxy", f"http://{LOGIN}@{PROXY}:{self.PORT}", "--proxy", f"http://{PROXY}:443")
        self.assert_refused(login, "403 Forbidden")


class Chains(ProxyTest):
    def test_three(self):
        logins = self.logins(f"http://{LOGIN}@{PROXY}:{HTTP_WITH_LOGIN}",
                             f"socks5://{LOGIN}@{PROXY}:{SOCKS_WITH_LOGIN}")
        login = self.through("--proxy", f"http://{PROXY}:{HTTP_WITH_LOGIN}", "--proxy", f"socks5h://{PROXY}:{SOCKS}",
                             "--proxy", f"socks5://{PROXY}:{SOCKS_WITH_LOGIN}", *logins)
        self.assert_login(login, SERVER_V6)
        finished = login.trace.named("handshake_finished")
        self.assertEqual([event["outcome"] for event in finished], ["success", "success", "success"])

    def test_the_second_is_not_there(self):
        login = self.through("--proxy", f"socks5h://{PROXY}:{SOCKS}", "--proxy", f"http://{PROXY}:9")
        self.assert_refused(login, f"socks5h://{PROXY}:{SOCKS}: for http://{PROXY}:9: connection refused")

    def test_much_data(self):
        """4 MiB to the server and back through three proxies."""
        self.client.configure("--proxy", f"http://{PROXY}:{HTTP}", "--proxy", f"socks5h://{PROXY}:{SOCKS}",
                              "--proxy", f"http://{PROXY}:{HTTP}")
        data = bytes(range(256)) * (4 << 12)
        done = self.client.run("ssh", "-F", self.client.config, HOST, "cat", stdin=None, input=data, text=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(done.stdout == data)


class Servers(ProxyTest):
    """Other servers than sshd on TCP."""

    def test_sshd_on_a_unix_socket(self):
        path = self.network.directory / "ssh.socket"
        sshd = shutil.which("sshd", path=SEARCH_PATH)
        self.run_server("socat", f"UNIX-LISTEN:{path},fork",
                        f"EXEC:{sshd} -i -f {self.server.directory / 'sshd_config'}")
        self.await_listener(str(path), "--unix")
        for host in (f"unix{path}", f"unix%{path}"):
            command = f"ProxyCommand={in_shell(gladhand())} -- %n %p"
            done = self.client.run("ssh", "-F", self.client.config, "-o", command, "-o", "ProxyUseFdpass=yes", host,
                                   "echo hello")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "hello\n", ""))

    def await_listener(self, text, kind):
        listing = f"ss --no-header --listening --numeric {kind}"
        self.assert_soon(lambda: text in self.network.server.do(listing), "a listener")

    def relay(self, port):
        """gladhand between two pipes: a proxy hands no half-closed connection on, so both stay open."""
        return self.speaker(self.network.client, gladhand(), "--proxy", f"http://{SERVER_V4}:{HTTP}",
                            "--proxy", f"socks5h://{SERVER_V4}:{SOCKS}", HOST, port)

    def speaker(self, namespace, *argv):
        process = namespace.start(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        for end in (process.wait, process.kill, process.stdout.close, process.stdin.close):
            self.addCleanup(end)
        return process

    def assert_hears(self, listener, speaker, words):
        speaker.stdin.write(words)
        self.assertEqual(listener.stdout.readline(), words)

    def test_socat(self):
        self.run_server("socat", "TCP-LISTEN:7000,fork,reuseaddr", "EXEC:cat")
        await_port(self.network.server, 7000)
        relay = self.relay(7000)
        self.assert_hears(relay, relay, "there and back\n")
        relay.stdin.close()
        self.assertEqual(relay.wait(timeout=5), 0)

    def test_nc(self):
        """It speaks first."""
        nc = self.speaker(self.network.server, "nc", "-l", SERVER_V4, "7001")
        self.await_listener(":7001", "--tcp")
        relay = self.relay(7001)
        self.assert_hears(relay, nc, "hello from nc\n")
        self.assert_hears(nc, relay, "hello to nc\n")


if __name__ == "__main__":
    net_case.main()
