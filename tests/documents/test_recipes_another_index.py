"""A list made from the JSON pages of another index, as docs/recipes.md makes it, says all that they say."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from testing.clients import Client, fetched, installed
from testing.devpi import devpi
from testing.distributions import make_sdist, make_wheel
from testing.documents import block
from testing.servers import Server, http_server, nginx
from testing.sites import build
from testing.strangers import run_shell, write_commands
from testing.tools import missing

INDEX = 'https://upstream.example.com/simple'
LIST, MIRROR = 'url_effective', 'sha256sum --check'
SHA256, MD5 = 'c' * 64, 'a' * 32


@pytest.fixture(scope='module')
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for program in ('curl', 'jq'):
        if shutil.which(program) is None:
            missing(program, f'apt-get install {program}')
    directory = tmp_path_factory.mktemp('programs') / 'bin'
    write_commands(directory)
    return directory


class Copy:
    """A directory in which the recipe is followed for some projects of a server."""

    def __init__(self, directory: Path, programs: Path, index: str, projects: str) -> None:
        self.directory, self.programs, self.index, self.projects = directory, programs, index, projects

    @property
    def site(self) -> Path:
        return self.directory / 'site'

    def run(self, words: str) -> str:
        commands = block('docs/recipes.md', words).replace(INDEX, self.index)
        commands = commands.replace('in flask jinja2;', f'in {self.projects};')
        self.directory.mkdir(exist_ok=True)
        path = f'{self.programs}:{os.environ["PATH"]}'
        return run_shell(commands, self.directory, {**os.environ, 'PATH': path, 'no_proxy': '127.0.0.1'})

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the list, without keys that say nothing."""
        lines = [json.loads(line) for line in (self.directory / 'list').read_text(encoding='utf-8').splitlines()]
        return [{key: value for key, value in line.items() if value is not None} for line in lines]


def page_of(site: Path, project: str) -> dict[str, Any]:
    page: dict[str, Any] = json.loads((site / 'simple' / project / 'index.v1_json').read_text(encoding='utf-8'))
    return page


def with_absolute_links(page: dict[str, Any], address: str) -> dict[str, Any]:
    return {**page, 'files': [file | {'url': urljoin(address, file['url'])} for file in page['files']]}


EVERYTHING = {
    'filename': 'Foo.Bar-1.0+local-py3-none-any.whl',
    'url': '../../pool/Foo.Bar-1.0%2Blocal-py3-none-any.whl',
    'hashes': {'md5': MD5, 'sha256': SHA256},
    'size': 17,
    'upload-time': '2026-01-02T03:04:05.678900Z',
    'requires-python': '>=3.8,<4',
    'core-metadata': {'sha256': SHA256},
    'yanked': 'breaks <all> & "more"',
    'provenance': 'https://pypi.example.com/provenance/foo?a=1&b=2',
}
PAGE = {
    'meta': {'api-version': '1.4', '_own': 'of this index'},
    'name': 'foo-bar',
    'versions': ['1.0+local', '2', '3', '4', '5', '6', '7', '8'],
    'project-status': {'status': 'deprecated', 'reason': 'use "other"'},
    'files': [
        EVERYTHING,
        {'filename': 'foo-bar-2.tar.gz', 'url': '/files/foo-bar-2.tar.gz', 'hashes': {}, 'yanked': True},
        {'filename': 'foo-bar-3.zip', 'url': '//files.example.com/x/../foo-bar-3.zip', 'hashes': {}, 'yanked': False},
        {
            'filename': 'foo-bar-4.zip',
            'url': 'foo-bar-4.zip#egg',
            'hashes': {'blake3': 'f' * 64},
            'core-metadata': False,
        },
        {'filename': 'foo-bar-5.zip', 'url': './a/./foo-bar-5.zip', 'hashes': {}, 'size': None, 'yanked': None},
        {'filename': 'foo-bar-6.zip', 'url': 'https://files.example.com/foo-bar-6.zip', 'hashes': {'md5': MD5}},
        {'filename': '../../foo-bar-7.zip', 'url': 'foo-bar-7.zip', 'hashes': {}, 'core-metadata': {}},
        {'filename': 'foo-bar-8.zip', 'url': 'foo-bar-8.zip', 'hashes': {}, 'dist-info-metadata': True},
    ],
}


