"""Law 2: a run writes and removes only what differs, and its path lists name exactly that."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.edits import BASE, EDITS, FEBRUARY, JANUARY, MARCH, Line, busy_month, file, saying, with_lists, without
from testing.long import LONG
from testing.sites import PACKAGES_URL, build, mtimes, tree, write_list
from testing.states import (
    RECORD,
    Entries,
    State,
    backdate,
    copy,
    entries,
    files,
    pages,
    read_paths,
    touched,
    without_own,
)


def respelled(line: Line) -> str:
    return json.dumps(dict(reversed(line.items())), indent=1, separators=(' ,', ' : ')).replace('\n', ' ')


def test_lines_in_another_spelling_change_only_the_record(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    backdate(site)
    before = entries(site)
    lines = [respelled(line) for line in BASE]
    assert build(site, lines, *with_lists(tmp_path)) == 0
    assert touched(site) == {RECORD}
    assert without_own(entries(site)) == without_own(before)
    assert read_paths(tmp_path / 'changed') == []
    assert read_paths(tmp_path / 'removed') == []
    backdate(site)
    assert build(site, lines[::-1]) == 0
    assert touched(site) == set()


@pytest.mark.parametrize('options', [(), ('--no-per-release-json',), ('--generate-timestamp',)], ids=' '.join)
def test_a_run_without_changes_touches_nothing_and_prints_nothing(
    options: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE, *options, *with_lists(tmp_path)) == 0
    backdate(tmp_path)
    assert build(site, BASE[::-1], *options, *with_lists(tmp_path)) == 0
    # Only the time of the directory changes, because the lock is made and removed in it.
    assert touched(tmp_path) == {'site', 'site.jsonl'}
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize(
    ('lines', 'upload', 'expected'),
    [
        pytest.param(BASE, file('qux-1.0.tar.gz', MARCH + 1), {'2026-03.html'}, id='in the newest month'),
        pytest.param(BASE, file('qux-1.0.tar.gz', JANUARY + 1), {'2026-01.html'}, id='in an old month'),
        pytest.param(BASE, file('qux-1.0.tar.gz', MARCH + 31 * 86_400), {'2026-04.html'}, id='in a new month'),
        pytest.param(
            busy_month(999)[:-1],
            file('foo-999.0-py3-none-any.whl', FEBRUARY + 60 * 999),
            {'2026-02-2.html'},
            id='the last one that fits on its page',
        ),
        pytest.param(
            busy_month(1000)[:-1],
            file('foo-1000.0-py3-none-any.whl', FEBRUARY + 60 * 1000),
            {'2026-02-3.html'},
            id='the first one that does not fit on its page',
        ),
    ],
)
def test_an_upload_changes_one_page_of_the_changelog(
    lines: list[Line], upload: Line, expected: set[str], tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    assert build(site, lines) == 0
    backdate(site)
    assert build(site, [*lines, upload]) == 0
    assert {path for path in touched(site / 'changelog') if path.startswith('2')} == expected


SAME_OPTIONS = {name: edit for name, edit in EDITS.items() if edit[0].options == edit[1].options}


@pytest.mark.parametrize(('before', 'after'), SAME_OPTIONS.values(), ids=SAME_OPTIONS)
def test_with_the_packages_json_of_a_site_only_the_difference_is_written_into_an_empty_directory(
    before: State, after: State, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """Copying the directory over the published site makes that site equal to a fresh build."""
    published, difference = tmp_path / 'published', tmp_path / 'difference'
    assert before.build(published) == 0
    downloaded = tmp_path / 'downloaded.json'
    shutil.copy(published / 'packages.json', downloaded)
    changed, removed = tmp_path / 'changed', tmp_path / 'removed'
    options = ('--previous-package-list-json', str(downloaded), *with_lists(tmp_path))
    assert after.build(difference, *options) == 0

    new, old = without_own(fresh(after)), without_own(fresh(before))
    assert pages(difference) == {path: content for path, content in files(new).items() if content != old.get(path)}
    assert sorted(read_paths(changed)) == sorted(pages(difference))
    assert set(read_paths(removed)) == files(old).keys() - files(new).keys()
    copy(difference, published, pages(difference), read_paths(removed))
    assert without_own(entries(published)) == new


def test_a_previous_list_may_be_plain_text(tmp_path: Path) -> None:
    before, after = ['foo-1.0.tar.gz', 'bar-1.0.tar.gz'], ['foo-1.0.tar.gz', 'foo-2.0.zip', 'qux-1.0.tar.gz']
    new, old = write_list(tmp_path / 'new.txt', after), write_list(tmp_path / 'old.txt', before)
    published, difference, removed = tmp_path / 'published', tmp_path / 'difference', tmp_path / 'removed'
    assert build(published, [{'filename': name} for name in before]) == 0
    command = ['--package-list', new, '--previous-package-list', old, '--removed-paths', removed]
    assert main([*map(str, command), '--output-dir', str(difference), '--packages-url', PACKAGES_URL]) == 0
    copy(difference, published, pages(difference), read_paths(removed))
    expected = State([{'filename': name} for name in after]).build_anew(tmp_path / 'fresh')
    assert without_own(entries(published)) == without_own(expected)


def test_two_lists_with_the_same_content_write_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path / 'published', BASE) == 0
    previous = ('--previous-package-list-json', str(tmp_path / 'published' / 'packages.json'))
    (tmp_path / 'difference').mkdir()
    assert build(tmp_path / 'difference', BASE, *previous) == 0
    assert entries(tmp_path / 'difference') == {}
    assert capfd.readouterr() == ('', '')


def test_a_change_that_was_not_copied_is_reverted_by_the_next_run(
    tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """The directory still has the pages of the last run, and the next list reverts some edits."""
    published, difference = tmp_path / 'published', tmp_path / 'difference'
    assert build(published, BASE) == 0
    changed, removed = tmp_path / 'changed', tmp_path / 'removed'
    options = ('--previous-package-list-json', str(published / 'packages.json'), *with_lists(tmp_path))
    one = State([*saying(BASE, 'foo-1.0.tar.gz', yanked=True), file('qux-1.0.tar.gz')])
    assert one.build(difference, *options) == 0
    other = State([*without(BASE, 'bar-2.0.tar.gz'), file('quux-1.0.tar.gz')])
    assert other.build(difference, *options) == 0
    copy(difference, published, read_paths(changed), read_paths(removed))
    assert without_own(entries(published)) == without_own(fresh(other))


@pytest.mark.parametrize(('before', 'after'), EDITS.values(), ids=EDITS)
def test_copying_the_changed_and_deleting_the_removed_paths_makes_the_copy_equal(
    before: State, after: State, tmp_path: Path
) -> None:
    site, published = tmp_path / 'site', tmp_path / 'published'
    assert before.build(site) == 0
    shutil.copytree(site, published)
    old = pages(published)
    assert after.build(site, *with_lists(tmp_path)) == 0
    changed, removed = read_paths(tmp_path / 'changed'), read_paths(tmp_path / 'removed')
    copy(site, published, changed, removed)
    assert without_own(entries(published)) == without_own(entries(site))
    assert sorted(changed) == [path for path, content in pages(site).items() if content != old.get(path)]
    assert sorted(removed) == sorted(old.keys() - pages(site).keys())


@pytest.mark.long
def test_one_upload_into_a_site_of_many_projects_rewrites_fewer_than_20_files(tmp_path: Path) -> None:
    """10,000 projects for each push, 50,000 in `make test-long`."""
    site, count = tmp_path / 'site', 50_000 if LONG else 10_000
    lines = (file(f'project{number}-1.0.tar.gz', JANUARY + 600 * number) for number in range(count))
    packages = write_list(tmp_path / 'site.jsonl', lines)
    command = ['--package-list-json', str(packages), '--no-per-release-json']
    command += ['--output-dir', str(site), '--packages-url', PACKAGES_URL]
    assert main(command) == 0
    published = (site / RECORD).stat().st_mtime_ns  # the record is written last
    with packages.open('a', encoding='utf-8') as more:
        more.write(json.dumps(file('newcomer-1.0.tar.gz', JANUARY + 600 * count)))
    assert main(command) == 0
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(site) for name in names]
    assert len(paths) > 4 * count
    new = [path for path in paths if os.stat(path).st_mtime_ns > published]
    assert 5 < len(new) < 20


def test_the_order_of_a_list_changes_nothing(either: Path, tmp_path: Path) -> None:
    lines = either.with_name('site.jsonl').read_text().splitlines()
    random.Random(0).shuffle(lines)
    assert build(tmp_path / 'shuffled', lines) == 0
    assert tree(tmp_path / 'shuffled') == tree(either)


def test_a_second_run_touches_nothing(either: Path, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    shutil.copytree(either, site)
    before = mtimes(site)
    assert build(site, either.with_name('site.jsonl').read_text().splitlines()) == 0
    assert mtimes(site) == before
