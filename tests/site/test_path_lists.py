"""Path lists for a copying step: which files are accepted, and what the program does with them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.errors import quoted
from dumb_pypi.main import main
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import entries, everything, files, read_paths

Line = dict[str, Any]

FOO: Line = {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 1700000000}
BAR: Line = {'filename': 'bar-1.0.tar.gz', 'upload_timestamp': 1700000060}
OPTIONS = ('--changed-paths', '--removed-paths')


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a new working directory, so that messages contain no paths of this machine."""
    monkeypatch.chdir(tmp_path)
    write_list(tmp_path / 'list', [FOO])
    return tmp_path


def run(*options: str) -> int:
    return main(['--package-list-json', 'list', '--output-dir', 'site', '--packages-url', PACKAGES_URL, *options])


# ---------------------------------------------------------------------------------------------------------- wrong usage

MIXED_UP = {
    'one file for both': (('--changed-paths', 'a', '--removed-paths', 'a'), '--removed-paths', 'than --changed-paths'),
    'one file in two spellings': (
        ('--changed-paths', 'a', '--removed-paths', './x/../a'),
        '--removed-paths',
        'than --changed-paths',
    ),
    'one file under two names': (
        ('--changed-paths', 'one', '--removed-paths', 'other'),
        '--removed-paths',
        'than --changed-paths',
    ),
    'a link to the other': (
        ('--changed-paths', 'one', '--removed-paths', 'link'),
        '--removed-paths',
        'than --changed-paths',
    ),
    'the list': (('--changed-paths', 'list'), '--changed-paths', 'than --package-list'),
    'the list, by its whole path': (('--removed-paths', '{here}/list'), '--removed-paths', 'than --package-list'),
    'the list, by another name': (('--removed-paths', 'same list'), '--removed-paths', 'than --package-list'),
    'the list before': (
        ('--previous-package-list', 'previous', '--removed-paths', 'previous'),
        '--removed-paths',
        'than --previous-package-list',
    ),
}


