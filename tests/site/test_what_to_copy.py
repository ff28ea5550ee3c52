"""The path lists of a build contain every path once, in an order that is safe for copying."""

from __future__ import annotations

import re
from pathlib import Path

from testing.edits import BASE, FEBRUARY, MARCH, file, with_lists, without
from testing.sites import build
from testing.states import pages, read_paths


def test_the_paths_of_a_first_build_are_all_paths_of_the_site(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE, *with_lists(tmp_path)) == 0
    paths = read_paths(tmp_path / 'changed')
    assert sorted(paths) == sorted(pages(site))
    assert paths[-3:] == ['index.html', '404.html', 'packages.json']
    roots = ('simple/index.html', 'simple/index.v1_json')
    assert all(
        paths.index(path) < min(map(paths.index, roots)) for path in paths if re.match('(simple|pypi)/.+/', path)
    )
    assert all(paths.index(path) < paths.index('index.html') for path in paths if path.startswith('project/'))
    assert read_paths(tmp_path / 'removed') == []


def test_the_paths_are_in_a_safe_order_for_copying(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    after = [*without(BASE, 'bar-2.0.tar.gz', 'baz-3.0-py3-none-any.whl'), file('qux-1.0.tar.gz', FEBRUARY + 1)]
    assert build(site, after, *with_lists(tmp_path)) == 0
    assert read_paths(tmp_path / 'changed') == [
        'simple/qux/index.html',
        'simple/qux/index.v1_json',
        'pypi/qux/1.0/json',
        'pypi/qux/json',
        'project/qux/1.0/index.html',
        'project/qux/index.html',
        'changelog/2026-02.html',
        'simple/index.html',
        'simple/index.v1_json',
        'changelog/index.html',
        'projects/index.html',
        'static/names.js',
        'static/details.js',
        'static/requires.js',
        'status/index.html',
        'index.html',
        'packages.json',
    ]
    assert read_paths(tmp_path / 'removed') == [
        # This page links to projects that are removed, too.
        'changelog/2026-03.html',
        'project/bar/index.html',
        'project/bar/2.0/index.html',
        'simple/bar/index.html',
        'simple/bar/index.v1_json',
        'pypi/bar/json',
        'pypi/bar/2.0/json',
        'project/baz/index.html',
        'project/baz/3.0/index.html',
        'simple/baz/index.html',
        'simple/baz/index.v1_json',
        'pypi/baz/json',
        'pypi/baz/3.0/json',
    ]


def test_paths_are_added_to_existing_path_lists_without_duplicates(tmp_path: Path) -> None:
    """The copy after the first run failed, so the next copy must include the changes of both runs."""
    site = tmp_path / 'site'
    assert build(site, BASE, *with_lists(tmp_path)) == 0
    assert build(site, [*BASE, file('qux-1.0.tar.gz', MARCH + 1)], *with_lists(tmp_path)) == 0
    paths = read_paths(tmp_path / 'changed')
    assert sorted(paths) == sorted(pages(site))
    assert paths[-2:] == ['index.html', 'packages.json']
    assert (
        paths.index('simple/foo/index.html') < paths.index('simple/qux/index.html') < paths.index('simple/index.html')
    )


def test_a_path_that_returns_is_removed_from_the_other_list(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    for lines, changed, removed in (
        (without(BASE, 'bar-2.0.tar.gz'), False, True),
        (BASE, True, False),
        (without(BASE, 'bar-2.0.tar.gz'), False, True),
        (without(BASE, 'bar-2.0.tar.gz', 'foo-1.1.tar.gz'), False, True),
    ):
        assert build(site, lines, *with_lists(tmp_path)) == 0
        assert ('simple/bar/index.html' in read_paths(tmp_path / 'changed')) is changed
        assert ('simple/bar/index.html' in read_paths(tmp_path / 'removed')) is removed
