"""What ends a run, what is wrong with a line of a list, and the words for both."""

from __future__ import annotations

import contextlib
import errno
import os
import reprlib
import sys
from collections.abc import Iterator


class Failure(Exception):
    """Bad input, or a system that refuses: its text is what the user reads, one problem a line."""


class BadValue(ValueError):
    """A value, or a line, that is not what it must be: one problem on each line of the text."""


class NotADistribution(ValueError):
    """A file of a list that has no place in an index: the text says why."""


class _Repr(reprlib.Repr):
    """As Python writes values, but for the words that JSON has for some."""

    def repr_NoneType(self, value: None, level: int) -> str:
        return 'null'

    def repr_bool(self, value: bool, level: int) -> str:
        return 'true' if value else 'false'


_REPR = _Repr()
_REPR.maxstring = _REPR.maxother = 80
_SHORT_OF = {  # what the system has too little of, whatever file the program was about to open
    errno.EMFILE: 'out of file descriptors for this process',
    errno.ENFILE: 'out of file descriptors in this system',
    errno.ENOMEM: 'out of memory',
}


def quoted(value: object) -> str:
    """A value as a message shows it: short, on one line, and without control characters."""
    return _REPR.repr(value)


def unexpected(expected: str, value: object) -> BadValue:
    return BadValue(f'expected {expected}, got {quoted(value)}')


def shortage(error: OSError) -> Failure | None:
    """What the system has too little of, if that is what it says, in one line for the user."""
    what = _SHORT_OF.get(error.errno or 0)
    return None if what is None else Failure(f'{what} ({error.strerror})')


def refused(action: str, path: str, error: OSError) -> Failure:
    """What a system refuses, in one line for the user."""
    return shortage(error) or Failure(f'cannot {action} {shown(path)}: {error.strerror}')


@contextlib.contextmanager
def refusal(action: str, path: str) -> Iterator[None]:
    """Where a system may refuse something."""
    try:
        yield
    except OSError as error:
        raise refused(action, path, error) from None


def shown(path: str) -> str:
    """A path as a message shows it: on one line, whatever bytes it has."""
    return path if path.isprintable() else repr(path)


def tell(text: str, end: str = '\n') -> None:
    """Writes to standard error, which may be closed, full, or a pipe whose reader has left: the run goes on."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text + end)
            sys.stderr.flush()
        except (OSError, ValueError):
            # What could not be written must not be tried again at the end: Python would exit with status 120.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
