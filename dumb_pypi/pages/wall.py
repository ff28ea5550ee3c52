"""The wall: descriptions are rendered in a process of their own, which can reach nothing and cannot take long.

This is the side of whoever asks; `renderer.py` is what runs behind it.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

from dumb_pypi.pages.renderer import ANSWER, BUG, HTML, REQUEST
from dumb_pypi.processes import undisturbed


class Limits(NamedTuple):
    """The time and memory that rendering a description may take."""

    cpu: float = 5  # seconds
    used_cpu: float = 2  # seconds in a process that has rendered others; whoever needs more gets a fresh one
    clock: float = 60  # seconds
    memory: int = 2**29  # bytes, of the whole process


LIMITS = Limits()


class Rendered(NamedTuple):
    """The result for a description."""

    html: str | None  # to be cleaned once more; `None` if the text is to be shown unchanged
    is_over_limit: bool = False


class Unavailable(Exception):
    """The process cannot be started; the text says why."""


class _Died(Exception):
    """The process gave no answer: it has ended or must be ended."""


_START = 'import sys; sys.path[:] = sys.argv[2:]; from dumb_pypi.pages.renderer import live; live(int(sys.argv[1]))'
_FLAGS = {  # by the name that `sys.flags` has for each
    'isolated': 'I',
    'ignore_environment': 'E',
    'no_user_site': 's',
    'no_site': 'S',
    'dont_write_bytecode': 'B',
    'optimize': 'O',
}


def is_possible() -> bool:
    """Return whether a process can be started and limited: not on Windows, nor if another program embeds Python."""
    try:
        import resource  # noqa: F401  # what the process limits itself with
    except ImportError:
        return False
    return bool(sys.executable)


class Wall:
    """Renders descriptions in a process, which starts with the first one. Call `end_child` at the end."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.child: _Child | None = None

    def render(self, markup: int, text: str) -> Rendered:
        """Render a description. If it ends a process that has rendered others, it is tried again in a new process.

        Raises `Unavailable`, and `RuntimeError` for a bug.
        """
        while True:
            is_fresh = self.child is None
            child = self.child or self.start_child()
            try:
                answer = child.ask(markup, text, self.limits.cpu if is_fresh else self.limits.used_cpu)
            except _Died:
                self.end_child()
                if is_fresh:
                    return Rendered(None, is_over_limit=True)
            else:
                return Rendered(answer)

    def start_child(self) -> _Child:
        if not is_possible():
            raise Unavailable('this system has no limits for processes, or sys.executable is not set')
        try:
            with undisturbed():  # else a signal comes before the process is known
                self.child = _Child(self.limits)
            self.child.read_answer(time.monotonic() + self.limits.clock)
        except OSError as error:
            raise Unavailable(f'cannot start a process: {error.strerror}') from None
        except _Died:
            self.end_child()
            raise Unavailable(f'{sys.executable} does not work as a Python interpreter') from None
        return self.child

    def end_child(self) -> None:
        with undisturbed():
            if self.child is not None:
                self.child.end()
                self.child = None


class _Child:
    """The process, and a socket connected to it."""

    def __init__(self, limits: Limits) -> None:
        """Start the process. Raises `OSError`."""
        import socket  # here, because few lists have descriptions
        import subprocess

        flags = [f'-{letter * getattr(sys.flags, name)}' for name, letter in _FLAGS.items() if getattr(sys.flags, name)]
        utf8 = ['-X', 'utf8'] if sys.flags.utf8_mode else []
        self.clock = limits.clock
        self.socket, theirs = socket.socketpair()
        with theirs:
            try:
                self.process = subprocess.Popen(
                    [sys.executable, *flags, *utf8, '-c', _START, str(limits.memory), *sys.path],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                self.socket.close()
                raise

    def ask(self, markup: int, text: str, seconds: float) -> str | None:
        """Raises `_Died`, and `RuntimeError` for a bug."""
        content, deadline = text.encode(), time.monotonic() + self.clock
        try:
            self.socket.settimeout(self.clock)
            self.socket.sendall(REQUEST.pack(markup, seconds, len(content)) + content)
        except OSError:
            raise _Died from None
        return self.read_answer(deadline)

    def read_answer(self, deadline: float) -> str | None:
        kind, length = ANSWER.unpack(self.read(ANSWER.size, deadline))
        answer = self.read(length, deadline).decode()
        if kind == BUG:
            raise RuntimeError(f'a description cannot be rendered:\n{answer}')
        return answer if kind == HTML else None

    def read(self, size: int, deadline: float) -> bytes:
        parts = []
        while size:
            try:
                self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
                parts.append(self.socket.recv(size))
            except OSError:
                raise _Died from None
            if not parts[-1]:
                raise _Died
            size -= len(parts[-1])
        return b''.join(parts)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.close()
