"""The pages of single releases: which there are, what they say, and what changes them."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from testing.reading import read_html, text_of
from testing.sites import build, mtimes, paths

SITE_URL = 'https://pypi.example.com/'
DAY = 24 * 60 * 60
NEW = 1767323045


def release_files(site: Path) -> list[str]:
    return [path for path in paths(site) if path.startswith('project/') and path.count('/') == 3]


def links(site: Path, path: str) -> list[str]:
    """The links of the main part of a page to other pages of the site, from its top."""
    urls = [anchor.get('href') for anchor in read_html(site / path).find('.//main').iter('a')]
    return [urllib.parse.urljoin(f'/{path}', url)[1:] for url in urls]


def test_a_release_page_says_what_the_release_is(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {'project': 'Foo.Bar', 'summary': 'Does it', 'status': 'archived', 'status_reason': 'nobody needs it'},
        {
            'filename': 'Foo.Bar-1.0.tar.gz',
            'hash': f'sha256={"a" * 64}',
            'upload_timestamp': NEW,
            'requires_python': '>=3.9,<4',
            'requires_dist': ['Other_Name>=1,<2; sys_platform == "win32"', 'third; extra == "Some_Extra"'],
            'yanked_reason': 'breaks <all>',
        },
        {
            'filename': 'Foo.Bar-1.0-py3-none-any.whl',
            'hash': f'sha256={"b" * 64}',
            'upload_timestamp': NEW + DAY,
            'yanked_reason': 'breaks <all>',
        },
        {'filename': 'Foo.Bar-2.0.tar.gz', 'upload_timestamp': NEW + 2 * DAY},
    ]
    assert build(tmp_path / 'site', lines) == 0
    page = read_html(tmp_path / 'site/project/foo-bar/1.0/index.html')
    main = page.find('.//main')
    assert text_of(page.find('.//title')) == 'foo-bar 1.0 - My Private PyPI'
    assert [text_of(each) for each in main.iter('h1')] == ['foo-bar 1.0']
    assert text_of(main.find('p')) == ('Released 2026-01-02 Last file added 2026-01-03 Python >=3.9,<4 All versions')
    assert [text_of(each) for each in main.findall('div/p')] == [
        'Yanked: breaks <all>',
        'This project is archived. No new releases are expected.',
        'nobody needs it',
    ]
    assert [text_of(each) for each in main.iter('code')][3].split(' \\ ') == [
        '--index-url https://<this site>/simple/ foo-bar==1.0',
        f'--hash=sha256:{"a" * 64}',
        f'--hash=sha256:{"b" * 64}',
    ]
    requires = [text_of(item) for item in main.iter('li')]
    assert requires == ['Other_Name >=1,<2 on Windows', 'third']
    assert [text_of(each) for each in main.findall('.//details/p')] == ['foo-bar[some-extra]==1.0']
    assert 'project/other-name/index.html' in links(tmp_path / 'site', 'project/foo-bar/1.0/index.html')
    assert 'Does it' not in text_of(main)


def test_a_last_file_of_the_same_day_is_not_mentioned(tmp_path: Path) -> None:
    lines = [{'filename': f'foo-1.{kind}', 'upload_timestamp': NEW + n} for n, kind in enumerate(('zip', 'tar.gz'))]
    assert build(tmp_path / 'site', lines) == 0
    assert 'last file' not in (tmp_path / 'site/project/foo/1/index.html').read_text()


def test_a_release_has_the_time_of_its_first_file(tmp_path: Path) -> None:
    """setuptools 0.6c3 is of 2006; somebody added a file ten years later."""
    lines = [
        {'filename': 'setuptools-0.6c3.zip', 'upload_timestamp': '2016-09-24T12:00:00Z'},
        {'filename': 'setuptools-0.6c3-py2.4.egg', 'upload_timestamp': '2006-09-21T12:00:00Z'},
    ]
    assert build(tmp_path / 'site', lines) == 0
    for path in ('index.html', '0.6c3/index.html'):
        page = read_html(tmp_path / 'site/project/setuptools' / path)
        assert text_of(next(page.find('.//main').iter('time'))) == '2006-09-21'


def test_an_upload_into_a_project_of_1_000_releases_writes_few_files_and_no_page_of_another_release(
    tmp_path: Path,
) -> None:
    site = tmp_path / 'site'
    lines = [{'filename': f'Foo-1.{n}.zip', 'upload_timestamp': NEW + n, 'requires_dist': ['a']} for n in range(1000)]
    facts = [{'project': 'foo', 'summary': text, 'description': text} for text in ('One', 'Two')]
    assert build(site, [facts[0], *lines], '--site-url', SITE_URL) == 0
    before = mtimes(site)
    newest = {'filename': 'foo-2.0.zip', 'upload_timestamp': NEW + DAY}
    assert build(site, [facts[1], *lines, newest], '--site-url', SITE_URL) == 0
    written = {path for path, changed in mtimes(site).items() if before.get(path) != changed}
    assert {path for path in written if path.startswith(('project/', 'pypi/'))} == {
        'project/foo/index.html',
        'project/foo/2.0/index.html',
        'pypi/foo/json',
        'pypi/foo/2.0/json',
        'pypi/foo/1.999/json',  # it had what the project is
    }
    assert len(written) <= 20


@pytest.mark.parametrize(
    ('version', 'path'),
    [
        pytest.param('index.html', None, id='the page of the project'),
        pytest.param('INDEX.html', None, id='in any case'),
        pytest.param('files.html', None, id='what an earlier version had there'),
        pytest.param('json', 'json', id='the page of the legacy API'),
        pytest.param('..', None, id='the directory above'),
        pytest.param('.hidden', None, id='a hidden directory'),
        pytest.param('spring edition', None, id='a space'),
        pytest.param('1.0/2', None, id='a slash'),
        pytest.param('\u0661.0', None, id='other digits'),
        pytest.param('1.0?a#b', None, id='parts of a URL'),
        pytest.param('1.0+local.1', '1.0%2Blocal.1', id='a local version'),
        pytest.param('1!2.0', '1%212.0', id='an epoch'),
        pytest.param('2004d_2', '2004d_2', id='an underscore'),
    ],
)
def test_each_version_is_found_whatever_directory_it_makes(version: str, path: str | None, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    lines = [
        {'filename': 'foo-x.tar.gz', 'version': version, 'upload_timestamp': NEW + DAY},
        {'filename': 'foo-9.tar.gz', 'upload_timestamp': NEW},
    ]
    assert build(site, lines, '--site-url', SITE_URL) == 0
    assert release_files(site) == sorted(
        f'project/foo/{urllib.parse.unquote(each)}/index.html' for each in ('9', path) if each
    )
    anchor = f'v{urllib.parse.quote(version, safe="")}'
    expected = f'project/foo/{path}/index.html' if path else f'project/foo/index.html#{anchor}'
    assert expected in links(site, 'index.html')
    assert expected in links(site, 'changelog/2026-01.html')
    feed = (site / 'rss/updates.xml').read_text()
    assert f'<link>{SITE_URL}{expected}</link>\n<guid>{SITE_URL}project/foo/index.html#{anchor}</guid>' in feed
    project = read_html(site / 'project/foo/index.html')
    [item] = [each for each in project.iter('li') if each.get('id') == anchor]
    assert [link.get('href') for link in item.iter('a')] == ([f'{path}/index.html'] if path else [])
    has_all = 'simple/foo/index.html' in links(site, 'project/foo/index.html')[:-3]
    assert has_all is (path is None)


def test_a_file_called_index_html_does_not_stop_the_index(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    names = ['foo-index.html.tar.gz', 'Foo-INDEX.HTML.zip', 'foo-1.0.tar.gz']
    for lines in (names[2:], names, names[:2], names):
        assert build(site, [{'filename': name} for name in lines]) == 0
        files = ['project/foo/1.0/index.html'] if names[2] in lines else []
        assert release_files(site) == files
        document = json.loads((site / 'simple/foo/index.v1_json').read_bytes())
        assert sorted(file['filename'] for file in document['files']) == sorted(lines)


def test_without_pages_of_releases_all_links_lead_to_the_list_of_versions(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    lines = [{'filename': f'Foo-1.{n}.zip', 'upload_timestamp': NEW + n} for n in range(12)]
    options = ('--no-per-release-json', '--site-url', SITE_URL)
    assert build(site, lines) == 0
    assert len(release_files(site)) == 12
    assert build(site, lines, *options) == 0
    assert release_files(site) == []
    assert 'project/foo/index.html#v1.11' in links(site, 'index.html')
    assert 'project/foo/index.html#v1.3' in links(site, 'changelog/2026-01.html')
    assert f'<link>{SITE_URL}project/foo/index.html#v1.3</link>' in (site / 'rss/updates.xml').read_text()
    page = read_html(site / 'project/foo/index.html')
    versions = [each.get('id') for each in page.iter('li') if (each.get('id') or '').startswith('v')]
    assert versions == [f'v1.{n}' for n in reversed(range(12))]
    assert [text_of(link) for link in page.iter('a') if link.get('href') == '../../simple/foo/index.html'] == [
        'simple/foo/',
        'Simple (HTML)',
    ]


def test_a_project_in_quarantine_keeps_its_versions_and_offers_no_file(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    lines = [{'filename': 'foo-1.0.zip', 'upload_timestamp': NEW}]
    assert build(site, [*lines, {'project': 'foo', 'status': 'quarantined', 'status_reason': 'malware'}]) == 0
    assert release_files(site) == ['project/foo/1.0/index.html']
    for path in ('index.html', '1.0/index.html'):
        text = (site / 'project/foo' / path).read_text()
        assert 'This project is quarantined.' in text
        assert 'foo-1.0.zip' not in text
        assert 'pip install' not in text
    assert 'project/foo/1.0/index.html' in links(site, 'changelog/2026-01.html')


def test_the_page_of_all_files_of_an_earlier_version_is_removed(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    lines = [{'filename': f'foo-1.{n}.zip'} for n in range(3)]
    assert build(site, lines) == 0
    (site / 'project/foo/files.html').write_text('<p>Made by an earlier version</p>\n')
    assert build(site, lines, '--rebuild') == 0
    assert not (site / 'project/foo/files.html').exists()
    (site / 'project/foo/files.html').write_text('<p>Made by an earlier version</p>\n')
    (site / '.dumb-pypi.json').unlink()  # a copy of a site has no record
    assert build(site, lines) == 0
    assert not (site / 'project/foo/files.html').exists()
