"""The relay in bulk: 10 GiB, five each way at once, byte for byte, in a few MiB of memory."""

import socket
import threading

import common
from common import ENVIRONMENT, GLADHAND, SANITIZED, CommandTest
from support import pipes

SIZE = 5 << 30
PERIOD = (1 << 20) + 7  # prime to every size of a buffer or pipe: a lost or doubled piece shifts it
PATTERN = memoryview(b"".join(i.to_bytes(4, "big") for i in range((1 << 18) + 2))[:PERIOD] * 2)
MEMORY = 8 << 10  # KiB
SECONDS = 100


class Flow:
    """One direction; faults tells what went wrong."""

    def __init__(self, source, sink, at_end):
        self.faults, self.received = [], 0
        self._threads = [threading.Thread(target=self._send, args=(source, at_end), daemon=True),
                         threading.Thread(target=self._check, args=(sink,), daemon=True)]
        for thread in self._threads:
            thread.start()

    def join(self, seconds):
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                self.faults.append("not over in time")

    def _send(self, end, at_end):
        done = 0
        try:
            while done < SIZE:
                at = done % PERIOD
                done += pipes.write(end, PATTERN[at:at + min(PERIOD, SIZE - done)])
            at_end()
        except OSError as error:
            self.faults.append(f"sending: {error}")

    def _check(self, end):
        try:
            while True:
                piece = pipes.read(end, 1 << 19)
                if not piece:
                    return
                at = self.received % PERIOD
                if piece != PATTERN[at:at + len(piece)]:
                    self.faults.append(f"wrong bytes behind {self.received}")
                    return
                self.received += len(piece)
        except OSError as error:
            self.faults.append(f"receiving: {error}")


class Volume(CommandTest):
    def test_10_gib(self):
        listener = self.listen(banner=b"")
        relay = self.enter(pipes.Piped([GLADHAND, "127.0.0.1", str(listener.port)], env=ENVIRONMENT))
        (peer,) = listener.wait_for(1)
        memory = []

        def end_upload():
            memory.append(relay.memory())
            relay.close_to()
        flows = {"up": Flow(relay.to, peer, end_upload),
                 "down": Flow(peer, relay.back, lambda: peer.shutdown(socket.SHUT_WR))}
        for flow in flows.values():
            flow.join(SECONDS)
        for name, flow in flows.items():
            self.assertEqual((flow.faults, flow.received), ([], SIZE), name)
        self.assertEqual(relay.end(), (0, ""))
        if not SANITIZED:
            self.assertLess(memory[0], MEMORY)


if __name__ == "__main__":
    common.main()
