#!/usr/bin/env python3
"""A day of gladhand-bench --serve, in minutes: 200 loopback hosts, a tenth of them dead, are dialled as often as
in 24 hours with a minute between two dials, and scraped once a minute. Its memory and descriptors must stay as
they are after the first hour. A minute is over when each host was dialled, however long that takes here.

    serve_day.py GLADHAND_BENCH [MINUTES_OF_THE_DAY]
"""

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

HOSTS, MINUTE = 200, 0.1  # seconds that a simulated minute takes where the machine keeps up
PATIENCE = 60.0  # seconds for one on a machine that does not
COUNT = re.compile(r"^gladhand_bench_dial_seconds_count\{.*\} (\d+)$", re.MULTILINE)


def serve(server):
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        connection.close()


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def scrape(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def dials(text):
    return sum(map(int, COUNT.findall(text)))


def scrape_after(port, count):
    """The metrics once so many dials are counted."""
    late = time.monotonic() + PATIENCE
    while dials(text := scrape(port)) < count:
        if time.monotonic() > late:
            raise TimeoutError(f"{dials(text)} dials instead of {count}")
        time.sleep(MINUTE / 4)
    return text


def main():
    bench = sys.argv[1]
    minutes = int(sys.argv[2]) if len(sys.argv) > 2 else 24 * 60
    server = socket.create_server(("0.0.0.0", 0), backlog=4096)
    dead = socket.create_server(("127.0.0.1", 0))
    closed = dead.getsockname()[1]
    dead.close()
    for _ in range(2):
        threading.Thread(target=serve, args=(server,), daemon=True).start()
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as hosts:
        for i in range(HOSTS):
            port = closed if i % 10 == 0 else server.getsockname()[1]
            hosts.write(f"127.1.{i // 250}.{i % 250 + 1}:{port} site={'ams' if i % 2 else 'fra'}\n")
        hosts.flush()
        with subprocess.Popen([bench, "--serve", "127.0.0.1:0", "--hosts", hosts.name, "--flood", "-c", "64", "--every",
                               f"{int(MINUTE * 1000)}ms", "--reset"], stderr=subprocess.PIPE, text=True) as process:
            port = int(re.search(r":(\d+)/metrics", process.stderr.readline())[1])
            begin = time.monotonic()
            seen = []
            try:
                for minute in range(1, minutes + 1):
                    time.sleep(max(0.0, begin + minute * MINUTE - time.monotonic()))
                    text = scrape_after(port, minute * HOSTS)
                    seen.append((status_of(process.pid, "VmRSS"), len(os.listdir(f"/proc/{process.pid}/fd")), len(text)))
            finally:
                process.terminate()
            ended = process.wait(60)
            took = time.monotonic() - begin
    hour = seen[:max(1, len(seen) // 24)]
    first, last = (max(it[0] for it in part) for part in (hour, seen[-len(hour):]))
    print(f"{dials(text)} dials, {len(seen)} scrapes of {seen[-1][2]} bytes in {took:.0f} s; memory after the first hour {first} KiB, "
          f"in the last {last} KiB, at most {max(it[0] for it in seen)} KiB; descriptors {hour[-1][1]} and {seen[-1][1]}; "
          f"exit status {ended}")
    flat = last <= first * 1.05 + 512
    sys.exit(0 if flat and ended == 0 and seen[-1][1] <= hour[-1][1] + 2 else 1)


if __name__ == "__main__":
    main()
