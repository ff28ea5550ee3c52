"""A page of another host reads the index in a browser, with the line of docs/recipes.md, and not without."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from testing.browser import open_tab
from testing.clients import JSON_TYPE
from testing.distributions import list_line, make_wheel, read_metadata, write_metadata
from testing.documents import block
from testing.servers import NGINX, Server, http_server, nginx_with
from testing.sites import write_list
from testing.strangers import run_shell
from testing.tools import ROOT

# As micropip does it: the page of the project, then what its links lead to.
INSTALL = """async index => {
    const page = await fetch(`${index}/foo/`, {headers: {accept: 'application/vnd.pypi.simple.v1+json, */*;q=0.01'}});
    const [file] = (await page.json()).files;
    const metadata = await (await fetch(`${file.url}.metadata`)).text();
    const wheel = await (await fetch(file.url)).blob();
    const missing = await fetch(`${index}/nowhere/`);
    return [page.headers.get('content-type'), metadata, wheel.size, missing.status];
}"""


PLACES = ('location /simple/ {', 'location /pool/ {')
LAST_HEADER = 'add_header X-Content-Type-Options nosniff always;'


@pytest.fixture
def index(request: pytest.FixtureRequest, with_lua: None, tmp_path: Path) -> Iterator[Server]:
    """Serve an index of one wheel, with the line after these lines; its links contain the address of this server."""
    text = block('docs/serving.md', 'root /srv/pypi;')
    if LAST_HEADER in request.param:
        text = (NGINX / 'pypi.conf').read_text(encoding='utf-8')
    for before in request.param:
        assert text.count(f'    {before}\n') == 1
        line = block('docs/recipes.md', 'Access-Control-Allow-Origin')
        text = text.replace(f'    {before}\n', f'    {before}\n{line}')
    pool = tmp_path / 'site' / 'pool'
    pool.mkdir(parents=True)
    wheel = make_wheel(pool, 'foo', '1.0')
    write_metadata(wheel)
    write_list(tmp_path / 'list', [list_line(wheel)])
    with nginx_with(text, tmp_path / 'site', tmp_path) as [server]:
        command = block('docs/recipes.md', '--packages-url https://pypi.example.com/pool/')
        command = command.replace('https://pypi.example.com', server.url)
        command = command.replace('dumb-pypi', f'{shlex.quote(sys.executable)} -m dumb_pypi')
        assert run_shell(command, tmp_path, {'PYTHONPATH': str(ROOT)}) == ''
        yield server


@pytest.mark.parametrize('index', [PLACES, [LAST_HEADER]], indirect=True, ids=['short form', 'long form'])
def test_a_page_of_another_host_reads_pages_and_files(browser: Browser, index: Server, tmp_path: Path) -> None:
    wheel = tmp_path / 'site' / 'pool' / 'foo-1.0-py3-none-any.whl'
    (tmp_path / 'other').mkdir()
    with http_server(tmp_path / 'other', tmp_path) as other, open_tab(browser) as tab:
        tab.page.goto(other.url)
        found = tab.page.evaluate(INSTALL, f'{index.url}/simple')
    assert found == [JSON_TYPE, read_metadata(wheel).decode(), wheel.stat().st_size, 404]


@pytest.mark.parametrize('index', [PLACES[1:], PLACES[:1]], indirect=True, ids=['pages', 'files'])
def test_a_browser_refuses_what_lacks_the_line(browser: Browser, index: Server, tmp_path: Path) -> None:
    (tmp_path / 'other').mkdir()
    with http_server(tmp_path / 'other', tmp_path) as other, open_tab(browser) as tab:
        tab.page.goto(other.url)
        with pytest.raises(Error, match='Failed to fetch'):
            tab.page.evaluate(INSTALL, f'{index.url}/simple')
        assert any('blocked by CORS policy' in problem for problem in tab.problems)
