"""NO_PROXY beside curl and Python's requests: the same lists, asked about the same hosts. Where they differ from
each other, the row says what each makes of it, and gladhand's is the column that counts.
"""

import shutil
import subprocess
import unittest

import common
from common import ENVIRONMENT, resolve, run
from proxy_case import ProxyTest, eventually
from support.scripted import closes

try:
    from requests.utils import should_bypass_proxies
except ImportError:
    should_bypass_proxies = None

ANY = "one version says so, another not"
# NO_PROXY, the host, whether it is listed: for gladhand; and for curl and requests where they differ.
ROWS = [
    ("*", "db.example", True),
    ("db.example", "db.example", True),
    ("db.example", "DB.EXAMPLE", True),
    ("DB.EXAMPLE", "db.example", True),
    ("example", "db.example", True),
    (".example", "db.example", True),
    (".db.example", "db.example", True),
    ("*.example", "db.example", True, False, False),
    ("*.example", "a.db.example", True, False, False),
    ("*.example", "dbxexample", False),
    ("xample", "db.example", False),
    ("b.example", "db.example", False),
    ("other.example", "db.example", False),
    ("other.example,db.example", "db.example", True),
    ("other.example, db.example", "db.example", True),
    ("other.example db.example", "db.example", True, None, False),
    ("db.example.", "db.example", True, None, False),
    ("localhost", "localhost", True),
    ("localhost", "127.0.0.1", False),
    ("127.0.0.1", "127.0.0.1", True),
    ("127.0.0.1", "127.0.0.2", False),
    ("127.0.0.0/8", "127.1.2.3", True),
    ("127.0.0.0/31", "127.0.0.2", False),
    ("127.0.0.0/33", "127.0.0.1", False),
    ("10.0.0.0/8,127.0.0.0/24", "127.0.0.9", True),
    ("0.0.0.0/0", "127.0.0.1", True, False, False),
    ("::1", "[::1]", True, None, None),
    ("[::1]", "[::1]", True, ANY, False),
    ("::/64", "[::1]", True, ANY, False),
    ("::2", "[::1]", False),
    ("db.example:PORT", "db.example", True, False, True),
    ("127.0.0.1:PORT", "127.0.0.1", True, False, False),
    ("db.example:1", "db.example", False),
    ("[::1]:PORT", "[::1]", True, False, False),
]


class SideBySide(ProxyTest):
    """The host itself listens on every address of loopback; the proxy says no."""

    def setUp(self):
        self.proxy = self.serve(closes)
        self.v4 = self.serve(answers_anybody, address="0.0.0.0")
        self.v6 = self.serve(answers_anybody, address="::1", port=self.v4.port)

    def asked(self, ask, *arguments):
        """Whether the proxy was left out."""
        before, counts = self.counts(), []
        ask(*arguments)

        def one_more():
            counts[:] = self.counts()
            return sum(counts) == sum(before) + 1
        self.assertTrue(eventually(one_more), "one of them is asked")
        return counts[1] > before[1]

    def counts(self):
        return [len(self.proxy.peers), len(self.v4.peers) + len(self.v6.peers)]

    def environment(self, listed):
        return {**ENVIRONMENT, "http_proxy": self.proxy.url("http"), "no_proxy": listed}

    def gladhand(self, listed, host):
        name = host.strip("[]")
        known = () if name[0].isdigit() or ":" in name or name == "localhost" else resolve(name, "127.0.0.1")
        family = ("-4",) if name == "localhost" else ()
        run(*family, *known, "--proxy", "env", host, str(self.v4.port), env=self.environment(listed)).close()

    def curl(self, listed, host):
        subprocess.run(["curl", "-s", "-q", "-m", "5", "--resolve", f"db.example:{self.v4.port}:127.0.0.1",
                        "--resolve", f"localhost:{self.v4.port}:127.0.0.1", "--resolve",
                        f"a.db.example:{self.v4.port}:127.0.0.1", "--resolve", f"dbxexample:{self.v4.port}:127.0.0.1",
                        f"http://{host}:{self.v4.port}/"], check=False, timeout=10,
                       env=self.environment(listed), stdout=subprocess.DEVNULL)

    def compare(self, ask, column):
        for row in ROWS:
            listed, host, expected = row[0].replace("PORT", str(self.v4.port)), row[1], row[2]
            if len(row) > column and row[column] is not None:
                expected = row[column]
            if expected is ANY:
                continue
            with self.subTest(row):
                self.assertEqual(ask(listed, host), expected)

    def test_gladhand(self):
        self.compare(lambda *row: self.asked(self.gladhand, *row), 2)

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_curl(self):
        self.compare(lambda *row: self.asked(self.curl, *row), 3)

    @unittest.skipUnless(should_bypass_proxies, "needs Python's requests")
    def test_requests(self):
        def ask(listed, host):
            return bool(should_bypass_proxies(f"http://{host}:{self.v4.port}/", no_proxy=listed))
        self.compare(ask, 4)


def answers_anybody(peer):
    peer.say(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    peer.hang_up()


if __name__ == "__main__":
    common.main()
