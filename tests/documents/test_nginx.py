"""The recommended nginx configurations: redirects of names, types, caches and headers."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.documents import block
from testing.servers import NGINX, Server, nginx, nginx_with
from testing.sites import build

PAGE_CACHE = 'max-age=60'
FILE_CACHE = 'max-age=31536000, immutable'
COMPRESSED = {'Accept-Encoding': 'gzip'}


@pytest.fixture(scope='module')
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a site with files, one of them with a plus sign, and an unreadable directory."""
    directory = tmp_path_factory.mktemp('nginx') / 'site'
    names = ['aspy.yaml-1.0.tar.gz', 'foo-1.0+local.tar.gz', 'bar-1.0.tar', 'sub/baz-1.0.tar.gz']
    assert build(directory, [{'filename': name} for name in names]) == 0
    (directory / 'pool' / 'sub').mkdir(parents=True)
    for name in names:
        (directory / 'pool' / name).write_bytes(f'the bytes of {name}'.encode())
    (directory / 'pool' / 'sub' / 'baz-1.0-variants.json').write_bytes(b'{}')
    (directory / 'pool' / 'bar-1.0.tar.gz').write_bytes(gzip.compress(b'another distribution'))
    return directory


@pytest.fixture(scope='module')
def full(with_lua: None, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with nginx(directory, tmp_path_factory.mktemp('full'), 'pypi.conf') as server:
        yield server


@pytest.fixture(scope='module')
def short(with_nginx: None, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with nginx(directory, tmp_path_factory.mktemp('short'), 'short.conf') as server:
        yield server


@pytest.fixture(params=['full', 'short'])
def server(request: pytest.FixtureRequest) -> Server:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Server)
    return found


@pytest.mark.parametrize(
    ('path', 'location'),
    [
        pytest.param('/simple/ASPY.YAML/', '/simple/aspy-yaml/', id='as typed'),
        pytest.param('/simple/aspy.yaml/', '/simple/aspy-yaml/', id='lower case'),
        pytest.param('/simple/aspy._-yaml/', '/simple/aspy-yaml/', id='a run of separators'),
        pytest.param('/simple/aspy--yaml/', '/simple/aspy-yaml/', id='two dashes'),
        pytest.param('/simple/Aspy.Yaml', '/simple/aspy-yaml/', id='without the slash'),
        pytest.param('/simple/Aspy.Yaml/?a=1', '/simple/aspy-yaml/?a=1', id='with a query'),
        pytest.param('/pypi/Aspy.Yaml/json', '/pypi/aspy-yaml/json', id='legacy JSON API'),
        pytest.param('/pypi/Aspy.Yaml/1.0+A_b/json', '/pypi/aspy-yaml/1.0+A_b/json', id='a version is no name'),
        pytest.param('/project/Aspy.Yaml/', '/project/aspy-yaml/', id='the page for people'),
    ],
)
def test_a_name_as_typed_redirects_to_the_normalized_name(full: Server, path: str, location: str) -> None:
    response = full.get(path)
    assert (response.status, response.headers['location']) == (301, location)


# Debian's /etc/nginx/sites-enabled/default in short. It is the default here because it is the first.
DEBIANS_DEFAULT = """
server {
    listen 80;
    server_name _;
    location / { return 200 "Welcome to nginx!"; }
}
"""
OUR_NAME = {'Host': 'pypi.example.com'}


def test_the_default_site_of_debian_answers_for_all_other_names(
    with_nginx: None, directory: Path, tmp_path: Path
) -> None:
    text = DEBIANS_DEFAULT + block('docs/serving.md', 'root /srv/pypi;')
    with nginx_with(text, directory, tmp_path) as [server]:
        assert server.get('/simple/').body == b'Welcome to nginx!'
        assert server.get('/simple/', headers=OUR_NAME).body == (directory / 'simple' / 'index.html').read_bytes()


def test_of_two_of_our_files_with_one_name_nginx_uses_the_first_and_says_so(
    with_nginx: None, directory: Path, tmp_path: Path
) -> None:
    both = [(NGINX / name).read_text(encoding='utf-8') for name in ('short.conf', 'private.conf')]
    warning = 'conflicting server name "pypi.example.com"'
    with nginx_with(''.join(both), directory, tmp_path / 'one') as [server]:
        assert server.get('/simple/', headers=OUR_NAME).status == 200
        assert warning in (tmp_path / 'one' / 'nginx' / 'output.log').read_text(encoding='utf-8')
    both[1] = both[1].replace('pypi.example.com', 'private.example.com')
    with nginx_with(''.join(both), directory, tmp_path / 'two') as [server]:
        assert server.get('/simple/', headers=OUR_NAME).status == 200
        assert server.get('/simple/', headers={'Host': 'private.example.com'}).status == 401
        assert 'conflicting' not in (tmp_path / 'two' / 'nginx' / 'output.log').read_text(encoding='utf-8')


@pytest.mark.parametrize(
    'path',
    [
        '/simple/Aspy%0d%0aSet-Cookie:%20a=1/',
        '/simple/Aspy/%0d%0aSet-Cookie:%20a=1/',
        '/pypi/Aspy/%0aSet-Cookie:%20a=1/json',
    ],
)
def test_no_header_can_be_injected_through_a_name(full: Server, path: str) -> None:
    response = full.get(path)
    assert response.status == 404
    assert 'set-cookie' not in response.headers


@pytest.mark.parametrize('path', ['/simple/index.html', '/simple/index.v1_json', '/simple/aspy-yaml/index.html'])
def test_a_page_also_has_the_url_of_its_file(server: Server, path: str) -> None:
    assert server.get(path).status == 200


@pytest.mark.parametrize(
    'path',
    [
        pytest.param('/simple/nowhere/', id='a project'),
        pytest.param('/pool/nowhere-1.0.tar.gz', id='a file'),
        pytest.param('/pool/', id='a directory without an index'),
        pytest.param('/pypi/aspy-yaml/', id='another one'),
    ],
)
def test_a_missing_page_is_404_and_never_403(server: Server, path: str) -> None:
    assert server.get(path).status == 404


def test_people_get_a_page_where_there_is_none_and_installers_get_none(server: Server) -> None:
    for path in ('/project/nowhere/', '/nowhere', '/status/nowhere.html'):
        response = server.get(path)
        assert (response.status, response.headers['content-type']) == (404, 'text/html')
        assert b'<h1>Not in this index</h1>' in response.body
    for path in ('/simple/nowhere/', '/pypi/nowhere/json', '/pool/nowhere-1.0.tar.gz', '/pool/'):
        response = server.get(path)
        assert response.status == 404
        assert b'Not in this index' not in response.body


def test_the_record_of_the_program_is_not_served(server: Server, directory: Path) -> None:
    assert (directory / '.dumb-pypi.json').exists()
    assert server.get('/.dumb-pypi.json').status == 404


@pytest.mark.parametrize('path', ['/pool/foo-1.0+local.tar.gz', '/pool/foo-1.0%2Blocal.tar.gz'])
def test_a_plus_sign_may_be_encoded_or_not(server: Server, path: str) -> None:
    assert server.get(path).body == b'the bytes of foo-1.0+local.tar.gz'


@pytest.mark.parametrize(
    ('path', 'expected'),
    [
        pytest.param('/simple/', PAGE_CACHE, id='page'),
        pytest.param('/simple/nowhere/', PAGE_CACHE, id='missing page'),
        pytest.param('/pool/aspy.yaml-1.0.tar.gz', FILE_CACHE, id='file'),
        pytest.param('/pool/sub/baz-1.0-variants.json', PAGE_CACHE, id='a file that changes'),
    ],
)
def test_caches_keep_files_for_a_long_time_and_pages_for_a_minute(server: Server, path: str, expected: str) -> None:
    assert server.get(path).headers['cache-control'] == expected


@pytest.mark.parametrize('path', ['/pool/nowhere-1.0.tar.gz', '/pool/sub'])
def test_missing_pages_and_redirects_are_not_cached_for_long(server: Server, path: str) -> None:
    assert server.get(path).headers.get('cache-control', PAGE_CACHE) == PAGE_CACHE


@pytest.mark.parametrize('path', ['/', '/simple/', '/pypi/aspy-yaml/json', '/pool/aspy.yaml-1.0.tar.gz', '/nowhere'])
def test_every_answer_has_the_security_headers(full: Server, path: str) -> None:
    headers = full.get(path).headers
    assert headers['x-content-type-options'] == 'nosniff'
    assert headers['referrer-policy'] == 'same-origin'
    assert "default-src 'self'" in headers['content-security-policy']


@pytest.mark.parametrize(
    ('path', 'expected'),
    [
        ('/', 'text/html'),
        ('/static/style.css', 'text/css'),
        ('/pypi/aspy-yaml/json', 'application/json'),
        ('/pypi/aspy-yaml/1.0/json', 'application/json'),
        ('/pool/aspy.yaml-1.0.tar.gz', 'application/octet-stream'),
    ],
)
def test_every_page_has_its_type(server: Server, directory: Path, path: str, expected: str) -> None:
    if path.startswith('/static/'):
        path = f'/static/{next((directory / "static").glob("*.css")).name}'
    assert server.get(path).headers['content-type'] == expected


def test_a_compressed_page_is_sent_unchanged(full: Server, directory: Path) -> None:
    page = directory / 'simple' / 'aspy-yaml' / 'index.html'
    (page.parent / 'index.html.gz').write_bytes(gzip.compress(page.read_bytes(), mtime=0))
    try:
        response = full.get('/simple/aspy-yaml/', headers=COMPRESSED)
        assert response.headers['content-encoding'] == 'gzip'
        assert response.body == (page.parent / 'index.html.gz').read_bytes()
    finally:
        (page.parent / 'index.html.gz').unlink()


def test_a_page_without_a_compressed_copy_is_compressed(full: Server, directory: Path) -> None:
    response = full.get('/simple/foo/', headers=COMPRESSED)
    assert response.headers['content-encoding'] == 'gzip'
    assert gzip.decompress(response.body) == (directory / 'simple' / 'foo' / 'index.html').read_bytes()


def test_a_tar_is_not_the_tar_gz_beside_it(full: Server) -> None:
    """`gzip_static` would serve one instead of the other."""
    response = full.get('/pool/bar-1.0.tar', headers=COMPRESSED)
    assert 'content-encoding' not in response.headers
    assert response.body == b'the bytes of bar-1.0.tar'
