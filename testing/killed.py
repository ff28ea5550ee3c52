"""Runs the program and kills its process group just before the Nth change of the file system.

    python -m testing.killed N ARGUMENT...

It counts changes instead of using a clock: with one process, the same N is the same moment every time. With several,
each process counts its own changes, and the first to reach N kills all of them. With N = 0 nothing is killed, and
standard output gets two numbers: the number of changes, and that of the first change in the site outside of staging.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from dumb_pypi.main import main
from testing.states import OWN

CHANGES = ('os.rename', 'os.remove', 'os.rmdir', 'os.mkdir')


class Killer:
    """An audit hook. Python calls it before each of these operations, whatever function the program uses."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.changes = 0
        self.first = 0  # the number of the first change that is visible in the site
        self.written: Any = None  # the last file that was opened to be overwritten

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        is_open = event == 'open' and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if is_open or event in CHANGES:
            self.changes += 1
            if not self.first and event == 'os.rename' and not os.path.basename(args[1]).startswith(OWN):
                self.first = self.changes
            if self.changes == self.last:
                if self.written is not None and os.path.exists(self.written):
                    # Leave this file half written, like a kill in the middle of a write.
                    os.truncate(self.written, os.path.getsize(self.written) // 2)
                os.killpg(0, signal.SIGKILL)
        if is_open and args[2] & os.O_TRUNC:
            self.written = args[0]


if __name__ == '__main__':
    killer = Killer(int(sys.argv[1]))
    sys.addaudithook(killer)
    status = main(sys.argv[2:])
    print(killer.changes, killer.first)
    raise SystemExit(status)
