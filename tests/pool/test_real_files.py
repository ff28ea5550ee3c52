"""Real files: their lines agree with other readers, and clients need nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installer.sources import WheelFile
from packaging.utils import canonicalize_name
from packaging.version import Version
from pkginfo import SDist, Wheel

from dumb_pypi.main import main as generate
from testing.clients import Client, fetched, installed, isolated_env
from testing.distributions import make_wheel
from testing.pools import Outcome, run_list
from testing.real_pool import fetch_real_pool
from testing.servers import Server, http_server
from testing.sites import PACKAGES_URL
from testing.tools import find_python, missing


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a site that contains the pool, which has a release for newer Pythons only, and its dependencies."""
    directory = tmp_path_factory.mktemp('real')
    shutil.copytree(fetch_real_pool(), directory / 'pool')
    make_wheel(directory / 'pool', 'click', '99.0', requires_python='>=3.9', requires_dist=['idna'])
    return directory


@pytest.fixture(scope='module')
def outcome(site: Path) -> Outcome:
    return run_list('--write-metadata', site / 'pool')


@pytest.fixture(scope='module')
def generated(site: Path, outcome: Outcome) -> Path:
    (site / 'list').write_bytes(outcome.output)
    arguments = ['--strict', '--package-list-json', str(site / 'list'), '--packages-url', PACKAGES_URL]
    assert generate([*arguments, '--output-dir', str(site)]) == 0
    return site


@pytest.fixture
def server(generated: Path, tmp_path: Path) -> Iterator[Server]:
    with http_server(generated, tmp_path) as started:
        yield started


def oracle(path: Path) -> Any:
    return (Wheel if path.suffix == '.whl' else SDist)(str(path))


def test_each_line_agrees_with_other_readers(site: Path, outcome: Outcome) -> None:
    assert (outcome.status, outcome.messages) == (0, '')
    paths = sorted(path for path in (site / 'pool').iterdir() if path.suffix != '.metadata')
    assert len(paths) == 66
    sums = subprocess.run(['sha256sum', *paths], check=True, capture_output=True, encoding='utf-8').stdout
    hashes = {name: digest for digest, name in (line.split(maxsplit=1) for line in sums.splitlines())}
    expected = {}
    for path in paths:
        said, found = oracle(path), path.stat()
        line: dict[str, Any] = {
            'filename': path.name,
            'hash': f'sha256={hashes[str(path)]}',
            'size': found.st_size,
            'upload_timestamp': round(found.st_mtime_ns / 1e9, 6),
        }
        if said.requires_python:
            line['requires_python'] = said.requires_python
        if path.suffix == '.whl':
            line['requires_dist'] = list(said.requires_dist)
            sidecar = path.with_name(f'{path.name}.metadata')
            with WheelFile.open(path) as wheel:
                assert sidecar.read_bytes().decode() == wheel.read_dist_info('METADATA')
            digest = subprocess.run(['sha256sum', sidecar], check=True, capture_output=True, encoding='utf-8').stdout
            line['core_metadata'] = f'sha256={digest.split()[0]}'
        expected[path.name] = line
    assert outcome.files() == expected


def test_each_project_has_the_facts_of_its_latest_release(site: Path, outcome: Outcome) -> None:
    latest: dict[str, Any] = {}
    for path in (site / 'pool').glob('*.whl'):
        said = oracle(path)
        best = latest.setdefault(canonicalize_name(said.name), said)
        if Version(said.version) > Version(best.version):
            latest[canonicalize_name(said.name)] = said
    assert len(latest) == 15
    assert {name: line['summary'] for name, line in outcome.projects().items()} == {
        name: said.summary for name, said in latest.items() if said.summary
    }


# ------------------------------------------------------------------------------------------------- clients


