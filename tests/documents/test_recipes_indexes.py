"""Several indexes from one pool, as docs/recipes.md makes them: each installer gets the build of its index."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.clients import JSON_TYPE, Client, fetched, installed
from testing.distributions import make_wheel, write_metadata
from testing.documents import block
from testing.servers import Server, http_server, nginx_with
from testing.strangers import run_shell, write_commands
from testing.tools import missing

INDEXES = ('cpu', 'cu121')


def make_builds(directories: dict[str, Path]) -> None:
    """Make a build for each index, one of them with a file name of its own, and a package that both require."""
    for directory in directories.values():
        directory.mkdir(parents=True)
    make_wheel(directories['common'], 'Shared.Thing', '1.0')
    for index in INDEXES:
        make_wheel(directories[index], 'torch-like', f'1.0+{index}', requires_dist=['shared-thing'])
        make_wheel(directories[index], 'same-name', '1.0', requires_dist=['shared-thing'] if index == 'cpu' else [])


@pytest.fixture(scope='module')
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the script of the recipe."""
    top = tmp_path_factory.mktemp('indexes')
    make_builds({name: top / 'srv/pypi/pool' / name for name in ('common', *INDEXES)})
    write_commands(top / 'var/lib/dumb-pypi/env/bin')
    script = block('docs/recipes.md', 'env/bin/dumb-pypi-list --known "$index/list"')
    assert run_shell(re.sub(r'/(srv|var/lib)/', rf'{top}/\1/', script), top, os.environ) == ''
    return top


@pytest.fixture
def server(with_nginx: None, machine: Path, tmp_path: Path) -> Iterator[Server]:
    """Serve both indexes with the lines of the recipe in the configuration of docs/serving.md."""
    text = block('docs/serving.md', 'root /srv/pypi;')
    for line in block('docs/recipes.md', '/simple/" {').splitlines(keepends=True):
        [area] = re.findall(r'/(simple|pypi)/', line)
        assert text.count(f'    location /{area}/ {{\n') == 1
        text = text.replace(f'    location /{area}/ {{\n', line)
    with nginx_with(text, machine / 'srv/pypi', tmp_path) as [started]:
        yield started


def install(client: Client, url: str, index: str, requirement: str, target: Path) -> None:
    outcome = client.install(f'{url}/{index}/simple/', target, requirement, 'same-name')
    assert outcome.status == 0, outcome.output
    assert installed(target) == {'torch-like': f'1.0+{index}', 'same-name': '1.0', 'Shared.Thing': '1.0'}


def test_each_index_lists_its_builds_and_the_common_packages(machine: Path) -> None:
    for index in INDEXES:
        lines = (machine / 'srv/pypi' / index / 'packages.json').read_text(encoding='utf-8').splitlines()
        assert sorted(line['filename'] for line in map(json.loads, lines) if 'filename' in line) == [
            'common/Shared.Thing-1.0-py3-none-any.whl',
            f'{index}/same_name-1.0-py3-none-any.whl',
            f'{index}/torch_like-1.0+{index}-py3-none-any.whl',
        ]


def test_client_installs_the_build_of_its_index(server: Server, client: Client, tmp_path: Path) -> None:
    """What the commands of the document ask for, each with both clients."""
    commands = block('docs/recipes.md', 'torch-like==')
    shown = re.findall(r'^(pip|uv pip) install --\S+ https://pypi\.example\.com/(\w+)/simple/ (\S+)$', commands, re.M)
    assert [(name, index) for name, index, _ in shown] == [('pip', 'cu121'), ('uv pip', 'cpu')]
    for _, index, requirement in shown:
        install(client, server.url, index, requirement, tmp_path / index)
    assert {path.removesuffix('.metadata') for path in fetched(server, '/pool/')} == {
        'common/Shared.Thing-1.0-py3-none-any.whl',
        'cpu/same_name-1.0-py3-none-any.whl',
        'cpu/torch_like-1.0%2Bcpu-py3-none-any.whl',
        'cu121/same_name-1.0-py3-none-any.whl',
        'cu121/torch_like-1.0%2Bcu121-py3-none-any.whl',
    }
    pages = [request for request in server.requests() if '/simple/' in request.path]
    assert {(request.status, request.content_type) for request in pages} == {(200, JSON_TYPE)}


@pytest.mark.parametrize(
    ('path', 'expected'),
    [
        ('/cpu/', 'text/html'),
        ('/cpu/simple/torch-like/', 'text/html'),
        ('/cpu/pypi/torch-like/json', 'application/json'),
        ('/cu121/project/torch-like/', 'text/html'),
    ],
)
def test_every_page_has_its_type(server: Server, path: str, expected: str) -> None:
    response = server.get(path)
    assert (response.status, response.headers['content-type']) == (200, expected)
    assert server.get('/cpu/simple/nowhere/').status == 404


def asset(path: Path, state: str = 'uploaded') -> dict[str, object]:
    """Return what the API of GitHub says of an asset, as far as the commands read it."""
    return {
        'name': path.name,
        'state': state,
        'size': path.stat().st_size,
        'digest': f'sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}',
        'created_at': '2026-01-02T03:04:05Z',
        'uploader': {'login': 'octocat'},
    }


def test_clients_install_the_build_of_their_index_from_releases(pip: Client, uv: Client, tmp_path: Path) -> None:
    if shutil.which('jq') is None:
        missing('jq', 'apt-get install jq')
    download = tmp_path / 'assets' / 'octo' / 'tools' / 'releases' / 'download'
    make_builds({name: download / f'v1.0-{name}' for name in ('common', *INDEXES)})
    write_metadata(download / 'v1.0-cpu' / 'torch_like-1.0+cpu-py3-none-any.whl')
    releases: list[dict[str, object]] = [
        {'tag_name': path.name, 'draft': False, 'assets': [asset(each) for each in sorted(path.iterdir())]}
        for path in sorted(download.iterdir())
    ]
    newer = make_wheel(tmp_path, 'torch-like', '2.0+cpu')
    releases.append({'tag_name': 'v2.0-cpu', 'draft': True, 'assets': [asset(newer)]})
    releases.append({'tag_name': 'v2.1-cpu', 'draft': False, 'assets': [asset(newer, 'new')]})
    (tmp_path / 'answer').write_text(f'{json.dumps(releases[:2])}{json.dumps(releases[2:])}', encoding='utf-8')
    write_commands(tmp_path / 'bin')
    expected = 'api --paginate repos/{owner}/{repo}/releases?per_page=100'
    (tmp_path / 'bin' / 'gh').write_text(f'#!/bin/sh\n[ "$*" = {shlex.quote(expected)} ] && cat answer\n')
    (tmp_path / 'bin' / 'gh').chmod(0o755)
    (tmp_path / 'pages').mkdir()
    with (
        http_server(tmp_path / 'assets', tmp_path) as github,
        http_server(tmp_path / 'site', tmp_path / 'pages') as pages,
    ):
        env = {'GITHUB_SERVER_URL': github.url, 'GITHUB_REPOSITORY': 'octo/tools'}
        path = f'{tmp_path / "bin"}:{os.environ["PATH"]}'
        commands = block('docs/recipes.md', 'endswith("-common")')
        assert run_shell(commands, tmp_path, {**os.environ, **env, 'PATH': path}) == ''
        for client in (pip, uv):
            for index in INDEXES:
                install(client, pages.url, index, 'torch-like', tmp_path / client.name / index)
        below = '/octo/tools/releases/download/v1.0-cpu/'
        assert 'torch_like-1.0%2Bcpu-py3-none-any.whl.metadata' in fetched(github, below)
