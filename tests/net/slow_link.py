"""A second link between client and server whose packets arrive late: two TUN devices and a thread.

It stands in for netem, which not every kernel has. Each direction has half of the round-trip time.
"""

import fcntl
import heapq
import itertools
import os
import select
import struct
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DEVICE = "slow0"
SLOW_CLIENT_V4, SLOW_SERVER_V4 = "198.51.100.2", "198.51.100.1"
SLOW_CLIENT_V6, SLOW_SERVER_V6 = "2001:db8:1::2", "2001:db8:1::1"


def open_tun(namespace):
    with namespace.inside():
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


class SlowLink:
    """Use in a with statement; the SLOW_ addresses are then reachable with that round-trip time.

    loses(packet, from_client) is asked about every IP packet; what it is true for does not arrive.
    """

    def __init__(self, network, round_trip, loses=lambda packet, from_client: False):
        self._network = network
        self._delay = round_trip / 2
        self._loses = loses
        self._waiting, self._order = [], itertools.count()

    def __enter__(self):
        self._client = open_tun(self._network.client)
        self._server = open_tun(self._network.server)
        self._wake_reader, self._wake_writer = os.pipe()
        self._network.up(self._network.client, DEVICE, SLOW_CLIENT_V4 + "/24", SLOW_CLIENT_V6 + "/64")
        self._network.up(self._network.server, DEVICE, SLOW_SERVER_V4 + "/24", SLOW_SERVER_V6 + "/64")
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._wake_writer, b"x")
        self._thread.join()
        for descriptor in (self._client, self._server, self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _relay(self):
        other = {self._client: self._server, self._server: self._client}
        while True:
            pause = max(0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            readable, _, _ = select.select([*other, self._wake_reader], [], [], pause)
            if self._wake_reader in readable:
                return
            for descriptor in readable:
                due = time.monotonic() + self._delay
                packet = os.read(descriptor, 65535)
                if self._loses(packet, descriptor == self._client):
                    continue
                heapq.heappush(self._waiting, (due, next(self._order), other[descriptor], packet))
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, descriptor, packet = heapq.heappop(self._waiting)
                os.write(descriptor, packet)
