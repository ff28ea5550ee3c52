"""What there is to say about the files of a pool: collected while they are read, and told when all of them are."""

from __future__ import annotations

from dumb_pypi.errors import Failure, first_of, tell
from dumb_pypi.package_list.releases import natural_order


class Unreadable(Exception):
    """A file that has no place in a list, since nobody could use it: the text says why."""


class Gone(Exception):
    """A file that is no longer there, or that somebody is writing: the next run will see."""


class Refused(Exception):
    """A file that cannot be written, though others can: the text says why."""


class NoMetadata(Exception):
    """A file that nothing can be said of but its hash, its size and its time: the text says why."""


class Misnamed(NoMetadata):
    """An sdist with the metadata of another project: installers refuse it, but a build may still be of use."""


class BeyondLimits(NoMetadata):
    """A file that exceeds a limit: a key of its line tells the next run not to open it again."""


class TooSlow(BeyondLimits):
    """A file that took too long. On another day it may not: the next run opens it again."""


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
