"""A virtual machine that runs commands: qemu without hardware acceleration, so that every machine can.

The kernel writes to the first serial line, which goes to a file; commands and their answers go over the
second. Time in there is counted in instructions (-icount) and jumps to the next timer when nothing is to
be done (sleep=off): waiting costs nothing, and how busy the real machine is changes no duration.
"""

import os
import select
import subprocess
import time
from typing import NamedTuple

PATIENCE = 120  # seconds for the whole life of a machine
COMMAND_LINE = "console=ttyS0 quiet oops=panic panic=-1 reboot=t"


class MachineError(Exception):
    """The machine panicked, ended, or did not answer in time."""


class Done(NamedTuple):
    status: int
    output: str
    errors: str


class Machine:
    """Running from the start to close(). Use it in a with statement."""

    def __init__(self, kernel, initramfs, console):
        """console: a file for what the kernel says."""
        self._end = time.monotonic() + PATIENCE
        self._received = b""
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
             "-M", "microvm,acpi=off", "-m", "512", "-nodefaults",
             "-display", "none", "-no-reboot", "-accel", "tcg", "-icount", "shift=0,sleep=off",
             "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
             "-chardev", "stdio,id=commands", "-device", "isa-serial,chardev=commands,index=1",
             "-kernel", kernel, "-initrd", initramfs, "-append", COMMAND_LINE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        try:
            answer = self._line()
            if answer != "ready":
                raise MachineError(f"'{answer}' instead of 'ready'")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def run(self, command):
        """Runs one line of shell."""
        assert "\n" not in command, command
        try:
            self._process.stdin.write(command.encode() + b"\n")
        except BrokenPipeError:
            raise MachineError("the machine has ended") from None
        status, *sizes = map(int, self._line().split())
        output, errors = (self._take(size).decode("utf-8", "backslashreplace") for size in sizes)
        return Done(status, output, errors)

    def do(self, command):
        """A set-up command that must succeed."""
        done = self.run(command)
        if done.status != 0:
            raise MachineError(f"{command}: {done.errors.strip() or done.status}")

    def _line(self):
        while b"\n" not in self._received:
            self._read()
        line, _, self._received = self._received.partition(b"\n")
        return line.decode("ascii", "backslashreplace")

    def _take(self, size):
        while len(self._received) < size:
            self._read()
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _read(self):
        output = self._process.stdout
        if not select.select([output], [], [], max(0, self._end - time.monotonic()))[0]:
            raise MachineError(f"the machine is not done in {PATIENCE} s")
        data = os.read(output.fileno(), 65536)
        if not data:
            raise MachineError("the machine has ended")
        self._received += data
