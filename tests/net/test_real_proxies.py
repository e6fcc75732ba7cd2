"""Real proxies in front of a real sshd: microsocks and dante (SOCKS), tinyproxy, privoxy, squid and ncat (CONNECT),
alone and in a chain, and Apache, which wants a Digest; socat, haproxy and stunnel, which speak TLS for one; socat
and nc as servers. The proxies run in the server's network and reach sshd from there.
"""

import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
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


class Others(ProxyTest):
    """One password each, right, wrong and none, with what else Debian has."""

    def run_proxy(self, program, *argv, port):
        if not shutil.which(program, path=SEARCH_PATH):
            self.skipTest(f"needs {program}")
        process = self.network.server.start(program, *argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        await_port(self.network.server, port, 20)

    def folder(self):
        """One that every user may look into; what goes into it needs openssl."""
        if not shutil.which("openssl"):
            self.skipTest("needs openssl")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        os.chmod(directory.name, 0o777)
        return directory.name

    def assert_wants_the_password(self, scheme, port):
        url = f"{PROXY}:{port}"
        for when in ("at-once", "on-challenge"):
            self.assert_login(self.through("--proxy-auth", when, "--proxy", f"{scheme}://{LOGIN}@{url}"), SERVER_V4)
        self.assert_refused(self.through("--proxy", f"{scheme}://alice:wrong@{url}"), "refuses these credentials")
        self.assert_refused(self.through("--proxy", f"{scheme}://{url}"), "it wants a user and a password")

    def test_squid(self):
        if not os.path.exists("/usr/lib/squid/basic_ncsa_auth"):
            self.skipTest("needs squid's basic_ncsa_auth")
        folder, (user, password) = self.folder(), LOGIN.split(":")
        hashed = subprocess.run(["openssl", "passwd", "-apr1", password], check=True, capture_output=True, text=True)
        with open(f"{folder}/logins", "w", encoding="ascii") as file:
            file.write(f"{user}:{hashed.stdout}")
        with open(f"{folder}/squid.conf", "w", encoding="ascii") as file:
            file.write(f"http_port {SERVER_V4}:3130\npid_filename {folder}/pid\ncache_log {folder}/log\n"
                       f"access_log none\nshutdown_lifetime 0 seconds\ncoredump_dir {folder}\npinger_enable off\n"
                       f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/logins\n"
                       f"visible_hostname {PROXY}\ncache_effective_user sshd\ndns_nameservers 127.0.0.1\n"
                       "acl known proxy_auth REQUIRED\nacl ssh port 22\nhttp_access allow known ssh\n"
                       "http_access deny all\n")
        self.run_proxy("squid", "-N", "-f", f"{folder}/squid.conf", port=3130)
        self.assert_wants_the_password("http", 3130)
        login = self.through("--proxy", f"http://{LOGIN}@{PROXY}:3130", "--proxy", f"http://{PROXY}:{HTTP}")
        self.assert_refused(login, "403 Forbidden")

    def test_ncat(self):
        self.run_proxy("ncat", "-l", "-k", SERVER_V4, "3131", "--proxy-type", "http", "--proxy-auth", LOGIN, port=3131)
        self.assert_wants_the_password("http", 3131)

    def test_dante(self):
        folder = self.folder()
        with open(f"{folder}/danted.conf", "w", encoding="ascii") as file:
            file.write(f"internal: {SERVER_V4} port = 1083\nexternal: {SERVER_V4}\nsocksmethod: none\n"
                       "clientmethod: none\nuser.unprivileged: nobody\n"
                       "client pass { from: 0/0 to: 0/0 }\n"
                       "socks pass { from: 0/0 to: 0/0 port = 22 }\nsocks block { from: 0/0 to: 0/0 }\n")
        self.run_proxy("danted", "-f", f"{folder}/danted.conf", "-p", f"{folder}/pid", port=1083)
        for scheme in ("socks5h", "socks5", "socks4"):
            self.assert_login(self.through("-4", "--proxy", f"{scheme}://{PROXY}:1083"), SERVER_V4)
        login = self.through("--proxy", f"socks5h://{PROXY}:1083", "--proxy", f"http://{PROXY}:9")
        self.assert_refused(login, "not allowed")

    def certificate(self, folder):
        """A key and a certificate for the proxy in one file, and --proxy-ca for it."""
        path = f"{folder}/proxy.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key", "-out",
                        f"{folder}/certificate", "-days", "2", "-subj", f"/CN={PROXY}", "-addext",
                        f"subjectAltName=DNS:{PROXY}"], check=True, capture_output=True)
        with open(path, "w", encoding="ascii") as file:
            for part in ("certificate", "key"):
                file.write(pathlib.Path(folder, part).read_text(encoding="ascii"))
        os.chmod(path, 0o644)
        return path, ("--proxy-ca", f"{folder}/certificate")

    def assert_speaks_tls(self, port, *trust):
        """A login, in front of the tinyproxy that wants a password; and much data."""
        if not os.access(os.path.join(os.path.dirname(gladhand()), "gladhand-tls"), os.X_OK):
            self.skipTest("gladhand-tls was not built")
        url = f"https://{LOGIN}@{PROXY}:{port}"
        for when in ("at-once", "on-challenge"):
            self.assert_login(self.through("--proxy-auth", when, *trust, "--proxy", url), SERVER_V4)
        self.assert_refused(self.through(*trust, "--proxy", f"https://{PROXY}:{port}"), "it wants a user and a password")
        self.assert_refused(self.through("--proxy", url), "nobody who is trusted")
        self.assert_refused(self.through(*trust, "--proxy", f"https://alice:wrong@{PROXY}:{port}"), "refuses these")
        self.client.configure(*trust, "--proxy", url)
        data = bytes(range(256)) * (4 << 12)
        done = self.client.run("ssh", "-F", self.client.config, HOST, "cat", stdin=None, input=data, text=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(done.stdout == data)

    def test_tls_by_socat(self):
        path, trust = self.certificate(self.folder())
        self.run_proxy("socat", f"OPENSSL-LISTEN:8443,bind={SERVER_V4},fork,reuseaddr,cert={path},verify=0",
                       f"TCP:{SERVER_V4}:{HTTP_WITH_LOGIN}", port=8443)
        self.assert_speaks_tls(8443, *trust)

    def test_tls_by_haproxy(self):
        folder = self.folder()
        path, trust = self.certificate(folder)
        with open(f"{folder}/haproxy.cfg", "w", encoding="ascii") as file:
            file.write("defaults\n timeout connect 5s\n timeout client 60s\n timeout server 60s\nlisten tls\n"
                       f" mode tcp\n bind {SERVER_V4}:8444 ssl crt {path} alpn h2,http/1.1\n"
                       f" server proxy {SERVER_V4}:{HTTP_WITH_LOGIN}\n")
        self.run_proxy("haproxy", "-db", "-f", f"{folder}/haproxy.cfg", port=8444)
        self.assert_speaks_tls(8444, *trust)

    def test_tls_by_stunnel(self):
        folder = self.folder()
        path, trust = self.certificate(folder)
        with open(f"{folder}/stunnel.conf", "w", encoding="ascii") as file:
            file.write(f"foreground = yes\npid =\n[tls]\naccept = {SERVER_V4}:8445\n"
                       f"connect = {SERVER_V4}:{HTTP_WITH_LOGIN}\ncert = {path}\n")
        self.run_proxy("stunnel4", f"{folder}/stunnel.conf", port=8445)
        self.assert_speaks_tls(8445, *trust)


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
