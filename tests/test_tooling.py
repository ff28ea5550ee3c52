"""The sample list, the command, and the wheel of the program."""

import json
import re
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email.parser import Parser
from pathlib import Path

import pytest

from dumb_pypi import __version__
from testing.tools import ROOT, build_wheel

# Projects that are not in the list of real files, with their numbers of files. Their lines come from the files
# themselves and from a lock file.
EXTRA = {'click': 8, 'idna': 6}


def read_list(name: str) -> list[str]:
    return (ROOT / 'testing' / name).read_text(encoding='utf-8').splitlines()


def split_sample() -> tuple[list[str], dict[str, dict[str, str]]]:
    """Return the lines of files unchanged, and the lines of projects by project."""
    lines = read_list('sample-packages.jsonl')
    projects = [json.loads(line) for line in lines if line.startswith('{"project"')]
    return [line for line in lines if line.startswith('{"filename"')], {line['project']: line for line in projects}


def test_the_sample_list_has_only_files_and_projects() -> None:
    files, projects = split_sample()
    assert len(files) + len(projects) == len(read_list('sample-packages.jsonl'))


def test_the_sample_list_holds_several_hundred_real_files() -> None:
    """Except for their dependencies, the lines equal those in the list of real files, which has none."""
    files, _ = split_sample()
    bare = {json.dumps(json.loads(line) | {'requires_dist': None}) for line in files}
    real = {json.dumps(json.loads(line) | {'requires_dist': None}) for line in read_list('real-packages.jsonl')}
    assert len(bare - real) == sum(EXTRA.values())
    assert 500 <= len(files) == len(set(files)) <= 700


def test_the_sample_list_shows_whole_releases_of_every_project() -> None:
    """A release without some of its files would be a bad example of a project page."""
    files, projects = split_sample()
    names = [json.loads(line)['filename'] for line in files]
    shown = {name for name in names if name.partition('-')[0] not in EXTRA}
    assert {project: sum(name.startswith(f'{project}-') for name in names) for project in EXTRA} == EXTRA
    rows = [line.split('\t') for line in read_list('real-packages.truth.tsv')[1:]]
    releases = {(project, version) for name, project, version in rows if name in shown}
    assert {name for name, project, version in rows if (project, version) in releases} == shown
    assert {project for project, _ in releases} == {project for _, project, _ in rows} == projects.keys() - EXTRA


def test_the_sample_list_shows_every_kind_of_file_and_state() -> None:
    files, projects = split_sample()
    kinds = {re.findall(r'(?:\.tar)?\.[a-z]+$', json.loads(line)['filename'])[0] for line in files}
    assert kinds == {'.egg', '.exe', '.msi', '.rpm', '.tar.gz', '.whl', '.zip'}
    assert any('yanked_reason' in json.loads(line) for line in files)
    assert {line.get('status') for line in projects.values()} == {None, 'archived', 'deprecated'}
    assert all(line['summary'] for line in projects.values())


def test_tox_tries_the_oldest_versions_that_setup_py_allows() -> None:
    bounds = dict(re.findall(r"'([\w\[\]]+)>=([\d.]+)'", (ROOT / 'setup.py').read_text(encoding='utf-8')))
    pins = dict(re.findall(r'([\w\[\]]+)==([\d.]+)', (ROOT / 'tox.ini').read_text(encoding='utf-8')))
    assert set(bounds) == {'jinja2', 'msgspec', 'packaging', 'readme_renderer[md]'}
    assert {name: pins.get(name) for name in bounds} == bounds


def test_python_m_dumb_pypi_is_the_command() -> None:
    command = [sys.executable, '-m', 'dumb_pypi', '--version']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f'dumb-pypi {__version__}\n', '')


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp('wheel'))


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    # Another test may be writing bytecode at this moment.
    files = {path for path in (ROOT / 'dumb_pypi').rglob('*') if path.is_file() and '__pycache__' not in path.parts}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith('dumb_pypi/')}
    assert packed == {path.relative_to(ROOT).as_posix() for path in files}


def test_the_wheel_says_who_it_is_and_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith('.dist-info/METADATA')]
        metadata = Parser().parsestr(archive.read(name).decode())
        scripts = archive.read(name.replace('METADATA', 'entry_points.txt')).decode()
    assert (metadata['Name'], metadata['Version']) == ('dumb-pypi', __version__)
    assert metadata['License-Expression'] == 'Apache-2.0'
    assert scripts.splitlines()[1:] == [
        'dumb-pypi = dumb_pypi.__main__:main',
        'dumb-pypi-list = dumb_pypi.pool.__main__:main',
    ]
    # `tox -e lowest` installs the oldest release of each library, so that these bounds are tested.
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / 'tox.ini')
    lowest = tox['testenv:lowest']['commands_pre'].split()
    required = [one for one in metadata.get_all('Requires-Dist', []) if 'extra ==' not in one]
    assert required
    assert [one for one in required if one.replace('>=', '==') not in lowest] == []
