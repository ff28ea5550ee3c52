"""Pages of the whole site: listings, feeds, the 404 page, and the logo."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
import html5lib
import pytest

from dumb_pypi.main import main
from testing.demo import MARKUP, SITE_URL, page_links
from testing.long import unmeasured
from testing.reading import read_html, text_of
from testing.sites import build, paths, tree
from testing.tools import ROOT


def test_a_project_page_of_20_files_is_lighter_than_40_kb(tmp_path: Path) -> None:
    lines = [
        {
            'filename': f'some_quite_long_name-1.{release}-cp3{python}-cp3{python}-manylinux_2_17_x86_64.whl',
            'hash': f'sha256={release}{python}{"a" * 62}',
            'size': 123_456_789,
            'upload_timestamp': 1767323045 + release,
            'uploaded_by': 'somebody@example.com',
            'requires_python': '>=3.9',
            'core_metadata': f'sha256={"b" * 64}',
            'provenance': f'https://pypi.example.com/integrity/some-quite-long-name/1.{release}/provenance',
        }
        for release in range(2)
        for python in range(10)
    ]
    assert build(tmp_path / 'site', lines, '--packages-url', 'https://files.example.com/packages/') == 0
    assert (tmp_path / 'site' / 'project' / 'some-quite-long-name' / 'index.html').stat().st_size < 40_000


def test_a_long_listing_is_split_into_pages_by_prefix(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    names = sorted([*(f'a{number}' for number in range(1_001)), '0x', 'b'])
    lines = [{'filename': f'{name}-1.tar.gz'} for name in names]
    assert build(site, lines) == 0
    listed = {}
    for path in paths(site / 'projects'):
        links = page_links(site, f'projects/{path}')
        listed[path] = [link.split('/')[1] for link in links if link.startswith('project/')]
    pages = ['from-0.html', 'from-a0.html', 'from-a9.html', 'from-b.html']
    assert list(listed) == [*pages, 'index.html']
    assert [name for page in pages for name in listed[page]] == names
    assert (listed['from-a0.html'][0], listed['from-a9.html'][0], listed['index.html']) == ('a0', 'a9', [])
    assert build(site, lines[3:]) == 0
    assert paths(site / 'projects') == ['index.html']
    assert page_links(site, 'projects/index.html').count('project/b/index.html') == 1


def test_pages_of_a_long_listing_have_valid_file_names(tmp_path: Path) -> None:
    """The name of an sdist can have 249 characters; these names differ only in the last one."""
    site = tmp_path / 'site'
    alike = [f'{"a" * 243}{number:04}{end}' for number in range(1_001) for end in ('bb', 'cc')]
    lines = [{'filename': f'{name}-1.zip'} for name in alike]
    assert build(site, lines, '--jobs', '1', '--no-per-release-json') == 0
    names = [path for path in paths(site / 'projects') if path != 'index.html']
    assert max(map(len, names)) <= 255
    listed = [link for path in names for link in page_links(site, f'projects/{path}') if link.startswith('project/')]
    assert sorted(link.split('/')[1] for link in listed) == alike
    links = page_links(site, 'projects/index.html')
    assert {link.removeprefix('projects/') for link in links if link.startswith('projects/from-')} == {*names}
    # The next run owns them.
    assert build(site, lines[:2]) == 0
    assert paths(site / 'projects') == ['index.html']


@pytest.fixture(scope='module')
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp('feeds') / 'site'
    day = 24 * 60 * 60
    lines: list[dict[str, Any]] = [{'project': 'foo', 'summary': MARKUP}]
    lines += [{'filename': f'foo-{n}.tar.gz', 'upload_timestamp': 1767323045 + n * day} for n in range(105)]
    lines += [{'filename': f'foo-104-{t}-none-any.whl', 'upload_timestamp': 1767323000} for t in ('py2', 'py3')]
    lines += [{'filename': f'bar{n}-1+x.tar.gz', 'upload_timestamp': 1700000000 + n} for n in range(50)]
    lines += [{'filename': 'unknown-1.tar.gz'}]
    assert build(directory, lines, '--site-url', SITE_URL.rstrip('/'), '--title', f'Ours {MARKUP}') == 0
    return directory


def read_feed(path: Path) -> Any:
    feed = feedparser.parse(path.read_bytes())
    assert not feed.bozo, feed.get('bozo_exception')
    return feed


def test_a_feed_has_the_newest_releases(feeds: Path) -> None:
    feed = read_feed(feeds / 'rss' / 'updates.xml')
    assert (feed.version, feed.feed.title, feed.feed.link) == ('rss20', f'Ours {MARKUP}: newest releases', SITE_URL)
    assert [entry.title for entry in feed.entries] == [f'foo {n}' for n in range(103, 3, -1)]
    newest = feed.entries[0]
    # The first leads to a page; the second is what readers know a release by.
    assert (newest.link, newest.id) == (
        f'{SITE_URL}project/foo/103/index.html',
        f'{SITE_URL}project/foo/index.html#v103',
    )
    assert (newest.published, newest.published_parsed[:6]) == ('Wed, 15 Apr 2026 03:04:05 GMT', (2026, 4, 15, 3, 4, 5))
    assert feed.feed.updated == newest.published
    assert newest.description == html.escape(MARKUP, quote=False)  # feed readers parse it as HTML


def test_a_feed_has_the_newest_projects(feeds: Path) -> None:
    feed = read_feed(feeds / 'rss' / 'packages.xml')
    assert [entry.title for entry in feed.entries] == ['foo added', *(f'bar{n} added' for n in range(49, 10, -1))]
    assert [entry.link for entry in feed.entries[:2]] == [
        f'{SITE_URL}project/{name}/index.html' for name in ('foo', 'bar49')
    ]
    assert feed.entries[0].published == 'Fri, 02 Jan 2026 03:03:20 GMT'


def test_pages_announce_the_feeds(feeds: Path) -> None:
    for path in ('index.html', 'project/foo/index.html', '404.html'):
        document = html5lib.parse((feeds / path).read_text(encoding='utf-8'), namespaceHTMLElements=False)
        links = [link.get('href') for link in document.iter('link') if link.get('rel') == 'alternate']
        assert links == [f'{SITE_URL}rss/updates.xml', f'{SITE_URL}rss/packages.xml']


def test_old_links_to_a_release_lead_to_its_place_in_the_list_of_versions(feeds: Path) -> None:
    page = (feeds / 'project' / 'bar1' / 'index.html').read_text(encoding='utf-8')
    assert 'id="v1%2Bx"' in page
    entry = next(entry for entry in read_feed(feeds / 'rss' / 'updates.xml').entries if entry.title == 'foo 9')
    assert f'id="{entry.id.partition("#")[2]}"' in (feeds / 'project' / 'foo' / 'index.html').read_text()


def test_the_404_page_works_at_any_url(feeds: Path) -> None:
    page = (feeds / '404.html').read_text(encoding='utf-8')
    assert 'href="/team/static/style.css"' in page
    assert 'href="/team/projects/index.html"' in page


def test_without_a_site_url_the_404_page_has_no_link_and_the_readme_says_so(tmp_path: Path) -> None:
    """Servers show it at any address, where a relative link would lead nowhere."""
    assert build(tmp_path / 'site', [{'filename': 'foo-1.tar.gz'}]) == 0
    page = (tmp_path / 'site' / '404.html').read_text(encoding='utf-8')
    # The second is in the search, which the script shows where it can be loaded.
    assert re.findall('<a [^>]*href="([^"]*)"', page) == ['#main', 'projects/index.html']
    mentions = [line for line in (ROOT / 'README.md').read_text(encoding='utf-8').splitlines() if '404.html' in line]
    assert 'without it, this page has no links' in mentions[0]


def test_without_a_site_url_there_are_no_feeds_and_old_ones_are_removed(feeds: Path, tmp_path: Path) -> None:
    """The site has the same bytes as a new one, and foreign files stay."""
    shutil.copytree(feeds, tmp_path / 'site')
    (tmp_path / 'site' / 'rss' / 'own.xml').write_text('<?xml version="1.0"?>\n<rss/>\n')
    lines = (feeds / 'packages.json').read_text(encoding='utf-8').splitlines()
    assert build(tmp_path / 'site', lines) == build(tmp_path / 'fresh', lines) == 0
    assert tree(tmp_path / 'site').keys() - tree(tmp_path / 'fresh').keys() == {'rss/own.xml'}
    assert tree(tmp_path / 'site').items() >= tree(tmp_path / 'fresh').items()


@pytest.mark.parametrize('url', ['pypi/', '/pypi/', 'file:///srv/pypi/', 'https://pypi.example.com/?a=b'])
def test_the_site_url_must_be_absolute(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(['--package-list', '-', '--packages-url', '../../pool/', '--output-dir', 'site', '--site-url', url])
    assert exit_status.value.code == 2
    assert '--site-url: expected ' in capsys.readouterr().err


def test_an_index_without_files_or_times_has_an_empty_changelog(tmp_path: Path) -> None:
    assert build(tmp_path / 'empty', [], '--allow-empty', '--site-url', SITE_URL) == 0
    assert build(tmp_path / 'timeless', [{'filename': 'foo-1.tar.gz'}], '--site-url', SITE_URL) == 0
    empty = text_of(read_html(tmp_path / 'empty' / 'index.html').find('.//main'))
    assert 'This index is empty Add distribution files (.whl or .tar.gz) to the list of packages' in empty
    assert 'pip install' not in empty
    for site in (tmp_path / 'empty', tmp_path / 'timeless'):
        assert read_feed(site / 'rss' / 'updates.xml').entries == read_feed(site / 'rss' / 'packages.xml').entries == []
        assert paths(site / 'changelog') == ['index.html', 'page1.html']
        for path in ('index.html', 'projects/index.html'):
            assert set(page_links(site, path)) <= set(paths(site))


@pytest.mark.parametrize(
    ('logo', 'at_home', 'below'),
    [
        pytest.param('logo.png', 'logo.png', '../../logo.png', id='relative to the site'),
        pytest.param('https://a.example.com/b.png', *['https://a.example.com/b.png'] * 2, id='absolute'),
    ],
)
def test_the_logo_is_the_same_on_every_page(tmp_path: Path, logo: str, at_home: str, below: str) -> None:
    site = tmp_path / 'site'
    assert build(site, [{'filename': 'foo-1.tar.gz'}], '--logo', logo, '--logo-width', '40') == 0
    for path, expected in (('index.html', at_home), ('project/foo/index.html', below)):
        assert f'<img src="{expected}" alt="" width="40">' in (site / path).read_text(encoding='utf-8')


def test_too_many_details_are_left_out(tmp_path: Path) -> None:
    def details(site: Path) -> Any:
        text = (site / 'static' / 'details.js').read_text(encoding='utf-8')
        return json.loads(text.partition(' = ')[2].removesuffix(';\n'))

    assert build(tmp_path / 'small', [{'project': 'foo', 'summary': 'Does'}, {'filename': 'foo-1.zip'}]) == 0
    assert details(tmp_path / 'small')[0] == ['foo', '1', None, 'Does']
    names = [f'foo{number}' for number in range(2_000)]
    lines = [{'project': name, 'summary': 'a' * 2_000} for name in names]
    lines += [{'filename': f'{name}-1.zip'} for name in names]
    with unmeasured():
        assert build(tmp_path / 'large', lines, '--no-per-release-json') == 0
    assert details(tmp_path / 'large') is None


def test_home_shows_a_project_once_however_often_it_is_released(tmp_path: Path) -> None:
    lines = [{'filename': f'foo-{n}.zip', 'upload_timestamp': 1767323045 + n} for n in range(150)]
    lines += [{'filename': f'bar{n}-1.zip', 'upload_timestamp': n} for n in range(120)]
    assert build(tmp_path / 'site', lines) == 0
    text = (tmp_path / 'site' / 'index.html').read_text(encoding='utf-8')
    names = re.findall(r'<li><span><a href="project/(.+?)/.+?/index.html"', text)
    assert names == ['foo', *(f'bar{n}' for n in range(119, 100, -1))]
    assert len(text) < 20_000
