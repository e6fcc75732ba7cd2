#!/usr/bin/env python3
"""Shows gladhand's main job with nothing set up: 'demo.example' has a dead IPv6 and a live IPv4
address, both on loopback. The race is drawn, then run again as ssh runs it. In a container without
IPv6 the dead address is an IPv4 one too.

    show.py GLADHAND
"""

import socket
import subprocess
import sys

from support.receiver import BlackHole, Listener, run


def dead_address():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return "::1"
    except OSError:
        return "127.0.0.2"


def main():
    gladhand = sys.argv[1]
    dead = dead_address()
    with Listener("127.0.0.1", banner=b"SSH-2.0-demo\r\n") as alive:
        # A listener with a full queue answers nobody.
        with BlackHole(dead, alive.port):
            dial = ["--resolve", f"demo.example:{dead},127.0.0.1", "--", "demo.example", str(alive.port)]
            print(f"$ gladhand --explain {' '.join(dial)}", flush=True)
            status = subprocess.run([gladhand, "--explain", *dial], check=False).returncode
            result = run([gladhand, *dial])
            if status != 0 or len(result.descriptors) != 1:
                sys.exit(f"gladhand failed: {result.stderr!r}")
            with result.socket() as passed:
                peer = passed.getpeername()
                banner = passed.recv(100)
                no_delay = passed.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    print("\nRun as ssh runs it, it passed one byte and one descriptor, and was gone:")
    print(f"  connected to {peer[0]} port {peer[1]}, TCP_NODELAY {'on' if no_delay else 'off'}, "
          f"the server says {banner.decode().strip()!r}")


if __name__ == "__main__":
    main()
