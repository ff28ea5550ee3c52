"""Runs the program, and kills it just before it changes the file system for the Nth time, with its process group.

    python -m testing.killed N ARGUMENT...

A count instead of a clock: the same N is the same moment every time, as long as there is one process; with more, each
counts for itself, and the first at its Nth change is the end of all. With N = 0 nobody is killed, and two numbers go to
standard output: how many changes there were, and the first with which the site itself, and not what is staged, differs.
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
    """An audit hook: Python calls it before each of these operations, whichever way the program spells it."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.changes = 0
        self.first = 0  # that the site shows
        self.written: Any = None  # the file that was opened last, to be written anew

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        is_open = event == 'open' and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if is_open or event in CHANGES:
            self.changes += 1
            if not self.first and event == 'os.rename' and not os.path.basename(args[1]).startswith(OWN):
                self.first = self.changes
            if self.changes == self.last:
                if self.written is not None and os.path.exists(self.written):
                    # What a kill in the middle of writing it would have left.
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
