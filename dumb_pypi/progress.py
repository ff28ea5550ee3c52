"""Shows the progress of a run on a terminal."""

from __future__ import annotations

import mmap
import struct
import threading
import time

from dumb_pypi import processes
from dumb_pypi.errors import is_terminal, tell

_COUNTS = struct.Struct('=QQ')  # the number of things, and of their bytes
_SECONDS = 0.2  # between two updates


class Progress:
    """A counter for all threads and processes, shown on standard error if that is a terminal."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.counts = mmap.mmap(-1, processes.MOST_JOBS * _COUNTS.size)  # shared with forks; a slot per process
        self.lock = threading.Lock()
        self.started = self.shown = time.monotonic()
        self.is_shown = is_terminal()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_shown and any(self.done()):
            self.show('\n')

    def add(self, count: int, size: int = 0) -> None:
        if self.is_shown:
            place = processes.job * _COUNTS.size
            with self.lock:
                before_count, before_size = _COUNTS.unpack_from(self.counts, place)
                _COUNTS.pack_into(self.counts, place, before_count + count, before_size + size)
                if time.monotonic() > self.shown + _SECONDS:
                    self.show('')
                    self.shown = time.monotonic()

    def done(self) -> tuple[int, int]:
        """Return how many things are done, and how many bytes they have."""
        counts, sizes = zip(*_COUNTS.iter_unpack(self.counts), strict=True)
        return sum(counts), sum(sizes)

    def show(self, end: str) -> None:
        tell('\r' + self.words(*self.done(), max(time.monotonic() - self.started, 0.001)), end)

    def words(self, count: int, size: int, seconds: float) -> str:
        """Return a line that shows what is done."""
        return f'{count:,} {self.what}, {count / seconds:,.0f} per second'
