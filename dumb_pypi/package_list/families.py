"""Finds the lines of each family, and whether they have changed.

A family is all lines whose file names begin with the same word, so it contains whole projects. One pass over the list
finds the positions of the lines of each family and its digest, which is a hash of the sorted hashes of the lines, so it
does not depend on their order. A family with the same digest as in the previous run is not parsed: it costs 2
microseconds per line.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import IO

import msgspec

from dumb_pypi.errors import attempt
from dumb_pypi.package_list.list_file import ListFile, without_mark
from dumb_pypi.processes import in_processes
from dumb_pypi.progress import Progress

BATCH = 2**20  # bytes of a list that a process parses at once; for less, another process is not worth it
LEAST_BATCH = 2**16  # bytes: the last batches are small, so that all processes end at about the same time
MOST_BATCHES = 2**12
_SIZE = 16  # bytes of a digest: half of SHA-256, because all digests are in memory at once
_WORD = re.compile('[A-Za-z0-9]*')


class Family:
    """The lines of a family: their concatenated digests, and their positions in bytes: start, end, start, end, …"""

    __slots__ = ('digests', 'spans')

    def __init__(self, digests: bytes, spans: array[int]) -> None:
        self.digests = bytearray(digests)
        self.spans = spans

    def add(self, other: Family) -> None:
        self.digests += other.digests
        self.spans.extend(other.spans)

    def digest(self) -> str:
        """Return a digest of the lines that does not depend on their order.

        A sum would not be safe: whoever chooses a thousand names can produce any sum.
        """
        digests = bytes(self.digests)
        each = sorted([digests[start : start + _SIZE] for start in range(0, len(digests), _SIZE)])
        return hashlib.sha256(b''.join(each)).hexdigest()[: 2 * _SIZE]

    def __len__(self) -> int:
        """Return the number of bytes."""
        return sum(self.spans[1::2]) - sum(self.spans[::2])


Families = dict[str, Family]


class _Names(msgspec.Struct, gc=False):
    """The keys that decide the family of a line."""

    filename: str | None = None
    name: str | None = None
    project: str | None = None


_decode_names = msgspec.json.Decoder(_Names).decode


def _decode_names_anyhow(line: bytes) -> _Names:
    """Return the names in a line that is invalid, or that only `json` accepts. The parser reports errors later."""
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        values = json.loads(line)
        return _Names(**{key: value for key in _Names.__struct_fields__ if isinstance(value := values.get(key), str)})
    return _Names()


def first_word(name: str) -> str:
    """Return the family of a file name, or of a normalized project name; '' if it is neither."""
    return _WORD.match(name)[0].lower()  # type: ignore[index]  # the pattern always matches


def family_name(words: Iterable[str]) -> str:
    """Return the name of the family that has all these words, as in `bar+foo`."""
    return '+'.join(sorted(words))


def family_words(name: str) -> list[str]:
    return name.split('+')


def line_words(line: bytes, is_json: bool) -> Sequence[str]:
    """Return the family of a line; two if the list assigns the file to another project than its name does."""
    if not is_json:
        return (first_word(line[line.rfind(b'/') + 1 :].decode('ascii', 'replace')),)
    try:
        names = _decode_names(line)
    except (ValueError, RecursionError):
        names = _decode_names_anyhow(line)
    words = [names.project] if names.filename is None else [names.filename.rpartition('/')[2], names.name]
    return [first_word(word) for word in words if word is not None] or ('',)


def read_ranges(
    listed: ListFile, ranges: Iterable[tuple[int, int]], progress: Progress
) -> tuple[Families, set[tuple[str, str]]]:
    """Return the families of the lines that begin in these ranges of bytes, and pairs of families to join."""
    families: Families = {}
    pairs: set[tuple[str, str]] = set()
    sha256, is_json = hashlib.sha256, listed.is_json
    with attempt('read', listed.label), open(listed.path, 'rb') as file:
        for start, end in ranges:
            file.seek(max(start - 1, 0))
            # Skip the rest of a line that begins before this range. It may even end after the range.
            position = start - 1 + len(file.readline(end - start + 1)) if start else 0
            count = 0
            while position < end and (raw := file.readline()):
                line = raw.strip()
                if position == 0:
                    line = without_mark(line)
                stop = position + len(raw)
                if line:
                    count += 1
                    words = line_words(line, is_json)
                    word = words[0]
                    if words[-1] != word:
                        pairs.add((word, words[-1]))
                    value = sha256(line).digest()[:_SIZE]
                    family = families.get(word)
                    if family is None:
                        families[word] = Family(value, array('Q', (position, stop)))
                    else:
                        family.digests += value
                        if family.spans[-1] == position:
                            family.spans[-1] = stop
                        else:
                            family.spans.extend((position, stop))
                position = stop
            progress.add(count)
    return families, pairs


def read_families(listed: ListFile, jobs: int) -> Families:
    """Return the families of a list. Raises `Failure` if the list cannot be read."""
    step = max(BATCH, listed.size // MOST_BATCHES)
    ranges = [(start, start + step) for start in range(0, listed.size, step)]
    with Progress('lines read') as progress:
        parts = in_processes(functools.partial(read_ranges, listed, progress=progress), ranges, jobs)
    families: Families = {}
    for part, _ in parts:
        for word, family in part.items():
            known = families.setdefault(word, family)
            if known is not family:
                known.add(family)
    return joined(families, set().union(*(pairs for _, pairs in parts)))


def joined(families: Families, pairs: Iterable[tuple[str, str]]) -> Families:
    """Return the families. Those that a line joins become one family."""
    words: dict[str, set[str]] = {}
    for pair in pairs:
        together = set().union(*(words.get(word, {word}) for word in pair))
        words.update(dict.fromkeys(together, together))
    for name, together in {family_name(each): each for each in words.values()}.items():
        family = Family(b'', array('Q'))
        for word in sorted(together):
            family.add(families.pop(word, Family(b'', array('Q'))))
        families[name] = family
    return families


def read_family_lines(listed: ListFile, file: IO[bytes], family: Family) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a family in the order of the list, with their offsets. Raises `Failure`."""
    for start, end in sorted(zip(family.spans[::2], family.spans[1::2], strict=True)):
        with attempt('read', listed.label):
            file.seek(start)
            content = file.read(end - start)
        for raw in content.split(b'\n'):
            line = raw.strip()
            if start == 0:
                line = without_mark(line)
            if line:
                yield start, line
            start += len(raw) + 1


def make_batches(families: Families, words: Collection[str]) -> list[list[str]]:
    """Return the sorted families in batches that get smaller towards the end."""
    left = sum(len(families[word]) for word in words)
    most = max(BATCH, left // MOST_BATCHES)
    batches: list[list[str]] = []
    room = 0
    for word in sorted(words):
        if room <= 0:
            batches.append([])
            room = min(most, max(LEAST_BATCH, left // 16))
        batches[-1].append(word)
        room -= len(families[word])
        left -= len(families[word])
    return batches
