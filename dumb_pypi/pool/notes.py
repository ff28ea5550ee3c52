"""Warnings and errors about the files of a pool. They are collected while files are read, and printed at the end."""

from __future__ import annotations

from dumb_pypi.errors import Failure, first_of, tell
from dumb_pypi.package_list.releases import natural_order


class Unreadable(Exception):
    """A file that nobody could use, so it is not listed. The text says why."""


class Gone(Exception):
    """A file that was removed, or that is still being written. The next run will list it."""


class Refused(Exception):
    """A file that cannot be written, while others can. The text says why."""


class NoMetadata(Exception):
    """A file that is listed only with its hash, size and time. The text says why."""


class Misnamed(NoMetadata):
    """An sdist with the metadata of another project. Installers refuse it, but people may still build it."""


class BeyondLimits(NoMetadata):
    """A file that exceeds a limit. Its line says so, and the next run does not open it again."""


class TooSlow(BeyondLimits):
    """A file that took too long to read. The machine may have been busy, so the next run opens it again."""


class Notes:
    """Errors, and warnings, which count as errors if `strict`. Threads may add warnings."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.texts: dict[str, None] = {}  # an ordered set
        self.errors: list[str] = []

    def add(self, place: str, text: str) -> None:
        self.texts[f'{place}: {text}'] = None

    def refuse(self, place: str, text: str) -> None:
        self.errors.append(f'{place}: {text}')

    def fail(self) -> None:
        """Raise `Failure` if there are errors."""
        if self.errors:
            raise Failure(first_of(sorted(self.errors, key=natural_order)))

    def finish(self) -> None:
        """Print the warnings. Raise `Failure` if there are errors."""
        if self.strict:
            self.errors += self.texts
        self.fail()
        for text in sorted(self.texts, key=natural_order):
            tell(text)
