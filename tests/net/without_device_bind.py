"""Runs a command for which SO_BINDTODEVICE is not permitted, as on Linux before 5.7 without privileges.

    without_device_bind.py COMMAND [ARGUMENT...]
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

SETSOCKOPT = {"x86_64": 54, "aarch64": 208, "riscv64": 208}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
NUMBER, SECOND_ARGUMENT, THIRD_ARGUMENT = 0, 24, 32  # in struct seccomp_data, little-endian


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def instructions():
    """Three comparisons; the first that fails jumps to the last line."""
    wanted = ((NUMBER, SETSOCKOPT[platform.machine()]), (SECOND_ARGUMENT, socket.SOL_SOCKET),
              (THIRD_ARGUMENT, socket.SO_BINDTODEVICE))
    for left, (place, value) in zip((2, 1, 0), wanted):
        yield struct.pack("HBBI", LOAD, 0, 0, place)
        yield struct.pack("HBBI", JUMP_IF_EQUAL, 0, 2 * left + 1, value)
    yield struct.pack("HBBI", RETURN, 0, 0, REFUSE)
    yield struct.pack("HBBI", RETURN, 0, 0, ALLOW)


def main():
    lines = list(instructions())
    program = Program(len(lines), b"".join(lines))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        sys.exit("no seccomp filter: " + os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
