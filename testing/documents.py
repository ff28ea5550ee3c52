"""README.md and what lies in docs/: their sections and their fenced blocks, as they stand."""

from __future__ import annotations

import re
from typing import NamedTuple

from testing.tools import ROOT

# Of these languages a block is something that a reader runs.
COMMANDS = ('sh', 'bash')


class Block(NamedTuple):
    """What stands between two fences; `text` ends with a line break."""

    document: str
    heading: str  # the nearest above it, of any level
    language: str
    text: str


def documents() -> list[str]:
    """By their paths, which are what blocks and links are looked up with."""
    return ['README.md', *sorted(f'docs/{path.name}' for path in (ROOT / 'docs').glob('*.md'))]


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding='utf-8')


def section(document: str, heading: str) -> str:
    """The text below a heading, down to the next of its level or above."""
    found = re.search(rf'^(##+) {re.escape(heading)}\n', read(document), re.MULTILINE)
    assert found is not None, f'{document}: {heading}'
    rest = read(document)[found.end() :]
    end = re.search(rf'^##?#{{0,{len(found[1]) - 2}}} ', _without_blocks(rest), re.MULTILINE)
    return rest if end is None else rest[: end.start()]


def blocks(document: str, heading: str | None = None) -> list[Block]:
    """All of a document, or those right below a heading."""
    found, above = [], ''
    for match in re.finditer(r'^#+ (.+)$|^```(\w*)\n((?:.*\n)*?)```$', read(document), re.MULTILINE):
        if match[1] is not None:
            above = match[1]
        else:
            found.append(Block(document, above, match[2], match[3]))
    return [each for each in found if heading in (None, each.heading)]


def block(document: str, words: str) -> str:
    """The text of the one block that has these words in it."""
    [found] = [each.text for each in blocks(document) if words in each.text]
    return found


def _without_blocks(text: str) -> str:
    """Of the same length, so that a comment in a script is no heading."""
    return re.sub(r'^```.*?^```$', lambda match: '`' * len(match[0]), text, flags=re.MULTILINE | re.DOTALL)
