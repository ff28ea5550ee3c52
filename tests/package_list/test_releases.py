"""Facts of a release that are the same on all pages."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from testing.reading import read_html, read_json, text_of
from testing.sites import build, paths
from testing.states import RECORD

FIRST = '2026-01-02T03:04:05'


@pytest.mark.parametrize(
    'times',
    [
        pytest.param([f'{FIRST}.5Z', f'{FIRST}Z', '2026-01-03T00:00:00Z'], id='a text with a fraction sorts first'),
        pytest.param([f'{FIRST}Z', f'{FIRST}.000001Z', f'{FIRST}.5Z'], id='the first file by name'),
        pytest.param(['2026-02-01T00:00:00Z', '2026-01-02T04:04:05Z', '2026-01-02T04:04:05+01:00'], id='another zone'),
    ],
)
def test_a_release_has_the_time_of_its_first_file_everywhere(times: list[str], tmp_path: Path) -> None:
    names = ['Foo-1.0-cp311-cp311-win32.whl', 'Foo-1.0-py3-none-any.whl', 'Foo-1.0.tar.gz']
    lines = [{'filename': name, 'upload_timestamp': time} for name, time in zip(names, times, strict=True)]
    site = tmp_path / 'site'
    assert build(site, lines, '--site-url', 'https://pypi.example.com/') == 0

    def shown(path: str) -> list[str]:
        text = re.sub(r'(?s)<section class="files".*?</section>', '', (site / path).read_text(encoding='utf-8'))
        return sorted({*re.findall('(?:datetime="|<pubDate>)(.*?)(?:"|</pubDate>)', text)})

    for path in ('index.html', 'changelog/2026-01.html', 'project/foo/index.html'):
        assert shown(path) == [f'{FIRST}Z']
    for path in ('rss/updates.xml', 'rss/packages.xml'):
        assert shown(path) == ['Fri, 02 Jan 2026 03:04:05 GMT']
    record = json.loads((site / RECORD).read_bytes().splitlines()[1])
    assert record['projects']['foo'][1] == 1767323045
    assert list(record['months']) == ['2026-01']
    assert (site / '.dumb-pypi.uploads' / '2026-01').read_text() == f'{FIRST}.000000Z\tfoo\t1.0\t3\t\t\n'


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
    assert [text_of(link) for link in page.findall(".//ol[@class='versions']/li/a")] == ['69.3.0']


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
        pytest.param(['r9', 'r10', 'r2'], 'r10', id='natural order outside PEP 440'),
        pytest.param(['2004d_2', '0.1'], '0.1', id='versions outside PEP 440 are lower'),
        pytest.param(['2004d_2', '0.1a1'], '0.1a1', id='versions outside PEP 440 are lower than a pre-release'),
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
    listed = page.findall(".//ol[@class='versions']/li")
    marked = [text_of(line) for line in listed if line.find("span[@class='mark latest']") is not None]
    is_all_yanked = all(yanked for _, _, yanked in pairs)  # then no release is the latest
    assert [line.partition(' ')[0] for line in marked] == ([] if is_all_yanked else [latest])


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
