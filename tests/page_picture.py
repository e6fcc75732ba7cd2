#!/usr/bin/env python3
"""Makes man/report.png: a real run in two network namespaces whose link has a round trip of 24 ms, as
a page, photographed by Chromium. Needs root and Chromium.

    page_picture.py GLADHAND_BENCH PNG [PAGE]
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "net"))

from slow_link import SLOW_SERVER_V4, SLOW_SERVER_V6, SlowLink  # noqa: E402
from support import dns, network  # noqa: E402
from support.browser import Chromium  # noqa: E402

ROUND_TRIP = 0.024
PORT = 2222
WIDTH = 900
# An IPv6 network that now and then loses the first packet of a connection.
LOSS = f"meta nfproto ipv6 tcp dport {PORT} tcp flags syn numgen random mod 6 == 0"
SERVER = """
import socket, sys
server = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    connection.sendall(b"SSH-2.0-demo\\r\\n")
    connection.close()
"""


def measure(net, bench, page):
    script = {("db.example", "AAAA"): dns.answer(SLOW_SERVER_V6, delay=0.006),
              ("db.example", "A"): dns.answer(SLOW_SERVER_V4, delay=0.003)}
    with net.client.inside():
        names = dns.Server(("127.0.0.1", 53), script=script)
    with names:
        return net.client.run(bench, "--flood", "-n", "40", "--until", "banner",
                              "--compare", "race,v4,v6", "--dns-server", "127.0.0.1", "--report", page,
                              f"db.example:{PORT}", check=True, timeout=300)


def main():
    bench, picture = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder, network.Network() as net, SlowLink(net, ROUND_TRIP):
        page = sys.argv[3] if len(sys.argv) > 3 else f"{folder}/page.html"
        net.black_hole(LOSS)
        server = net.server.start(sys.executable, "-c", SERVER, str(PORT),
                                  stdout=subprocess.PIPE, text=True)
        try:
            server.stdout.readline()
            measure(net, str(pathlib.Path(bench).resolve()), str(pathlib.Path(page).resolve()))
        finally:
            server.kill()
            server.communicate()
        with Chromium() as browser:
            browser.open(page, width=WIDTH)
            end = browser.run("document.querySelector('.strips').getBoundingClientRect().bottom + 16")
            browser.picture(picture, height=end)


if __name__ == "__main__":
    main()
