"""All clients in use get the right files: from nginx with content negotiation, and from HTML only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.matrix import CLIENTS, OldClient, Result, Serve, expected, make_pool, run_client, table, versions
from testing.servers import Server, http_server, nginx
from testing.sites import write_list
from testing.tools import ROOT, missing

RATIONALE = ROOT / 'RATIONALE.md'
BEGIN, END = '<!-- clients: written by "make client-table" -->', '<!-- end of clients -->'
# Five clients read the older name of data-core-metadata; through nginx they use JSON and ignore the HTML.
OVER_HTML_AT_EACH_PUSH = ('pip 22.3', 'pip 22.3.1', 'pip 23.0.1', 'pip 23.1', 'pip 23.1.2', 'pip, newest', 'uv, newest')


# The oldest and the newest of each family.
AT_EACH_PUSH = (
    'easy_install of setuptools 44.1.1',
    'pip 1.5.6',
    *(f'{name}, newest' for name in ('pip', 'uv', 'poetry', 'pdm', 'pipenv', 'pip-tools')),
)


def negotiating(directory: Path, scratch: Path) -> AbstractContextManager[Server]:
    return nginx(directory, scratch, 'pypi.conf')


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp('site')
    (site / 'pool').mkdir()
    packages = write_list(tmp_path_factory.mktemp('list') / 'packages.json', make_pool(site / 'pool'))
    arguments = ['--package-list-json', str(packages), '--packages-url', '../../pool/', '--output-dir', str(site)]
    assert main(arguments) == 0
    return site


def run_all(site: Path, scratch: Path, serve: Serve) -> Mapping[str, Result | None]:
    """Run all clients in parallel, the slow ones first, and return their results by name."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = {
            client.name: pool.submit(run_client, client, site, scratch / client.name.replace(' ', '-'), serve)
            for client in reversed(CLIENTS)
        }
    return {name: future.result() for name, future in running.items()}


@pytest.fixture(scope='module')
def negotiated(site: Path, with_lua: None, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Result | None]:
    return run_all(site, tmp_path_factory.mktemp('negotiated'), negotiating)


@pytest.fixture(scope='module')
def over_html(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Result | None]:
    return run_all(site, tmp_path_factory.mktemp('over-html'), http_server)


def check(client: OldClient, result: Result | None, over_html: bool) -> None:
    if result is None:
        missing(f'Python {client.python}', f'pyenv install {client.python}')
    assert result.got == expected(client, over_html), result.said


all_clients = pytest.mark.parametrize('client', [pytest.param(client, id=client.name) for client in CLIENTS])


@pytest.mark.clients
@all_clients
def test_client_gets_the_expected_files(client: OldClient, negotiated: Mapping[str, Result | None]) -> None:
    check(client, negotiated[client.name], over_html=False)


@pytest.mark.parametrize(
    'client', [pytest.param(client, id=client.name) for client in CLIENTS if client.name in AT_EACH_PUSH]
)
def test_the_oldest_and_the_newest_of_each_family_get_what_the_index_says(
    client: OldClient, site: Path, with_lua: None, tmp_path: Path
) -> None:
    check(client, run_client(client, site, tmp_path / 'client', negotiating), over_html=False)


@pytest.mark.clients
@all_clients
def test_client_gets_the_expected_files_over_html_only(
    client: OldClient, over_html: Mapping[str, Result | None]
) -> None:
    check(client, over_html[client.name], over_html=True)


@pytest.mark.parametrize(
    'client', [pytest.param(client, id=client.name) for client in CLIENTS if client.name in OVER_HTML_AT_EACH_PUSH]
)
def test_flask_installs_over_html_though_its_metadata_says_Flask(client: OldClient, site: Path, tmp_path: Path) -> None:
    check(client, run_client(client, site, tmp_path / 'client', http_server), over_html=True)


@pytest.mark.clients
def test_the_table_in_the_rationale_equals_that_of_this_run(
    negotiated: Mapping[str, Result | None], over_html: Mapping[str, Result | None]
) -> None:
    complete = [
        {name: each for name, each in results.items() if each is not None} for results in (negotiated, over_html)
    ]
    if len(complete[0]) < len(CLIENTS):
        missing('an interpreter', 'see the clients that were skipped')
    rows = table(*complete)
    before, shown, after = re.split(f'{BEGIN}|{END}', RATIONALE.read_text(encoding='utf-8'))
    if os.environ.get('CLIENT_TABLE') == 'write':
        shown = '\n'.join(['', '', *rows, '', f'Newest, when this was written: {versions()}.', '', ''])
        RATIONALE.write_text(f'{before}{BEGIN}{shown}{END}{after}', encoding='utf-8')
    assert shown.splitlines()[2:][: len(rows)] == rows
