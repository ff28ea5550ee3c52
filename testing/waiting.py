"""Waits for another process, and finds its child processes."""

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar('T')

DEADLINE = 120.0  # seconds; if it takes longer, something hangs
_PAUSE = 0.002  # seconds between two checks


def wait_for(
    condition: Callable[[], T | None],
    process: 'subprocess.Popen[Any] | None' = None,
    output: Path | None = None,
) -> T:
    """Return the first value of `condition` that is not `None`.

    Raises `RuntimeError` if the process ends or the deadline passes first.
    """
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        result = condition()
        if result is not None:
            return result
        time.sleep(_PAUSE)
    said = '' if output is None else output.read_text(encoding='utf-8', errors='replace')
    raise RuntimeError(f'gave up waiting; the process said: {said}')


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    return []


def is_running(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in 'ZX'  # Z: dead, but its parent has not waited for it
