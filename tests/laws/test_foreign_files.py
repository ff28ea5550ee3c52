"""Law 3: the program never removes or overwrites files that it did not write, and follows no links in the site."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dumb_pypi.main import main
from dumb_pypi.pages.kinds import PAGES, kind_of, project_of
from dumb_pypi.pages.page import digest
from testing.benchmark import PEER
from testing.edits import BASE, Line, without
from testing.long import walks
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import (
    OWN,
    PENDING,
    RECORD,
    Entries,
    State,
    copy,
    entries,
    everything,
    files,
    pages,
    read_paths,
    without_own,
)
from testing.tools import make_tool

FOO: Line = {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 1700000000}
BAR: Line = {'filename': 'bar-1.0.tar.gz', 'upload_timestamp': 1700000060}
FEEDS = ('--site-url', 'https://pypi.example.com/')
IN_THE_WAY = (
    'in the way of a page, but not written by this program{}; move it away, or build in an empty directory and swap\n'
)

OBSTACLE = re.escape(IN_THE_WAY.format(' (and 0 more)')).replace(r'\ \(and\ 0\ more\)', r'(?: \(and \d+ more\))?')
OWN_NAMES = [f'{OWN}.{name}' for name in ('json', 'pending', 'elsewhere', 'uploads', 'tmp', 'lock')]

# ------------------------------------------------------------------------------------------------- foreign files

OTHERS = {
    'a PEP 691 page of another program': ('simple/other/index.v1_json', b'{"meta":{"api-version":"1.4"},"files":[]}'),
    'an index page of another program': ('simple/other/index.html', b'<!DOCTYPE html>\n<html><head></head></html>'),
    'a legacy page of another program': ('pypi/other/json', b'{"info":{},"releases":{},"urls":[]}\n'),
    'a style that begins as ours does': ('static/company.css', b'/* dumb-pypi: the style of our company */'),
    'a copy of the style': ('static/style-old.css', b'/* dumb-pypi */'),
    'a copy of a page of the changelog': ('changelog/backup.html', b'<!doctype html>\n<html lang="en">'),
    'a page of a month that has no uploads': ('changelog/1999-01.html', b'<!doctype html>\n<html lang="en">'),
    'a listing by a prefix': ('projects/x.html', b'<!doctype html>\n<html lang="en">'),
    'a feed of another tool': ('rss/feed-of-other-tool.xml', b'<?xml version="1.0"?><rss version="2.0"/>'),
}


def plant_others(site: Path) -> dict[str, bytes]:
    for path, content in OTHERS.values():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    return dict(OTHERS.values())


@pytest.mark.parametrize('is_first', [True, False], ids=['before the first run', 'after it'])
@pytest.mark.parametrize(('path', 'content'), OTHERS.values(), ids=OTHERS)
def test_foreign_files_survive_even_if_they_look_like_ours(
    path: str, content: bytes, is_first: bool, tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    if not is_first:
        assert build(site, [FOO, BAR], *FEEDS) == 0
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_bytes(content)
    runs: list[tuple[list[Line], tuple[str, ...]]] = [
        ([FOO, BAR], FEEDS),
        ([FOO, BAR], (*FEEDS, '--rebuild')),
        ([FOO], ()),
        ([], ('--allow-empty',)),
        ([], ('--allow-empty', '--rebuild')),
        ([FOO], ('--rebuild',)),
    ]
    for lines, options in runs:
        assert build(site, lines, *options) == 0
        assert (site / path).read_bytes() == content
    fresh = State([FOO]).build_anew(tmp_path / 'fresh')
    assert files(entries(site)) == files(fresh) | {path: content}


def test_a_copy_of_a_page_at_another_path_is_foreign(tmp_path: Path) -> None:
    """The program writes the same bytes at one path, but did not write them at the other."""
    site = tmp_path / 'site'
    assert build(site, [FOO, BAR]) == 0
    copies = {
        'simple/copied/index.html': 'simple/bar/index.html',
        'simple/copied/index.v1_json': 'simple/bar/index.v1_json',
        'pypi/copied/json': 'pypi/bar/json',
        'project/copied/index.html': 'project/bar/index.html',
        'changelog/2023-12.html': 'changelog/2023-11.html',
        'static/copied.css': 'static/style.css',
    }
    for path, source in copies.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(site / source, site / path)
    before = {path: (site / path).read_bytes() for path in copies}
    for lines in ([FOO], [], [FOO, BAR]):
        assert build(site, lines, '--allow-empty', '--rebuild') == 0
        assert {path: (site / path).read_bytes() for path in copies} == before


# --------------------------------------------------------------------------------------------- in the way of a page


@pytest.mark.parametrize(
    'path',
    [
        'index.html',
        '404.html',
        'packages.json',
        'changelog/index.html',
        'changelog/2023-11.html',
        'projects/index.html',
        'rss/updates.xml',
        'simple/index.html',
        'simple/index.v1_json',
        'simple/foo/index.html',
        'simple/foo/index.v1_json',
        'project/foo/index.html',
        'pypi/foo/json',
        'pypi/foo/1.0/json',
        'static/style.css',
        'static/names.js',
        'status/index.html',
    ],
)
def test_a_first_run_overwrites_nothing_and_names_what_is_in_the_way(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    if path not in pages_of(tmp_path / 'fresh'):
        pytest.fail('no such page')
    (site / path).parent.mkdir(parents=True)
    (site / path).write_bytes(b'mine')
    assert build(site, [FOO], *FEEDS) == 1
    assert capfd.readouterr() == ('', f'site/{path}: {IN_THE_WAY.format("")}')
    assert files(entries(site)) == {path: b'mine'}
    (site / path).unlink()
    assert build(site, [FOO], *FEEDS) == 0
    assert entries(site) == entries(tmp_path / 'fresh')


def pages_of(site: Path) -> dict[str, bytes]:
    assert build(site, [FOO], *FEEDS) == 0
    return pages(site)


def test_everything_in_the_way_is_counted_and_the_path_lists_stay_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    mine = dict.fromkeys(('index.html', 'simple/foo/index.html', 'static/style.css', 'static/mine.css'), b'mine')
    for path, content in mine.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    assert build(site, [FOO], '--changed-paths', 'changed', '--removed-paths', 'removed') == 1
    assert capfd.readouterr() == ('', f'site/index.html: {IN_THE_WAY.format(" (and 2 more)")}')
    assert files(entries(site)) == mine
    assert (read_paths(Path('changed')), read_paths(Path('removed'))) == ([], [])


@pytest.mark.parametrize('options', [(), ('--rebuild',)], ids=['a usual run', '--rebuild'])
def test_a_later_run_overwrites_nothing_either(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The list gets a new project, and a foreign file is at the path of its page."""
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    assert build(site, [FOO]) == 0
    (site / 'pypi/bar').mkdir()
    (site / 'pypi/bar/json').write_bytes(b'mine')
    before = entries(site)
    assert build(site, [FOO, BAR], *options) == 1
    assert capfd.readouterr() == ('', f'site/pypi/bar/json: {IN_THE_WAY.format("")}')
    assert entries(site) == before
    assert build(site, [FOO], *options) == 0
    assert entries(site) == before


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    """Make `/dev/full` under another name, or a FIFO if devices are forbidden."""
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 7))
    except PermissionError:
        os.mkfifo(path)


