"""Output directories with an obstacle, and output directories that cannot be written."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import pytest

from testing.bad_input import AFTER, GOOD, IN_THE_WAY, pages, run, run_program
from testing.sites import build, tree, write_list


@pytest.mark.parametrize(
    ('obstacle', 'message'),
    [
        ('site/simple/good/index.html/', f'site/simple/good/index.html: {IN_THE_WAY}\n'),
        ('site/pypi/good/json/', f'site/pypi/good/json: {IN_THE_WAY}\n'),
        ('site/project/good/index.html/x/', f'site/project/good/index.html: {IN_THE_WAY}\n'),
        ('site/simple/good', f'site/simple/good: {IN_THE_WAY}\n'),
        ('site/pypi/good', f'site/pypi/good: {IN_THE_WAY}\n'),
    ],
    ids=[
        'a directory for an index page',
        'a directory for a legacy page',
        'a directory with something in it',
        'a file for the directory of a project',
        'a file for the directory of a legacy page',
    ],
)
def test_an_obstacle_is_named_and_left_alone(
    obstacle: str, message: str, earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_list(earlier.parent / 'list.json', AFTER)
    path = earlier.parent / obstacle
    if obstacle.endswith('/'):
        path.mkdir(parents=True)
    else:
        path.write_bytes(b'mine')
    before = pages(earlier)
    assert (run(), *capsys.readouterr()) == (1, '', message)
    assert pages(earlier) == before

    if obstacle.endswith('/'):
        os.removedirs(path)
    else:
        path.unlink()
    assert run() == 0
    assert build(earlier.parent / 'fresh', AFTER) == 0
    assert tree(earlier) == tree(earlier.parent / 'fresh')


def test_an_output_directory_that_is_a_link_to_nowhere_is_an_error(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / 'list.json').write_bytes(GOOD)
    (here / 'site').symlink_to('nowhere')
    assert (run(), *capsys.readouterr()) == (1, '', '--output-dir: site is a broken link\n')
    assert sorted(os.listdir()) == ['list.json', 'site']


def test_an_output_directory_below_a_file_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / 'list.json').write_bytes(GOOD)
    (here / 'file').write_bytes(b'mine')
    status = run('--output-dir', 'file/site')
    assert (status, *capsys.readouterr()) == (1, '', 'cannot write file/site: Not a directory\n')


def test_an_output_directory_that_is_a_file_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / 'list.json').write_bytes(GOOD)
    (here / 'site').write_bytes(b'mine')
    assert (run(), *capsys.readouterr()) == (1, '', '--output-dir: site is a file, not a directory\n')
    assert (here / 'site').read_bytes() == b'mine'


@pytest.mark.parametrize(
    ('directory', 'path'),
    [('site', 'site/.dumb-pypi.lock'), ('site/simple', 'site/simple/good/index.html')],
    ids=['the output directory', 'a directory in it'],
)
def test_a_read_only_directory_is_an_error(directory: str, path: str, earlier: Path) -> None:
    write_list(earlier.parent / 'list.json', AFTER)
    arguments = ['--package-list-json', 'list.json', '--output-dir', 'site', '--packages-url', '../../pool/']
    before = pages(earlier)
    mode = os.stat(directory).st_mode
    os.chmod(directory, 0o555)
    try:
        assert run_program(*arguments) == (1, '', f'cannot write {path}: Permission denied\n')
    finally:
        os.chmod(directory, mode)
    assert pages(earlier) == before

    assert run_program(*arguments) == (0, '', '')
    assert build(earlier.parent / 'fresh', AFTER) == 0
    assert tree(earlier) == tree(earlier.parent / 'fresh')


def test_a_page_larger_than_the_system_allows_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    try:
        assert build(tmp_path / 'site', [{'filename': 'Foo-1.0.tar.gz'}]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert re.fullmatch(r'cannot write .*: File too large\n', capsys.readouterr().err)
