"""`static/requires.js`: which projects here require which."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from dumb_pypi.pages.audit import Audit
from dumb_pypi.pages.listing import Row
from dumb_pypi.pages.shared import data_pages
from testing.sites import build

LINES: list[dict[str, Any]] = [
    {'filename': 'a-1.0.tar.gz', 'requires_dist': ['d', 'A[more]', 'b ; extra == "more"', 'elsewhere']},
    {'filename': 'B-1.0.tar.gz', 'requires_dist': ['d']},
    {'filename': 'B-2.0.tar.gz', 'requires_dist': ['C.c>=1', 'e; sys_platform == "win32"']},
    {'filename': 'c_c-1.0.tar.gz'},
    {'filename': 'd-1.0.tar.gz', 'yanked_reason': '', 'requires_dist': ['b', 'B>2']},
    {'filename': 'e-1.0.tar.gz', 'requires_dist': ['a']},
    {'project': 'e', 'status': 'quarantined'},
]


def variable(site: Path, name: str) -> Any:
    text = (site / 'static' / name).read_text(encoding='utf-8')
    return json.loads(text.partition(' = ')[2].removesuffix(';\n'))


def users(site: Path) -> dict[str, list[str]]:
    """Which projects require each, as the script works it out."""
    digest, names = variable(site, 'names.js')
    first, *texts = variable(site, 'requires.js')
    assert first == digest
    found, number = {}, 0
    for text in texts:
        step, *steps = numbers(text)
        number += step
        places = [sum(steps[: end + 1]) for end in range(len(steps))]
        found[names.split(' ')[number]] = [names.split(' ')[place] for place in places]
    return found


def numbers(text: str) -> list[int]:
    """Digits of base 32, twice: those of the second half are followed by others."""
    digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_'
    found = [0]
    for char in text:
        digit = digits.index(char)
        found[-1] = found[-1] * 32 + digit % 32
        if digit < 32:
            found.append(0)
    return found[:-1]


def test_the_latest_release_of_each_project_counts_with_all_markers_and_extras(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', LINES) == 0
    assert users(tmp_path / 'site') == {'b': ['a', 'd'], 'c-c': ['b'], 'd': ['a'], 'e': ['b']}


def test_who_requires_what_is_left_out_where_it_is_too_much() -> None:
    """Four million requirements, which take minutes as a list."""
    names = [f'p{number}' for number in range(2_001)]
    everything = Audit(' '.join(names), '', 1, 0, 0, 0, 0, 0, 0, False, None, None)
    rows = [Row(name, None, None, None) for name in names]
    pages = {page.path: page.content for page in data_pages(rows, dict.fromkeys(names, everything))}
    assert pages['static/requires.js'] == b'/* dumb-pypi: for static/script.js. */\nvar projectRequires = null;\n'


def test_who_requires_what_among_random_projects(tmp_path: Path) -> None:
    chance = random.Random(23)
    names = [f'p{number}' for number in range(300)]
    required = {name: sorted(chance.sample([each for each in names if each != name], 5)) for name in names}
    lines = [{'filename': f'{name}-1.0.zip', 'requires_dist': required[name]} for name in names]
    assert build(tmp_path / 'site', lines) == 0
    found = {(user, name) for name, several in users(tmp_path / 'site').items() for user in several}
    assert found == {(user, name) for user, several in required.items() for name in several}
