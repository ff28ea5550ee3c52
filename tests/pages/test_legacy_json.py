"""The legacy JSON API, which updaters read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from testing.reading import read_anchors, read_json
from testing.rich import HERE, MD5, RICH, RICH_URLS, SHA1, SHA256, TEXT_KEYS
from testing.sites import build, mtimes, paths
from testing.states import RECORD, entries

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


def test_a_legacy_page_describes_the_latest_release(rich: Path) -> None:
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


def test_a_release_page_describes_its_release(rich: Path) -> None:
    assert read_json(rich / 'pypi/rich-project/0.9/json') == {
        'info': {
            'name': 'rich-project',
            'version': '0.9',
            'requires_dist': None,
            'requires_python': None,
            'provides_extra': None,
            'yanked': True,
            'yanked_reason': 'breaks <all> & "more"',
            **dict.fromkeys((*TEXT_KEYS, 'summary', 'home_page', 'project_urls', 'classifiers')),
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
    """Even with 60 releases: the facts of a project are on only two of its JSON pages."""
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


# The keys and labels with which updaters find a project and its changes:
# Renovate, lib/modules/datasource/pypi/index.ts; Dependabot, python/lib/dependabot/python/metadata_finder.rb.
RENOVATE_SOURCES = ('code', 'source')  # and every label that begins with "repo"
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
def test_updaters_find_the_urls_that_they_look_up(label: str, finds: set[str], tmp_path: Path) -> None:
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
    """PEP 825: with hash and size and nothing else, whatever the list contains."""
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
