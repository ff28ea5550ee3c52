"""What the pages say: read back with parsers that nobody here wrote, and held against the specifications."""

from __future__ import annotations

import csv
import datetime
import functools
import html
import json
import random
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import html5lib
import jsonschema_rs
import pytest
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version
from pypi_simple import IndexPage, ProjectPage

from dumb_pypi.main import main
from testing.sites import build, mtimes, paths, tree, write_list
from testing.states import RECORD, entries, without_own
from testing.tools import ROOT

HERE = 'https://pypi.example.com/team/'  # where the sites are published, as far as these tests go
TESTING = ROOT / 'testing'

MD5, SHA1, SHA256, SHA384, SHA512 = 'a' * 32, 'b' * 40, 'c' * 64, 'd' * 96, 'e' * 128

RICH_URLS = {
    'Change Log': 'https://rich.example.com/changes',
    'Home-page': 'https://rich.example.com/#top',
    'Source': 'https://rich.example.com/source?a=b',
}
RICH: list[dict[str, Any]] = [
    {
        'project': 'Rich.Project',
        'summary': 'Says <everything> & "more"',
        'status': 'deprecated',
        'status_reason': 'use <plain> & "simple"',
        'description': '# All',
        'description_content_type': 'text/markdown',
        'project_urls': {label: RICH_URLS[label] for label in reversed(RICH_URLS)},
        'license_expression': 'MIT',
        'license': 'The whole\r\nof it\n',
        'author': 'Ann',
        'author_email': 'ann@example.com',
        'maintainer': 'Bob',
        'maintainer_email': 'bob@example.com',
        'keywords': 'a, b',
        'classifiers': ['Framework :: Pytest', ''],
    },
    {
        'filename': 'team/a b/rich_project-1.0+local.1-py3-none-any.whl',
        'hash': f'sha256={SHA256.upper()}',
        'size': 1600000,
        'requires_python': '>=3.8,<4',
        'requires_dist': ['plain>=1; python_version<"3.9"', 'other'],
        'core_metadata': f'sha256={SHA256}',
        'provenance': 'https://pypi.example.com/provenance/rich?a=1&b=2',
        'upload_timestamp': 1767323045.5,
        'uploaded_by': 'Ann <ann@example.com>',
    },
    {
        'filename': 'Rich.Project-0.9.tar.gz',
        'hashes': {'md5': MD5, 'sha1': SHA1, 'sha256': SHA256},
        'size': 999,
        'url': 'https://files.example.com/a?b=1&c=2',
        'upload_timestamp': '2024-02-29T23:59:59+01:00',
        'yanked_reason': 'breaks <all> & "more"',
    },
    {'filename': 'rich-project-0.8.zip', 'hash': f'sha1={SHA1}', 'size': 0, 'yanked': True, 'core_metadata': 'true'},
    {'filename': 'rich-project-0.7.zip', 'hashes': {'sha384': SHA384, 'sha512': SHA512}, 'size': 1, 'yanked': False},
    {'filename': 'rich-project-0.6.zip', 'hash': f'md5={MD5}', 'size': 1, 'yanked_reason': ''},
    {
        'filename': 'nameless.zip',
        'name': 'Rich_Project',
        'version': '0.5',
        'size': 1,
        'url': '../elsewhere/nameless.zip',
    },
    {'filename': 'rich-project-2004d_2.zip', 'size': 1, 'url': '/rooted/rich-project-2004d_2.zip'},
    {'filename': 'unsized-1.0.tar.gz', 'core_metadata': True, 'upload_timestamp': 0},
    {'filename': 'unsized-2.0.tar.gz', 'size': 17, 'core_metadata': False},
    {'project': 'archived', 'status': 'archived'},
    {'filename': 'archived-1.0.tar.gz', 'size': 17},
    {'project': 'active', 'status': 'active', 'status_reason': 'well kept'},
    {'filename': 'active-1.0.tar.gz', 'size': 17},
    {'project': 'quarantined', 'summary': 'Was bad', 'status': 'quarantined', 'status_reason': 'malware'},
    {'filename': 'quarantined-1.0.tar.gz', 'size': 17, 'upload_timestamp': 1767323045},
]


# ------------------------------------------------------------------------------------------------- sites and readers


@pytest.fixture(scope='session')
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of 12,383 files that the public index has, or had."""
    directory = tmp_path_factory.mktemp('real') / 'site'
    assert build(directory, (TESTING / 'real-packages.jsonl').read_text().splitlines()) == 0
    return directory


@pytest.fixture(scope='session')
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a list with every key."""
    directory = tmp_path_factory.mktemp('rich') / 'site'
    assert build(directory, RICH) == 0
    return directory


@pytest.fixture(params=['real', 'rich'])
def site(request: pytest.FixtureRequest) -> Path:
    """Each of the two in turn."""
    directory = request.getfixturevalue(request.param)
    assert isinstance(directory, Path)
    return directory


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def read_html(path: Path) -> Any:
    """The root element; raises an exception for whatever HTML5 calls an error."""
    builder = html5lib.getTreeBuilder('etree')
    return html5lib.HTMLParser(tree=builder, strict=True, namespaceHTMLElements=False).parse(path.read_bytes())


class Seen(NamedTuple):
    """What several tests want to know of each page: a page takes long to parse."""

    language: str
    title: str
    tags: set[str]
    links: list[str]
    rows: list[list[str]]  # the texts of the cells of tables


@functools.cache
def read_pages(site: Path) -> dict[str, Seen]:
    """Every page for a browser, by its path; raises an exception for whatever HTML5 calls an error."""
    return {path: look(read_html(site / path)) for path in paths(site) if path.endswith('.html')}


def look(root: Any) -> Seen:
    elements = list(root.iter())
    links = [element.get('href') or element.get('src') for element in elements]
    rows = [[text_of(cell) for cell in row.findall('td')] for row in root.iter('tr')]
    return Seen(
        language=root.get('lang'),
        title=text_of(root.find('.//title')),
        tags={element.tag for element in elements},
        links=[link for link in links if link],
        rows=[row for row in rows if row],
    )


def read_anchors(site: Path, project: str) -> dict[str, dict[str, str]]:
    """The attributes of the anchors of an index page, by their text."""
    return {anchor.text: dict(anchor.attrib) for anchor in read_html(site / f'simple/{project}/index.html').iter('a')}


def read_metas(site: Path, project: str) -> dict[str, str]:
    metas = read_html(site / f'simple/{project}/index.html').iter('meta')
    return {meta.get('name'): meta.get('content') for meta in metas if meta.get('name', '').startswith('pypi:')}


def text_of(element: Any) -> str:
    return ' '.join(''.join(element.itertext()).split())


def projects(site: Path) -> list[str]:
    return [project['name'] for project in read_json(site / 'simple/index.v1_json')['projects']]


def page_url(path: str) -> str:
    """Where a page of a site is published."""
    for index in ('index.html', 'index.v1_json'):
        path = path.removesuffix(index)
    return urllib.parse.urljoin(HERE, path)


