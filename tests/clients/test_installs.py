"""The newest pip and uv install the right files from the site, through real servers."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest

from dumb_pypi.main import main
from testing.clients import HTML_TYPE, JSON_TYPE, Client, fetched, installed
from testing.servers import Server, http_server

only_nginx = pytest.mark.parametrize('serve', ['nginx', 'nginx, short'], indirect=True)


class Case(NamedTuple):
    """An installation. `fetched` is exactly what the client must request below `/pool/`."""

    requirement: str
    installed: dict[str, str]
    fetched: set[str]


INSTALLS = {
    'a wheel': Case('only-wheel', {'only-wheel': '1.0'}, {'only_wheel-1.0-py3-none-any.whl'}),
    'an sdist': Case('only-sdist', {'only-sdist': '1.0'}, {'only_sdist-1.0.tar.gz'}),
    'a local version': Case(
        'with-local==1.0+local.1',
        {'with-local': '1.0+local.1'},
        {'with_local-1.0%2Blocal.1-py3-none-any.whl'},
    ),
    'a file name that is not normalized': Case(
        'not-normalized',
        {'Not.Normalized': '1.0'},
        {'Not.Normalized-1.0-py3-none-any.whl'},
    ),
    'a wheel and what it requires': Case(
        'described',
        {'Described': '1.0', 'Also-described': '1.0'},
        {
            'described-1.0-py3-none-any.whl.metadata',
            'described-1.0-py3-none-any.whl',
            'also_described-1.0-py3-none-any.whl.metadata',
            'also_described-1.0-py3-none-any.whl',
        },
    ),
    'a wheel and what an extra requires': Case(
        'DESCRIBED[more]',
        {'Described': '1.0', 'Also-described': '1.0', 'only-wheel': '1.0'},
        {
            'described-1.0-py3-none-any.whl.metadata',
            'described-1.0-py3-none-any.whl',
            'also_described-1.0-py3-none-any.whl.metadata',
            'also_described-1.0-py3-none-any.whl',
            'only_wheel-1.0-py3-none-any.whl',
        },
    ),
    'a release older than a yanked one': Case('yanked', {'yanked': '1.0'}, {'yanked-1.0-py3-none-any.whl'}),
    'a yanked release that is pinned': Case('yanked==2.0', {'yanked': '2.0'}, {'yanked-2.0-py3-none-any.whl'}),
    'a release older than one for another Python': Case('picky', {'picky': '1.0'}, {'picky-1.0-py3-none-any.whl'}),
}


@pytest.mark.parametrize('case', [pytest.param(case, id=name) for name, case in INSTALLS.items()])
def test_client_installs(server: Server, client: Client, case: Case, tmp_path: Path) -> None:
    outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', case.requirement)
    assert outcome.status == 0, outcome.output
    assert installed(tmp_path / 'target') == case.installed
    assert fetched(server, '/pool/') == case.fetched


@pytest.mark.parametrize(
    ('serve', 'expected'),
    [
        # The log of this server does not show the type, but it can send only one.
        pytest.param('http.server', None, id='http.server'),
        pytest.param('nginx', JSON_TYPE, id='nginx'),
        pytest.param('nginx, short', JSON_TYPE, id='nginx, short'),
    ],
    indirect=['serve'],
)
def test_client_reads_json_if_the_server_offers_it(
    server: Server,
    client: Client,
    expected: str | None,
    tmp_path: Path,
) -> None:
    client.install(f'{server.url}/simple/', tmp_path / 'target', 'only-wheel')
    page, *_ = server.requests()
    assert (page.path, page.status, page.content_type) == ('/simple/only-wheel/', 200, expected)


def test_client_shows_why_a_release_was_yanked(server: Server, client: Client, tmp_path: Path) -> None:
    outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', 'yanked==2.0', '--dry-run')
    assert 'breaks <all> & "more"' in outcome.output


def test_client_fetches_metadata_instead_of_the_wheel(server: Server, client: Client, tmp_path: Path) -> None:
    outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', 'described', '--dry-run')
    assert outcome.status == 0, outcome.output
    assert fetched(server, '/pool/') == {
        'described-1.0-py3-none-any.whl.metadata',
        'also_described-1.0-py3-none-any.whl.metadata',
    }


def test_client_refuses_a_file_with_a_wrong_hash(
    server: Server,
    client: Client,
    tmp_path: Path,
) -> None:
    outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', 'tampered')
    assert outcome.status != 0, outcome.output
    assert '0' * 64 in outcome.output
    assert installed(tmp_path / 'target') == {}


def test_client_does_not_find_a_missing_project(server: Server, client: Client, tmp_path: Path) -> None:
    outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', 'nowhere')
    assert outcome.status == 1, outcome.output
    assert {(request.path, request.status) for request in server.requests()} == {('/simple/nowhere/', 404)}


@pytest.mark.parametrize(
    ('date', 'expected'),
    [
        pytest.param('2025-07-01', {'dated': '1.0'}, id='before the newest release'),
        pytest.param('2026-07-01', {'dated': '2.0'}, id='after the newest release'),
    ],
)
def test_uv_obeys_exclude_newer(
    server: Server,
    uv: Client,
    date: str,
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    outcome = uv.install(f'{server.url}/simple/', tmp_path / 'target', 'dated', '--exclude-newer', date)
    assert outcome.status == 0, outcome.output
    assert installed(tmp_path / 'target') == expected


# pip reads upload times from JSON only.
@only_nginx
@pytest.mark.parametrize(
    ('date', 'expected'),
    [
        pytest.param('2025-07-01', {'dated': '1.0'}, id='before the newest release'),
        pytest.param('2026-07-01', {'dated': '2.0'}, id='after the newest release'),
    ],
)
def test_pip_obeys_uploaded_prior_to(
    server: Server,
    pip: Client,
    date: str,
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    outcome = pip.install(f'{server.url}/simple/', tmp_path / 'target', 'dated', '--uploaded-prior-to', date)
    assert outcome.status == 0, outcome.output
    assert installed(tmp_path / 'target') == expected


def test_client_fetches_files_from_another_server(
    serve: Callable[[Path], AbstractContextManager[Server]],
    client: Client,
    pool: Path,
    package_list: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / 'files').mkdir()
    with http_server(pool, tmp_path / 'files') as files:
        arguments = ['--package-list-json', str(package_list), '--packages-url', f'{files.url}/']
        assert main([*arguments, '--output-dir', str(tmp_path / 'site')]) == 0
        with serve(tmp_path / 'site') as server:
            outcome = client.install(f'{server.url}/simple/', tmp_path / 'target', 'described')
            assert outcome.status == 0, outcome.output
            assert installed(tmp_path / 'target') == {'Described': '1.0', 'Also-described': '1.0'}
            assert fetched(server, '/') == {'simple/described/', 'simple/also-described/'}
            assert fetched(files, '/') == {
                'described-1.0-py3-none-any.whl.metadata',
                'described-1.0-py3-none-any.whl',
                'also_described-1.0-py3-none-any.whl.metadata',
                'also_described-1.0-py3-none-any.whl',
            }


@only_nginx
@pytest.mark.parametrize(
    ('accept', 'expected'),
    [
        pytest.param(
            'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01',
            JSON_TYPE,
            id='pip',
        ),
        pytest.param(
            'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01',
            JSON_TYPE,
            id='uv',
        ),
        pytest.param('application/vnd.pypi.simple.v1+json', JSON_TYPE, id='JSON only'),
        pytest.param('application/vnd.pypi.simple.latest+json', JSON_TYPE, id='JSON of the latest version'),
        pytest.param('text/html;q=0.1, application/vnd.pypi.simple.v1+json;q=0.5', JSON_TYPE, id='JSON last'),
        pytest.param('text/html, application/vnd.pypi.simple.v1+json;q=0', HTML_TYPE, id='never JSON'),
        pytest.param('application/vnd.pypi.simple.v1+json; q=0.000, */*', HTML_TYPE, id='never JSON, in other words'),
        pytest.param('application/vnd.pypi.simple.v1+html', HTML_TYPE, id='HTML only'),
        pytest.param('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', HTML_TYPE, id='a browser'),
        pytest.param('application/json', HTML_TYPE, id='another JSON'),
        pytest.param('*/*', HTML_TYPE, id='anything'),
        pytest.param(None, HTML_TYPE, id='not a word'),
    ],
)
@pytest.mark.parametrize('path', ['/simple/', '/simple/only-wheel/'])
def test_nginx_sends_the_requested_type(
    server: Server,
    path: str,
    accept: str | None,
    expected: str,
) -> None:
    response = server.get(path, accept)
    assert response.status == 200
    assert response.headers['content-type'] == expected
    assert response.headers['vary'] == 'Accept'
    assert response.body.startswith({JSON_TYPE: b'{', HTML_TYPE: b'<!'}[expected])
    assert [request.accept for request in server.requests()] == [accept or '-']


@only_nginx
def test_nginx_adds_the_missing_slash(server: Server) -> None:
    response = server.get('/simple/only-wheel')
    assert response.status == 301
    assert response.headers['location'] == '/simple/only-wheel/'
