"""An index over TLS, as in docs/serving.md, and the messages of clients without TLS."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.clients import Client, installed, isolated_env
from testing.documents import block
from testing.servers import Server, nginx, nginx_with
from testing.strangers import run_shell
from testing.tools import missing

CERTIFICATE = '/etc/letsencrypt/live/pypi.example.com'


class Secure(NamedTuple):
    https: Server
    http: Server
    authority: Path  # signs the certificate of the server

    @property
    def url(self) -> str:
        return f'https://127.0.0.1:{self.https.port}'


@pytest.fixture(scope='module')
def secure(with_nginx: None, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    if shutil.which('openssl') is None:
        missing('openssl', 'apt-get install openssl')
    directory = tmp_path_factory.mktemp('https')
    authority = make_certificate(directory)
    plain = block('docs/serving.md', 'root /srv/pypi;')
    assert plain.count('    listen 80;\n') == 1
    text = plain.replace('    listen 80;\n', block('docs/serving.md', 'listen 443 ssl;'))
    text += block('docs/serving.md', 'return 301 https')
    with nginx_with(text, site, directory, {CERTIFICATE: str(directory)}) as [https, http]:
        yield Secure(https, http, authority)


def make_certificate(directory: Path) -> Path:
    """A server's certificate and key, as the document makes them, and the authority, which is returned.

    The tests have no name for their server: the certificate is for its address as well.
    """
    commands = block('docs/serving.md', 'openssl req -x509')
    name = 'subjectAltName=DNS:pypi.example.com'
    assert commands.count(name) == 1
    run_shell(commands.replace(name, f'{name},IP:127.0.0.1'), directory, os.environ)
    return directory / 'ca.pem'


def untrusting(env: dict[str, str]) -> dict[str, str]:
    """Return an environment without the authorities of this machine, which would override those of an option."""
    theirs = ('SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE')
    return {name: value for name, value in env.items() if name not in theirs}


# The words of each client that are in the table of docs/operating.md.
UNKNOWN_AUTHORITY = {'pip': 'CERTIFICATE_VERIFY_FAILED', 'uv': 'UnknownIssuer'}


def test_client_installs_over_tls(secure: Secure, client: Client, tmp_path: Path) -> None:
    index = f'{secure.url}/simple/'
    for trusts in (False, True):
        trusted = {}
        if client.name == 'pip':
            options = ['--retries', '0', *(['--cert', str(secure.authority)] if trusts else [])]
        else:
            options = [] if trusts else ['--system-certs']
            trusted = {'SSL_CERT_FILE': str(secure.authority)} if trusts else {}
        done = subprocess.run(
            [*client.command, *options, '--index-url', index, '--target', str(tmp_path / 'target'), 'only-wheel'],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=untrusting(isolated_env(client.home)) | trusted,
            timeout=120,
        )
        assert (done.returncode == 0) is trusts, done.stdout
        assert (UNKNOWN_AUTHORITY[client.name] in done.stdout) is not trusts, done.stdout
    assert installed(tmp_path / 'target') == {'only-wheel': '1.0'}


@pytest.mark.parametrize('path', ['/', '/simple/only-wheel/', '/simple/?a=1'])
def test_requests_without_tls_are_redirected(secure: Secure, path: str) -> None:
    response = secure.http.get(path)
    assert (response.status, response.headers['location']) == (301, f'{secure.url}{path}')
    context = ssl.create_default_context(cafile=str(secure.authority))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(f'{secure.url}{path}', timeout=20) as answer:
        assert answer.status == 200


def test_pip_accepts_an_index_without_tls_only_with_an_option(
    with_nginx: None, site: Path, pip: Client, tmp_path: Path
) -> None:
    """The host is another machine, for which a local proxy answers, because pip always trusts 127.0.0.1."""
    index = ('--index-url', 'http://pypi.example.com/simple/')
    with nginx(site, tmp_path) as server:
        for options, status in [((), 1), (('--trusted-host', 'pypi.example.com'), 0)]:
            target = tmp_path / f'target {status}'
            done = subprocess.run(
                [*pip.command, '--proxy', server.url, *index, *options, '--target', str(target), 'only-wheel'],
                check=False,
                capture_output=True,
                text=True,
                env=isolated_env(pip.home) | dict.fromkeys(('NO_PROXY', 'no_proxy'), ''),
                timeout=120,
            )
            assert done.returncode == status, done.stderr
            assert ('not a trusted or secure host' in done.stderr) is not bool(options), done.stderr
        assert installed(target) == {'only-wheel': '1.0'}
