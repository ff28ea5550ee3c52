"""What all pages say alike of a release."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from testing.sites import build
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
        text = re.sub(r'(?s)<table id=.*?</table>', '', (site / path).read_text(encoding='utf-8'))
        return re.findall('(?:datetime="|<pubDate>)(.*?)(?:"|</pubDate>)', text)

    for path in ('index.html', 'changelog/2026-01.html', 'project/foo/index.html'):
        assert shown(path) == [f'{FIRST}Z']
    for path in ('rss/updates.xml', 'rss/packages.xml'):
        assert shown(path) == ['Fri, 02 Jan 2026 03:04:05 GMT']
    record = json.loads((site / RECORD).read_bytes().splitlines()[1])
    assert record['projects']['foo'][1] == 1767323045
    assert list(record['months']) == ['2026-01']
    assert (site / '.dumb-pypi.uploads' / '2026-01').read_text() == f'{FIRST}.000000Z\tfoo\t1.0\t3\n'