def compiled(uv: Client, server: Server, target: Path, *requirements: str) -> Path:
    """Return the compiled requirements, with dependencies and hashes."""
    wanted, found = target / 'requirements.in', target / 'requirements.txt'
    wanted.write_text('\n'.join(requirements), encoding='utf-8')
    options = ('--index-url', f'{server.url}/simple/', '--no-emit-index-url', '--output-file', str(found))
    done = uv.run(uv.command[0], 'pip', 'compile', '--generate-hashes', *options, str(wanted))
    assert done.status == 0, done.output
    return found


def wheels_fetched(server: Server) -> set[str]:
    return {path for path in fetched(server, '/pool/') if not path.endswith('.metadata')}


def test_uv_compiles_requirements_with_hashes_and_fetches_no_wheel(server: Server, uv: Client, tmp_path: Path) -> None:
    text = compiled(uv, server, tmp_path, 'jinja2', 'attrs', 'zipp').read_text(encoding='utf-8')
    assert re.findall(r'^(\S+)==', text, re.MULTILINE) == ['attrs', 'jinja2', 'markupsafe', 'zipp']
    assert text.count('--hash=sha256:') == 6  # two of them have an sdist as well
    assert wheels_fetched(server) == set()
    assert {path.split('-')[0].lower() for path in fetched(server, '/pool/')} == {
        'attrs',
        'jinja2',
        'markupsafe',
        'zipp',
    }


def test_uv_locks_a_project_with_hashes_and_fetches_no_wheel(server: Server, uv: Client, tmp_path: Path) -> None:
    (tmp_path / 'pyproject.toml').write_text(
        '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["jinja2", "attrs"]\n',
        encoding='utf-8',
    )
    index = ('--default-index', f'{server.url}/simple/', '--python', sys.executable, '--project', str(tmp_path))
    done = uv.run(uv.command[0], 'lock', *index)
    assert done.status == 0, done.output
    text = (tmp_path / 'uv.lock').read_text(encoding='utf-8')
    files = re.findall(r'url = ".*?/pool/([^"]+)"(?:, hash = "(sha256:[0-9a-f]{64})")?', text)
    assert 'Jinja2-3.1.2-py3-none-any.whl' in dict(files)
    assert all(value for _, value in files)
    assert wheels_fetched(server) == set()


def test_pip_resolves_without_a_wheel(server: Server, pip: Client, tmp_path: Path) -> None:
    done = pip.install(f'{server.url}/simple/', tmp_path / 'target', '--dry-run', 'click', 'attrs', 'zipp')
    assert done.status == 0, done.output
    assert re.search('Would install .*click-99.0 idna-3.6', done.output)
    assert wheels_fetched(server) == set()
    assert len(fetched(server, '/pool/')) == 4


def test_pip_installs_what_uv_has_compiled_with_all_hashes_checked(
    server: Server, uv: Client, pip: Client, tmp_path: Path
) -> None:
    requirements = compiled(uv, server, tmp_path, 'click', 'attrs', 'zipp')
    options = ('--require-hashes', '--requirement', str(requirements))
    done = pip.install(f'{server.url}/simple/', tmp_path / 'target', *options)
    assert done.status == 0, done.output
    assert installed(tmp_path / 'target') == {'attrs': '23.1.0', 'click': '99.0', 'idna': '3.6', 'zipp': '3.17.0'}


def test_an_old_python_gets_the_release_that_runs_on_it(server: Server, tmp_path: Path) -> None:
    python = find_python('3.8')
    if python is None:
        missing('Python 3.8', 'pyenv install 3.8')
    command = [
        python,
        '-m',
        'pip',
        'install',
        '--no-deps',
        '--no-input',
        '--disable-pip-version-check',
        '--no-cache-dir',
    ]
    command += ['--index-url', f'{server.url}/simple/', '--target', str(tmp_path / 'target'), 'click']
    done = subprocess.run(
        command, env=isolated_env(tmp_path), check=False, capture_output=True, encoding='utf-8', timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path / 'target') == {'click': '8.1.7'}
    assert wheels_fetched(server) == {'click-8.1.7-py3-none-any.whl'}
