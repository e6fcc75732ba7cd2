"""gladhand-bench --serve: what it answers, what it refuses. Loopback only."""

import contextlib
import http.client
import os
import resource
import signal
import socket
import time

import common
import sandbox
from bench_case import WELL, BenchTest, Exporter, run, samples
from common import resolve, wait_until
from support import receiver, stalls


def setUpModule():
    sandbox.enter()
    common.let_signals_end()


class Serving(BenchTest):
    def exporter(self, *arguments):
        return self.enter(Exporter(*arguments))

    def test_the_schedule_is_counted_and_a_signal_ends_it_well(self):
        server = self.serve()
        host = f"127.0.0.1:{server.port}"
        exporter = self.exporter("--every", "1s", "--label", "site=ams", host, f"127.0.0.1:{self.refusing().port}")
        server.wait_for(3)
        status, text = exporter.get("/metrics")
        self.assertEqual(status, 200)
        found = samples(text)
        labels = f'host="127.0.0.1",port="{server.port}",mode="race",site="ams"'
        count = found["gladhand_bench_dial_seconds_count", labels + ',outcome="connected"']
        self.assertGreaterEqual(count, 2)
        self.assertEqual(found["gladhand_bench_success", labels], 1)
        self.assertEqual(found["gladhand_bench_wins_total", labels + ',family="IPv4"'], count)
        self.assertEqual(sorted(value for (name, _), value in found.items() if name == "gladhand_bench_success"), [0, 1])
        self.assertFalse([name for name, _ in found if "address" in name])
        self.assertEqual(exporter.get("/healthz"), (200, "ok\n"))
        self.assertEqual(exporter.end(), (WELL, ""))

    def test_a_probe_tells_both_families_and_who_won(self):
        """IPv6 is silent: the race takes the delay, and IPv6 alone has no success."""
        hole = self.black_hole("::1", port=receiver.free_port("::1", "127.0.0.1"))
        self.serve(port=hole.port)
        exporter = self.exporter("--connection-attempt-delay", "100ms", "--timeout", "1s", "--address-label",
                                 *resolve("db.example", "::1", "127.0.0.1"))
        status, text = exporter.probe(f"db.example:{hole.port}")
        self.assertEqual(status, 200)
        found = samples(text)
        self.assertEqual((found["probe_success", ""], found["probe_ip_protocol", ""]), (1, 4))
        self.assertGreaterEqual(found["probe_duration_seconds", ""], 0.1)
        self.assertEqual({labels: value for (name, labels), value in found.items() if name == "gladhand_probe_family_success"},
                         {'family="IPv6"': 0, 'family="IPv4"': 1})
        self.assertEqual(found["gladhand_probe_address_info", 'address="127.0.0.1"'], 1)

    def test_both_families_are_connected_to_once_each(self):
        port = receiver.free_port("::1", "127.0.0.1")
        ipv6, ipv4 = self.serve(address="::1", port=port), self.serve(port=port)
        exporter = self.exporter(*resolve("db.example", "::1", "127.0.0.1"))
        found = samples(exporter.probe(f"db.example:{port}")[1])
        self.assertEqual(found["probe_ip_protocol", ""], 6)
        for server in (ipv6, ipv4):
            server.wait_for(1)
        self.assertEqual((len(ipv6.times), len(ipv4.times)), (1, 1))
        self.assertEqual([value for (name, _), value in found.items() if name == "gladhand_probe_family_success"], [1, 1])

    def test_modules(self):
        exporter = self.exporter("--timeout", "2s")
        ssh, web = self.serve(b"SSH-2.0-x\r\n"), self.serve(b"220 hello\r\n")
        found = samples(exporter.probe(f"127.0.0.1:{ssh.port}", "ssh_banner")[1])
        self.assertEqual((found["probe_success", ""], found["gladhand_probe_banner_info", 'banner="SSH-2.0-x"']), (1, 1))
        found = samples(exporter.probe(f"127.0.0.1:{web.port}", "ssh_banner")[1])
        self.assertEqual((found["probe_success", ""], found["gladhand_probe_outcome", 'outcome="failed"']), (0, 1))
        self.assertEqual(exporter.probe("127.0.0.1:1", "smtp")[0], 400)

    def test_a_probe_ends_before_its_scrape(self):
        hole = self.black_hole()
        exporter = self.exporter()
        with stalls.StallMeter() as meter:
            began = time.monotonic()
            status, text = exporter.probe(f"127.0.0.1:{hole.port}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "1.5"})
            self.assertLess(time.monotonic() - began, 1.5 + meter.since(began))
        self.assertEqual((status, samples(text)["probe_success", ""]), (200, 0))

    def test_no_target_is_probed_often_nor_many_at_once(self):
        server = self.serve()
        exporter = self.exporter("--timeout", "3s")
        self.assertEqual(exporter.probe(f"127.0.0.1:{server.port}")[0], 200)
        self.assertEqual(exporter.probe(f"127.0.0.1:{server.port}")[0], 429)
        holes = [self.black_hole() for _ in range(16)]
        waiting = []
        for hole in holes:
            asked = self.enter(contextlib.closing(socket.create_connection(("127.0.0.1", exporter.port))))
            asked.sendall(f"GET /probe?target=127.0.0.1:{hole.port} HTTP/1.1\r\n\r\n".encode())
            waiting.append(asked)
        wait_until(lambda: all(map(common.is_connecting, (hole.port for hole in holes))), "sixteen dials")
        self.assertEqual(exporter.probe("127.0.0.1:1")[0], 503)
        for asked in waiting:
            self.assertTrue(asked.makefile().readline().startswith("HTTP/1.1 200 "))

    def test_without_a_descriptor_for_who_asks(self):
        """It says so, once, and answers when it has one again."""
        exporter = self.exporter()
        pid = exporter.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1 + max(map(int, os.listdir(f"/proc/{pid}/fd"))), hard))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=20)) as asked:
            asked.request("GET", "/healthz")
            self.assertEqual(exporter.process.stderr.readline(),
                             "gladhand-bench: --serve: cannot answer: too many open files\n")
            time.sleep(0.3)  # it tries again meanwhile
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
            self.assertEqual(asked.getresponse().status, 200)
        self.assertEqual(exporter.end(), (WELL, ""))

    def test_probes_and_the_schedule_keep_their_distance_at_one_server(self):
        """Probes of it by its address and by its name wait for the schedule's dials, and these for them."""
        server = self.serve()
        exporter = self.exporter("--every", "3s", *resolve("db.example", "127.0.0.1"), f"db.example:{server.port}")
        server.wait_for(1)
        wait_until(lambda: samples(exporter.get("/metrics")[1]), "its end, from which on the server is known")
        for target in ("127.0.0.1", "db.example"):
            status, text = exporter.probe(f"{target}:{server.port}", "ssh_banner")
            self.assertEqual((status, samples(text)["probe_success", ""]), (200, 1))
        server.wait_for(4)
        self.assert_apart(server.times)

    def assert_apart(self, times):
        for earlier, later in zip(times, times[1:]):
            self.assertGreater(later - earlier, 1.5, times)

    def test_probes_of_two_names_of_one_server_are_apart(self):
        """Where a name leads is known from its first probe on."""
        server = self.serve()
        names = [word for name in ("a.example", "b.example") for word in resolve(name, "127.0.0.1")]
        exporter = self.exporter(*names)
        for name in ("a.example", "b.example"):
            self.assertEqual(exporter.probe(f"{name}:{server.port}")[0], 200)
        wait_until(lambda: exporter.probe(f"a.example:{server.port}")[0] == 200, "two seconds")
        self.assertEqual(exporter.probe(f"b.example:{server.port}")[0], 200)
        server.wait_for(4)
        self.assert_apart(server.times[1:])

    def test_a_probe_that_could_not_wait_so_long_is_refused(self):
        server = self.serve()
        exporter = self.exporter(f"127.0.0.1:{server.port}")
        server.wait_for(1)
        status, text = exporter.probe(f"127.0.0.1:{server.port}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"})
        self.assertEqual((status, text), (429, "This server was dialled under 2 s ago.\n"))

    def test_what_is_no_target(self):
        exporter = self.exporter()
        for target in ("", "unix/run/x", "vsock/3", "[::1", "host:port:22", "a b"):
            status, text = exporter.probe(target)
            self.assertEqual(status, 400, target)
            self.assertEqual(text.count("\n"), 1)

    def test_what_is_no_request(self):
        exporter = self.exporter()
        self.assertEqual(exporter.get("/nothing")[0], 404)
        self.assertEqual(exporter.get("/metrics", method="POST")[0], 405)
        self.assertEqual(exporter.get("/healthz", method="HEAD"), (200, ""))
        for sent, status in ((b"hello\r\n\r\n", 400), (b"GET /%zz HTTP/1.1\r\n\r\n", 400),
                             (b"GET /" + 9000 * b"x" + b" HTTP/1.1\r\n\r\n", 431)):
            with socket.create_connection(("127.0.0.1", exporter.port)) as client:
                client.sendall(sent)
                self.assertTrue(client.makefile().readline().startswith(f"HTTP/1.1 {status} "), sent[:20])

    def test_those_who_say_nothing_take_no_more_than_their_places(self):
        exporter = self.exporter()
        mute = [socket.create_connection(("127.0.0.1", exporter.port)) for _ in range(64)]
        try:
            with self.assertRaises((ConnectionError, http.client.HTTPException)):
                exporter.get("/healthz")
            mute.pop().close()
            wait_until(lambda: self.is_well(exporter), "a free place")
        finally:
            for client in mute:
                client.close()

    def is_well(self, exporter):
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            return exporter.get("/healthz")[0] == 200
        return False

    def test_the_probe_that_is_under_way_is_answered_at_the_end(self):
        hole = self.black_hole()
        exporter = self.exporter("--timeout", "1s")
        with socket.create_connection(("127.0.0.1", exporter.port)) as client:
            client.sendall(f"GET /probe?target=127.0.0.1:{hole.port} HTTP/1.1\r\n\r\n".encode())
            wait_until(lambda: common.is_connecting(hole.port), "the dial")
            exporter.process.send_signal(signal.SIGTERM)
            self.assertIn("probe_success 0", client.makefile().read())
        self.assertEqual(exporter.process.wait(5), WELL)

    def test_addresses(self):
        self.assert_usage_error(run("--serve", "host:80"), "--serve: 'host:80' is not [IP:]PORT")
        self.assert_usage_error(run("--serve", "192.0.2.1:80"), "cannot listen on 192.0.2.1 port 80")
        self.assert_usage_error(run("--serve", "80", "--json", "x"), "exclude")
        self.assert_usage_error(run("--serve", "80", "--every", "100ms", "127.0.0.1"), "--every is under 1 s")


if __name__ == "__main__":
    common.main()
