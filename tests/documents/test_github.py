"""GitHub releases as the pool and GitHub Pages as the site: the commands of the workflow, and their result."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import textwrap
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.clients import Client, fetched, installed
from testing.distributions import make_wheel
from testing.documents import section
from testing.servers import Server, http_server
from testing.strangers import git_env
from testing.tools import ROOT, missing

WORKFLOW = ROOT / 'testing' / 'github' / 'index.yml'
RELEASES = ROOT / 'testing' / 'github' / 'releases.json'


def commands() -> str:
    """Return the commands of the workflow step that makes the site."""
    found = re.search(r'^ {8}run: \|\n((?: {10}.*\n)+)', WORKFLOW.read_text(encoding='utf-8'), re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[1])


def answer(assets: Server, directory: Path) -> list[dict[str, Any]]:
    """Return a response of the API, with the sizes, digests and URLs of real files."""
    releases: list[dict[str, Any]] = json.loads(RELEASES.read_text(encoding='utf-8'))
    for release in releases:
        for asset in release['assets']:
            path = directory / asset['browser_download_url'].removeprefix('https://files.example.com/')
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == '.whl':
                make_wheel(path.parent, 'tools', path.name.split('-')[1])
                asset['size'] = path.stat().st_size
            if asset['digest'] is not None:
                asset['digest'] += hashlib.sha256(path.read_bytes()).hexdigest()
            asset['browser_download_url'] = f'{assets.url}/{path.relative_to(directory)}'
    return releases


@pytest.fixture(scope='module')
def assets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    directory = tmp_path_factory.mktemp('assets')
    with http_server(directory, tmp_path_factory.mktemp('log')) as server:
        yield server, directory


@pytest.fixture(scope='module')
def pages(assets: tuple[Server, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; `gh api --paginate` prints one array after the other."""
    if shutil.which('jq') is None:
        missing('jq', 'apt-get install jq')
    directory = tmp_path_factory.mktemp('pages')
    releases = answer(*assets)
    (directory / 'answer').write_text(f'{json.dumps(releases[:1])}{json.dumps(releases[1:])}', encoding='utf-8')
    programs = directory / 'bin'
    programs.mkdir()
    expected = 'api --paginate repos/{owner}/{repo}/releases?per_page=100'
    write_program(programs / 'gh', f'[ "$*" = {shlex.quote(expected)} ] && cat answer')
    # The empty Python that the step before installs.
    venv.create(directory / 'python', with_pip=True, symlinks=True)
    path = os.pathsep.join([str(programs), str(directory / 'python' / 'bin'), os.environ['PATH']])
    done = subprocess.run(
        # GitHub runs a step with "shell: bash" like this.
        ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', commands()],
        cwd=directory,
        env={**git_env(directory), 'PATH': path, 'PIP_QUIET': '2'},
        check=False,
        capture_output=True,
        encoding='utf-8',
        timeout=600,
    )
    assert (done.returncode, done.stdout) == (0, ''), done.stderr
    assert [line for line in done.stderr.splitlines() if 'checksums.txt' in line] == done.stderr.splitlines()[:1]
    return directory / 'site'


def test_the_list_has_all_facts_of_the_api(pages: Path, assets: tuple[Server, Path]) -> None:
    server, directory = assets
    download = 'octo/tools/releases/download'
    wheel = (directory / download / 'v1.1' / 'tools-1.1-py3-none-any.whl').read_bytes()
    old_wheel = (directory / download / 'v1.0' / 'tools-1.0-py3-none-any.whl').read_bytes()
    lines = [json.loads(line) for line in (pages / 'packages.json').read_text(encoding='utf-8').splitlines()]
    assert sorted(lines, key=lambda line: str(line['filename'])) == [
        {
            # GitHub has no digest of what was uploaded before the middle of 2025.
            'filename': 'tools-1.0-py3-none-any.whl',
            'size': len(old_wheel),
            'url': f'{server.url}/{download}/v1.0/tools-1.0-py3-none-any.whl',
            'upload_timestamp': 1767323045,
            'uploaded_by': 'octocat',
        },
        {
            'filename': 'tools-1.1-py3-none-any.whl',
            'hash': f'sha256={hashlib.sha256(wheel).hexdigest()}',
            'size': len(wheel),
            'url': f'{server.url}/{download}/v1.1/tools-1.1-py3-none-any.whl',
            'upload_timestamp': 1767409445,
            'uploaded_by': 'octocat',
        },
    ]


@pytest.mark.parametrize('requirement', ['tools==1.0', 'tools==1.1'])
def test_client_installs_from_pages_that_know_html_only(
    pages: Path, assets: tuple[Server, Path], client: Client, requirement: str, tmp_path: Path
) -> None:
    with http_server(pages, tmp_path) as server:
        outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', requirement)
        assert outcome.status == 0, outcome.output
        assert fetched(server, '/') == {'simple/tools/'}
    assert installed(tmp_path / 'target') == {'tools': requirement.removeprefix('tools==')}


def test_the_workflow_is_the_one_that_the_documents_link_to() -> None:
    assert '(../testing/github/index.yml)' in section('docs/publishing.md', 'GitHub')


def write_program(path: Path, text: str) -> None:
    path.write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
    path.chmod(0o755)