@pytest.mark.parametrize('make', [make_fifo, make_device])
@pytest.mark.parametrize('path', ['index.html', 'packages.json', 'simple/foo/index.html', '.dumb-pypi.uploads/2023-11'])
@pytest.mark.parametrize('is_first', [True, False], ids=['a first run', 'a later one'])
def test_a_special_file_at_the_path_of_a_page_is_an_error_and_no_run_waits_for_it(
    path: str,
    make: Callable[[Path], None],
    is_first: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    if not is_first:
        assert build(site, [FOO]) == 0
        (site / path).unlink()
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    make(site / path)
    before = everything(site)
    assert build(site, [FOO | {'size': 1}, BAR]) == 1
    assert capfd.readouterr() == ('', f'site/{path}: {IN_THE_WAY.format("")}')
    assert everything(site) == before


@pytest.mark.parametrize('name', OWN_NAMES)
def test_a_pipe_in_place_of_a_note_of_the_program_is_an_error(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    site.mkdir()
    os.mkfifo(site / name)
    assert build(site, [FOO]) == 1
    assert capfd.readouterr() == ('', f'{site}/{name}: not a regular file; move it away\n')
    assert list(everything(site)) == [name]


# --------------------------------------------------------------------------------------------------- symbolic links


@pytest.fixture
def other_site(tmp_path: Path) -> Path:
    """Build a site of somebody else, which also contains a file with notes."""
    directory = tmp_path / 'other'
    assert build(directory, [FOO, BAR]) == 0
    (directory / 'notes').write_bytes(b'precious')
    return directory


LINKED_PAGES = [
    'index.html',
    'packages.json',
    'simple',
    'simple/bar',
    'simple/bar/index.html',
    'pypi',
    'pypi/bar/1.0',
    'pypi/bar/1.0/json',
    'project/bar',
    'static',
    'static/style.css',
    'changelog',
    'changelog/2023-11.html',
    'projects',
]


@pytest.mark.parametrize('path', LINKED_PAGES)
@pytest.mark.parametrize(
    ('lines', 'options'),
    [
        ([FOO], ()),
        ([], ('--allow-empty',)),
        ([FOO], ('--rebuild',)),
        ([FOO, BAR | {'size': 1}], ()),
        ([FOO, BAR], ('--title', 'Other packages')),
        ([FOO, BAR], ('--no-per-release-json', '--rebuild')),
    ],
    ids=['a project less', 'emptied', 'rebuilt', 'a file changed', 'another title', 'fewer pages'],
)
def test_nothing_is_written_or_removed_through_a_link(
    lines: list[Line], options: tuple[str, ...], path: str, other_site: Path, tmp_path: Path
) -> None:
    """If the link is in the way, that is an error. Otherwise, the program never reads its target."""
    site = tmp_path / 'site'
    assert build(site, [FOO, BAR]) == 0
    if (site / path).is_dir():
        shutil.rmtree(site / path)
    else:
        (site / path).unlink()
    (site / path).symlink_to(other_site / path)
    before, there = everything(site), everything(other_site)
    status = build(site, lines, *options)
    assert everything(other_site) == there
    assert os.readlink(site / path) == str(other_site / path)
    if status != 0:
        assert everything(site) == before


def test_a_link_at_the_path_of_a_page_is_in_the_way(
    other_site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    site.mkdir()
    for name in ('static', 'index.html', 'packages.json'):
        (site / name).symlink_to(other_site / name)
    (site / '404.html').symlink_to('nowhere')
    before, there = everything(site), everything(other_site)
    assert build(site, [FOO], *FEEDS) == 1
    assert capfd.readouterr() == ('', f'{site}/404.html: {IN_THE_WAY.format(" (and 3 more)")}')
    assert everything(site) == before
    assert everything(other_site) == there


@pytest.mark.parametrize('name', OWN_NAMES)
@pytest.mark.parametrize('leads', ['a file', 'a directory', 'nowhere'])
def test_a_link_in_place_of_a_note_of_the_program_is_an_error(
    leads: str, name: str, other_site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    if name.endswith('uploads'):
        shutil.rmtree(site / name)
    else:
        (site / name).unlink(missing_ok=True)
    targets: dict[str, str | Path] = {'a file': other_site / 'notes', 'a directory': other_site, 'nowhere': 'nowhere'}
    (site / name).symlink_to(targets[leads])
    before, there = everything(site), everything(other_site)
    assert build(site, [FOO, BAR]) == 1
    assert capfd.readouterr() == ('', f'{site}/{name}: not a regular file; move it away\n')
    assert everything(site) == before
    assert everything(other_site) == there


@pytest.mark.parametrize('month', ['2023-11', '2023-10'], ids=['of a month with uploads', 'of one without any'])
@pytest.mark.parametrize('lines', [[FOO, BAR], []], ids=['more', 'nothing'])
def test_a_link_in_the_data_of_the_changelog_is_not_followed(
    lines: list[Line], month: str, other_site: Path, tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    path = site / '.dumb-pypi.uploads' / month
    path.unlink(missing_ok=True)
    path.symlink_to(other_site / 'notes')
    build(site, lines, '--allow-empty')
    assert (other_site / 'notes').read_bytes() == b'precious'
    assert path.is_symlink()


def test_a_link_in_the_data_of_the_changelog_is_in_the_way(
    other_site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    path = site / '.dumb-pypi.uploads/2023-11'
    path.unlink()
    path.symlink_to(other_site / 'notes')
    assert build(site, [FOO, BAR]) == 1
    assert capfd.readouterr() == ('', f'{path}: {IN_THE_WAY.format("")}')


def test_the_output_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / 'disk').mkdir()
    site = tmp_path / 'site'
    site.symlink_to('disk')
    for lines in ([FOO, BAR], [FOO]):
        assert build(site, lines) == 0
    assert site.is_symlink()
    assert entries(tmp_path / 'disk') == State([FOO]).build_anew(tmp_path / 'fresh')


# ----------------------------------------------------------------------------------------------- sites taken over


BUSY: list[Line] = [  # more uploads in a month than fit on a page of the changelog
    {'filename': f'busy-1.0-{number}-py3-none-any.whl', 'upload_timestamp': 1600000000 + number}
    for number in range(600)
]
MANY: list[Line] = [{'filename': f'p{number}-1.0.zip'} for number in range(1001)]  # more projects than fit on a page


@pytest.mark.parametrize(
    ('before', 'lines', 'options'),
    [
        ([FOO, BAR], [FOO, BAR], ()),
        ([FOO, BAR], [FOO], FEEDS),
        ([FOO, BAR], [BAR | {'size': 1}], ()),
        ([FOO, *BUSY], [FOO], ()),
        ([FOO, *MANY], [FOO], ('--no-per-release-json',)),
    ],
    ids=['the same list', 'a project less', 'another list', 'many uploads less', 'many projects less'],
)
def test_a_site_fetched_back_without_hidden_files_is_taken_over(
    before: list[Line], lines: list[Line], options: tuple[str, ...], tmp_path: Path
) -> None:
    """Pages of removed projects are removed. Foreign files stay."""
    published, site = tmp_path / 'published', tmp_path / 'site'
    assert build(published, before, *FEEDS, *options) == 0
    copy(published, site, pages(published), [])
    mine = plant_others(site)
    assert build(site, lines, *options) == 0
    assert files(entries(site)) == files(State(lines, options).build_anew(tmp_path / 'fresh')) | mine


def test_the_table_of_pages_names_every_page_and_no_other(tmp_path: Path) -> None:
    """A page outside the table would be treated as foreign when a site is taken over."""
    site = tmp_path / 'site'
    releases: list[Line] = [{'filename': f'foo-{number}-py3-none-any.whl'} for number in range(101)]
    assert build(site, [*BUSY, *MANY, *releases], *FEEDS) == 0
    of_earlier_releases = {'project/{project}/files.html'}
    assert {kind_of(path) for path in pages(site)} == set(PAGES) - of_earlier_releases


def test_pages_of_an_earlier_release_that_divided_months_and_letters_differently_are_removed(
    tmp_path: Path,
) -> None:
    """The earlier release listed each upload in its own month, not in the month of the release."""
    site = tmp_path / 'site'
    late: Line = {'filename': 'foo-1.0-py3-none-any.whl', 'upload_timestamp': 1705000000}
    assert build(site, [FOO, late]) == 0
    expected = pages(site)
    (site / RECORD).unlink()
    kept = {
        'changelog/2024-01-01.html': b'of a day',
        'changelog/2031-01.html': b'of no upload',
        'projects/x.html': b'x',
    }
    for path, content in kept.items():
        (site / path).write_bytes(content)
    for path in ('changelog/2024-01.html', 'changelog/2024-01-2.html', 'projects/from-f.html'):
        (site / path).write_bytes(b'of an earlier release')
    assert build(site, [FOO, late]) == 0
    assert pages(site) == expected | kept


@pytest.mark.parametrize(
    'content',
    [b'', b'[]\n', b'{"name": "a", "version": "1"}\n', b'{"filename": "foo-1.0.tar.gz"}\n{"a": 1}\n', b'\xff'],
)
@pytest.mark.parametrize('index', [{}, {'simple/index.html': b'of another program'}], ids=['alone', 'with an index'])
def test_a_list_of_another_program_does_not_make_a_site_ours(
    index: dict[str, bytes], content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    foreign = {'packages.json': content, **index}
    for path, found in foreign.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(found)
    assert build(site, [FOO]) == 1
    more = ' (and 1 more)' if index else ''
    assert capfd.readouterr() == ('', f'{site}/packages.json: {IN_THE_WAY.format(more)}')
    assert files(entries(site)) == foreign


def make_nothing(site: Path) -> None:
    """Make nothing, like an interrupted download."""


def make_a_directory(site: Path) -> None:
    (site / 'simple/index.html').mkdir(parents=True)


def make_a_link(site: Path) -> None:
    (site / 'simple').mkdir()
    (site / 'simple/index.html').symlink_to(site / 'packages.json')


def make_a_link_to_a_site(site: Path) -> None:
    assert build(site.parent / 'other', [FOO]) == 0
    (site / 'simple').symlink_to(site.parent / 'other/simple')


@pytest.mark.parametrize('make', [make_nothing, make_a_directory, make_a_link, make_a_link_to_a_site])
def test_a_foreign_list_in_a_web_root_is_read_and_not_replaced(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A list counts as ours only beside `simple/index.html`. The spelling and the order of this one are not ours."""
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    write_list(site / 'packages.json', ['{ "filename": "Foo-1.0.tar.gz" }', '{ "filename": "bar-1.0.tar.gz" }'])
    make(tmp_path / 'site')
    write_list(Path('previous'), [FOO])
    before = everything(tmp_path)
    for options in ((), ('--rebuild',), ('--previous-package-list-json', 'previous')):
        command = ['--package-list-json', 'site/packages.json', '--output-dir', 'site', '--packages-url', PACKAGES_URL]
        assert main([*command, *options]) == 1
        assert re.fullmatch(rf'site/(packages\.json|simple(/index\.html)?): {OBSTACLE}', capfd.readouterr().err)
        assert everything(tmp_path) == before


@pytest.mark.parametrize('lists', [True, False], ids=['with path lists', 'without'])
@pytest.mark.parametrize('options', [(), ('--rebuild',)], ids=['a usual run', '--rebuild'])
@pytest.mark.parametrize('name', [RECORD, PENDING, f'{OWN}.elsewhere'])
def test_paths_that_somebody_wrote_into_a_note_of_the_program_are_not_owned(
    name: str, options: tuple[str, ...], lists: bool, tmp_path: Path
) -> None:
    """The files at these paths are not pages. They are not removed, overwritten or listed as removed."""
    site = tmp_path / 'site'
    if lists:
        options = (*options, '--changed-paths', str(tmp_path / 'changed'), '--removed-paths', str(tmp_path / 'removed'))
    if name == f'{OWN}.elsewhere':
        options = (*options, '--previous-package-list-json', str(write_list(tmp_path / 'before', [FOO])))
    assert build(site, [FOO, BAR], *options) == 0
    mine = [
        'robots.txt',
        'LICENSE',
        'pool/foo-1.0.tar.gz',
        'static/company.css',
        'rss/other.xml',
        'changelog/backup.html',
        'changelog/1999-01.txt',
        'projects/from-.html',
        'simple/bar',
        'simple/robots.txt',
        'pypi/json',
    ]
    for path in mine:
        if not (site / path).exists():
            (site / path).parent.mkdir(exist_ok=True)
            (site / path).write_bytes(b'mine')
    claim(site / name, mine)
    kept = {path: content for path, content in everything(site).items() if content == b'mine'}
    assert len(kept) == len(mine) - 1
    for lines in ([FOO], [], [BAR]):
        assert build(site, lines, '--allow-empty', *options) == 0
        assert {path: content for path, content in everything(site).items() if path in kept} == kept
    if lists:
        assert set(read_paths(tmp_path / 'removed')).isdisjoint(mine)


def claim(note: Path, paths: list[str]) -> None:
    """Add paths to a note of the program, with a correct digest. If there is no such note, make a pending note."""
    head, body = map(json.loads, (note if note.exists() else note.with_name(RECORD)).read_bytes().splitlines())
    if not note.exists():
        body = {'projects': [], 'pages': []}
    body['paths' if 'paths' in body else 'pages'] += paths
    text = json.dumps(body).encode()
    note.write_bytes(json.dumps(head | {'digest': digest(text)}).encode() + b'\n' + text + b'\n')


def test_a_site_without_a_record_and_with_an_invalid_line_in_its_list_is_not_taken_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / '.dumb-pypi.json').unlink()
    with (site / 'packages.json').open('a', encoding='utf-8') as packages:
        packages.write('{"filename": 1}\n')
    assert build(site, BASE) == 1
    assert 'in the way of a page' in capsys.readouterr().err


def test_a_list_of_ours_stays_ours_with_a_line_that_is_no_distribution(tmp_path: Path) -> None:
    site, fresh = tmp_path / 'site', tmp_path / 'fresh'
    assert build(site, [FOO, BAR]) == 0
    (site / RECORD).unlink()
    with (site / 'packages.json').open('a') as lines:
        lines.write('{"filename": "README.md"}\n')
    assert build(site, [FOO]) == 0
    assert entries(site) == State([FOO]).build_anew(fresh)


@pytest.fixture(scope='module')
def old_lines() -> list[Line]:
    return [
        FOO | {'hash': f'sha256={"a" * 64}', 'uploaded_by': 'ann'},
        FOO | {'filename': 'Foo-1.1-py3-none-any.whl', 'requires_python': '>=3.6', 'core_metadata': True},
        BAR | {'requires_dist': ['foo>=1']},
        {'filename': 'some.name-2.0+local.zip', 'upload_timestamp': 1600000000},
        {'filename': 'odd_name-2004d_2.tar.gz'},
        *({'filename': f'many-1.{number}.zip', 'upload_timestamp': 1500000000 + number} for number in range(150)),
    ]


@pytest.fixture(scope='module')
def of_release_1_15_0(old_lines: list[Line], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sites with `dumb-pypi==1.15.0` from the public index."""
    site = tmp_path_factory.mktemp('old') / 'site'
    packages = write_list(site.with_name('list.jsonl'), old_lines)
    command = ['--package-list-json', packages, '--output-dir', site, '--packages-url', PACKAGES_URL]
    subprocess.run([make_tool('peer', PEER) / 'dumb-pypi', *map(str, command)], check=True)
    assert not (site / 'simple/index.v1_json').exists()
    shutil.copy(site / 'changelog/page1.html', site / 'changelog/page2.html')  # as for more than 5,000 files
    return site


@pytest.mark.parametrize('with_previous', [False, True], ids=['without a previous list', 'with a previous list'])
@pytest.mark.parametrize('edit', ['the same list', 'projects less', 'another list'])
def test_a_site_of_release_1_15_0_is_taken_over_and_no_orphan_stays(
    edit: str, with_previous: bool, of_release_1_15_0: Path, old_lines: list[Line], tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    shutil.copytree(of_release_1_15_0, site)
    mine = plant_others(site)
    lines = {
        'the same list': old_lines,
        'projects less': old_lines[:2],
        'another list': [*old_lines[1:], {'filename': 'new-1.0.tar.gz'}],
    }[edit]
    previous = ('--previous-package-list-json', str(write_list(tmp_path / 'previous.jsonl', old_lines)))
    state = State(lines)
    assert state.build(site, *(previous if with_previous else ())) == 0
    assert files(entries(site)) == files(state.build_anew(tmp_path / 'fresh')) | mine
    # Run once more, like cron.
    assert state.build(site, *(previous if with_previous else ())) == 0
    assert files(entries(site)) == files(entries(tmp_path / 'fresh')) | mine


def test_the_path_lists_name_all_changes_to_a_site_of_release_1_15_0(
    of_release_1_15_0: Path, old_lines: list[Line], tmp_path: Path
) -> None:
    site, far = tmp_path / 'site', tmp_path / 'far'
    for directory in (site, far):
        shutil.copytree(of_release_1_15_0, directory)
    lists = {option: tmp_path / option for option in ('--changed-paths', '--removed-paths')}
    assert build(site, old_lines[:2], *(text for pair in lists.items() for text in map(str, pair))) == 0
    copy(site, far, *map(read_paths, lists.values()))
    assert entries(far) == without_own(entries(site))


def test_a_foreign_page_in_the_way_of_a_site_of_release_1_15_0_is_an_error(
    of_release_1_15_0: Path, old_lines: list[Line], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """That release wrote none of these files."""
    site = tmp_path / 'site'
    shutil.copytree(of_release_1_15_0, site)
    for path in ('static/style.css', 'project/foo/index.html'):
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(b'mine')
    before = entries(site)
    assert build(site, old_lines) == 1
    assert capfd.readouterr() == ('', f'{site}/project/foo/index.html: {IN_THE_WAY.format(" (and 1 more)")}')
    assert entries(site) == before


# ------------------------------------------------------------------------------------------------------ random walks


class Walk(RuleBasedStateMachine):
    """A random walk: between runs, somebody puts files and links where pages are or may be written."""

    lines = st.lists(
        st.sampled_from(
            [
                FOO,
                BAR,
                {'filename': 'foo-2.0.zip', 'upload_timestamp': 1705000000},
                {'filename': 'other-1.0.zip'},
                {'project': 'foo', 'summary': 'Does what foo does'},
            ]
        ),
        unique_by=str,
    )
    names = st.sampled_from(['foo', 'bar', 'other', 'nobody'])
    places = st.one_of(
        st.sampled_from(
            [
                *('index.html', '404.html', 'packages.json', 'mine.txt', 'simple', 'pypi', 'static', 'changelog'),
                *('simple/index.html', 'simple/index.v1_json', 'static/style.css', 'static/mine.css', 'rss'),
                *('changelog/index.html', 'changelog/2023-11.html', 'changelog/2024-01.html', 'changelog/page1.html'),
                *('projects', 'projects/index.html', 'rss/updates.xml', '.dumb-pypi.uploads/2023-11'),
            ]
        ),
        st.builds('simple/{}'.format, names),
        st.builds('simple/{}/index.html'.format, names),
        st.builds('pypi/{}/json'.format, names),
        st.builds('pypi/{}/1.0/json'.format, names),
        st.builds('project/{}/index.html'.format, names),
    )

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp())
        self.site, self.outside = self.top / 'site', self.top / 'outside'
        self.mine: dict[str, bytes | str] = {}
        (self.outside / 'foo').mkdir(parents=True)
        for name in ('index.html', 'json', 'foo/index.html', 'foo/json', '2023-11', 'style.css'):
            (self.outside / name).write_bytes(b'outside')
        self.there = everything(self.outside)

    def may_come(self, path: str) -> bool:
        """Return whether a foreign file can be put there: the path is free, and no part of it is a foreign file.

        Paths for pages of published projects belong to the program, even if there is no page.
        """
        project = project_of(path)
        if project is not None and (self.site / 'simple' / project).is_dir():
            return False
        below = [self.site.joinpath(*Path(path).parts[:depth]) for depth in range(1, len(Path(path).parts))]
        return not os.path.lexists(self.site / path) and not any(each.is_symlink() or each.is_file() for each in below)

    @rule(path=places, content=st.binary(max_size=3))
    def plant_a_file(self, path: str, content: bytes) -> None:
        if self.may_come(path) and not path.startswith(OWN):
            (self.site / path).parent.mkdir(parents=True, exist_ok=True)
            (self.site / path).write_bytes(content)
            self.mine[path] = content

    @rule(path=places, leads=st.sampled_from(['', 'foo', 'index.html', 'json', '2023-11', 'nowhere']))
    def plant_a_link(self, path: str, leads: str) -> None:
        if self.may_come(path):
            (self.site / path).parent.mkdir(parents=True, exist_ok=True)
            (self.site / path).symlink_to(self.outside / leads)
            self.mine[path] = f'a link to {self.outside / leads}'

    @rule(number=st.integers(0, 99))
    def remove_what_was_planted(self, number: int) -> None:
        if self.mine:
            path = sorted(self.mine)[number % len(self.mine)]
            (self.site / path).unlink()
            del self.mine[path]

    @rule(
        lines=lines,
        options=st.sampled_from([(), ('--rebuild',), FEEDS, ('--no-per-release-json',), ('--title', 'Other packages')]),
        is_lost=st.sampled_from([False, False, False, True]),
    )
    def run(self, lines: list[Line], options: tuple[str, ...], is_lost: bool) -> None:
        """Run the program. A run that ends in an error changes nothing."""
        if is_lost:
            (self.site / RECORD).unlink(missing_ok=True)
        before = everything(self.site) if self.site.exists() else {}
        if build(self.site, lines, '--allow-empty', *options) == 1:
            assert (everything(self.site) if self.site.exists() else {}) == before

    @invariant()
    def what_was_planted_is_unchanged(self) -> None:
        found = everything(self.site) if self.site.exists() else {}
        assert {path: found.get(path) for path in self.mine} == self.mine
        assert everything(self.outside) == self.there

    def teardown(self) -> None:
        shutil.rmtree(self.top)


@pytest.mark.long
def test_foreign_files_survive_random_walks(capfd: pytest.CaptureFixture[str]) -> None:
    run_state_machine_as_test(Walk, settings=walks(steps=15))
    assert 'Traceback' not in capfd.readouterr().err


FOREIGN = {
    path: f'{path} is not of this program\n'.encode()
    for path in (
        'pool/foo-1.0.tar.gz',
        'robots.txt',
        '.well-known/security.txt',
        'simple/notes.txt',
        'simple/foo/mine.txt',
        'simple/foo/old/index.html',
        'project/handmade/index.html',
        'pypi/foo/1.0/notes',
        'pypi/handmade/json',
        'changelog/notes.txt',
        'changelog/2026-01-01.html',
        'changelog/archive/index.html',
        'static/logo.png',
        'static/fonts/some.woff2',
    )
}


def test_foreign_files_survive_everything(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    for path, content in FOREIGN.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    directories: Entries = {
        parent.as_posix(): None for path in FOREIGN for parent in Path(path).parents if parent != Path('.')
    }
    for state, once in (
        (State(BASE), ('--rebuild',)),
        (State(without(BASE, 'bar-2.0.tar.gz')), ()),
        (State(BASE, ('--title', 'Other packages')), ()),
        (State(BASE, ('--no-per-release-json',)), ()),
        (State([line | {'upload_timestamp': None} for line in BASE]), ()),
        (State(BASE[-1:]), ()),
        (State(BASE), ()),
        (State([], ('--allow-empty',)), ()),
        (State([], ('--allow-empty',)), ('--rebuild',)),
        (State(BASE), ()),
    ):
        assert state.build(site, *once) == 0
        assert entries(site) == fresh(state) | directories | FOREIGN
    (site / RECORD).unlink()
    assert State(BASE[:-1]).build(site) == 0
    assert entries(site) == fresh(State(BASE[:-1])) | directories | FOREIGN


def test_the_target_of_a_link_survives(tmp_path: Path) -> None:
    """The link leads to a pool on another disk."""
    (tmp_path / 'pool').mkdir()
    (tmp_path / 'pool' / 'foo-1.0.tar.gz').write_bytes(b'a distribution')
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / 'pool').symlink_to(tmp_path / 'pool')
    assert build(site, [], '--allow-empty', '--rebuild') == 0
    assert (site / 'pool' / 'foo-1.0.tar.gz').read_bytes() == b'a distribution'
