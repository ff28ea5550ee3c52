"""The fingerprint of a site changes with another Python or another release of a library.

The libraries here are fake: the program finds them and never imports them.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from testing.tools import ROOT

SCRIPT = """
import sys
{change}
from dumb_pypi.fingerprint import read_with_renderers, read_fingerprint
from dumb_pypi.settings import Settings
sys.path[:0] = sys.argv[1:]
settings = Settings(*[''] * len(Settings._fields))
print(read_with_renderers(read_fingerprint(settings)))
"""


def read(*path: Path, change: str = '') -> str:
    """Return the fingerprint of a site with descriptions. Libraries in `path` come first."""
    script = SCRIPT.format(change=change)
    done = subprocess.run(
        [sys.executable, '-c', script, *map(str, path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout


def make_library(directory: Path, name: str, metadata: str | None, content: str = '') -> Path:
    """Make a directory like `site-packages` with one library."""
    package = directory / name
    (package / 'lexers').mkdir(parents=True)
    (package / '__init__.py').touch()
    (package / 'lexers' / 'python.py').write_text(content, encoding='utf-8')
    if metadata is not None:
        (directory / metadata).mkdir()
    return directory


LIBRARIES = ['jinja2', 'markupsafe', 'msgspec', 'packaging', 'readme_renderer', 'comrak', 'docutils', 'nh3', 'pygments']


@pytest.mark.parametrize('name', LIBRARIES)
def test_two_releases_of_a_library_with_files_of_the_same_sizes_differ(name: str, tmp_path: Path) -> None:
    one = make_library(tmp_path / 'one', name, f'{name}-2.19.1.dist-info')
    other = make_library(tmp_path / 'other', name, f'{name}-2.19.2.dist-info')
    assert read(one) != read(other)


def test_the_same_release_is_the_same_at_another_path(tmp_path: Path) -> None:
    """Bytecode and other installed libraries do not matter."""
    one = make_library(tmp_path / 'one', 'pygments', 'pygments-2.19.1.dist-info')
    other = make_library(tmp_path / 'o t h e r', 'pygments', 'pygments-2.19.1.dist-info')
    (other / 'pygments' / '__init__.pyc').touch()
    (other / 'pygments_more-1.0.dist-info').mkdir()
    assert read(one) == read(other)


@pytest.mark.parametrize(
    'metadata',
    [
        pytest.param('Pygments-{}.dist-info', id='as old installers spell it'),
        pytest.param('Pygments-{}.egg-info', id='of Debian'),
        pytest.param('Pygments-{}-py3.11.egg-info', id='of another age'),
    ],
)
def test_a_release_is_identified_by_other_kinds_of_metadata(metadata: str, tmp_path: Path) -> None:
    one = make_library(tmp_path / 'one', 'pygments', metadata.format('2.14.0'))
    other = make_library(tmp_path / 'other', 'pygments', metadata.format('2.14.1'))
    same = make_library(tmp_path / 'same', 'pygments', metadata.format('2.14.0'), 'never read')
    assert read(one) != read(other)
    assert read(one) == read(same)


def test_a_library_without_metadata_is_identified_by_its_files(tmp_path: Path) -> None:
    one = make_library(tmp_path / 'one', 'pygments', None, 'a = 1')
    same = make_library(tmp_path / 'same', 'pygments', 'Pygments.egg-info', 'a = 1')
    other = make_library(tmp_path / 'other', 'pygments', None, 'a = 2')
    (same / 'pygments' / '__init__.pyc').touch()
    assert read(one) == read(same)
    assert read(one) != read(other)


def test_a_library_in_an_archive_is_identified_by_the_archive(tmp_path: Path) -> None:
    for name, content in (('one', 'a = 1'), ('same', 'a = 1'), ('other', 'a = 2')):
        with zipfile.ZipFile(tmp_path / f'{name}.zip', 'w') as archive:
            archive.writestr(zipfile.ZipInfo('pygments/__init__.py'), content)
    assert read(tmp_path / 'one.zip') == read(tmp_path / 'same.zip')
    assert read(tmp_path / 'one.zip') != read(tmp_path / 'other.zip')


@pytest.mark.parametrize(
    'change',
    [
        pytest.param('sys.version_info = (*sys.version_info[:2], 99, "final", 0)', id='a later patch release'),
        pytest.param('sys.implementation.name = "pypy"', id='another implementation'),
    ],
)
def test_another_python_changes_the_fingerprint(change: str) -> None:
    assert read() == read()
    assert read(change=change) != read()
