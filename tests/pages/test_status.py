"""`status/index.html`: what whoever runs the index sees of it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from testing.sites import build

YEAR = 365 * 24 * 60 * 60
NEWEST = 1_750_000_000  # 2025-06-15 15:06
HASH = f'sha256={"a" * 64}'
LINES: list[dict[str, Any]] = [
    {'filename': 'Acme_App-1.0.zip', 'upload_timestamp': NEWEST, 'hash': HASH, 'requires_dist': ['never-asked-for']},
    {
        'filename': 'Acme_App-2.0-py3-none-any.whl',
        'upload_timestamp': NEWEST - 1,
        'size': 2_000_000,
        'requires_dist': [
            'Acme.Lib>=1',
            'Flask',
            'rich; python_version < "3"',
            'Extra_One; extra == "a"',
            'ACME-app[a]',
        ],
    },
    {'filename': 'acme.lib-1.0.tar.gz', 'upload_timestamp': NEWEST - YEAR - 1, 'size': 1_000, 'hash': HASH},
    {'filename': 'acme.lib-1.1.tar.gz', 'hash': HASH, 'requires_dist': ['flask[async]', 'Rich>1', '???']},
    {'project': 'acme.lib', 'status': 'archived'},
    {'filename': 'old-1.0.tar.gz', 'upload_timestamp': NEWEST - 2 * YEAR - 1, 'hash': HASH, 'yanked_reason': 'a hole'},
    {
        'filename': 'bad-1.0-py3-none-any.whl',
        'upload_timestamp': NEWEST - 2 * YEAR,
        'hash': HASH,
        'requires_dist': ['in-quarantine'],
        'requires_python': '>=3.8',
        'core_metadata': True,
    },
    {'project': 'bad', 'status': 'quarantined'},
    {'project': 'tired', 'status': 'deprecated'},
    {'filename': 'tired-1.0.tar.gz', 'upload_timestamp': NEWEST - YEAR, 'hash': HASH},
]


def texts(page: Path, tag: str) -> list[str]:
    """What stands in the elements with this tag, a line for each of theirs."""
    found = re.findall(f'<{tag}(?: [^>]*)?>(.*?)</{tag}>', page.read_text(encoding='utf-8'), re.DOTALL)
    lines = (re.sub('<small>.*?</small>|<[^>]*>', '', each).split('\n') for each in found)
    return [html.unescape(' '.join(filter(None, map(str.strip, each)))) for each in lines]


@pytest.fixture(scope='module')
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp('status') / 'site'
    assert build(site, LINES) == 0
    return site / 'status' / 'index.html'


def test_the_status_counts_what_there_is(page: Path) -> None:
    assert '5 projects, 7 releases, 7 files, 2.0 MB and 5 files of unknown size' in texts(page, 'p')


def test_the_status_counts_what_is_missing_old_or_withdrawn(page: Path) -> None:
    assert texts(page, 'summary') == [
        '2 required projects are not in this index',
        '2 projects with unknown requirements',
        '1 file without a hash in 1 project',
        '1 file without an upload time in 1 project',
        '1 wheel without Requires-Python in 1 project',
        '1 wheel without metadata in 1 project',
        '1 archived project',
        '1 deprecated project',
        '1 quarantined project',
        '1 project with all releases yanked',
        '3 projects without a release for one year',
        '1 project without a release for two years',
        'The largest 2 projects',
    ]
    assert 'Counted back from the newest upload, 2025-06-15 15:06 UTC.' in texts(page, 'p')


def test_the_status_names_projects_with_the_most_affected_first(page: Path) -> None:
    assert texts(page, 'ul')[0] == 'flask required by acme-app, acme-lib rich required by acme-app, acme-lib'
    assert texts(page, 'ul')[1:] == [
        'old tired',
        'acme-app 1',
        'acme-lib 1',
        'acme-app 1',
        'acme-app 1',
        'acme-lib',
        'tired',
        'bad',
        'old',
        'old 2023-06-16 bad 2023-06-16 acme-lib 2024-06-15',
        'old 2023-06-16',
    ]
    assert texts(page, 'ol')[-1] == 'acme-app 2.0 MB acme-lib 1.0 kB'


def test_a_list_on_the_status_page_has_at_most_100_names(tmp_path: Path) -> None:
    many = [{'filename': f'p{number}-1.zip', 'requires_dist': [f'q{number}', 'r']} for number in range(1_101)]
    assert build(tmp_path / 'site', many) == 0
    page = tmp_path / 'site' / 'status' / 'index.html'
    assert texts(page, 'summary') == [
        '1,102 required projects are not in this index',
        '1,101 files without a hash in 1,101 projects',
        '1,101 files without an upload time in 1,101 projects',
    ]
    assert texts(page, 'ul')[0].startswith('r required by p0, p1, p10 and 1,098 more q0 required by p0 q1 ')
    assert [len(re.findall('<li>', each)) for each in page.read_text(encoding='utf-8').split('<ul')[1:]] == [100] * 3
    assert [text for text in texts(page, 'p') if text.endswith('1 more') or text.endswith('2 more')] == [
        '1,002 more',
        '1,001 more',
        '1,001 more',
    ]


def test_beside_the_public_index_nothing_is_missing(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', LINES, '--with-public-index') == 0
    assert 'required' not in (tmp_path / 'site' / 'status' / 'index.html').read_text(encoding='utf-8')


def test_the_status_of_an_empty_index_has_only_zeros(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [], '--allow-empty') == 0
    page = tmp_path / 'site' / 'status' / 'index.html'
    assert '0 projects, 0 releases, 0 files, 0 bytes' in texts(page, 'p')
    assert texts(page, 'summary') == []
    assert '0 required projects are not in this index' in texts(page, 'p')
    assert '0 projects with unknown requirements' in texts(page, 'p')