@pytest.mark.parametrize(('options', 'option', 'than'), MIXED_UP.values(), ids=MIXED_UP)
def test_a_path_list_that_is_another_list_is_wrong_usage(
    options: tuple[str, ...], option: str, than: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_list(here / 'previous', ['foo-1.0.tar.gz'])
    (here / 'one').write_bytes(b'index.html\n')
    os.link(here / 'one', here / 'other')
    os.link(here / 'list', here / 'same list')
    (here / 'link').symlink_to('one')
    options = tuple(each.format(here=here) for each in options)
    before = everything(here)
    with pytest.raises(SystemExit) as stopped:
        run(*options)
    assert stopped.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f'dumb-pypi: error: {option}: expected another file {than}, got {quoted(options[-1])}'
    assert everything(here) == before


def test_a_path_list_that_is_the_list_on_standard_input_is_wrong_usage(here: Path) -> None:
    before = everything(here)
    command = [sys.executable, '-m', 'dumb_pypi', '--package-list-json', '-', '--output-dir', 'site']
    with open('list', 'rb') as packages:
        done = subprocess.run(
            [*command, '--packages-url', PACKAGES_URL, '--changed-paths', 'list'],
            stdin=packages,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "dumb-pypi: error: --changed-paths: expected another file than --package-list, got 'list'"
    )
    assert everything(here) == before


@pytest.mark.parametrize('option', OPTIONS)
@pytest.mark.parametrize(
    'path',
    [
        'site/changed',
        'site/static/changed',
        './site/../site/changed',
        '{here}/site/changed',
        'link/changed',
        'inside',
        'site',
        'link',
    ],
)
def test_a_path_list_inside_the_output_directory_is_wrong_usage(
    path: str, option: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(here / 'site', [FOO]) == 0
    (here / 'link').symlink_to('site')
    (here / 'inside').symlink_to('site/changed')
    path = path.format(here=here)
    before = everything(here)
    with pytest.raises(SystemExit) as stopped:
        run(option, path)
    assert stopped.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f'dumb-pypi: error: {option}: expected a file outside of the output directory, got {quoted(path)}'
    assert everything(here) == before


def test_a_path_list_may_lie_beside_an_output_directory_with_a_similar_name(here: Path) -> None:
    assert run('--changed-paths', 'site.changed', '--removed-paths', 'site2') == 0
    assert 'index.html' in read_paths(here / 'site.changed')


# -------------------------------------------------------------------------------------------------------- no such list


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link_to_device(path: Path) -> None:
    path.symlink_to('/dev/full')


def make_directory(path: Path) -> None:
    path.mkdir()


NO_LISTS: dict[str, Callable[[Path], None]] = {
    'a pipe': make_fifo,
    'a device that is always full': make_link_to_device,
    'a directory': make_directory,
}


@pytest.mark.parametrize('option', OPTIONS)
@pytest.mark.parametrize('make', NO_LISTS.values(), ids=NO_LISTS)
def test_a_special_file_is_no_path_list_and_no_run_waits_for_it(
    make: Callable[[Path], None], option: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make(here / 'odd')
    before = everything(here)
    assert run(option, 'odd') == 1
    assert capfd.readouterr() == ('', 'odd: expected a regular file\n')
    assert everything(here) == before


def test_a_device_is_no_path_list(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run('--changed-paths', '/dev/full') == 1
    assert capfd.readouterr() == ('', '/dev/full: expected a regular file\n')
    assert not (here / 'site').exists()


def test_a_link_to_itself_is_no_path_list(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / 'odd').symlink_to('odd')
    assert run('--changed-paths', 'odd') == 1
    assert capfd.readouterr() == ('', f'cannot read {here}/odd: Too many levels of symbolic links\n')
    assert not (here / 'site').exists()


@pytest.mark.parametrize('option', OPTIONS)
@pytest.mark.parametrize('content', [b'simple/\xff/index.html\n', b'\x00\xff\xfe'])
def test_a_path_list_that_is_not_utf8_is_an_error_and_stays_unchanged(
    content: bytes, option: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / 'odd').write_bytes(content)
    before = everything(here)
    assert run(option, 'odd') == 1
    assert capfd.readouterr() == ('', 'odd: expected a list of paths in UTF-8\n')
    assert everything(here) == before


NO_PATHS = {
    'a diary': ('\n\nDear diary,\nindex.html\n', 'Dear diary,'),
    'a list of packages': ('foo-1.0.tar.gz\n', 'foo-1.0.tar.gz'),
    'a list of packages in JSON': ('{"filename": "foo-1.0.tar.gz"}\n', '{"filename": "foo-1.0.tar.gz"}'),
    'a file that somebody has in the site': ('robots.txt\nindex.html\n', 'robots.txt'),
    'a file beside pages': ('simple/foo/notes.txt\n', 'simple/foo/notes.txt'),
    'a file beside pages of the changelog': ('changelog/backup.html\n', 'changelog/backup.html'),
    'a path that leads out': ('simple/../../index.html\n', 'simple/../../index.html'),
    'a whole path': ('/index.html\n', '/index.html'),
    'a line that is not ended': ('hello', 'hello'),
}


@pytest.mark.parametrize('option', OPTIONS)
@pytest.mark.parametrize(('content', 'first'), NO_PATHS.values(), ids=NO_PATHS)
def test_a_text_file_that_is_no_path_list_is_an_error_and_stays_unchanged(
    content: str, first: str, option: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / 'notes.txt').write_text(content)
    before = everything(here)
    assert run(option, 'notes.txt') == 1
    assert capfd.readouterr() == ('', f'notes.txt: expected a list of paths of pages, got {first!r}\n')
    assert everything(here) == before


@pytest.mark.parametrize(
    'first',
    [
        'simple/gone/index.html',
        'simple/gone/index.v1_json',
        'project/gone/index.html',
        'project/gone/files.html',
        'pypi/gone/json',
        'pypi/gone/1.0+local/json',
        'simple/index.html',
        'projects/from-g.html',
        'changelog/2001-02-3.html',
        'changelog/page17.html',
        'packages.json',
        '404.html',
    ],
)
def test_paths_of_removed_pages_are_accepted_and_lines_that_are_no_paths_are_dropped(first: str, here: Path) -> None:
    for name in ('changed', 'removed'):
        (here / name).write_text(f'\n{first}\n\nDear diary,\npool/foo-1.0.tar.gz\nsimple/fo\n')
    assert run('--changed-paths', 'changed', '--removed-paths', 'removed') == 0
    site = {path for path in files(entries(here / 'site')) if not path.startswith('.')}
    assert sorted(read_paths(here / 'changed')) == sorted(site)
    assert read_paths(here / 'removed') == [path for path in (first,) if path not in site]


def test_empty_path_lists_are_accepted(here: Path) -> None:
    (here / 'changed').write_text('\n\n')
    (here / 'removed').touch()
    assert run('--changed-paths', 'changed', '--removed-paths', 'removed') == 0
    assert read_paths(here / 'removed') == []


@pytest.mark.parametrize('half', ['index.html\nsimple/fo', 'index.html', 'index.html\n\nsimple/fo'])
def test_half_a_line_of_a_killed_run_spoils_no_path_of_the_next_run(half: str, here: Path) -> None:
    (here / 'changed').write_text(half)
    assert run('--changed-paths', 'changed') == 0
    assert sorted(read_paths(here / 'changed')) == [
        path for path in sorted(files(entries(here / 'site'))) if not path.startswith('.')
    ]


def test_a_path_list_in_a_directory_that_is_missing_is_an_error(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run('--changed-paths', 'gone/changed') == 1
    assert capfd.readouterr() == ('', f'cannot write {here}/gone/changed: No such file or directory\n')
    assert not (here / 'site').exists()


# ---------------------------------------------------------------------------------------------------------- the file


def settle(here: Path, *options: str) -> None:
    """Run twice, so that the second run has to clean up the path lists."""
    for lines in ([FOO, BAR], [FOO]):
        write_list(here / 'list', lines)
        assert run(*options) == 0


@pytest.mark.parametrize('neighbour', ['changed.tmp', 'changed.new', 'changed~', '.changed'])
def test_a_file_beside_a_path_list_survives(neighbour: str, here: Path) -> None:
    (here / neighbour).write_bytes(b'mine')
    settle(here, '--changed-paths', 'changed', '--removed-paths', 'removed')
    assert (here / neighbour).read_bytes() == b'mine'
    assert sorted(os.listdir()) == sorted(['changed', 'removed', 'list', 'site', neighbour])


def leave_half_a_list(path: Path) -> None:
    path.write_text('simple/fo')


def leave_a_link(path: Path) -> None:
    path.symlink_to('list')


@pytest.mark.parametrize('leave', [leave_half_a_list, leave_a_link])
def test_an_unfinished_path_list_of_a_killed_run_is_replaced(leave: Callable[[Path], None], here: Path) -> None:
    leave(here / '.dumb-pypi.changed')
    settle(here, '--changed-paths', 'changed', '--removed-paths', 'removed')
    assert sorted(os.listdir()) == ['changed', 'list', 'removed', 'site']
    assert {path for path in read_paths(here / 'changed') if path.startswith('simple/')} == {
        *('simple/index.html', 'simple/index.v1_json'),
        *('simple/foo/index.html', 'simple/foo/index.v1_json'),
    }
    assert (here / 'list').read_text().count('\n') == 1


def test_a_link_to_a_path_list_stays_a_link_and_its_target_is_settled(here: Path) -> None:
    settle(here, '--changed-paths', 'changed', '--removed-paths', 'removed')
    plain = {name: read_paths(here / name) for name in ('changed', 'removed')}
    for name in plain:
        (here / name).unlink()
    (here / 'disk').mkdir()
    (here / 'changed').symlink_to('disk/one')
    (here / 'removed').symlink_to('further')
    (here / 'further').symlink_to(here / 'disk/other')
    (here / 'disk/one').write_text('index.html\nindex.html\n')
    assert build(here / 'site', [], '--allow-empty') == 0
    assert build(here / 'site', [FOO, BAR], '--changed-paths', 'changed', '--removed-paths', 'removed') == 0
    write_list(here / 'list', [FOO])
    assert run('--changed-paths', 'changed', '--removed-paths', 'removed') == 0
    assert os.readlink('changed') == 'disk/one'
    assert os.readlink('removed') == 'further'
    assert not (here / 'disk/one').is_symlink()
    assert not (here / 'disk/other').is_symlink()
    assert sorted(os.listdir('disk')) == ['one', 'other']
    assert len(read_paths(here / 'changed')) == len(set(read_paths(here / 'changed')))
    assert 'simple/foo/index.html' in read_paths(here / 'disk/one')
    assert read_paths(here / 'disk/other') == plain['removed']


def test_a_path_list_keeps_its_mode(here: Path) -> None:
    modes = {'changed': 0o600, 'removed': 0o664}
    for name, mode in modes.items():
        (here / name).touch()
        (here / name).chmod(mode)
    settle(here, '--changed-paths', 'changed', '--removed-paths', 'removed')
    assert {name: (here / name).stat().st_mode & 0o7777 for name in modes} == modes
    assert 'simple/bar/index.html' not in read_paths(here / 'changed')


@pytest.mark.parametrize(
    'name',
    [b'1.0\xff', b'1.0\nindex.html', b'1.0\r', b'1.0\x85', '1.0\u2028index.html'.encode(), b'1.0 ', b'..0'],
)
@pytest.mark.parametrize('lines', [[FOO], [FOO, BAR | {'size': 1}]], ids=['its project goes', 'its project changes'])
def test_a_file_with_an_odd_name_beside_removed_pages_is_foreign(lines: list[Line], name: bytes, here: Path) -> None:
    """No release page has such a name, and a path list cannot contain it."""
    assert build(here / 'site', [FOO, BAR]) == 0
    expected = files(entries(here / 'site'))
    odd = os.path.join(b'site/pypi/bar', name)
    os.mkdir(odd)
    with open(os.path.join(odd, b'json'), 'wb') as page:
        page.write(b'mine')
    for beside in (b'site/simple/bar/', b'site/static/', b'site/changelog/'):
        with open(beside + name, 'wb') as page:
            page.write(b'mine')
    write_list(here / 'list', lines)
    assert run('--changed-paths', 'changed', '--removed-paths', 'removed') == 0
    with open(os.path.join(odd, b'json'), 'rb') as page:
        assert page.read() == b'mine'
    found = {os.fsencode(path) for path, content in entries(here / 'site').items() if content == b'mine'}
    assert found == {each + name for each in (b'simple/bar/', b'static/', b'changelog/')} | {
        b'pypi/bar/' + name + b'/json'
    }
    assert set(read_paths(here / 'removed')) == (
        {path for path in expected if '/bar/' in path} if len(lines) == 1 else set()
    )