@pytest.fixture
def handmade(tmp_path: Path) -> Iterator[Server]:
    """Serve `PAGE`, and a project whose files are withheld; every page of `http.server` is HTML to it."""
    for name, page in {'foo-bar': PAGE, 'held': {**PAGE, 'name': 'held', 'files': []}}.items():
        directory = tmp_path / 'index' / 'team' / 'simple' / name
        directory.mkdir(parents=True)
        (directory / 'index.html').write_text(json.dumps(page), encoding='utf-8')
    (directory.parent / 'old').mkdir()
    (directory.parent / 'old' / 'index.html').write_text('<!doctype html><a href="old-1.0.zip">', encoding='utf-8')
    with http_server(tmp_path / 'index', tmp_path) as server:
        yield server


def test_lines_say_what_a_page_says_and_links_are_absolute(handmade: Server, programs: Path, tmp_path: Path) -> None:
    copy = Copy(tmp_path, programs, f'{handmade.url}/team/simple', 'foo-bar held')
    assert copy.run(LIST) == ''
    page = f'{handmade.url}/team/simple/foo-bar'
    assert copy.lines() == [
        {'project': 'foo-bar', 'status': 'deprecated', 'status_reason': 'use "other"'},
        {
            'filename': 'Foo.Bar-1.0+local-py3-none-any.whl',
            'name': 'foo-bar',
            'url': f'{handmade.url}/team/pool/Foo.Bar-1.0%2Blocal-py3-none-any.whl',
            'hashes': {'md5': MD5, 'sha256': SHA256},
            'size': 17,
            'upload_timestamp': '2026-01-02T03:04:05.678900Z',
            'requires_python': '>=3.8,<4',
            'core_metadata': f'sha256={SHA256}',
            'yanked_reason': 'breaks <all> & "more"',
            'provenance': 'https://pypi.example.com/provenance/foo?a=1&b=2',
        },
        file(2, url=f'{handmade.url}/files/foo-bar-2.tar.gz', filename='foo-bar-2.tar.gz', yanked_reason=''),
        file(3, url='http://files.example.com/foo-bar-3.zip'),
        file(4, url=f'{page}/foo-bar-4.zip'),
        file(5, url=f'{page}/a/foo-bar-5.zip'),
        file(6, url='https://files.example.com/foo-bar-6.zip', hashes={'md5': MD5}),
        file(7, url=f'{page}/foo-bar-7.zip', core_metadata=True),
        file(8, url=f'{page}/foo-bar-8.zip', core_metadata=True),
    ]
    built = page_of(copy.site, 'foo-bar')
    assert built['project-status'] == PAGE['project-status']
    assert built['versions'] == PAGE['versions']
    assert built['files'][0] == {**EVERYTHING, 'url': f'{handmade.url}/team/pool/Foo.Bar-1.0%2Blocal-py3-none-any.whl'}


def file(version: int, **keys: object) -> dict[str, object]:
    return {'filename': f'foo-bar-{version}.zip', 'name': 'foo-bar', 'hashes': {}, **keys}


@pytest.mark.parametrize(('bad_page', 'said'), [('nowhere', 'error: 404'), ('old', 'parse error')])
def test_a_page_that_cannot_be_read_stops_the_script(
    handmade: Server, programs: Path, bad_page: str, said: str, tmp_path: Path
) -> None:
    copy = Copy(tmp_path, programs, f'{handmade.url}/team/simple', f'foo-bar {bad_page} foo-bar')
    with pytest.raises(AssertionError, match=said):
        copy.run(LIST)
    assert not copy.site.exists()


def test_pages_of_ours_are_the_same_again(real: Path, with_nginx: None, programs: Path, tmp_path: Path) -> None:
    """All but the links: the pages of two thousand real files."""
    projects = ['docutils', 'jinja2', 'pywin32', 'setuptools']
    with nginx(real, tmp_path) as server:
        copy = Copy(tmp_path, programs, f'{server.url}/simple', ' '.join(projects))
        assert copy.run(LIST) == ''
    for project in projects:
        expected = with_absolute_links(page_of(real, project), f'{server.url}/simple/{project}/')
        assert page_of(copy.site, project) == expected


def test_clients_install_from_the_copy_and_from_the_mirror_when_the_other_index_is_gone(
    site: Path, with_nginx: None, pip: Client, uv: Client, programs: Path, tmp_path: Path
) -> None:
    with nginx(site, tmp_path) as server:
        copy = Copy(tmp_path, programs, f'{server.url}/simple', 'described also-described yanked with-local')
        assert copy.run(LIST) == ''
        fetched_from = check_installs([pip, uv], copy.site, tmp_path / 'copy')
        assert {path for path in fetched_from if path.startswith('pool/')} == set()
        assert 'described-1.0-py3-none-any.whl.metadata' in fetched(server, '/pool/')
        asked = len(files_asked(server))
        assert copy.run(MIRROR) == ''
        # Six files, two of which have metadata beside them.
        assert len(files_asked(server)) == asked + 8
        assert copy.run(MIRROR) == ''
        assert len(files_asked(server)) == asked + 8
    assert page_of(copy.site, 'described') == page_of(site, 'described')
    assert 'pool/described-1.0-py3-none-any.whl.metadata' in check_installs([pip, uv], copy.site, tmp_path / 'mirror')


