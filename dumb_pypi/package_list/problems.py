"""Warnings and errors about lines, with line numbers. `projects.py` finds them; `Report` prints them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dumb_pypi.errors import Failure, first_of, tell
from dumb_pypi.package_list.list_file import ListFile, read_line_numbers


class Problem(NamedTuple):
    """A problem of a line. If `key` is set, it is an unknown key, and only the first line that has it is reported."""

    place: int  # offset of the line, in bytes
    text: str  # the message; if `first` is set, the part before the number of the line at that offset
    is_error: bool = False
    is_mild: bool = False  # a warning even with `--strict`, because any uploader can cause it
    is_skipped: bool = False
    key: str | None = None
    first: int | None = None
    after: str = ''  # the part of the message after that number


class Report:
    """The printer of problems: warnings at once; errors when all lists are read, before the site changes."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.errors: list[str] = []
        self.printed: set[str] = set()  # a run that finds a damaged site reads the lists twice

    def write_problems(self, listed: ListFile, problems: Iterable[Problem]) -> None:
        """Print the warnings and keep the errors, in the order of the list."""
        keys, skipped = set(), 0
        ordered = sorted(problems, key=lambda problem: problem.place)
        places = [problem.place for problem in ordered]
        places += [problem.first for problem in ordered if problem.first is not None]
        numbers = read_line_numbers(listed, places) if places else {}
        for problem in ordered:
            if problem.key is not None and problem.key in keys:
                continue
            keys.add(problem.key)
            skipped += problem.is_skipped
            text = problem.text if problem.first is None else f'{problem.text} {numbers[problem.first]}{problem.after}'
            line = f'{listed.label}:{numbers[problem.place]}: {text}'
            if problem.is_error or (self.strict and not problem.is_mild):
                self.errors.append(line)
            else:
                self.print_once(line)
        if skipped and not self.errors:
            self.print_once(f'skipped {skipped} of the listed files')

    def write_warnings(self, lines: Iterable[str]) -> None:
        """Print warnings that are not errors even with `--strict`, so that no uploader can stop the run."""
        for line in lines:
            self.print_once(line)

    def print_once(self, line: str) -> None:
        if line not in self.printed:
            self.printed.add(line)
            tell(line)

    def finish(self) -> None:
        """Raise `Failure` if there were errors."""
        if self.errors:
            raise Failure(first_of(self.errors))
