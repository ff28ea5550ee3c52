"""Changes since release 1.15.0: both programs get the same input, for each row of the table."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.benchmark import PEER
from testing.documents import read
from testing.sites import paths, tree
from testing.tools import ROOT, make_tool

FOO = 'foo-1.0.tar.gz\n'


class Program(NamedTuple):
    """One of the two programs, in a separate directory."""

    command: tuple[str, ...]
    python: str
    directory: Path

    def build(self, text: str, *options: str, to: str = 'site') -> subprocess.CompletedProcess[str]:
        """Build the index of a list: file names, or JSON if it begins with a brace."""
        (self.directory / 'list').write_text(text, encoding='utf-8')
        kind = '--package-list-json' if text.startswith('{') else '--package-list'
        url = () if '--packages-url' in options else ('--packages-url', '../../pool/')
        command = [*self.command, kind, 'list', *url, '--output-dir', to, *options]
        return subprocess.run(command, cwd=self.directory, check=False, capture_output=True, text=True, timeout=60)

    def paths(self, below: str = 'site') -> list[str]:
        return [path for path in paths(self.directory / below) if not path.startswith('.')]

    def page(self, path: str) -> str:
        return (self.directory / 'site' / path).read_text(encoding='utf-8')

    def call(self, code: str) -> str:
        """Return the output of Python code that can import the program."""
        done = subprocess.run(
            [self.python, '-c', code], cwd=self.directory, check=False, capture_output=True, text=True, timeout=60
        )
        return f'{done.stdout}{done.stderr}'


class Both(NamedTuple):
    old: Program
    new: Program


@pytest.fixture
def both(tmp_path: Path) -> Both:
    peer = make_tool('peer', PEER)
    for name in ('old', 'new'):
        (tmp_path / name).mkdir()
    ours = tmp_path / 'new' / 'dumb-pypi'
    ours.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m dumb_pypi "$@"\n', encoding='utf-8')
    ours.chmod(0o755)
    return Both(
        Program((str(peer / 'dumb-pypi'),), str(peer / 'python'), tmp_path / 'old'),
        Program((str(ours),), sys.executable, tmp_path / 'new'),
    )


def an_empty_list(both: Both) -> None:
    assert both.old.build('').returncode == 0
    assert 'simple/index.html' in both.old.paths()
    assert both.new.build(FOO).returncode == 0
    before = tree(both.new.directory / 'site')
    assert both.new.build('').returncode == 1
    assert tree(both.new.directory / 'site') == before
    assert both.new.build('', '--allow-empty').returncode == 0


def contradicting_lines(both: Both) -> None:
    lines = ''.join(f'{{"filename": "foo-1.0.tar.gz", "hash": "md5={digit * 32}"}}\n' for digit in '01')
    assert both.old.build(lines).returncode == 0
    assert both.old.page('simple/foo/index.html').count('href="../../pool/foo-1.0.tar.gz#md5=') == 2
    done = both.new.build(lines)
    assert done.returncode == 1
    assert 'list:2: ' in done.stderr
    assert 'line 1' in done.stderr


def an_invalid_hash(both: Both) -> None:
    line = '{"filename": "foo-1.0.tar.gz", "hash": "sha256=zz"}\n'
    assert both.old.build(line).returncode == 0
    assert '#sha256=zz' in both.old.page('simple/foo/index.html')
    done = both.new.build(line)
    assert (done.returncode, done.stderr[:12]) == (1, 'list:1: hash')


def an_invalid_requires_python(both: Both) -> None:
    line = '{"filename": "foo-1.0.tar.gz", "requires_python": "nonsense"}\n'
    assert both.old.build(line).returncode == 0
    assert 'data-requires-python="nonsense"' in both.old.page('simple/foo/index.html')
    done = both.new.build(line)
    assert (done.returncode, 'ignored: requires_python' in done.stderr) == (0, True)
    assert 'nonsense' not in both.new.page('simple/foo/index.html')


def a_name_without_a_version(both: Both) -> None:
    for program in both:
        assert program.build(f'{FOO}bar.zip\nREADME.md\n').returncode == 0
    pages = [f'simple/{name}/index.html' for name in ('bar', 'readme')]
    assert [page in both.old.paths() for page in pages] == [True, True]
    assert [page in both.new.paths() for page in pages] == [False, False]
    assert both.new.build('{"filename": "bar.zip", "name": "bar", "version": "1"}\n').returncode == 0
    assert pages[0] in both.new.paths()


def a_strange_version(both: Both) -> None:
    name = 'bar-not!a!version.tar.gz'
    done = both.old.build(f'{FOO}{name}\n')
    assert (done.returncode, f'Unsafe package name: {name}' in done.stderr) == (0, True)
    assert both.new.build(f'{FOO}{name}\n').returncode == 0
    assert [('simple/bar/index.html' in program.paths()) for program in both] == [False, True]


def equal_versions(both: Both) -> None:
    for program in both:
        assert program.build('foo-69.3.tar.gz\nfoo-69.3.0-py3-none-any.whl\n').returncode == 0
    pages = ['pypi/foo/69.3/json', 'pypi/foo/69.3.0/json']
    assert [page in both.old.paths() for page in pages] == [True, True]
    assert [page in both.new.paths() for page in pages] == [False, True]


def a_wrong_packages_url(both: Both) -> None:
    for url in ('ftp://pypi.example.com/', 'javascript:x', 'https://pypi.example.com/?a=1'):
        assert [program.build(FOO, '--packages-url', url).returncode for program in both] == [0, 2]


def a_packages_url_that_leads_nowhere(both: Both) -> None:
    for url in ('pool', './pool/', 'pypi.example.com/pool'):
        assert both.old.build(FOO, '--packages-url', url).returncode == 0
        assert f'href="{url.rstrip("/")}/foo-1.0.tar.gz' in both.old.page('simple/foo/index.html')
        done = both.new.build(FOO, '--packages-url', url)
        assert done.returncode == 2
        assert 'https://pypi.example.com/pool/' in done.stderr
        assert '../../pool/' in done.stderr


def a_list_that_cannot_be_parsed(both: Both) -> None:
    assert [program.build('{\n').returncode for program in both] == [2, 1]


def what_left_the_list(both: Both) -> None:
    for program in both:
        assert program.build(f'{FOO}bar-1.0.tar.gz\n').returncode == 0
        assert program.build(FOO).returncode == 0
    assert [('simple/bar/index.html' in program.paths()) for program in both] == [True, False]


def a_previous_list(both: Both) -> None:
    for program in both:
        (program.directory / 'previous').write_text(FOO, encoding='utf-8')
        assert program.build(FOO).returncode == 0
        # The previous list is wrong: the published site differs from both.
        page = program.directory / 'site' / 'simple' / 'foo' / 'index.html'
        lists = f'{FOO}bar-1.0.tar.gz\n'
        (program.directory / 'previous').write_text(lists, encoding='utf-8')
        assert program.build(lists, '--previous-package-list', 'previous').returncode == 0
        assert page.exists()
    assert [('simple/bar/index.html' in program.paths()) for program in both] == [False, True]


def the_time_of_the_run(both: Both) -> None:
    for program in both:
        assert program.build(FOO).returncode == 0
    year = re.compile(r'\b20\d\d-\d\d-\d\d \d\d:\d\d')
    assert year.search(both.old.page('simple/foo/index.html'))
    assert not [path for path in both.new.paths() if path.endswith('.html') and year.search(both.new.page(path))]
    assert both.new.build(FOO, '--generate-timestamp').returncode == 0
    assert [path for path in both.new.paths() if path.endswith('.html') and year.search(both.new.page(path))] == [
        'index.html'
    ]


def the_changelog(both: Both) -> None:
    line = '{"filename": "foo-1.0.tar.gz", "upload_timestamp": 1700000000}\n'
    for program in both:
        assert program.build(line).returncode == 0
    assert [path for path in both.old.paths() if path.startswith('changelog/')] == ['changelog/page1.html']
    assert 'changelog/2023-11.html' in both.new.paths()
    assert 'url=' in both.new.page('changelog/page1.html')


def main_called_from_python(both: Both) -> None:
    code = """if True:
        from dumb_pypi.main import main
        for name in ("broken", "missing"):
            try:
                print(main(["--package-list-json", name, "--packages-url", "../../pool/", "--output-dir", "site"]))
            except BaseException as error:
                print(type(error).__name__)
        try:
            main([])
        except SystemExit as error:
            print(error.code)
    """
    answers = []
    for program in both:
        (program.directory / 'broken').write_text('{\n', encoding='utf-8')
        answers.append([line for line in program.call(code).splitlines() if re.fullmatch(r'\w+', line)])
    assert answers == [['SystemExit', 'FileNotFoundError', '2'], ['1', '1', '2']]


def package_create(both: Both) -> None:
    code = 'from dumb_pypi.main import Package; print(Package.create(filename="foo-1.0.tar.gz").version)'
    assert both.old.call(code) == '1.0\n'
    assert 'ImportError' in both.new.call(code)


ROWS: dict[str, Callable[[Both], None]] = {
    'an empty list': an_empty_list,
    'two lines for one file': contradicting_lines,
    'an invalid hash': an_invalid_hash,
    'an invalid `requires_python`': an_invalid_requires_python,
    'a name without a version': a_name_without_a_version,
    'a version with characters': a_strange_version,
    'equal versions': equal_versions,
    'a wrong `--packages-url`': a_wrong_packages_url,
    'a `--packages-url` such as `pool`': a_packages_url_that_leads_nowhere,
    'a list that cannot be parsed': a_list_that_cannot_be_parsed,
    'what is no longer in the list': what_left_the_list,
    '`--previous-package-list`': a_previous_list,
    'the time of the run': the_time_of_the_run,
    '`changelog/page1.html`': the_changelog,
    '`main([...])`': main_called_from_python,
    '`Package.create`': package_create,
}


@pytest.mark.parametrize('row', ROWS)
def test_each_row_of_the_table_is_true_for_both_programs(row: str, both: Both) -> None:
    ROWS[row](both)


def test_every_row_of_the_table_is_tested() -> None:
    text = read('docs/from-release-1.15.0.md')
    rows = [line.removeprefix('| ') for line in text.splitlines() if line.startswith('| ')][1:]
    assert [[row for row in ROWS if line.startswith(row)] for line in rows] == [[row] for row in ROWS]


def test_a_site_of_that_release_is_taken_over(both: Both) -> None:
    assert both.old.build(f'{FOO}bar-1.0.tar.gz\n').returncode == 0
    site = both.old.directory / 'site'
    (site / 'mine.html').write_text('mine', encoding='utf-8')
    taken = both.new._replace(directory=both.old.directory)
    done = taken.build(FOO)
    assert (done.returncode, done.stderr) == (0, '')
    assert both.new.build(FOO).returncode == 0
    assert taken.paths() == sorted([*both.new.paths(), 'mine.html'])
