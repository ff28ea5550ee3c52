"""The description of a project as the public index shows it: rendered by `readme_renderer`, an extra of this program.

A description comes from whoever uploads files: whatever goes wrong in there leaves the plain text.
"""

from __future__ import annotations

import io
import re
import threading
import warnings

from dumb_pypi.pages.guest import MAX_DEPTH, as_guest

LONGEST = 100_000  # bytes
_LONGEST_RESULT = 1_000_000  # characters
_MOST_CELLS = 200_000
_DEEP = re.compile(
    rf'^(?:[ \t]*(?:>|(?:[-+*]|\d{{1,9}}[.)])(?=[ \t]))){{{MAX_DEPTH}}}', re.MULTILINE
)  # lists and quotations that all begin in one line
_REPLACEMENT = re.compile(r'^[ \t]*\.\.[ \t]+\|([^|\n]+)\|[ \t]+replace::(.*)', re.MULTILINE | re.IGNORECASE)


def render_description(text: str, content_type: str | None) -> str | None:
    """HTML to be a part of a page; nothing where the text is to be shown as it is.

    A thread of its own, so that how deep a text may be does not depend on how deep we are.
    """
    if len(text.encode()) > LONGEST or not is_within_reason(text):
        return None
    kind, _, parameters = (content_type or 'text/x-rst').lower().replace(' ', '').partition(';')
    results: list[str] = []

    def render() -> None:
        try:
            cleaned = _render(text, kind, parameters) or ''
            if 0 < len(cleaned) <= _LONGEST_RESULT:
                results.append(as_guest(cleaned))
        except BaseException:  # panics of its parts in Rust are no mere exceptions; signals reach the main thread only
            return

    thread = threading.Thread(target=render, daemon=True)
    thread.start()
    thread.join()
    return results[0] if results else None


def is_within_reason(text: str) -> bool:
    """Whether it ends soon: what is refused here took the renderers minutes, and gigabytes, for 100 kB."""
    lines = text.splitlines()
    cells = max((line.count('|') for line in lines), default=0) * len(lines)
    replacements = _REPLACEMENT.findall(text)
    replaced = sum(len(by) * text.count(f'|{name}|') for name, by in replacements)
    is_nested = any('|' in by for _, by in replacements)  # each twice in the next one: 40 of them never end
    return not (_DEEP.search(text) or cells > _MOST_CELLS or replaced > _LONGEST_RESULT or is_nested)


def _render(text: str, kind: str, parameters: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that a part of it is not installed
        if kind == 'text/markdown':
            from readme_renderer import markdown

            return markdown.render(text, 'CommonMark' if 'variant=commonmark' in parameters else 'GFM')
        return _render_rst(text) if kind == 'text/x-rst' else None


def _render_rst(text: str) -> str | None:
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles
    from readme_renderer import rst

    class Date(Directive):
        """`.. |today| date::` would be another text each day."""

        has_content = True

        def run(self) -> list[nodes.Node]:
            return [nodes.Text('')]

    directives.register_directive('date', Date)
    vars(roles)['_roles'].clear()  # or what one text defines is known in the next one
    rst.SETTINGS['_disable_config'] = True  # of this machine
    return rst.render(text, io.StringIO())
