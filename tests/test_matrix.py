"""Every client that is still out there gets what the index says, through the recommended nginx configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.distributions import write_list
from testing.matrix import CLIENTS, OldClient, Result, expected, make_pool, run_client, table, versions
from tests.conftest import missing

RATIONALE = Path(__file__).parent.parent / 'RATIONALE.md'
BEGIN, END = '<!-- clients: written by "make client-table" -->', '<!-- end of clients -->'

pytestmark = pytest.mark.clients


@pytest.fixture(scope='module')
def results(with_lua: None, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Result | None]:
    """Of all clients, by name; they run side by side, the slow ones first."""
    site, scratch = tmp_path_factory.mktemp('site'), tmp_path_factory.mktemp('clients')
    (site / 'pool').mkdir()
    packages = write_list(scratch / 'packages.json', make_pool(site / 'pool'))
    arguments = ['--package-list-json', str(packages), '--packages-url', '../../pool/', '--output-dir', str(site)]
    assert main(arguments) == 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = {
            client.name: pool.submit(run_client, client, site, scratch / client.name.replace(' ', '-'))
            for client in reversed(CLIENTS)
        }
    return {name: future.result() for name, future in running.items()}


@pytest.mark.parametrize('client', [pytest.param(client, id=client.name) for client in CLIENTS])
def test_client_gets_what_the_index_says(client: OldClient, results: Mapping[str, Result | None]) -> None:
    result = results[client.name]
    if result is None:
        missing(f'Python {client.python}', f'pyenv install {client.python}')
    assert result.got == expected(client), result.said


def test_the_table_in_the_rationale_is_the_one_of_this_run(results: Mapping[str, Result | None]) -> None:
    complete = {name: result for name, result in results.items() if result is not None}
    if len(complete) < len(CLIENTS):
        missing('an interpreter', 'see the clients that were skipped')
    rows = table(complete)
    before, shown, after = re.split(f'{BEGIN}|{END}', RATIONALE.read_text(encoding='utf-8'))
    if os.environ.get('CLIENT_TABLE') == 'write':
        shown = '\n'.join(['', '', *rows, '', f'Newest, when this was written: {versions()}.', '', ''])
        RATIONALE.write_text(f'{before}{BEGIN}{shown}{END}{after}', encoding='utf-8')
    assert shown.splitlines()[2:][: len(rows)] == rows
