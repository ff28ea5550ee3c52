"""Every page is HTML5 and has working links; machine pages contain only text."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from testing.reading import page_url, projects, read_html, read_json, read_pages
from testing.rich import HERE
from testing.sites import build, paths, tree


def test_every_page_for_a_browser_is_html5(site: Path) -> None:
    pages = read_pages(site)
    assert len(pages) > 10
    assert {page.language for page in pages.values()} == {'en'}
    assert [path for path, page in pages.items() if page.title == ''] == []


def test_every_link_within_the_site_works(site: Path) -> None:
    there = set(paths(site))
    published = {urllib.parse.urljoin(HERE, path) for path in there} | {page_url(path) for path in there}
    missing = {f'{HERE}project/{name}/index.html' for name in ('plain', 'other')}  # required, and not in this index
    for path, page in read_pages(site).items():
        expected = published | missing if path.startswith('project/') else published
        for link in page.links:
            target = urllib.parse.unquote(urllib.parse.urljoin(page_url(path), link)).partition('#')[0]
            if target.startswith(HERE) and not target.startswith((f'{HERE}pool/', f'{HERE}elsewhere/')):
                assert target in expected, (path, link)


def test_every_link_to_a_place_on_a_page_leads_to_an_element(site: Path) -> None:
    for path, page in read_pages(site).items():
        for link in page.links:
            target, _, place = urllib.parse.urljoin(f'/{path}', link)[1:].partition('#')
            there = site / urllib.parse.unquote(target)
            if place and there.is_file():
                assert f'id="{place}"' in there.read_text(encoding='utf-8'), (path, link)


def test_pages_for_machines_have_no_style_and_no_script(site: Path) -> None:
    for project in ['', *(f'{name}/' for name in projects(site))]:
        page = read_pages(site)[f'simple/{project}index.html']
        assert page.tags <= {'html', 'head', 'meta', 'title', 'body', 'h1', 'a', 'br'}


def test_the_text_files_end_in_a_line_break_and_have_no_carriage_return(site: Path) -> None:
    for path, content in tree(site).items():
        assert content.endswith(b'\n'), path
        assert b'\r' not in content


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
    pages = {
        'simple/foo/index.html': [*files],
        'project/foo/index.html': ['foo-3.0.zip'],
        'project/foo/2.0/index.html': ['foo-2.0.zip'],
        'project/foo/1.0+x/index.html': ['foo-1.0+x.zip'],
    }
    for path, names in pages.items():
        links = {anchor.text: anchor.get('href') for anchor in read_html(site / path).iter('a') if anchor.text in files}
        assert {name: urllib.parse.urljoin(page_url(path), link) for name, link in links.items()} == {
            name: files[name] for name in names
        }
    documents = {'simple/foo/index.v1_json': 'files', 'pypi/foo/json': 'releases', 'pypi/foo/1.0+x/json': 'urls'}
    for path, key in documents.items():
        found = read_json(site / path)[key]
        found = [file for release in found.values() for file in release] if key == 'releases' else found
        urls = {file['filename']: urllib.parse.urljoin(page_url(path), file['url']) for file in found}
        assert urls == (files if key != 'urls' else {'foo-1.0+x.zip': files['foo-1.0+x.zip']})
