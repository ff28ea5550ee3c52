"""Starts a command. Imports very little, so that Ctrl-C prints one line even while the command is imported."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable

STATUS = 128 + signal.SIGINT


def _end(*_: object) -> None:
    """End the process at once. Imports could swallow an exception, and msgspec could crash on it."""
    try:
        os.write(2, b'interrupted\n')
    finally:
        os._exit(STATUS)


def start(module: str) -> int:
    """Import the module of a command, and return the exit status of its `main`."""
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # under `nohup`, it is ignored
    if is_usual:
        signal.signal(signal.SIGINT, _end)
    main: Callable[[], int] = importlib.import_module(module).main
    if is_usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return main()
    except KeyboardInterrupt:  # before the run handles it
        from dumb_pypi.errors import tell

        tell('interrupted')
        return STATUS