def files_asked(server: Server) -> list[str]:
    return [request.path for request in server.requests() if request.path.startswith('/pool/')]


def check_installs(clients: list[Client], site: Path, scratch: Path) -> set[str]:
    """Install what a wheel requires, too, a local version, and no yanked one. Return what was fetched."""
    scratch.mkdir()
    with http_server(site, scratch) as server:
        for client in clients:
            target = scratch / client.name
            outcome = client.install(f'{server.url}/simple/', target, 'described', 'yanked', 'with-local==1.0+local.1')
            assert outcome.status == 0, outcome.output
            assert installed(target) == {
                'Described': '1.0',
                'Also-described': '1.0',
                'yanked': '1.0',
                'with-local': '1.0+local.1',
            }
        return fetched(server, '/')


def test_a_file_with_another_hash_stops_the_mirror(
    site: Path, with_nginx: None, programs: Path, tmp_path: Path
) -> None:
    with nginx(site, tmp_path) as server:
        copy = Copy(tmp_path, programs, f'{server.url}/simple', 'tampered')
        assert copy.run(LIST) == ''
        built = page_of(copy.site, 'tampered')
        with pytest.raises(AssertionError, match=r'tampered-1.0-py3-none-any.whl: FAILED'):
            copy.run(MIRROR)
    assert page_of(copy.site, 'tampered') == built


def test_a_mirror_of_an_index_without_hashes(with_nginx: None, programs: Path, tmp_path: Path) -> None:
    assert build(tmp_path / 'index', [{'filename': 'foo-1.0.tar.gz'}]) == 0
    (tmp_path / 'index' / 'pool').mkdir()
    (tmp_path / 'index' / 'pool' / 'foo-1.0.tar.gz').write_bytes(b'the bytes of foo')
    with nginx(tmp_path / 'index', tmp_path) as server:
        copy = Copy(tmp_path, programs, f'{server.url}/simple', 'foo')
        assert copy.run(LIST) == copy.run(MIRROR) == ''
    assert (copy.site / 'pool' / 'foo-1.0.tar.gz').read_bytes() == b'the bytes of foo'
    assert page_of(copy.site, 'foo') == page_of(tmp_path / 'index', 'foo')


def test_a_link_to_a_file_of_this_machine_is_not_mirrored(with_nginx: None, programs: Path, tmp_path: Path) -> None:
    (tmp_path / 'secret-1.0.zip').write_bytes(b'only for this machine')
    link = {'filename': 'secret-1.0.zip', 'url': f'file://{tmp_path}/secret-1.0.zip'}
    assert build(tmp_path / 'index', [link]) == 0
    with nginx(tmp_path / 'index', tmp_path) as server:
        copy = Copy(tmp_path / 'copy', programs, f'{server.url}/simple', 'secret')
        assert copy.run(LIST) == ''
        with pytest.raises(AssertionError, match='Protocol "file"'):
            copy.run(MIRROR)
    assert list((copy.site / 'pool').iterdir()) == []


@pytest.mark.clients
def test_clients_install_from_a_copy_and_a_mirror_of_devpi(
    programs: Path, pip: Client, uv: Client, tmp_path: Path
) -> None:
    pool = tmp_path / 'wheels'
    pool.mkdir()
    make_wheel(pool, 'Described', '1.0', requires_dist=['also-described'], requires_python='>=3.8')
    make_sdist(pool, 'Also-described', '1.0')
    make_wheel(pool, 'with-local', '1.0+local.1')
    make_wheel(pool, 'yanked', '1.0')
    with devpi(pool, tmp_path) as server:
        projects = 'described also-described with-local yanked'
        copy = Copy(tmp_path, programs, f'{server.url}/root/ours/+simple', projects)
        assert copy.run(LIST) == ''
        line = copy.lines()[0]
        digest = hashlib.sha256((pool / line['filename']).read_bytes()).hexdigest()
        assert line['hashes'] == {'sha256': digest}
        assert line['requires_python'] == '>=3.8'
        assert line['url'].startswith(f'{server.url}/root/ours/+f/')
        check_installs([pip, uv], copy.site, tmp_path / 'copy')
        assert copy.run(MIRROR) == ''
    check_installs([pip, uv], copy.site, tmp_path / 'mirror')
