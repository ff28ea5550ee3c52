"""The descriptions of projects as the public index shows them: rendered by `readme_renderer`, an extra of this program.

A description comes from whoever uploads files: it is rendered behind the wall of `wall.py`, and what comes back is
made harmless here once more. Where that fails, the plain text is shown.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
from collections.abc import Iterable

from dumb_pypi.pages.renderer import COMMON_MARK, GFM, RST
from dumb_pypi.pages.wall import LIMITS, Limits, Rendered, Unavailable, Wall, is_possible

LONGEST = 100_000  # bytes
_MOST_KEPT = 2**24  # characters


class Outcome:
    """The results of one process about descriptions, for the others."""

    def __init__(self) -> None:
        self.warnings: set[str] = set()
        self.over_limit: set[bytes] = set()  # digests of descriptions
        self.is_complete = True  # `False` if the next run has to try again


class Descriptions:
    """Renders each description once. As a context manager, it ends its rendering process."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.wall = Wall(limits)
        self.outcome = Outcome()
        self.known: dict[bytes, Rendered] = {}  # by digest
        self.kept = 0  # characters

    def __enter__(self) -> Descriptions:
        return self

    def __exit__(self, *_: object) -> None:
        self.wall.end_child()

    def render(self, project: str, text: str, content_type: str | None) -> str | None:
        """Return HTML to be a part of a page; `None` if the text is to be shown unchanged."""
        content, markup = text.encode(), _markup(content_type)
        if markup is None or len(content) > LONGEST or not self.is_available:
            return None
        key = hashlib.blake2b(b'%d %b' % (markup, content), digest_size=16).digest()
        rendered = self.known.get(key) or self.render_anew(key, markup, text)
        if rendered.is_over_limit:
            self.outcome.over_limit.add(key)
            self.outcome.warnings.add(
                f'{project}: the description takes too much time or memory to render, and is shown as text'
            )
        return rendered.html

    @functools.cached_property
    def is_available(self) -> bool:
        """Return whether the extra is installed; `False` also after the wall was found to be unavailable."""
        return importlib.machinery.PathFinder.find_spec('readme_renderer') is not None

    def render_anew(self, key: bytes, markup: int, text: str) -> Rendered:
        try:
            rendered = self.wall.render(markup, text)
        except Unavailable as reason:
            self.is_available, self.outcome.is_complete = False, not is_possible()
            self.outcome.warnings.add(f'descriptions are shown as text: {reason}')
            return Rendered(None)
        if rendered.html is not None:
            rendered = Rendered(_as_guest(rendered.html))
        size = len(rendered.html or '')
        if self.kept + size <= _MOST_KEPT:
            self.kept += size
            self.known[key] = rendered
        return rendered

    def gather(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Add the results of all processes, and return their warnings, sorted."""
        for outcome in outcomes:
            self.outcome.warnings |= outcome.warnings
            self.outcome.is_complete &= outcome.is_complete
            self.known.update(dict.fromkeys(outcome.over_limit, Rendered(None, is_over_limit=True)))
        return sorted(self.outcome.warnings)


def _markup(content_type: str | None) -> int | None:
    """Return the markup of a content type; `None` if it is plain text or unknown."""
    kind, _, parameters = (content_type or 'text/x-rst').lower().replace(' ', '').partition(';')
    if kind == 'text/markdown':
        return COMMON_MARK if 'variant=commonmark' in parameters else GFM
    return RST if kind == 'text/x-rst' else None


def _as_guest(cleaned: str) -> str | None:
    from dumb_pypi.pages.guest import TooDeep, as_guest  # here, because few lists have descriptions

    try:
        return as_guest(cleaned)
    except TooDeep:
        return None
