"""What the tests of gladhand-bench share: how it is run, and servers that are slow or unfriendly."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from common import ENVIRONMENT, CommandTest
from support import dns

BENCH = os.environ.get("GLADHAND_BENCH", "build/gladhand-bench")
WELL, NOT_WELL, USAGE, SYSTEM_FAILURE = 0, 1, 64, 71
METRIC = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")


def words(*arguments):
    return [BENCH, *map(str, arguments)]


def run(*arguments, timeout=30, **how):
    how.setdefault("env", ENVIRONMENT)
    return subprocess.run(words(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          timeout=timeout, **how)


class Server:
    """Accepts on one address, waits, sends a text and closes; or keeps open when there is none to send."""

    def __init__(self, text=b"SSH-2.0-test\r\n", delay=0.0, address="127.0.0.1", port=0, keep=False, limit=None):
        """limit: only that many connections get the text, later ones "Not allowed at this time"."""
        self.text, self.delay, self.keep, self.limit = text, delay, keep, limit
        self.times, self.clients, self.endings, self._open = [], [], [], []
        self._took = []  # seconds from a connection to the end of the answer
        self._changed = threading.Condition()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family, backlog=512)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        for connection in self._open:
            connection.close()

    def wait_for(self, count, timeout=10.0):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.times) >= count, timeout):
                raise AssertionError(f"{len(self.times)} connections instead of {count}")

    def lateness(self):
        """What the least late of its answers was late by, in whole microseconds."""
        return max(0, int((min(self._took) - self.delay) * 1e6))

    def _serve(self):
        while True:
            try:
                connection, client = self._socket.accept()
            except OSError:
                return
            began = time.monotonic()
            with self._changed:
                self.times.append(began)
                self.clients.append(client[0])
                turned_away = self.limit is not None and len(self.times) > self.limit
                self._changed.notify_all()
            if self.delay or self.keep:
                threading.Thread(target=self._answer, args=(connection, turned_away, began), daemon=True).start()
            else:
                self._answer(connection, turned_away, began)

    def _answer(self, connection, turned_away, began):
        time.sleep(self.delay)
        text = b"Not allowed at this time\r\n" if turned_away else self.text
        if text:  # an empty send(2) would take the news of a reset away
            with contextlib.suppress(OSError):
                connection.sendall(text)
        self._took.append(time.monotonic() - began)
        if self.keep:
            self._open.append(connection)
            return
        connection.settimeout(0.5)
        try:
            self.endings.append("end" if not connection.recv(1) else "data")
        except ConnectionResetError:
            self.endings.append("reset")
        except OSError:
            self.endings.append("open")
        connection.close()


class SocksServer(Server):
    """Grants every request of SOCKS5 when it has waited, and closes."""

    def _answer(self, connection, turned_away, began):
        with connection, contextlib.suppress(OSError):
            connection.recv(3)
            time.sleep(self.delay)
            connection.sendall(b"\5\0")
            connection.recv(300)
            connection.sendall(b"\5\0\0\1\0\0\0\0\0\0")
            self._took.append(time.monotonic() - began)
            connection.recv(1)


class Exporter:
    """gladhand-bench --serve on a free port, until it is ended."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(words("--serve", "127.0.0.1:0", *arguments), stderr=subprocess.PIPE,
                                        stdout=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT)
        line = self.process.stderr.readline()
        self.port = int(re.fullmatch(r"gladhand-bench: serves http://127\.0\.0\.1:(\d+)/metrics\n", line)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=40)

    def get(self, path, method="GET", **fields):
        """(status, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, headers=fields.get("headers", {}))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def probe(self, target, module="tcp_connect", **how):
        return self.get("/probe?" + urllib.parse.urlencode({"target": target, "module": module}), **how)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


def samples(text):
    """{(name, labels): value}"""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = METRIC.match(line).groups()
            found[name, labels or ""] = float(value)
    return found


class BenchTest(CommandTest):
    def serve(self, *arguments, **fields):
        return self.enter(Server(*arguments, **fields))

    def measure(self, *arguments, status=WELL, timeout=30):
        """The JSON report; its table is not printed."""
        result = run("--json", "-", *arguments, timeout=timeout)
        self.assertEqual(result.returncode, status, result)
        return json.loads(result.stdout)

    def samples(self, *arguments, **how):
        """The samples of the first mode of the first host."""
        return self.measure(*arguments, **how)["hosts"][0]["modes"][0]["samples"]

    def name_server(self, **replies):
        """--dns-server of a server, self.names, that knows db.example; AAAA=..., A=...."""
        script = {("db.example", kind): reply for kind, reply in replies.items()}
        self.names = self.enter(dns.Server(("127.0.0.1", 0), script=script))
        return ("--dns-server", self.names.endpoint)

    def assert_usage_error(self, result, *texts):
        self.assertEqual((result.returncode, result.stdout), (USAGE, ""), result)
        lines = result.stderr.splitlines()
        self.assertIn(len(lines), (1, 2), result)
        self.assertRegex(lines[0], r"^gladhand-bench: \S.*[^.\s]$")
        for text in texts:
            self.assertIn(text, lines[0])
