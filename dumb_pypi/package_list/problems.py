"""The warnings and errors of a list, which `projects.py` finds: collected while it is read, told when all of it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dumb_pypi.errors import Failure, first_of, tell
from dumb_pypi.package_list.list_file import ListFile, read_line_numbers


class Problem(NamedTuple):
    """What there is to say about a line. `key` is set for an unknown key, of which only the first line is told."""

    place: int  # where the line begins, in bytes
    text: str  # all of it; or what stands before the number of the line at `first`
    is_error: bool = False
    is_mild: bool = False  # a warning, whatever `--strict` says: whoever uploads can cause it
    is_skipped: bool = False
    key: str | None = None
    first: int | None = None
    after: str = ''  # what stands after that number


class Report:
    """Nothing is an error, and nothing in the site has changed, until all lists are read."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.errors: list[str] = []
        self.told: set[str] = set()  # a run that finds damage, and looks at everything, reads the list once more

    def write_problems(self, listed: ListFile, problems: Iterable[Problem]) -> None:
        """Prints the warnings, in the order of the list."""
        told, skipped = set(), 0
        ordered = sorted(problems, key=lambda problem: problem.place)
        places = [problem.place for problem in ordered]
        places += [problem.first for problem in ordered if problem.first is not None]
        numbers = read_line_numbers(listed, places) if places else {}
        for problem in ordered:
            if problem.key is not None and problem.key in told:
                continue
            told.add(problem.key)
            skipped += problem.is_skipped
            text = problem.text if problem.first is None else f'{problem.text} {numbers[problem.first]}{problem.after}'
            line = f'{listed.label}:{numbers[problem.place]}: {text}'
            if problem.is_error or (self.strict and not problem.is_mild):
                self.errors.append(line)
            else:
                self.tell_once(line)
        if skipped and not self.errors:
            self.tell_once(f'skipped {skipped} of the listed files')

    def write_warnings(self, lines: Iterable[str]) -> None:
        """Prints what is no error even if the run is strict: whoever may upload must not stop it."""
        for line in lines:
            self.tell_once(line)

    def tell_once(self, line: str) -> None:
        if line not in self.told:
            self.told.add(line)
            tell(line)

    def finish(self) -> None:
        """Raises `Failure` when there was an error."""
        if self.errors:
            raise Failure(first_of(self.errors))
