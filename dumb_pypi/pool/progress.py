"""How far a run is, on a terminal."""

from __future__ import annotations

import sys
import threading
import time

from dumb_pypi.errors import tell
from dumb_pypi.pages.words import readable_size

_SECONDS = 0.2  # between two looks


class Progress:
    """Files, bytes, and bytes per second, on standard error; nothing when that is not a terminal."""

    def __init__(self) -> None:
        self.files = self.size = self.wanted = 0
        self.started = self.shown = time.monotonic()
        self.is_shown = sys.stderr is not None and sys.stderr.isatty()
        self.lock = threading.Lock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_shown and self.wanted:
            self._show('\n')

    def add(self, files: int, size: int) -> None:
        if self.is_shown:
            with self.lock:
                self.files += files
                self.size += size
                if time.monotonic() > self.shown + _SECONDS:
                    self.shown = time.monotonic()
                    self._show('')

    def _show(self, end: str) -> None:
        speed = self.size / max(time.monotonic() - self.started, 0.001)
        counts = f'{self.files:,} of {self.wanted:,} files, {readable_size(self.size)}, {readable_size(int(speed))}'
        tell(f'\r{counts} per second', end)
