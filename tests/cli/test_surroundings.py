"""What a process may be born into: no /proc, no HOME, files that may not grow, a parent that ignores its children."""

import os
import resource
import signal
import unittest

import common
import sandbox
from common import ENVIRONMENT, SANITIZED, CommandTest, resolve, run


def setUpModule():
    sandbox.enter()


class Surroundings(CommandTest):
    def setUp(self):
        self.listener = self.listen()

    def dial(self, *arguments, **how):
        return self.assert_handed_over(run(*arguments, "127.0.0.1", self.listener.port, **how), self.listener)

    @unittest.skipIf(SANITIZED, "a sanitizer warns that it finds itself nowhere")
    def test_no_proc(self):
        with sandbox.empty_directory("/proc"):
            self.dial()
            self.dial("--before", "true")
            result = run(*resolve("db.example", "127.0.0.1"), "db.example", self.listener.port)
            self.assert_handed_over(result, self.listener)

    def test_no_home(self):
        self.dial(env={"PATH": ENVIRONMENT["PATH"]})
        self.dial(env={})

    def test_files_that_may_not_grow(self):
        """Their limit is an error of the log, not the end of the dial."""
        log, trace = self.temporary_path("log"), self.temporary_path("trace")
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        self.dial("--log", log, "--trace", trace)
        self.assertEqual(os.path.getsize(log), 100)

    def test_a_parent_that_ignores_its_children(self):
        self.addCleanup(signal.signal, signal.SIGCHLD, signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        mark = self.temporary_path("mark")
        with common.start("--before", f"touch {mark}", "127.0.0.1", self.listener.port) as session:
            self.assertTrue(session.receive())
            self.assertEqual(len(session.descriptors), 1)
        self.assertTrue(os.path.exists(mark))


if __name__ == "__main__":
    common.main()
