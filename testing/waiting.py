"""Waiting for something that another process does."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar('T')

DEADLINE = 120.0  # seconds: by then something hangs
_PAUSE = 0.002  # between two looks


def wait_for(
    condition: Callable[[], T | None],
    process: 'subprocess.Popen[Any] | None' = None,
    output: Path | None = None,
) -> T:
    """What `condition` returns once it is not None; an error when the process ends or the deadline passes first."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        result = condition()
        if result is not None:
            return result
        time.sleep(_PAUSE)
    said = '' if output is None else output.read_text(encoding='utf-8', errors='replace')
    raise RuntimeError(f'gave up waiting; the process said: {said}')
