"""At a terminal, each run ends with one line that says what it did. Otherwise, it prints nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from testing.edits import BASE, file, with_lists, without
from testing.pools import make_pool
from testing.sites import write_list
from testing.states import read_paths
from testing.terminal import said_at_terminal
from testing.unlucky import program


def run(site: Path, *options: str) -> tuple[str, int, int]:
    """Return the last line of a run, and how many paths it added to each path list."""
    for name in ('changed', 'removed'):
        site.with_name(name).write_bytes(b'')
    said = said_at_terminal(program(site, *with_lists(site.parent), *options))
    assert said.endswith('\n')
    return said.splitlines()[-1], len(read_paths(site.with_name('changed'))), len(read_paths(site.with_name('removed')))


@pytest.mark.parametrize('another_place', [False, True], ids=['site at hand', 'site in another place'])
def test_the_last_line_says_what_a_run_wrote_and_removed(another_place: bool, tmp_path: Path) -> None:
    site, previous = tmp_path / 'site', tmp_path / 'previous'
    options = ('--previous-package-list-json', str(previous)) if another_place else ()
    write_list(previous, [])
    write_list(tmp_path / 'list.jsonl', BASE)
    said, written, removed = run(site, *options)
    assert said == f'3 projects, 5 files: {written} pages written, {removed} removed'
    assert written > 20
    write_list(previous, BASE)
    write_list(tmp_path / 'list.jsonl', [*without(BASE, 'bar-2.0.tar.gz'), file('foo-2.0.tar.gz')])
    said, written, removed = run(site, *options)
    assert said == f'2 projects, 5 files: {written} pages written, {removed} removed'
    assert removed >= 5


def test_the_last_line_of_a_run_without_changes_says_so(tmp_path: Path) -> None:
    write_list(tmp_path / 'list.jsonl', BASE)
    run(tmp_path / 'site')
    assert run(tmp_path / 'site') == ('3 projects, 5 files: nothing to do', 0, 0)


def test_one_project_with_one_file_is_in_the_singular(tmp_path: Path) -> None:
    write_list(tmp_path / 'list.jsonl', [file('Flask-3.1.0.tar.gz')])
    said, written, removed = run(tmp_path / 'site')
    assert said == f'1 project, 1 file: {written} pages written, {removed} removed'


@pytest.mark.parametrize('options', [(), ('--dry-run',)])
def test_without_a_terminal_a_run_prints_no_such_line(options: tuple[str, ...], tmp_path: Path) -> None:
    write_list(tmp_path / 'list.jsonl', BASE)
    done = subprocess.run(program(tmp_path / 'site', *options), capture_output=True, text=True, check=False)
    assert (done.returncode, 'projects' in done.stdout, done.stderr) == (0, bool(options), '')


def test_the_last_line_of_the_list_maker_says_how_many_files_it_read(tmp_path: Path) -> None:
    """A file that was read and then left out is not counted in either number."""
    pool = make_pool(tmp_path / 'pool')
    command = [sys.executable, '-m', 'dumb_pypi.pool', '--known', str(tmp_path / 'list'), str(pool)]
    with (tmp_path / 'new').open('wb') as output:
        first = said_at_terminal(command, output.fileno())
    (tmp_path / 'new').rename(tmp_path / 'list')
    (pool / 'broken-1.0-py3-none-any.whl').write_bytes(b'no archive')
    second = said_at_terminal(command)
    assert first.splitlines()[-1] == '8 files, 8 of them read'
    assert second.splitlines()[-1] == '8 files, 0 of them read'
