"""One index made of ours and the public one: our projects come first, and fetched files are kept."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.clients import HTML_TYPE, JSON_TYPE, Client, fetched, installed
from testing.distributions import list_line, make_wheel
from testing.documents import block
from testing.servers import Server, nginx
from testing.sites import build
from testing.tools import ROOT
from testing.upstream import Upstream, upstream
from testing.waiting import wait_for


class Front(NamedTuple):
    """The front server, the two indexes behind it, and the switch of the public one."""

    server: Server
    upstream: Upstream
    switch: ExitStack
    kept: Path
    cache: Path

    def switch_off(self) -> None:
        self.switch.close()


@pytest.fixture
def front(with_lua: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Front]:
    """Start all servers. Private: `ours` 1.0, quarantined `held`. Public: `theirs` 1.0, higher versions of both.

    With the parameter "below a path" the index of upstream is at /mirror/simple/, and the configuration says so.
    """
    below = getattr(request, 'param', None) == 'below a path'
    for name in ('far', 'kept', 'near', 'site'):
        (tmp_path / name).mkdir()
    pool = tmp_path / 'site' / 'pool'
    pool.mkdir()
    lines = [list_line(make_wheel(pool, 'Our.Own', '1.0')), list_line(make_wheel(pool, 'held', '1.0'))]
    assert build(tmp_path / 'site', [*lines, {'project': 'held', 'status': 'quarantined'}]) == 0
    with ExitStack() as switch:
        far = switch.enter_context(upstream(tmp_path / 'far'))
        far.publish(('our-own', '9.0'), ('held', '9.0'), ('mycompany-secret', '9.0'), ('theirs', '1.0'))
        replacements = {
            'proxy_pass https://upstream.example.com;': f'proxy_pass {far.pages.url};',
            'proxy_pass https://files.example.com;': f'proxy_pass {far.files.url};',
            '/srv/kept': str(tmp_path / 'kept'),
            # Pages expire at once, so that no test depends on an earlier response.
            'proxy_cache_valid 200 10m;': 'proxy_cache_valid 200 1s;',
            **({'#rewrite ': 'rewrite '} if below else {}),
        }
        if below:
            (far.directory / 'index' / 'mirror').symlink_to('.')
        cache = tmp_path / 'near' / 'nginx' / 'cache'
        cache.mkdir(parents=True)
        with nginx(tmp_path / 'site', tmp_path / 'near', 'proxy.conf', replacements) as server:
            yield Front(server, far, switch, tmp_path / 'kept', cache)


def install(front: Front, client: Client, target: Path, *arguments: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    outcome = client.install(f'{front.server.url}/simple/', target, *arguments)
    assert outcome.status == 0, outcome.output


def test_client_installs_a_public_project(front: Front, client: Client, tmp_path: Path) -> None:
    install(front, client, tmp_path / 'target', 'theirs')
    assert installed(tmp_path / 'target') == {'theirs': '1.0'}
    # Only through this server.
    assert {path.partition('?')[0] for path in fetched(front.server, '/files/')} == {
        't/theirs-1.0-py3-none-any.whl',
        't/theirs-1.0-py3-none-any.whl.metadata',
    }


@pytest.mark.parametrize('spelling', ['our-own', 'Our.Own', 'OUR__OWN', 'our.-_own'])
def test_client_installs_the_private_project_and_not_the_higher_public_version(
    front: Front, client: Client, spelling: str, tmp_path: Path
) -> None:
    install(front, client, tmp_path / 'target', spelling)
    assert installed(tmp_path / 'target') == {'Our.Own': '1.0'}
    assert front.upstream.pages.requests() == []


@pytest.mark.parametrize(
    'path',
    [
        '/simple/our-own/',
        '/simple/our-own',
        '/simple/Our.Own/',
        '/simple/OUR--OWN',
        '/simple/our%2eown/',
        '/simple/our%5Fown/',
        '/simple//our-own/',
        '/simple/./our-own/',
        '/simple/our-own//',
        '/simple/theirs/../our-own/',
        '/simple/our-own/index.html',
        '/simple/our-own/x',
        '/simple/our-own/?a=1',
        '/simple/our-own%20/',
        '/simple/-our-own/',
        '/simple/our-own-/',
        '/simple/our--own/',
        '/simple/our-own%00/',
        '/simple/%6fur-own/',
        '/Simple/our-own/',
        '/pypi/our-own/json',
        '/simple/held/',
        '/simple/HELD',
        '/simple/',
        pytest.param('/simple/mycompany-secret/', id='reserved'),
        pytest.param('/simple/MyCompany.Secret/', id='reserved, otherwise spelled'),
    ],
)
@pytest.mark.parametrize('accept', [HTML_TYPE, JSON_TYPE])
def test_no_spelling_of_a_private_name_is_requested_upstream(front: Front, path: str, accept: str) -> None:
    response = front.server.get(path, accept)
    if response.status == 301:
        response = front.server.get(response.headers['location'], accept)
    assert response.status in (200, 301, 400, 404)
    assert b'9.0' not in response.body
    assert front.upstream.pages.requests() == []


def test_a_quarantined_project_is_empty_and_not_replaced(front: Front, client: Client, tmp_path: Path) -> None:
    outcome = client.install(f'{front.server.url}/simple/', tmp_path / 'target', 'held')
    assert outcome.status == 1, outcome.output
    assert front.upstream.pages.requests() == []


@pytest.mark.parametrize('accept', [HTML_TYPE, JSON_TYPE])
def test_a_public_page_links_to_no_other_server(front: Front, accept: str) -> None:
    response = front.server.get('/simple/theirs/', accept)
    assert (response.status, response.headers['content-type']) == (200, accept)
    assert response.headers['vary'] == 'Accept'
    assert response.headers['cache-control'] == 'max-age=60'
    assert b'/files/t/theirs-1.0-py3-none-any.whl' in response.body
    assert b'files.example.com' not in response.body


def test_an_unknown_project_is_a_404(front: Front, client: Client, tmp_path: Path) -> None:
    outcome = client.install(f'{front.server.url}/simple/', tmp_path / 'target', 'nowhere')
    assert outcome.status == 1, outcome.output
    assert front.server.get('/simple/nowhere/').status == 404


def test_a_file_is_fetched_once(front: Front, client: Client, tmp_path: Path) -> None:
    for _ in range(3):
        install(front, client, tmp_path / 'target', 'theirs')
    fetches = [request.path for request in front.upstream.files.requests()]
    assert sorted(fetches) == sorted(set(fetches))
    assert front.server.get('/files/t/theirs-1.0-py3-none-any.whl').headers['cache-control'].endswith('immutable')


def test_a_file_that_changes_is_fetched_again(front: Front) -> None:
    path = front.upstream.directory / 'files' / 't' / 'theirs-1.0-variants.json'
    for content in (b'{"one": 1}', b'{"two": 2}'):
        path.write_bytes(content)
        found = wait_for(lambda: front.server.get('/files/t/theirs-1.0-variants.json').body == content or None)  # noqa: B023
        assert found
    response = front.server.get('/files/t/theirs-1.0-variants.json')
    assert (response.body, response.headers['cache-control']) == (b'{"two": 2}', 'max-age=60')
    assert not (front.cache / 'files' / 't').exists()
    front.switch_off()
    assert front.server.get('/files/t/theirs-1.0-variants.json').body == b'{"two": 2}'


def test_installs_go_on_when_the_public_index_is_down(front: Front, client: Client, tmp_path: Path) -> None:
    install(front, client, tmp_path / 'target', 'theirs')
    front.switch_off()
    install(front, client, tmp_path / 'target', 'theirs')
    assert installed(tmp_path / 'target') == {'theirs': '1.0'}
    install(front, client, tmp_path / 'target', 'our-own')
    assert installed(tmp_path / 'target') == {'Our.Own': '1.0'}


def test_a_file_that_was_never_fetched_is_a_404_while_the_public_index_is_down(front: Front) -> None:
    front.switch_off()
    assert front.server.get('/simple/theirs/').status == 404
    assert front.server.get('/files/t/theirs-1.0-py3-none-any.whl').status == 404


def test_installs_go_on_when_a_file_was_removed(front: Front, client: Client, tmp_path: Path) -> None:
    install(front, client, tmp_path / 'target', 'theirs')
    shutil.rmtree(front.upstream.directory / 'files' / 't')
    install(front, client, tmp_path / 'target', 'theirs')
    assert installed(tmp_path / 'target') == {'theirs': '1.0'}


def test_installs_go_on_when_a_project_was_removed(front: Front, client: Client, tmp_path: Path) -> None:
    """With an index of the kept files, made by the command of docs/serving.md."""
    install(front, client, tmp_path / 'target', 'theirs')
    build_kept(front)
    front.upstream.publish(('another', '1.0'))
    shutil.rmtree(front.upstream.directory / 'files' / 't')
    wait_for_another_page(front)
    install(front, client, tmp_path / 'target', 'theirs')
    assert installed(tmp_path / 'target') == {'theirs': '1.0'}


def build_kept(front: Front) -> None:
    run_as_shown('--output-dir /srv/kept', front)


def run_as_shown(words: str, front: Front) -> None:
    """Run the command with these words, in the directories of the test."""
    command = block('docs/serving.md', words)
    command = command.replace('/var/cache/nginx', str(front.cache)).replace('/srv/kept', str(front.kept))
    program = f'{shlex.quote(sys.executable)} -m dumb_pypi'
    command = re.sub('^dumb-pypi', program, command, flags=re.MULTILINE)
    bash = ['bash', '-euo', 'pipefail', '-c', command]
    done = subprocess.run(bash, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def wait_for_another_page(front: Front) -> None:
    """Wait until the cached page has expired and upstream reports that the project is gone."""
    asked = len(front.upstream.pages.requests())

    def asked_again() -> bool | None:
        front.server.get('/simple/theirs/', JSON_TYPE)
        return len(front.upstream.pages.requests()) > asked or None

    wait_for(asked_again)


def test_a_file_whose_size_was_requested_first_is_complete(front: Front) -> None:
    """Without metadata, uv requests the size of a wheel and then a range: no partial file may be kept."""
    path = '/files/t/theirs-1.0-py3-none-any.whl'
    expected = (front.upstream.directory / 'files' / 't' / 'theirs-1.0-py3-none-any.whl').read_bytes()
    connection = http.client.HTTPConnection('127.0.0.1', front.server.port, timeout=20)
    try:
        connection.request('HEAD', path)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b'')
        assert int(response.headers['Content-Length']) == len(expected)
    finally:
        connection.close()
    connection = http.client.HTTPConnection('127.0.0.1', front.server.port, timeout=20)
    try:
        connection.request('GET', path, headers={'Range': 'bytes=0-9'})
        response = connection.getresponse()
        assert response.read() in (expected, expected[:10])
    finally:
        connection.close()
    stored = front.cache / 'files' / 't' / 'theirs-1.0-py3-none-any.whl'
    assert not stored.exists() or stored.read_bytes() == expected
    assert front.server.get(path).body == expected


@pytest.mark.parametrize('front', ['below a path'], indirect=True)
def test_an_upstream_below_a_path(front: Front, client: Client, tmp_path: Path) -> None:
    install(front, client, tmp_path / 'target', 'theirs')
    assert installed(tmp_path / 'target') == {'theirs': '1.0'}
    assert {request.path for request in front.upstream.pages.requests()} == {'/mirror/simple/theirs/'}
    install(front, client, tmp_path / 'target', 'our-own')
    assert installed(tmp_path / 'target') == {'Our.Own': '1.0'}


def test_old_cached_files_are_removed(front: Front, pip: Client, tmp_path: Path) -> None:
    install(front, pip, tmp_path / 'target', 'theirs')
    stored = front.cache / 'files' / 't'
    wheel, metadata = stored / 'theirs-1.0-py3-none-any.whl', stored / 'theirs-1.0-py3-none-any.whl.metadata'
    assert wheel.exists()
    assert metadata.exists()
    now = time.time()
    os.utime(wheel, (now - 200 * 86400, now))
    os.utime(metadata, (now - 100 * 86400, now))
    run_as_shown('-atime +180 -delete', front)
    assert not wheel.exists()
    assert metadata.exists()
    install(front, pip, tmp_path / 'target', 'theirs')
    assert wheel.exists()
