"""Project pages per second from nginx and the site, compared with servers that generate pages; only ratios count."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from testing.devpi import answers, devpi, port_of
from testing.distributions import list_line, make_wheel
from testing.servers import Server, nginx, running
from testing.sites import build
from testing.tools import make_tool, missing
from testing.waiting import wait_for

pytestmark = pytest.mark.clients

FILES = 50
SECONDS = 4


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site of one project with fifty wheels, beside the wheels."""
    directory = tmp_path_factory.mktemp('load') / 'site'
    (directory / 'pool').mkdir(parents=True)
    wheels = [make_wheel(directory / 'pool', 'loaded', f'1.{number}') for number in range(FILES)]
    assert build(directory, map(list_line, wheels)) == 0
    return directory


@pytest.fixture(scope='module')
def rates(with_lua: None, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, float]:
    """Measure pages per second for each server, one after the other."""
    if shutil.which('wrk') is None:
        missing('wrk', 'apt-get install wrk')
    scratch = tmp_path_factory.mktemp('servers')
    found = {}
    with nginx(site, scratch, 'pypi.conf') as server:
        found['nginx'] = rate(server, '/simple/loaded/')
    program = make_tool('pypiserver', 'pypiserver') / 'pypi-server'
    command = [str(program), 'run', '--interface', '127.0.0.1', '--port', '0', str(site / 'pool')]
    log = scratch / 'pypiserver.log'
    with log.open('wb') as output, running(command, output.fileno()) as process:
        server = Server(wait_for(lambda: port_of(process), process, log), log)
        wait_for(lambda: answers(server, '/simple/loaded/'), process, log)
        found['pypiserver'] = rate(server, '/simple/loaded/')
    with devpi(site / 'pool', scratch) as server:
        found['devpi-server'] = rate(server, '/root/ours/+simple/loaded/')
    print({name: f'{each:.0f}/s, nginx: {found["nginx"] / each:.0f} times' for name, each in found.items()})
    return found


@pytest.mark.parametrize('other', ['pypiserver', 'devpi-server'])
def test_nginx_serves_the_site_faster_than_a_server_that_makes_its_pages(
    rates: Mapping[str, float], other: str
) -> None:
    assert rates['nginx'] > 5 * rates[other], rates


def rate(server: Server, path: str) -> float:
    """Return the pages per second over eight connections; every response must be the page."""
    page = server.get(path, 'text/html')
    assert page.status == 200
    assert page.body.count(b'<a ') >= FILES
    command = [
        'wrk',
        '--threads',
        '1',
        '--connections',
        '8',
        '--duration',
        f'{SECONDS}s',
        '--header',
        'Accept: text/html',
    ]
    done = subprocess.run([*command, f'{server.url}{path}'], check=True, capture_output=True, text=True, timeout=60)
    assert 'Non-2xx' not in done.stdout, done.stdout
    assert 'Socket errors' not in done.stdout, done.stdout
    found = re.search(r'^Requests/sec: +([\d.]+)$', done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return float(found[1])
