"""The parts that both commands share: types of arguments, signals, and exit statuses."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from dumb_pypi.errors import BadValue, Failure, attempt, give_up, shortage, tell, unexpected

STANDARD_OUTPUT = '<stdout>'


class Terminated(BaseException):
    """SIGTERM was received."""


def usage_error(error: BadValue) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(str(error))


def value_argument(normal: Callable[[str], str]) -> Callable[[str], str]:
    """Return an argparse type that returns the normal form of a value."""

    def value(text: str) -> str:
        try:
            return normal(text)
        except BadValue as error:
            raise usage_error(error) from None

    return value


def file_argument(text: str) -> str:
    if not text or '\0' in text:
        raise usage_error(unexpected('the name of a file', text))
    return text


def number_argument(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not re.fullmatch('[0-9]{1,9}', text) or int(text) < least:
            raise usage_error(unexpected('a whole number' if least == 0 else f'a whole number, {least} or more', text))
        return int(text)

    return number


def read_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM raise `Terminated`, so that a run cleans up as after Ctrl-C."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # used as a library in a larger program
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def status_of(run: Callable[[], None]) -> int:
    """Call `run`, and return the exit status. Prints one line if an error or a signal ended the run."""
    try:
        with terminable():
            run()
    except Failure as failure:
        tell(str(failure))
        return 1
    except OSError as error:
        short = shortage(error)
        if short is None:
            raise
        tell(str(short))
        return 1
    except MemoryError:
        tell('out of memory')
        return 1
    except SystemExit as error:  # a bug, because a run must not exit: show the traceback
        raise RuntimeError(f'exit with status {error.code}') from error
    except (KeyboardInterrupt, Terminated) as signalled:
        tell('interrupted')
        return 128 + (signal.SIGTERM if isinstance(signalled, Terminated) else signal.SIGINT)
    return 0


def write_output(lines: bytes) -> None:
    """Write to standard output. Raises `Failure`."""
    if sys.stdout is None:
        raise Failure(f'cannot write {STANDARD_OUTPUT}: it is closed')
    try:
        with attempt('write', STANDARD_OUTPUT):
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
    except Failure:
        give_up(sys.stdout)
        raise
