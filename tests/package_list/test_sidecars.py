"""Sidecars in a list say that their files have metadata or provenance."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.main import main
from testing.reading import read_json
from testing.rich import SHA256
from testing.sites import build, write_list

WHEEL = 'team/a/foo-1.0-py3-none-any.whl'


def read_sidecars(site: Path) -> tuple[object, object]:
    [file] = read_json(site / 'simple/foo/index.v1_json')['files']
    return file.get('core-metadata'), file.get('provenance')


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
            f'{WHEEL}.metadata', {'url': 'elsewhere/foo.whl'}, (None, None), id='metadata of a file at another URL'
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
def test_facts_in_a_line_take_precedence_over_a_sidecar(
    sidecar: str, values: dict[str, Any], expected: tuple[object, object], tmp_path: Path
) -> None:
    assert build(tmp_path / 'site', [{'filename': WHEEL, **values}, {'filename': sidecar}]) == 0
    assert read_sidecars(tmp_path / 'site') == expected


URL = 'https://files.example.com/v1/foo-1.0-py3-none-any.whl'


@pytest.mark.parametrize(
    ('url', 'sidecar', 'expected'),
    [
        pytest.param(URL, 'metadata', (True, None), id='metadata'),
        pytest.param(URL, 'provenance', (None, f'{URL}.provenance'), id='provenance'),
        pytest.param('v1/foo-1.0-py3-none-any.whl', 'metadata', (True, None), id='metadata at a relative URL'),
        pytest.param('v1/foo-1.0-py3-none-any.whl', 'provenance', (None, None), id='provenance without a host'),
    ],
)
@pytest.mark.parametrize('path', [WHEEL, 'foo-1.0-py3-none-any.whl'])
def test_a_sidecar_with_a_url_belongs_to_the_file_with_that_url(
    path: str, url: str, sidecar: str, expected: tuple[object, object], tmp_path: Path
) -> None:
    lines = [{'filename': WHEEL, 'url': url}, {'filename': f'{path}.{sidecar}', 'url': f'{url}.{sidecar}'}]
    assert build(tmp_path / 'site', lines) == 0
    assert read_sidecars(tmp_path / 'site') == expected


@pytest.mark.parametrize('sidecar', ['metadata', 'provenance'])
def test_a_sidecar_with_another_url_belongs_to_no_file(sidecar: str, tmp_path: Path) -> None:
    lines = [
        {'filename': WHEEL},
        {'filename': f'{WHEEL}.{sidecar}', 'url': f'https://files.example.com/v2/foo-1.0-py3-none-any.whl.{sidecar}'},
    ]
    assert build(tmp_path / 'site', lines) == 0
    assert read_sidecars(tmp_path / 'site') == (None, None)
