"""Every JSON page is valid, by schemas written from the specifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from testing.reading import projects, read_json, read_metas
from testing.rich import TEXT_KEYS


def a_map(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of an object with these keys; keys that begin with `_` are optional."""
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
                **dict.fromkeys(TEXT_KEYS, or_null(TEXT)),
            }
        ),
        'releases': {'type': 'object', 'additionalProperties': a_list(LEGACY_FILE, minItems=1)},
        'urls': a_list(LEGACY_FILE),
    }
)


def check(schema: dict[str, Any], documents: list[Path]) -> int:
    """Check that all documents are valid, and return their number."""
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


def all_values(document: Any) -> Iterator[Any]:
    """Yield every value in a JSON document, at any depth."""
    yield document
    if isinstance(document, (dict, list)):
        for value in document.values() if isinstance(document, dict) else document:
            yield from all_values(value)


def test_the_simple_api_never_says_null(site: Path) -> None:
    for path in site.glob('simple/**/index.v1_json'):
        assert None not in all_values(read_json(path))


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
