"""Warnings and errors about the files of a pool: collected while they are read, printed at the end."""

from __future__ import annotations

from dumb_pypi.errors import Failure, first_of, tell
from dumb_pypi.package_list.releases import natural_order


class Unreadable(Exception):
    """A file that nobody could use, so it is not listed: the text says why."""


class Gone(Exception):
    """A file that was removed, or that somebody is still writing: the next run will list it."""


class Refused(Exception):
    """A file that cannot be written, though others can: the text says why."""


class NoMetadata(Exception):
    """A file that is listed with its hash, size and time alone: the text says why."""


class Misnamed(NoMetadata):
    """An sdist with the metadata of another project: installers refuse it, but a build may still be of use."""


class BeyondLimits(NoMetadata):
    """A file that exceeds a limit: because of a key in its line, the next run does not open it again."""


class TooSlow(BeyondLimits):
    """A file that took too long. That may have been the machine, so the next run opens it again."""


class Notes:
    """Warnings, which are errors if `strict`, and errors. Threads may add to the warnings."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.texts: dict[str, None] = {}  # in order, each of them once
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
