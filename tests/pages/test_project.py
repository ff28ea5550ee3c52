"""The files on a project page, the logo, and the timestamp."""

from __future__ import annotations

import datetime
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.reading import page_url, read_html, text_of
from testing.rich import HERE, RICH, SHA256
from testing.sites import build, paths, tree


def human_pages(site: Path) -> list[str]:
    return [path for path in paths(site) if path.endswith('.html') and not path.startswith('simple/')]


def test_a_project_page_describes_every_file(rich: Path) -> None:
    page = read_html(rich / 'project/rich-project/index.html')
    paragraphs = [text_of(paragraph) for paragraph in page.findall('.//main/p') + page.findall('.//main/div/p')]
    assert paragraphs == [
        'Says <everything> & "more"',
        'Released 2026-01-02 Python >=3.8,<4 MIT Source Changelog',
        'API: Simple (HTML) · Simple (JSON) · JSON',
        'This project is deprecated. Consider using an alternative.',
        'use <plain> & "simple"',
    ]
    assert [(item.get('id'), text_of(item)) for item in page.find('.//ol[@class="versions"]')] == [
        ('v1.0%2Blocal.1', '1.0+local.1 latest 2026-01-02'),
        ('v0.9', '0.9 yanked 2024-02-29 breaks <all> & "more"'),
        ('v0.8', '0.8 yanked'),
        ('v0.7', '0.7'),
        ('v0.6', '0.6 yanked'),
        ('v0.5', '0.5'),
        ('v2004d_2', '2004d_2 non-standard'),
    ]
    rows = [[text_of(cell) for cell in row.iter('td')] for row in page.iter('tr') if row.find('td/a') is not None]
    assert rows == [
        [
            'rich_project-1.0+local.1-py3-none-any.whlWheel for Python 3, any platform · metadata · provenance',
            '1.6 MB',
            '2026-01-02 03:04 by Ann <ann@example.com>',
            '>=3.8,<4',
            f'sha256={SHA256}',
        ]
    ]


RTL = 'حزمة'


def without_direction(element: Any, has_direction: bool = False) -> Iterator[str]:
    """Yield the right-to-left texts in an element that stand in no element with a direction of its own."""
    has_direction = has_direction or element.get('dir') == 'auto'
    for text in [element.text, *(child.tail for child in element)]:
        if text and RTL in text and not has_direction:
            yield text
    for child in element:
        yield from without_direction(child, has_direction)


def test_texts_from_right_to_left_have_their_direction_on_every_page(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {
            **{'project': 'foo', 'summary': RTL, 'status': 'archived', 'status_reason': RTL, 'description': RTL},
            **{'description_content_type': 'text/plain', 'license': RTL, 'author': RTL, 'maintainer': RTL},
            **{'keywords': RTL, 'classifiers': [f'{RTL} :: {RTL}'], 'project_urls': {RTL: 'https://pypi.example.com/'}},
        },
        {'filename': 'foo-1.0.zip', 'uploaded_by': RTL, 'upload_timestamp': 1},
        {'filename': 'foo-1.0.tar.gz', 'yanked_reason': RTL},
        {'filename': 'foo-0.9.zip', 'yanked_reason': RTL},
    ]
    site = tmp_path / 'site'
    assert build(site, lines) == 0
    found = {path: list(without_direction(read_html(site / path))) for path in human_pages(site)}
    assert {path: texts for path, texts in found.items() if texts} == {}


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


def test_a_timestamp_is_only_on_the_home_page(rich: Path, tmp_path: Path) -> None:
    assert build(tmp_path / 'site', RICH, '--generate-timestamp') == 0
    with_time, without = tree(tmp_path / 'site'), tree(rich)
    assert with_time.keys() == without.keys()
    different = {path for path in without if with_time[path] != without[path]}
    assert different == {'.dumb-pypi.json', 'index.html'}  # the record differs, because the settings do
    [time] = read_html(tmp_path / 'site/index.html').find('.//footer').iter('time')
    built = datetime.datetime.strptime(time.get('datetime'), '%Y-%m-%dT%H:%M:%SZ')
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs(now - built) < datetime.timedelta(minutes=10)
    assert list(read_html(rich / 'index.html').find('.//footer').iter('time')) == []
