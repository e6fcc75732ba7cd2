#!/usr/bin/env python3
"""Tests the transports that the machine's own kernel may lack (SCTP, VSOCK, MPTCP) in a small virtual
machine with Debian's cloud kernel. Fetches nothing: tests/packages and tests/vm/kernel do.

    run.py GLADHAND KERNEL FOLDER

GLADHAND is the static program, KERNEL what tests/vm/kernel unpacked, FOLDER is for what is built here.
A case that does not run is a failure.
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "net"))  # race_trace

import initramfs
import test_transports


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    gladhand, kernel, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    if initramfs.libraries(gladhand):
        sys.exit(f"{gladhand} is not static: meson setup -Dstatic=true")
    folder.mkdir(parents=True, exist_ok=True)
    test_transports.KERNEL = next(kernel.glob("boot/vmlinuz-*"))
    test_transports.INITRAMFS = initramfs.build(folder, kernel, gladhand)
    test_transports.CONSOLE = folder / "console"
    if not passes(unittest.defaultTestLoader.loadTestsFromModule(test_transports)):
        print("The machine's console:", test_transports.CONSOLE.read_text(errors="backslashreplace"), sep="\n")
        sys.exit(1)


def passes(cases):
    expected = cases.countTestCases()
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(cases)
    return result.wasSuccessful() and not result.skipped and result.testsRun == expected


if __name__ == "__main__":
    main()
