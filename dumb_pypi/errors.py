"""The exceptions that end a run or reject a line of a list, and the wording of their messages."""

from __future__ import annotations

import contextlib
import errno
import os
import reprlib
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

MOST_SHOWN = 20  # problems of one run


class Failure(Exception):
    """Bad input, or a system call that failed. The text is what the user reads, one problem per line."""


class BadValue(ValueError):
    """An invalid value, or a line with invalid values. The text has one line per problem."""


class NotADistribution(ValueError):
    """A listed file that cannot be in an index. The text says why."""


class _Repr(reprlib.Repr):
    """A short `repr` with the JSON words `null`, `true` and `false`."""

    def repr_NoneType(self, value: None, level: int) -> str:
        return 'null'

    def repr_bool(self, value: bool, level: int) -> str:
        return 'true' if value else 'false'


_REPR = _Repr()
_REPR.maxstring = _REPR.maxother = 80
_SHORT_OF = {  # shortages of the system, which have nothing to do with the file in question
    errno.EMFILE: 'out of file descriptors for this process',
    errno.ENFILE: 'out of file descriptors in this system',
    errno.ENOMEM: 'out of memory',
}


def quoted(value: object) -> str:
    """Return a value as a message shows it: short, on one line, and without control characters."""
    return _REPR.repr(value)


def unexpected(expected: str, value: object) -> BadValue:
    return BadValue(f'expected {expected}, got {quoted(value)}')


def first_of(problems: Sequence[str]) -> str:
    """Return the first problems, one per line, and how many more there are."""
    more = [f'… and {len(problems) - MOST_SHOWN} more'] if len(problems) > MOST_SHOWN else []
    return '\n'.join([*problems[:MOST_SHOWN], *more])


def shortage(error: OSError) -> Failure | None:
    """Return the message for an error that means a shortage of the system; `None` for other errors."""
    what = _SHORT_OF.get(error.errno or 0)
    return None if what is None else Failure(f'{what} ({error.strerror})')


def cannot(action: str, path: str, error: OSError) -> Failure:
    """Return the message for a system call that failed."""
    return shortage(error) or Failure(f'cannot {action} {shown(path)}: {error.strerror}')


@contextlib.contextmanager
def attempt(action: str, path: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `Failure` that says what failed and why."""
    try:
        yield
    except OSError as error:
        raise cannot(action, path, error) from None


def shown(path: str) -> str:
    """Return a path as a message shows it: on one line, whatever bytes it has."""
    return path if path.isprintable() else repr(path)


def is_terminal() -> bool:
    """Return whether standard error is a terminal, so that somebody is watching."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


def counted(number: int, what: str) -> str:
    """Return `1 file` or `2 files`."""
    return f'{number:,} {what}{"" if number == 1 else "s"}'


def tell(text: str, end: str = '\n') -> None:
    """Write to standard error. The run continues if it is closed, full, or a broken pipe."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text + end)
            sys.stderr.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                give_up(sys.stderr)


def give_up(stream: TextIO) -> None:
    """Redirect a broken stream to the null device. Python would flush it again at exit, and exit with status 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