def read_releases(site: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every file with its project and version, as the legacy JSON pages have them."""
    for project in projects(site):
        for version, files in read_json(site / f'pypi/{project}/json')['releases'].items():
            for file in files:
                yield project, version, file


def parsed(version: str) -> Version | str:
    try:
        return Version(version)
    except InvalidVersion:
        return version


# ------------------------------------------------------------------------------------------------- every page


def test_every_page_for_a_browser_is_html5(site: Path) -> None:
    pages = read_pages(site)
    assert len(pages) > 10
    assert {page.language for page in pages.values()} == {'en'}
    assert [path for path, page in pages.items() if page.title == ''] == []


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    there = set(paths(site))
    published = {urllib.parse.urljoin(HERE, path) for path in there} | {page_url(path) for path in there}
    for path, page in read_pages(site).items():
        for link in page.links:
            target = urllib.parse.urljoin(page_url(path), link).partition('#')[0].partition('?q=')[0]
            if target.startswith(HERE) and not target.startswith((f'{HERE}pool/', f'{HERE}elsewhere/')):
                assert target in published, (path, link)


def test_pages_for_machines_have_no_style_and_no_script(site: Path) -> None:
    for project in ['', *(f'{name}/' for name in projects(site))]:
        page = read_pages(site)[f'simple/{project}index.html']
        assert page.tags <= {'html', 'head', 'meta', 'title', 'body', 'h1', 'a', 'br'}


def test_the_text_files_end_in_a_line_break_and_have_no_carriage_return(site: Path) -> None:
    for path, content in tree(site).items():
        assert content.endswith(b'\n'), path
        assert b'\r' not in content


# ------------------------------------------------------------------------------------------------- HTML and JSON agree


@pytest.fixture(params=['html', 'json'])
def spelling(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read_page(site: Path, project: str, spelling: str) -> ProjectPage:
    base_url = f'{HERE}simple/{project}/'
    if spelling == 'html':
        return ProjectPage.from_html(project, (site / f'simple/{project}/index.html').read_bytes(), base_url, 'utf-8')
    return ProjectPage.from_json_data(read_json(site / f'simple/{project}/index.v1_json'), base_url)


def test_both_spellings_of_the_root_name_the_same_projects(site: Path) -> None:
    html = IndexPage.from_html((site / 'simple/index.html').read_bytes(), 'utf-8')
    document = IndexPage.from_json_data(read_json(site / 'simple/index.v1_json'))
    assert (html.repository_version, html.projects) == (document.repository_version, document.projects)
    assert html.repository_version == '1.4'
    assert html.projects == sorted({canonicalize_name(name) for name in html.projects})


def test_both_spellings_of_a_project_say_the_same(site: Path) -> None:
    for project in projects(site):
        html, document = (read_page(site, project, spelling) for spelling in ('html', 'json'))
        assert (html.project, html.status, html.status_reason) == (
            document.project,
            document.status,
            document.status_reason,
        )
        assert [
            (
                file.filename,
                file.url,
                file.requires_python,
                file.is_yanked,
                file.yanked_reason or None,
                file.has_metadata,
                file.metadata_digests or None,
                file.provenance_url,
            )
            for file in html.packages
        ] == [
            (
                file.filename,
                file.url,
                file.requires_python,
                file.is_yanked,
                file.yanked_reason or None,
                file.has_metadata,
                file.metadata_digests or None,
                file.provenance_url,
            )
            for file in document.packages
        ]
        anchors = read_anchors(site, project)
        for one, other in zip(html.packages, document.packages, strict=True):
            accepted = [name for name in ('sha256', 'sha512', 'sha384', 'md5') if name in other.digests]
            assert one.digests == {name: other.digests[name] for name in accepted[:1]}
            anchor = anchors[one.filename]
            assert anchor.get('data-size') == (None if other.size is None else str(other.size))
            time = anchor.get('data-upload-time')
            assert (time and datetime.datetime.fromisoformat(time.replace('Z', '+00:00'))) == other.upload_time


def test_an_anchor_has_all_there_is_to_say(rich: Path) -> None:
    assert read_anchors(rich, 'rich-project') == {
        'rich-project-2004d_2.zip': {'href': '/rooted/rich-project-2004d_2.zip', 'data-size': '1'},
        'nameless.zip': {'href': '../../pool/../elsewhere/nameless.zip', 'data-size': '1'},
        'rich-project-0.6.zip': {
            'href': f'../../pool/rich-project-0.6.zip#md5={MD5}',
            'data-size': '1',
            'data-yanked': '',
        },
        'rich-project-0.7.zip': {'href': f'../../pool/rich-project-0.7.zip#sha512={SHA512}', 'data-size': '1'},
        'rich-project-0.8.zip': {
            'href': '../../pool/rich-project-0.8.zip',
            'data-core-metadata': 'true',
            'data-size': '0',
            'data-yanked': '',
        },
        'Rich.Project-0.9.tar.gz': {
            'href': f'https://files.example.com/a?b=1&c=2#sha256={SHA256}',
            'data-size': '999',
            'data-upload-time': '2024-02-29T22:59:59Z',
            'data-yanked': 'breaks <all> & "more"',
        },
        'rich_project-1.0+local.1-py3-none-any.whl': {
            'href': f'../../pool/team/a%20b/rich_project-1.0%2Blocal.1-py3-none-any.whl#sha256={SHA256}',
            'data-core-metadata': f'sha256={SHA256}',
            'data-provenance': 'https://pypi.example.com/provenance/rich?a=1&b=2',
            'data-requires-python': '>=3.8,<4',
            'data-size': '1600000',
            'data-upload-time': '2026-01-02T03:04:05.500000Z',
        },
    }


def test_a_json_page_has_all_there_is_to_say(rich: Path) -> None:
    document = read_json(rich / 'simple/rich-project/index.v1_json')
    assert document == {
        'meta': {'api-version': '1.4'},
        'name': 'rich-project',
        'project-status': {'status': 'deprecated', 'reason': 'use <plain> & "simple"'},
        'versions': ['2004d_2', '0.5', '0.6', '0.7', '0.8', '0.9', '1.0+local.1'],
        'files': [
            {
                'filename': 'rich-project-2004d_2.zip',
                'url': '/rooted/rich-project-2004d_2.zip',
                'hashes': {},
                'size': 1,
            },
            {'filename': 'nameless.zip', 'url': '../../pool/../elsewhere/nameless.zip', 'hashes': {}, 'size': 1},
            {
                'filename': 'rich-project-0.6.zip',
                'url': '../../pool/rich-project-0.6.zip',
                'hashes': {'md5': MD5},
                'size': 1,
                'yanked': True,
            },
            {
                'filename': 'rich-project-0.7.zip',
                'url': '../../pool/rich-project-0.7.zip',
                'hashes': {'sha384': SHA384, 'sha512': SHA512},
                'size': 1,
            },
            {
                'filename': 'rich-project-0.8.zip',
                'url': '../../pool/rich-project-0.8.zip',
                'hashes': {'sha1': SHA1},
                'size': 0,
                'core-metadata': True,
                'yanked': True,
            },
            {
                'filename': 'Rich.Project-0.9.tar.gz',
                'url': 'https://files.example.com/a?b=1&c=2',
                'hashes': {'md5': MD5, 'sha1': SHA1, 'sha256': SHA256},
                'size': 999,
                'upload-time': '2024-02-29T22:59:59Z',
                'yanked': 'breaks <all> & "more"',
            },
            {
                'filename': 'rich_project-1.0+local.1-py3-none-any.whl',
                'url': '../../pool/team/a%20b/rich_project-1.0%2Blocal.1-py3-none-any.whl',
                'hashes': {'sha256': SHA256},
                'size': 1600000,
                'requires-python': '>=3.8,<4',
                'core-metadata': {'sha256': SHA256},
                'provenance': 'https://pypi.example.com/provenance/rich?a=1&b=2',
                'upload-time': '2026-01-02T03:04:05.500000Z',
            },
        ],
    }


def test_every_anchor_has_a_line_of_its_own(site: Path) -> None:
    for project in projects(site):
        lines = (site / f'simple/{project}/index.html').read_text(encoding='utf-8').splitlines()
        anchors = [line for line in lines if '<a ' in line or '</a>' in line]
        assert len(anchors) == len(read_anchors(site, project))
        assert all(line.count('<a ') == line.count('</a>') == 1 for line in anchors)


def test_the_html_version_is_the_newest(site: Path) -> None:
    assert {read_metas(site, project)['pypi:repository-version'] for project in projects(site)} == {'1.4'}


# ------------------------------------------------------------------------------------------------- JSON schemas


def a_map(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object of these keys; those that begin with `_` are free."""
    return {
        'type': 'object',
        'required': list(required),
        'properties': {**required, **(optional or {})},
        'patternProperties': {'^_': {}},
        'additionalProperties': False,
    }


def a_list(items: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {'type': 'array', 'items': items, **more}


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, 'type': [schema['type'], 'null']}


def hex_of(digits: int) -> dict[str, Any]:
    return {'type': 'string', 'pattern': f'^[0-9a-f]{{{digits}}}$'}


TEXT = {'type': 'string', 'minLength': 1}
URL = {'type': 'string', 'pattern': r"^[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+$"}
WEB_URL = {'type': 'string', 'pattern': r'^https?://'}
FACTS = ['license_expression', 'license', 'author', 'author_email', 'maintainer', 'maintainer_email', 'keywords']
FACTS += ['description_content_type']
NAME = {'type': 'string', 'pattern': '^[a-z0-9]+(-[a-z0-9]+)*$'}
SIZE = {'type': 'integer', 'minimum': 0}
HASHES = {
    'type': 'object',
    'properties': {
        'md5': hex_of(32),
        'sha1': hex_of(40),
        'sha224': hex_of(56),
        'sha256': hex_of(64),
        'sha384': hex_of(96),
        'sha512': hex_of(128),
        'blake2b_256': hex_of(64),
    },
    'additionalProperties': False,
}
TIME = {'type': 'string', 'pattern': r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$'}

SIMPLE_ROOT = a_map({'meta': a_map({'api-version': {'const': '1.4'}}), 'projects': a_list(a_map({'name': NAME}))})
SIMPLE_FILE_OPTIONAL = {
    'upload-time': TIME,
    'requires-python': TEXT,
    'core-metadata': {'anyOf': [{'const': True}, a_map({'sha256': hex_of(64)})]},
    'yanked': {'anyOf': [{'const': True}, TEXT]},
    'provenance': {'type': 'string', 'pattern': '^https://'},
}


def simple_project(version: str, required: Mapping[str, Any], optional: Mapping[str, Any]) -> dict[str, Any]:
    statuses = {'enum': ['active', 'archived', 'deprecated', 'quarantined']}
    file = a_map({'filename': TEXT, 'url': URL, 'hashes': HASHES, **required}, {**SIMPLE_FILE_OPTIONAL, **optional})
    return a_map(
        {
            'meta': a_map({'api-version': {'const': version}}),
            'name': NAME,
            'versions': a_list(TEXT, uniqueItems=True),
            'files': a_list(file),
        },
        {'project-status': a_map({'status': statuses}, {'reason': TEXT})},
    )


SIMPLE_PROJECT = {
    'if': {'properties': {'meta': {'const': {'api-version': '1.0'}}}},
    'then': simple_project('1.0', {}, {'size': SIZE}),
    'else': simple_project('1.4', {'size': SIZE}, {}),
}
LEGACY_FILE = a_map(
    {
        'filename': TEXT,
        'url': URL,
        'digests': HASHES,
        'md5_digest': or_null(hex_of(32)),
        'size': or_null(SIZE),
        'packagetype': {
            'enum': [
                'bdist_dmg',
                'bdist_dumb',
                'bdist_egg',
                'bdist_msi',
                'bdist_rpm',
                'bdist_wheel',
                'bdist_wininst',
                'sdist',
            ]
        },
        'python_version': TEXT,
        'requires_python': or_null(TEXT),
        'upload_time': or_null({'type': 'string', 'pattern': r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$'}),
        'upload_time_iso_8601': or_null(TIME),
        'yanked': {'type': 'boolean'},
        'yanked_reason': or_null(TEXT),
    }
)
LEGACY = a_map(
    {
        'info': a_map(
            {
                'name': NAME,
                'version': or_null(TEXT),
                'summary': or_null(TEXT),
                'requires_dist': or_null(a_list({'type': 'string'})),
                'requires_python': or_null(TEXT),
                'yanked': {'type': 'boolean'},
                'yanked_reason': or_null(TEXT),
                'provides_extra': or_null(a_list(TEXT, uniqueItems=True)),
                'classifiers': or_null(a_list(TEXT)),
                'project_urls': {'type': ['object', 'null'], 'additionalProperties': WEB_URL},
                **dict.fromkeys(('home_page', 'package_url', 'project_url', 'release_url'), or_null(WEB_URL)),
                **dict.fromkeys(FACTS, or_null(TEXT)),
            }
        ),
        'releases': {'type': 'object', 'additionalProperties': a_list(LEGACY_FILE, minItems=1)},
        'urls': a_list(LEGACY_FILE),
    }
)


def check(schema: dict[str, Any], documents: list[Path]) -> int:
    """How many documents there are, all of which are valid."""
    validator = jsonschema_rs.Draft202012Validator(schema)
    for path in documents:
        validator.validate(read_json(path))
    return len(documents)


def test_every_json_page_is_valid(site: Path) -> None:
    count = len(projects(site))
    assert check(SIMPLE_ROOT, [site / 'simple/index.v1_json']) == 1
    assert check(SIMPLE_PROJECT, sorted(site.glob('simple/*/index.v1_json'))) == count
    assert check(LEGACY, sorted(site.glob('pypi/*/json'))) == count
    assert check(LEGACY, sorted(site.glob('pypi/*/*/json'))) > count - 2


def values(document: Any) -> Iterator[Any]:
    """Every value in a JSON document, however deep."""
    yield document
    if isinstance(document, (dict, list)):
        for value in document.values() if isinstance(document, dict) else document:
            yield from values(value)


def test_the_simple_api_never_says_null(site: Path) -> None:
    for path in site.glob('simple/**/index.v1_json'):
        assert None not in values(read_json(path))


def test_versions_cover_every_file(real: Path) -> None:
    for project in projects(real):
        document = read_json(real / f'simple/{project}/index.v1_json')
        legacy = read_json(real / f'pypi/{project}/json')
        names = [file['filename'] for file in document['files']]
        assert len(names) == len(set(names))
        assert names == [file['filename'] for files in legacy['releases'].values() for file in files]
        assert document['versions'] == list(legacy['releases'])


@pytest.mark.parametrize(('project', 'version'), [('rich-project', '1.4'), ('unsized', '1.0'), ('quarantined', '1.4')])
def test_a_page_with_a_file_of_unknown_size_claims_version_1_0(project: str, version: str, rich: Path) -> None:
    assert read_json(rich / f'simple/{project}/index.v1_json')['meta'] == {'api-version': version}
    assert read_metas(rich, project)['pypi:repository-version'] == '1.4'


# ------------------------------------------------------------------------------------------------- legacy JSON API

FILE_0_9 = {
    'filename': 'Rich.Project-0.9.tar.gz',
    'url': 'https://files.example.com/a?b=1&c=2',
    'digests': {'md5': MD5, 'sha1': SHA1, 'sha256': SHA256},
    'md5_digest': MD5,
    'size': 999,
    'packagetype': 'sdist',
    'python_version': 'source',
    'requires_python': None,
    'upload_time': '2024-02-29T22:59:59',
    'upload_time_iso_8601': '2024-02-29T22:59:59Z',
    'yanked': True,
    'yanked_reason': 'breaks <all> & "more"',
}
FILE_1_0 = {
    'filename': 'rich_project-1.0+local.1-py3-none-any.whl',
    'url': '../../pool/team/a%20b/rich_project-1.0%2Blocal.1-py3-none-any.whl',
    'digests': {'sha256': SHA256},
    'md5_digest': None,
    'size': 1600000,
    'packagetype': 'bdist_wheel',
    'python_version': 'py3',
    'requires_python': '>=3.8,<4',
    'upload_time': '2026-01-02T03:04:05',
    'upload_time_iso_8601': '2026-01-02T03:04:05.500000Z',
    'yanked': False,
    'yanked_reason': None,
}


def test_a_legacy_page_is_that_of_the_latest_release(rich: Path) -> None:
    document = read_json(rich / 'pypi/rich-project/json')
    assert document['info'] == {
        'name': 'rich-project',
        'version': '1.0+local.1',
        'summary': 'Says <everything> & "more"',
        'requires_dist': ['plain>=1; python_version<"3.9"', 'other'],
        'requires_python': '>=3.8,<4',
        'provides_extra': [],
        'yanked': False,
        'yanked_reason': None,
        'home_page': 'https://rich.example.com/#top',
        'project_urls': RICH_URLS,
        'license_expression': 'MIT',
        'license': 'The whole\nof it',
        'author': 'Ann',
        'author_email': 'ann@example.com',
        'maintainer': 'Bob',
        'maintainer_email': 'bob@example.com',
        'keywords': 'a, b',
        'classifiers': ['Framework :: Pytest'],
        'description_content_type': 'text/markdown',
        'package_url': None,
        'project_url': None,
        'release_url': None,
    }
    assert document['urls'] == [FILE_1_0]
    assert list(document['releases']) == ['2004d_2', '0.5', '0.6', '0.7', '0.8', '0.9', '1.0+local.1']
    assert document['releases']['1.0+local.1'] == [FILE_1_0]
    assert document['releases']['0.9'] == [FILE_0_9]


def test_a_release_page_is_that_of_its_release(rich: Path) -> None:
    assert read_json(rich / 'pypi/rich-project/0.9/json') == {
        'info': {
            'name': 'rich-project',
            'version': '0.9',
            'requires_dist': None,
            'requires_python': None,
            'provides_extra': None,
            'yanked': True,
            'yanked_reason': 'breaks <all> & "more"',
            **dict.fromkeys((*FACTS, 'summary', 'home_page', 'project_urls', 'classifiers')),
            **dict.fromkeys(('package_url', 'project_url', 'release_url')),
        },
        'releases': {'0.9': [FILE_0_9]},
        'urls': [FILE_0_9],
    }
    newest = {**FILE_1_0, 'url': '../../../pool/team/a%20b/rich_project-1.0%2Blocal.1-py3-none-any.whl'}
    assert read_json(rich / 'pypi/rich-project/1.0+local.1/json')['urls'] == [newest]


def test_json_pages_say_where_the_pages_for_people_are(tmp_path: Path) -> None:
    lines = [{'filename': 'foo-1.0+a.zip'}, {'filename': 'foo-0.9.zip'}]
    assert build(tmp_path / 'site', lines, '--site-url', HERE) == 0
    page = f'{HERE}project/foo/index.html'
    for path, anchor in (('json', 'v1.0%2Ba'), ('1.0+a/json', 'v1.0%2Ba'), ('0.9/json', 'v0.9')):
        info = read_json(tmp_path / 'site' / 'pypi' / 'foo' / path)['info']
        assert (info['package_url'], info['project_url'], info['release_url']) == (page, page, f'{page}#{anchor}')


def test_a_release_with_other_facts_changes_no_page_of_an_older_one(tmp_path: Path) -> None:
    """Not for 60 releases either: what a project is stands on two of its JSON pages."""
    site = tmp_path / 'site'
    releases = [{'filename': f'foo-1.{n}.zip'} for n in range(60)]
    facts = [{'project': 'foo', 'summary': f'{n}', 'author': f'{n}', 'description': f'{n}'} for n in range(2)]
    assert build(site, [facts[0], *releases]) == 0
    before = mtimes(site)
    assert build(site, [facts[1], *releases, {'filename': 'foo-2.0.zip'}]) == 0
    changed = {path for path, time in mtimes(site).items() if before.get(path) != time and not path.startswith('.')}
    assert {path for path in changed if path.startswith('pypi/')} == {
        'pypi/foo/json',
        'pypi/foo/1.59/json',
        'pypi/foo/2.0/json',
    }
    assert len(changed) < 20


@pytest.mark.parametrize(
    ('requires_dist', 'expected'),
    [
        pytest.param(None, None, id='unknown'),
        pytest.param([], [], id='nothing'),
        pytest.param(
            ['a; extra == "x"', "b>1; python_version<'3' and extra=='y-z'", 'extra==1', 'c'], ['x', 'y-z'], id='some'
        ),
    ],
)
def test_the_extras_of_a_release_are_those_that_its_requirements_name(
    requires_dist: list[str] | None, expected: list[str] | None, tmp_path: Path
) -> None:
    assert build(tmp_path / 'site', [{'filename': 'foo-1.zip', 'requires_dist': requires_dist}]) == 0
    assert read_json(tmp_path / 'site/pypi/foo/json')['info']['provides_extra'] == expected


# How updaters find out where a project and its changes are, by the keys and labels that they ask for:
# Renovate, lib/modules/datasource/pypi/index.ts; Dependabot, python/lib/dependabot/python/metadata_finder.rb.
RENOVATE_SOURCES = ('code', 'source')  # and whatever begins with "repo"
RENOVATE_CHANGES = ('changelog', 'change log', 'changes', 'release notes', 'news', "what's new")


@pytest.mark.parametrize(
    ('label', 'finds'),
    [
        pytest.param('Homepage', {'Renovate: homepage', 'Dependabot: homepage'}, id='home'),
        pytest.param('Home-Page', {'Renovate: homepage', 'Dependabot: homepage'}, id='home, spelled in another way'),
        pytest.param('Source', {'Renovate: source', 'Dependabot: source'}, id='source'),
        pytest.param('Repository', {'Renovate: source'}, id='repository'),
        pytest.param('Code', {'Renovate: source'}, id='code'),
        pytest.param('Changelog', {'Renovate: changelog'}, id='changelog'),
        pytest.param('Release Notes', {'Renovate: changelog'}, id='release notes'),
        pytest.param("What's New", {'Renovate: changelog'}, id='what is new'),
        pytest.param('Chat', set(), id='another'),
    ],
)
def test_updaters_find_what_they_look_up(label: str, finds: set[str], tmp_path: Path) -> None:
    url = 'https://code.example.com/foo'
    assert build(tmp_path / 'site', [{'project': 'foo', 'project_urls': {label: url}}, {'filename': 'foo-1.zip'}]) == 0
    for path in ('pypi/foo/json', 'pypi/foo/1/json'):
        info = read_json(tmp_path / 'site' / path)['info']
        found = {'Renovate: homepage', 'Dependabot: homepage'} if info.get('home_page') == url else set()
        if info['project_urls'].get('Source') == url:
            found.add('Dependabot: source')
        for name, value in info['project_urls'].items():
            lower = name.lower()
            if lower.startswith('repo') or lower in RENOVATE_SOURCES:
                found.add('Renovate: source')
            if lower in RENOVATE_CHANGES:
                found.add('Renovate: changelog')
            assert value == url
        assert found == finds


def test_variants_of_wheels_are_files_of_their_release_for_installers(tmp_path: Path) -> None:
    """PEP 825: with their hash and size, and nothing else, whatever the list says."""
    lines: list[dict[str, Any]] = [
        {'filename': 'foo-1.0-py3-none-any-x8664v3.whl', 'size': 2, 'yanked_reason': 'bad'},
        {
            'filename': 'foo-1.0-variants.json',
            'hash': f'sha256={SHA256}',
            'size': 1,
            'upload_timestamp': 1,
            'yanked_reason': 'bad',
            'requires_python': '>=3',
            'core_metadata': True,
        },
        {'filename': 'foo-1.0-variants.json.metadata'},
    ]
    site = tmp_path / 'site'
    assert build(site, lines) == 0
    assert read_json(site / 'simple/foo/index.v1_json')['files'][1] == {
        'filename': 'foo-1.0-variants.json',
        'url': '../../pool/foo-1.0-variants.json',
        'hashes': {'sha256': SHA256},
        'size': 1,
    }
    assert read_anchors(site, 'foo')['foo-1.0-variants.json'] == {
        'href': f'../../pool/foo-1.0-variants.json#sha256={SHA256}',
        'data-size': '1',
    }
    document = read_json(site / 'pypi/foo/json')
    assert ([file['filename'] for file in document['urls']], document['info']['yanked']) == (
        [lines[0]['filename']],
        True,
    )
    assert 'variants.json' not in (site / 'project/foo/index.html').read_text()
    assert build(tmp_path / 'again', (site / 'packages.json').read_text().splitlines()) == 0
    again = entries(tmp_path / 'again')
    assert {path: again[path] for path in again if path != RECORD} == {
        path: content for path, content in entries(site).items() if path != RECORD
    }


def test_release_pages_can_be_left_out(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', RICH, '--no-per-release-json') == 0
    assert [path for path in paths(tmp_path / 'site') if path.startswith('pypi/rich-project')] == [
        'pypi/rich-project/json'
    ]


# ------------------------------------------------------------------------------------------------- names and versions


def test_every_real_file_is_in_its_project_and_release(real: Path) -> None:
    found = {file['filename']: (project, version) for project, version, file in read_releases(real)}
    with (TESTING / 'real-packages.truth.tsv').open(newline='') as file:
        truth = {row['filename']: (row['project'], row['version']) for row in csv.DictReader(file, delimiter='\t')}
    assert len(truth) == 12_383
    assert found.keys() == truth.keys()
    assert [name for name in truth if found[name][0] != truth[name][0]] == []
    different = {name for name in truth if parsed(found[name][1]) != parsed(truth[name][1])}
    assert {name: (found[name], truth[name]) for name in different} == {
        'docutils-0.15.post1-py2-none-any.whl': (('docutils', '0.15.post1'), ('docutils', '0.15')),
        'docutils-0.15.1-post1.tar.gz': (('docutils', '0.15.1-post1'), ('docutils', '0.15.1')),
        'docutils-0.21.post1.tar.gz': (('docutils', '0.21.post1'), ('docutils', '0.21')),
    }


def test_wheel_names_are_read_as_packaging_reads_them(real: Path) -> None:
    compared = 0
    for project, version, file in read_releases(real):
        if file['filename'].endswith('.whl'):
            try:
                name, expected, _, tags = parse_wheel_filename(file['filename'])
            except InvalidWheelFilename:
                continue
            assert (project, Version(version)) == (name, expected)
            assert set(file['python_version'].split('.')) == {tag.interpreter for tag in tags}
            compared += 1
    assert compared > 9_000


@pytest.mark.parametrize(
    ('filename', 'expected'),
    [
        # sdists
        ('docutils-0.3.tar.gz', ('docutils', '0.3', 'sdist', 'source')),
        ('zope.interface-3.0.0b1.zip', ('zope-interface', '3.0.0b1', 'sdist', 'source')),
        ('Twisted-8.2.0.tar.bz2', ('twisted', '8.2.0', 'sdist', 'source')),
        ('mod_python-3.3.1.tgz', ('mod-python', '3.3.1', 'sdist', 'source')),
        ('foo-1.0.tar', ('foo', '1.0', 'sdist', 'source')),
        ('foo-1.0.tar.xz', ('foo', '1.0', 'sdist', 'source')),
        ('foo-1.0.tar.Z', ('foo', '1.0', 'sdist', 'source')),
        ('systemd-python-234.tar.gz', ('systemd-python', '234', 'sdist', 'source')),
        ('python-dateutil-1.0.tar.gz', ('python-dateutil', '1.0', 'sdist', 'source')),
        ('py2-ipaddress-2.0.tar.gz', ('py2-ipaddress', '2.0', 'sdist', 'source')),
        ('foo-2-bar-1.0.tar.gz', ('foo-2-bar', '1.0', 'sdist', 'source')),
        ('foo-1.0-alpha-2.tar.gz', ('foo', '1.0-alpha-2', 'sdist', 'source')),
        ('foo-1.0-1.tar.gz', ('foo', '1.0-1', 'sdist', 'source')),
        ('foo-1.0.dev0+g1234abc.tar.gz', ('foo', '1.0.dev0+g1234abc', 'sdist', 'source')),
        ('foo-1!2.0.tar.gz', ('foo', '1!2.0', 'sdist', 'source')),
        ('foo-v1.0.tar.gz', ('foo', 'v1.0', 'sdist', 'source')),
        # versions that are not PEP 440
        ('pytz-2004b_2.tar.gz', ('pytz', '2004b_2', 'sdist', 'source')),
        ('foo-1.0-unstable.tar.gz', ('foo', '1.0-unstable', 'sdist', 'source')),
        ('foo-bar-r17.zip', ('foo-bar', 'r17', 'sdist', 'source')),
        ('foo-latest.zip', ('foo', 'latest', 'sdist', 'source')),
        # wheels
        ('foo-1.0-py3-none-any.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0-py2.py3-none-any.whl', ('foo', '1.0', 'bdist_wheel', 'py2.py3')),
        (
            'foo_bar-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
            ('foo-bar', '1.0', 'bdist_wheel', 'cp311'),
        ),
        ('foo-1.0-1-py3-none-any.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0-2build-cp39-abi3-win32.whl', ('foo', '1.0', 'bdist_wheel', 'cp39')),
        ('foo-1.0-py3-none-any-cu128.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0-1-py3-none-any-cu128.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0+cu118-cp311-cp311-linux_x86_64.whl', ('foo', '1.0+cu118', 'bdist_wheel', 'cp311')),
        ('foo__bar-1.0-py3-none-any.whl', ('foo-bar', '1.0', 'bdist_wheel', 'py3')),
        ('foo-bar-1.0-py3-none-any.whl', ('foo-bar', '1.0', 'bdist_wheel', 'py3')),
        ('foo-py3-1.0-py3-none-any.whl', ('foo-py3', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0_1-py3-none-any.whl', ('foo', '1.0-1', 'bdist_wheel', 'py3')),
        ('foo-2004d_2-py2-none-any.whl', ('foo', '2004d_2', 'bdist_wheel', 'py2')),
        # eggs
        ('setuptools-0.6c11-py2.7.egg', ('setuptools', '0.6c11', 'bdist_egg', '2.7')),
        ('pyOpenSSL-0.7-py2.5-win32.egg', ('pyopenssl', '0.7', 'bdist_egg', '2.5')),
        ('foo_bar-1.0-py3.10-linux-x86_64.egg', ('foo-bar', '1.0', 'bdist_egg', '3.10')),
        ('foo-1.0-py2.7-macosx-10.9-x86_64.egg', ('foo', '1.0', 'bdist_egg', '2.7')),
        # Windows
        ('pywin32-220.win-amd64-py3.5.exe', ('pywin32', '220', 'bdist_wininst', '3.5')),
        ('lxml-2.2.win32-py2.4.exe', ('lxml', '2.2', 'bdist_wininst', '2.4')),
        ('ipython-0.13.1.py2-win-amd64-PROPER.exe', ('ipython', '0.13.1', 'bdist_wininst', '2')),
        ('ipython-0.13.1.py3-win32.msi', ('ipython', '0.13.1', 'bdist_msi', '3')),
        ('ddlib-2013-11-02.tar.gz', ('ddlib', '2013-11-02', 'sdist', 'source')),
        ('dd-lib-2013-1-2.zip', ('dd-lib', '2013-1-2', 'sdist', 'source')),
        ('docutils-0.4.win32.exe', ('docutils', '0.4', 'bdist_wininst', 'any')),
        ('simplejson-2.0.9.win32-py2.6.msi', ('simplejson', '2.0.9', 'bdist_msi', '2.6')),
        ('foo-1.0.win-amd64.msi', ('foo', '1.0', 'bdist_msi', 'any')),
        ('Twisted-10.1.0.winxp32-py2.6.msi', ('twisted', '10.1.0', 'bdist_msi', '2.6')),
        ('pyOpenSSL-0.8a1.winxp32-py2.5.exe', ('pyopenssl', '0.8a1', 'bdist_wininst', '2.5')),
        ('pytango-9.2.0.Win32-py2.7.msi', ('pytango', '9.2.0', 'bdist_msi', '2.7')),
        ('pyFAI-0.13.1.win-amd64-py2.7-1.msi', ('pyfai', '0.13.1', 'bdist_msi', '2.7')),
        ('py2exe-0.6.9.win64-py2.7.amd64.exe', ('py2exe', '0.6.9', 'bdist_wininst', '2.7')),
        ('mod_python-3.3.1.win32-py2.5-Apache2.2.exe', ('mod-python', '3.3.1', 'bdist_wininst', '2.5')),
        ('foo-win32-1.0.exe', ('foo-win32', '1.0', 'bdist_wininst', 'any')),
        ('foo-linux-1.0.win32-py2.7.exe', ('foo-linux', '1.0', 'bdist_wininst', '2.7')),
        ('foo-trunk.win32.exe', ('foo', 'trunk', 'bdist_wininst', 'any')),
        # packages of other systems
        ('foo-bar-1.0-1.noarch.rpm', ('foo-bar', '1.0', 'bdist_rpm', 'any')),
        ('foo-1.0-1.src.rpm', ('foo', '1.0', 'bdist_rpm', 'any')),
        ('foo-1.0-2.fc20.x86_64.rpm', ('foo', '1.0', 'bdist_rpm', 'any')),
        ('foo-1.0.linux-x86_64.tar.gz', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.macosx-10.9-x86_64.tar.gz', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.win32.zip', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.openbsd-4.6-i386.tar.gz', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.dmg', ('foo', '1.0', 'bdist_dmg', 'any')),
        ('foo-1.0-py2.7-macosx10.6.dmg', ('foo', '1.0', 'bdist_dmg', '2.7')),
        ('python-foo_1.0-1_all.deb', ('python-foo', '1.0', 'bdist_dumb', 'any')),
    ],
)
def test_a_file_name_says_what_a_file_is(filename: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': filename}]) == 0
    assert [
        (project, version, file['packagetype'], file['python_version'])
        for project, version, file in read_releases(tmp_path / 'site')
    ] == [expected]
    document = read_json(tmp_path / f'site/simple/{expected[0]}/index.v1_json')
    assert [file['filename'] for file in document['files']] == [filename]
    assert document['versions'] == [expected[1]]


def test_a_name_and_a_version_in_the_list_win(tmp_path: Path) -> None:
    lines = [
        {'filename': 'foo-1.0.tar.gz', 'name': 'Other_Name'},
        {'filename': 'foo-2.0.tar.gz', 'version': '2.0.post1'},
        {'filename': 'foo-3.0-py3-none-any.whl', 'name': 'other.name', 'version': '4'},
        {'filename': 'anything.zip', 'name': 'foo', 'version': 'spring edition'},
    ]
    assert build(tmp_path / 'site', lines) == 0
    found = [(project, version, file['filename']) for project, version, file in read_releases(tmp_path / 'site')]
    assert found == [
        ('foo', 'spring edition', 'anything.zip'),
        ('foo', '2.0.post1', 'foo-2.0.tar.gz'),
        ('other-name', '1.0', 'foo-1.0.tar.gz'),
        ('other-name', '4', 'foo-3.0-py3-none-any.whl'),
    ]


def test_equal_versions_are_one_release(tmp_path: Path) -> None:
    lines = [
        {'filename': 'foo-69.3-py3-none-any.whl'},
        {'filename': 'foo-69.3.0.tar.gz'},
        {'filename': 'foo-069.3.zip'},
    ]
    assert build(tmp_path / 'site', lines) == 0
    document = read_json(tmp_path / 'site/pypi/foo/json')
    assert document['info']['version'] == '69.3.0'
    assert {version: [file['filename'] for file in files] for version, files in document['releases'].items()} == {
        '69.3.0': ['foo-069.3.zip', 'foo-69.3-py3-none-any.whl', 'foo-69.3.0.tar.gz']
    }
    assert read_json(tmp_path / 'site/simple/foo/index.v1_json')['versions'] == ['69.3.0']
    assert [path for path in paths(tmp_path / 'site') if path.startswith('pypi/')] == [
        'pypi/foo/69.3.0/json',
        'pypi/foo/json',
    ]
    page = read_html(tmp_path / 'site/project/foo/index.html')
    assert [text_of(heading) for heading in page.findall('.//summary/h3')] == ['requirements.txt', '69.3.0']


@pytest.mark.parametrize(
    ('versions', 'latest'),
    [
        pytest.param(['1.9', '1.10', '1.2'], '1.10', id='the newest, not the last in the alphabet'),
        pytest.param(['1.0', '1.0.post1'], '1.0.post1', id='a post-release'),
        pytest.param(['2020.1', '1!1.0'], '1!1.0', id='an epoch'),
        pytest.param(['1.0', '1.0+local.1'], '1.0+local.1', id='a local version'),
        pytest.param(['1.0', '2.0a1', '2.0.dev3'], '1.0', id='final before pre-release'),
        pytest.param(['1.0a1', '1.0rc1', '1.0.dev9'], '1.0rc1', id='pre-releases only'),
        pytest.param(['1.0', '2.0 yanked'], '1.0', id='final before yanked'),
        pytest.param(['1.0a1', '1.0 yanked'], '1.0a1', id='pre-release before yanked'),
        pytest.param(['1.0 yanked', '2.0 yanked'], '2.0', id='yanked only'),
        pytest.param(['r9', 'r10', 'r2'], 'r10', id='natural order of what is not PEP 440'),
        pytest.param(['2004d_2', '0.1'], '0.1', id='what is not PEP 440 is below'),
        pytest.param(['2004d_2', '0.1a1'], '0.1a1', id='what is not PEP 440 is below a pre-release'),
    ],
)
def test_the_latest_version(versions: list[str], latest: str, tmp_path: Path) -> None:
    random.Random(len(versions)).shuffle(versions)
    pairs = [version.partition(' ') for version in versions]
    lines = [{'filename': f'foo-{version}.zip', 'yanked': yanked != ''} for version, _, yanked in pairs]
    assert build(tmp_path / 'site', lines) == 0
    assert read_json(tmp_path / 'site/pypi/foo/json')['info']['version'] == latest
    page = read_html(tmp_path / 'site/project/foo/index.html')
    assert text_of(page.find('.//h1')) == f'foo {latest}'
    marked = [text_of(line) for line in page.iter('summary') if line.find("span[@class='mark latest']") is not None]
    assert [line.partition(' ')[0] for line in marked] == [latest]


def test_a_release_is_yanked_when_all_its_files_are(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {'filename': 'foo-1.0.zip', 'yanked_reason': 'broken'},
        {'filename': 'foo-2.0.zip', 'yanked_reason': 'broken'},
        {'filename': 'foo-2.0-py3-none-any.whl'},
    ]
    assert build(tmp_path / 'site', lines) == 0
    infos = [read_json(tmp_path / f'site/pypi/foo/{path}')['info'] for path in ('json', '1.0/json', '2.0/json')]
    assert [(info['version'], info['yanked'], info['yanked_reason']) for info in infos] == [
        ('2.0', False, None),
        ('1.0', True, 'broken'),
        ('2.0', False, None),
    ]


# ------------------------------------------------------------------------------------------------- project status


@pytest.mark.parametrize(
    ('project', 'document', 'metas'),
    [
        (
            'rich-project',
            {'status': 'deprecated', 'reason': 'use <plain> & "simple"'},
            {'pypi:project-status': 'deprecated', 'pypi:project-status-reason': 'use <plain> & "simple"'},
        ),
        ('archived', {'status': 'archived'}, {'pypi:project-status': 'archived'}),
        (
            'active',
            {'status': 'active', 'reason': 'well kept'},
            {'pypi:project-status': 'active', 'pypi:project-status-reason': 'well kept'},
        ),
        (
            'quarantined',
            {'status': 'quarantined', 'reason': 'malware'},
            {'pypi:project-status': 'quarantined', 'pypi:project-status-reason': 'malware'},
        ),
        ('unsized', None, {}),
    ],
)
def test_the_status_of_a_project_is_on_both_its_pages(
    project: str, document: dict[str, str] | None, metas: dict[str, str], rich: Path
) -> None:
    assert read_json(rich / f'simple/{project}/index.v1_json').get('project-status') == document
    assert read_metas(rich, project) == {'pypi:repository-version': '1.4', **metas}


def test_a_quarantined_project_offers_no_files(rich: Path) -> None:
    assert read_json(rich / 'simple/quarantined/index.v1_json') == {
        'meta': {'api-version': '1.4'},
        'name': 'quarantined',
        'project-status': {'status': 'quarantined', 'reason': 'malware'},
        'versions': [],
        'files': [],
    }
    assert read_anchors(rich, 'quarantined') == {}
    document = read_json(rich / 'pypi/quarantined/json')
    assert (document['info']['version'], document['releases'], document['urls']) == (None, {}, [])
    assert [path for path in paths(rich) if path.startswith('pypi/quarantined')] == ['pypi/quarantined/json']
    page = read_html(rich / 'project/quarantined/index.html')
    assert [anchor.get('href') for anchor in page.iter('a') if 'pool' in anchor.get('href')] == []
    paragraphs = [text_of(paragraph) for paragraph in page.iter('p')]
    assert (
        'This project is quarantined. It may be harmful; its files are unavailable while it is under review.'
        in paragraphs
    )
    assert 'malware' in paragraphs
    assert 'quarantined-1.0.tar.gz' in (rich / 'packages.json').read_text()


# ------------------------------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ('packages_url', 'expected'),
    [
        ('../../pool/', f'{HERE}pool/'),
        ('../../pool', f'{HERE}pool/'),
        ('../../../other/pool/', 'https://pypi.example.com/other/pool/'),
        ('../files/', f'{HERE}simple/files/'),
        ('../../', HERE),
        ('/pool/', 'https://pypi.example.com/pool/'),
        ('//files.example.com/pool/', 'https://files.example.com/pool/'),
        ('https://files.example.com/a%20b/', 'https://files.example.com/a%20b/'),
    ],
)
def test_every_page_leads_to_the_same_files(packages_url: str, expected: str, tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {'filename': 'team/a/foo-1.0+x.zip', 'size': 1},
        {'filename': 'foo-2.0.zip', 'url': 'moved/foo-2.0.zip?a=1'},
        {'filename': 'foo-3.0.zip', 'url': 'https://cdn.example.com/foo-3.0.zip'},
    ]
    files = {
        'foo-1.0+x.zip': f'{expected}team/a/foo-1.0%2Bx.zip',
        'foo-2.0.zip': f'{expected}moved/foo-2.0.zip?a=1',
        'foo-3.0.zip': 'https://cdn.example.com/foo-3.0.zip',
    }
    site = tmp_path / 'site'
    assert build(site, lines, '--packages-url', packages_url) == 0
    for path in ('simple/foo/index.html', 'project/foo/index.html'):
        links = {anchor.text: anchor.get('href') for anchor in read_html(site / path).iter('a') if anchor.text in files}
        assert {name: urllib.parse.urljoin(page_url(path), link) for name, link in links.items()} == files
    documents = {'simple/foo/index.v1_json': 'files', 'pypi/foo/json': 'releases', 'pypi/foo/1.0+x/json': 'urls'}
    for path, key in documents.items():
        found = read_json(site / path)[key]
        found = [file for release in found.values() for file in release] if key == 'releases' else found
        urls = {file['filename']: urllib.parse.urljoin(page_url(path), file['url']) for file in found}
        assert urls == (files if key != 'urls' else {'foo-1.0+x.zip': files['foo-1.0+x.zip']})


@pytest.mark.parametrize(
    ('filename', 'url'),
    [
        ('foo-1.0+local.zip', 'foo-1.0%2Blocal.zip'),
        ('a b/foo-1.0.zip', 'a%20b/foo-1.0.zip'),
        ('a#b/foo-1.0.zip', 'a%23b/foo-1.0.zip'),
        ('a?b/foo-1.0.zip', 'a%3Fb/foo-1.0.zip'),
        ('100%/foo-1.0.zip', '100%25/foo-1.0.zip'),
        ('é/foo-1.0.zip', '%C3%A9/foo-1.0.zip'),
        ('foo-1!2.0.zip', 'foo-1%212.0.zip'),
        ('./foo-1.0.zip', 'foo-1.0.zip'),
        ('x:y/foo-1.0.zip', 'x%3Ay/foo-1.0.zip'),
    ],
)
def test_a_path_is_percent_encoded(filename: str, url: str, tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': filename}]) == 0
    [(name, attributes)] = read_anchors(tmp_path / 'site', 'foo').items()
    assert (name, attributes['href']) == (filename.rpartition('/')[2], f'../../pool/{url}')
    [file] = read_json(tmp_path / 'site/simple/foo/index.v1_json')['files']
    assert file['url'] == f'../../pool/{url}'


# ------------------------------------------------------------------------------------------------- lists and sidecars

WHEEL = 'team/a/foo-1.0-py3-none-any.whl'


def read_sidecars(site: Path) -> tuple[object, object]:
    [file] = read_json(site / 'simple/foo/index.v1_json')['files']
    return file.get('core-metadata'), file.get('provenance')


@pytest.mark.parametrize('filename', ["foo-1.0+a&b'c.zip", 'foo-1.0+&lt.zip', 'foo-1.0+c.zip'])
def test_a_name_that_is_its_own_url_is_escaped_all_the_same(filename: str, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, [{'filename': filename, 'url': filename, 'upload_timestamp': 1}]) == 0
    for path in ('simple/foo/index.html', 'project/foo/index.html'):
        page = (site / path).read_text(encoding='utf-8')
        # An apostrophe has two spellings.
        assert html.escape(filename) in page.replace('&#39;', '&#x27;')
        assert filename == html.escape(filename) or filename not in page
    assert read_anchors(site, 'foo').keys() == {filename}
    assert read_anchors(site, 'foo')[filename]['href'] == f'../../pool/{filename}'
    for path, key in (('simple/foo/index.v1_json', 'files'), ('pypi/foo/json', 'urls')):
        (found,) = read_json(site / path)[key]
        assert (found['filename'], found['url'].rpartition('pool/')[2]) == (filename, filename)


def test_a_name_with_markup_is_escaped_whatever_its_url(tmp_path: Path) -> None:
    filename, site = 'foo-1.0+<b>&\'"é.zip', tmp_path / 'site'
    assert build(site, [{'filename': filename, 'url': 'foo.zip', 'upload_timestamp': 1}]) == 0
    for path in ('simple/foo/index.html', 'project/foo/index.html'):
        page = (site / path).read_text(encoding='utf-8')
        assert '+<b>' not in page
        assert '+&lt;b&gt;&amp;' in page
    assert read_anchors(site, 'foo')[filename]['href'] == '../../pool/foo.zip'
    for path, key in (('simple/foo/index.v1_json', 'files'), ('pypi/foo/json', 'urls')):
        assert [each['filename'] for each in read_json(site / path)[key]] == [filename]


@pytest.mark.parametrize('seed', range(3))
def test_a_sidecar_is_a_fact_about_its_file(seed: int, tmp_path: Path) -> None:
    listing = [WHEEL, f'{WHEEL}.metadata', f'{WHEEL}.provenance']
    random.Random(seed).shuffle(listing)
    packages = write_list(tmp_path / 'list', listing)
    arguments = ['--package-list', str(packages), '--output-dir', str(tmp_path / 'site')]
    assert main([*arguments, '--packages-url', 'https://files.example.com/pool/']) == 0
    assert read_sidecars(tmp_path / 'site') == (True, f'https://files.example.com/pool/{WHEEL}.provenance')
    assert (tmp_path / 'site/packages.json').read_bytes().count(b'\n') == 1


@pytest.mark.parametrize(
    ('sidecar', 'values', 'expected'),
    [
        pytest.param(f'{WHEEL}.metadata', {}, (True, None), id='metadata'),
        pytest.param(
            f'{WHEEL}.metadata',
            {'core_metadata': f'sha256={SHA256}'},
            ({'sha256': SHA256}, None),
            id='metadata and hash',
        ),
        pytest.param('foo-1.0-py3-none-any.whl.metadata', {}, (None, None), id='metadata in another directory'),
        pytest.param(
            f'{WHEEL}.metadata', {'url': 'elsewhere/foo.whl'}, (None, None), id='metadata of a file that is elsewhere'
        ),
        pytest.param(f'{WHEEL}.provenance', {}, (None, None), id='provenance that has no absolute URL'),
        pytest.param(
            f'{WHEEL}.provenance',
            {'provenance': 'https://pypi.example.com/p'},
            (None, 'https://pypi.example.com/p'),
            id='provenance and URL',
        ),
    ],
)
def test_what_is_said_goes_before_a_sidecar(
    sidecar: str, values: dict[str, Any], expected: tuple[object, object], tmp_path: Path
) -> None:
    assert build(tmp_path / 'site', [{'filename': WHEEL, **values}, {'filename': sidecar}]) == 0
    assert read_sidecars(tmp_path / 'site') == expected


def test_both_list_formats_build_the_same_site(tmp_path: Path) -> None:
    names = ['team/a/foo-1.0.tar.gz', 'bar-1.0-py3-none-any.whl', 'bar-1.0-py3-none-any.whl.metadata']
    packages = write_list(tmp_path / 'names', names)
    arguments = ['--package-list', str(packages), '--output-dir', str(tmp_path / 'one')]
    assert main([*arguments, '--packages-url', '../../pool/']) == 0
    assert build(tmp_path / 'two', [{'filename': name} for name in names]) == 0
    assert without_own(entries(tmp_path / 'one')) == without_own(entries(tmp_path / 'two'))


def test_packages_json_is_the_list_again(site: Path, tmp_path: Path) -> None:
    lines = (site / 'packages.json').read_text(encoding='utf-8').splitlines()
    assert build(tmp_path / 'again', lines) == 0
    # The record knows how the lines of the list were spelled.
    assert without_own(entries(tmp_path / 'again')) == without_own(entries(site))


def test_packages_json_has_every_value(rich: Path) -> None:
    lines = [json.loads(line) for line in (rich / 'packages.json').read_text().splitlines()]
    assert lines == [
        {'project': 'active', 'status': 'active', 'status_reason': 'well kept'},
        {'filename': 'active-1.0.tar.gz', 'size': 17},
        {'project': 'archived', 'status': 'archived'},
        {'filename': 'archived-1.0.tar.gz', 'size': 17},
        {'project': 'quarantined', 'summary': 'Was bad', 'status': 'quarantined', 'status_reason': 'malware'},
        {'filename': 'quarantined-1.0.tar.gz', 'size': 17, 'upload_timestamp': 1767323045},
        {
            'project': 'rich-project',
            'summary': 'Says <everything> & "more"',
            'status': 'deprecated',
            'status_reason': 'use <plain> & "simple"',
            'description': '# All',
            'description_content_type': 'text/markdown',
            'project_urls': RICH_URLS,
            'license_expression': 'MIT',
            'license': 'The whole\nof it',
            'author': 'Ann',
            'author_email': 'ann@example.com',
            'maintainer': 'Bob',
            'maintainer_email': 'bob@example.com',
            'keywords': 'a, b',
            'classifiers': ['Framework :: Pytest'],
        },
        {
            'filename': 'Rich.Project-0.9.tar.gz',
            'hashes': {'md5': MD5, 'sha1': SHA1, 'sha256': SHA256},
            'size': 999,
            'url': 'https://files.example.com/a?b=1&c=2',
            'upload_timestamp': 1709247599,
            'yanked_reason': 'breaks <all> & "more"',
        },
        {
            'filename': 'nameless.zip',
            'name': 'rich-project',
            'version': '0.5',
            'size': 1,
            'url': '../elsewhere/nameless.zip',
        },
        {'filename': 'rich-project-0.6.zip', 'hash': f'md5={MD5}', 'size': 1, 'yanked_reason': ''},
        {'filename': 'rich-project-0.7.zip', 'hashes': {'sha384': SHA384, 'sha512': SHA512}, 'size': 1},
        {
            'filename': 'rich-project-0.8.zip',
            'hash': f'sha1={SHA1}',
            'size': 0,
            'core_metadata': True,
            'yanked_reason': '',
        },
        {'filename': 'rich-project-2004d_2.zip', 'size': 1, 'url': '/rooted/rich-project-2004d_2.zip'},
        {
            'filename': 'team/a b/rich_project-1.0+local.1-py3-none-any.whl',
            'hash': f'sha256={SHA256}',
            'size': 1600000,
            'requires_python': '>=3.8,<4',
            'requires_dist': ['plain>=1; python_version<"3.9"', 'other'],
            'core_metadata': f'sha256={SHA256}',
            'provenance': 'https://pypi.example.com/provenance/rich?a=1&b=2',
            'upload_timestamp': 1767323045.5,
            'uploaded_by': 'Ann <ann@example.com>',
        },
        {'filename': 'unsized-1.0.tar.gz', 'core_metadata': True, 'upload_timestamp': 0},
        {'filename': 'unsized-2.0.tar.gz', 'size': 17},
    ]


def test_the_order_of_a_list_leaves_no_trace(site: Path, tmp_path: Path) -> None:
    lines = site.with_name('site.jsonl').read_text().splitlines()
    random.Random(0).shuffle(lines)
    assert build(tmp_path / 'shuffled', lines) == 0
    assert tree(tmp_path / 'shuffled') == tree(site)


def test_a_second_run_touches_nothing(site: Path) -> None:
    before = mtimes(site)
    assert build(site, site.with_name('site.jsonl').read_text().splitlines()) == 0
    assert mtimes(site) == before


# ------------------------------------------------------------------------------------------------- pages for people


def human_pages(site: Path) -> list[str]:
    return [path for path in paths(site) if path.endswith('.html') and not path.startswith('simple/')]


def test_a_project_page_tells_of_every_file(rich: Path) -> None:
    page = read_html(rich / 'project/rich-project/index.html')
    paragraphs = [text_of(paragraph) for paragraph in page.findall('.//main/p') + page.findall('.//main/div/p')]
    assert paragraphs == [
        'Says <everything> & "more"',
        'Released 2026-01-02 03:04 · Python >=3.8,<4 · 7 releases',
        'API: Simple (HTML) · Simple (JSON) · JSON',
        'This project is deprecated. Consider using an alternative.',
        'use <plain> & "simple"',
    ]
    assert [text_of(line) for line in page.iter('summary')] == [
        'requirements.txt with hashes',
        '1.0+local.1 latest 2026-01-02 03:04 · 1 file',
        '0.9 yanked 2024-02-29 22:59 · 1 file',
        '0.8 yanked 1 file',
        '0.7 1 file',
        '0.6 yanked 1 file',
        '0.5 1 file',
        '2004d_2 non-standard version (pip cannot install it) 1 file',
    ]
    rows = [[text_of(cell) for cell in row.iter('td')] for row in page.iter('tr') if row.find('td') is not None]
    assert rows[:2] == [
        [
            'rich_project-1.0+local.1-py3-none-any.whlWheel for Python 3, any platform · metadata · provenance',
            '1.6 MB',
            '2026-01-02 03:04 by Ann <ann@example.com>',
            '>=3.8,<4',
            f'sha256={SHA256}',
        ],
        ['Rich.Project-0.9.tar.gzSource distribution', '999 bytes', '2024-02-29 22:59', '', f'sha256={SHA256}'],
    ]


def test_a_logo_is_an_image_on_every_page_for_people(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, RICH, '--logo', 'images/logo.png', '--logo-width', '40', '--title', 'Our <own> index') == 0
    for path in paths(site):
        if path.endswith('.html'):
            page = read_html(site / path)
            images = [dict(image.attrib) for image in page.iter('img')]
            if path.startswith('simple/'):
                assert images == []
            else:
                [image] = images
                assert urllib.parse.urljoin(page_url(path), image.pop('src')) == f'{HERE}images/logo.png'
                assert image == {'alt': '', 'width': '40'}
                assert text_of(page.find('.//title')).endswith('Our <own> index')


@pytest.mark.parametrize('logo', ['https://pypi.example.com/logo.svg', '/logo.svg', 'data:image/png;base64,AA=='])
def test_an_absolute_logo_stays_as_it_is(logo: str, tmp_path: Path) -> None:
    assert build(tmp_path / 'site', RICH, '--logo', logo) == 0
    for path in human_pages(tmp_path / 'site'):
        images = [dict(image.attrib) for image in read_html(tmp_path / 'site' / path).iter('img')]
        assert images == [{'src': logo, 'alt': ''}]


def test_without_a_logo_the_only_image_is_the_icon(rich: Path) -> None:
    for path in human_pages(rich):
        [image] = read_html(rich / path).iter('img')
        assert urllib.parse.urljoin(page_url(path), image.get('src')) == f'{HERE}static/icon.svg'


def test_a_timestamp_is_on_the_home_page_alone(rich: Path, tmp_path: Path) -> None:
    assert build(tmp_path / 'site', RICH, '--generate-timestamp') == 0
    with_time, without = tree(tmp_path / 'site'), tree(rich)
    assert with_time.keys() == without.keys()
    different = {path for path in without if with_time[path] != without[path]}
    assert different == {'.dumb-pypi.json', 'index.html'}  # the record tells the settings apart
    [time] = read_html(tmp_path / 'site/index.html').find('.//footer').iter('time')
    built = datetime.datetime.strptime(time.get('datetime'), '%Y-%m-%dT%H:%M:%SZ')
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs(now - built) < datetime.timedelta(minutes=10)
    assert list(read_html(rich / 'index.html').find('.//footer').iter('time')) == []


def test_the_changelog_has_every_upload_with_a_time(site: Path) -> None:
    """By release, at its first upload."""
    listed = [
        tuple(row)
        for path, page in read_pages(site).items()
        if path.startswith(('changelog/20', 'changelog/19'))
        for row in page.rows
    ]
    lines = [json.loads(line) for line in (site / 'packages.json').read_text(encoding='utf-8').splitlines()]
    timed = sum('upload_timestamp' in line for line in lines)
    files = {(project, version): 0 for project, version, _ in read_releases(site)}
    first: dict[tuple[str, str], str] = {}
    for project, version, file in read_releases(site):
        files[project, version] += 1
        if time := file['upload_time_iso_8601']:
            first[project, version] = min(time, first.get((project, version), time))
    expected = [
        (f'{time[:10]} {time[11:16]}', f'{project} {version}', str(files[project, version]))
        for (project, version), time in first.items()
    ]
    quarantined = [('2026-01-02 03:04', 'quarantined 1.0', '1')] if (site / 'simple/quarantined').exists() else []
    assert sorted(listed) == sorted(expected + quarantined)
    assert len(listed) <= timed
