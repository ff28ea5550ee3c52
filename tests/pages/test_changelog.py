"""The pages of the changelog and their sizes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.edits import BASE, FEBRUARY, JANUARY, file
from testing.reading import read_html, read_pages, read_releases, text_of
from testing.sites import build
from testing.states import Entries, State, files


def test_without_upload_times_the_changelog_has_no_month(fresh: Callable[[State], Entries]) -> None:
    found = files(fresh(State([line | {'upload_timestamp': None} for line in BASE])))
    assert sorted(path for path in found if path.startswith('changelog')) == [
        'changelog/index.html',
        'changelog/page1.html',
    ]


LONG_NAMES = {
    'names of 255 characters': lambda number: f'{"a" * 120}-1.0.{"1" * 120}{number:04}.zip',
    'names of 255 bytes': lambda number: f'foo-1.0{"é" * 120}{number:04}.zip',
    'names that HTML escapes': lambda number: f'foo-1.0{"&" * 240}{number:04}.zip',
}


@pytest.mark.parametrize('name', LONG_NAMES.values(), ids=LONG_NAMES)
def test_no_page_of_the_changelog_is_larger_than_2_mb(name: Callable[[int], str], tmp_path: Path) -> None:
    names = [name(number) for number in range(1500)]
    assert {len(each.encode()) for each in names} <= {251, 252, 253, 254, 255}
    assert build(tmp_path / 'site', [file(each) for each in names], '--no-per-release-json') == 0
    sizes = {path.name: path.stat().st_size for path in (tmp_path / 'site' / 'changelog').iterdir()}
    assert {'2026-01.html', '2026-01-2.html'} <= sizes.keys()
    assert {page: size for page, size in sizes.items() if size > 2_000_000} == {}


def test_the_changelog_says_how_many_releases_each_of_its_pages_has(tmp_path: Path) -> None:
    lines = [file(f'Foo-{number}.zip', JANUARY + number) for number in range(501)]
    lines.append(file('Foo-501.zip', FEBRUARY))
    assert build(tmp_path / 'site', lines, '--no-per-release-json') == 0
    items = read_html(tmp_path / 'site/changelog/index.html').findall(".//ol[@class='ranges']/li")
    assert [text_of(item) for item in items] == [
        'February 2026 1 release',
        'January 2026, part 2 1 release',
        'January 2026 500 releases',
    ]


def test_the_changelog_has_every_upload_with_a_time(site: Path) -> None:
    """Uploads are grouped by release, at the time of its first upload."""
    listed = [
        (time, name.removesuffix(' yanked'), count)
        for path, page in read_pages(site).items()
        if path.startswith(('changelog/20', 'changelog/19'))
        for time, name, count in page.rows
    ]
    lines = [json.loads(line) for line in (site / 'packages.json').read_text(encoding='utf-8').splitlines()]
    timed = sum('upload_timestamp' in line for line in lines)
    files = {(project, version): 0 for project, version, _ in read_releases(site)}
    first: dict[tuple[str, str], str] = {}
    for project, version, each in read_releases(site):
        files[project, version] += 1
        if time := each['upload_time_iso_8601']:
            first[project, version] = min(time, first.get((project, version), time))
    expected = [
        (f'{time[:10]} {time[11:16]}', f'{project} {version}', str(files[project, version]))
        for (project, version), time in first.items()
    ]
    quarantined = [('2026-01-02 03:04', 'quarantined 1.0', '1')] if (site / 'simple/quarantined').exists() else []
    assert sorted(listed) == sorted(expected + quarantined)
    assert len(listed) <= timed
