"""The Simple API: HTML and JSON agree with each other and with PEP 503, 629, 691, 700, 714, 740 and 792."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from pypi_simple import IndexPage, ProjectPage

from testing.reading import projects, read_anchors, read_html, read_json, read_metas, text_of
from testing.rich import HERE, MD5, SHA1, SHA256, SHA384, SHA512
from testing.sites import build, paths

# -------------------------------------------------------------------------------------------------- HTML and JSON agree


@pytest.fixture(params=['html', 'json'])
def spelling(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read_page(site: Path, project: str, spelling: str) -> ProjectPage:
    base_url = f'{HERE}simple/{project}/'
    if spelling == 'html':
        return ProjectPage.from_html(project, (site / f'simple/{project}/index.html').read_bytes(), base_url, 'utf-8')
    return ProjectPage.from_json_data(read_json(site / f'simple/{project}/index.v1_json'), base_url)


def test_html_and_json_of_the_root_have_the_same_projects(site: Path) -> None:
    html = IndexPage.from_html((site / 'simple/index.html').read_bytes(), 'utf-8')
    document = IndexPage.from_json_data(read_json(site / 'simple/index.v1_json'))
    assert (html.repository_version, html.projects) == (document.repository_version, document.projects)
    assert html.repository_version == '1.4'
    assert html.projects == sorted({canonicalize_name(name) for name in html.projects})


def test_html_and_json_of_a_project_agree(site: Path) -> None:
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


def test_an_anchor_has_all_facts_of_its_file(rich: Path) -> None:
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


def test_a_json_page_has_all_facts_of_its_files(rich: Path) -> None:
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


def test_every_anchor_is_on_a_separate_line(site: Path) -> None:
    for project in projects(site):
        lines = (site / f'simple/{project}/index.html').read_text(encoding='utf-8').splitlines()
        anchors = [line for line in lines if '<a ' in line or '</a>' in line]
        assert len(anchors) == len(read_anchors(site, project))
        assert all(line.count('<a ') == line.count('</a>') == 1 for line in anchors)


def test_the_html_version_is_the_newest(site: Path) -> None:
    assert {read_metas(site, project)['pypi:repository-version'] for project in projects(site)} == {'1.4'}


# ------------------------------------------------------------------------------------------------------- project status


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


# ----------------------------------------------------------------------------------------------------------------- URLs


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
