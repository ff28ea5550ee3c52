"""Starts a command. It imports next to nothing, so that Ctrl-C is one line even while the command is imported."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable

STATUS = 128 + signal.SIGINT


def _end(*_: object) -> None:
    """End the process. Imported code could lose an exception, and msgspec crashes when one comes at the wrong time."""
    try:
        os.write(2, b'interrupted\n')
    finally:
        os._exit(STATUS)


def start(module: str) -> int:
    """Import the module of a command, and return the exit status of its `main`."""
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # and not ignored, as below `nohup`
    if is_usual:
        signal.signal(signal.SIGINT, _end)
    main: Callable[[], int] = importlib.import_module(module).main
    if is_usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return main()
    except KeyboardInterrupt:  # before the run has begun
        from dumb_pypi.errors import tell

        tell('interrupted')
        return STATUS
