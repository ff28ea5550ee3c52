"""`packages.json` is the whole list again, with every value."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumb_pypi.main import main
from dumb_pypi.package_list.lines import Package, encode, parse_line
from testing.hostile import file_lines, good_lines, scratch
from testing.long import examples
from testing.rich import MD5, RICH_URLS, SHA1, SHA256, SHA384, SHA512
from testing.sites import build, write_list
from testing.states import entries, without_own


def test_both_list_formats_build_the_same_site(tmp_path: Path) -> None:
    names = ['team/a/foo-1.0.tar.gz', 'bar-1.0-py3-none-any.whl', 'bar-1.0-py3-none-any.whl.metadata']
    packages = write_list(tmp_path / 'names', names)
    arguments = ['--package-list', str(packages), '--output-dir', str(tmp_path / 'one')]
    assert main([*arguments, '--packages-url', '../../pool/']) == 0
    assert build(tmp_path / 'two', [{'filename': name} for name in names]) == 0
    assert without_own(entries(tmp_path / 'one')) == without_own(entries(tmp_path / 'two'))


def test_packages_json_is_the_list_again(either: Path, tmp_path: Path) -> None:
    lines = (either / 'packages.json').read_text(encoding='utf-8').splitlines()
    assert build(tmp_path / 'again', lines) == 0
    # The record depends on the spelling of the lines.
    assert without_own(entries(tmp_path / 'again')) == without_own(entries(either))


def test_packages_json_has_every_value(rich: Path) -> None:
    lines = [json.loads(line) for line in (rich / 'packages.json').read_text().splitlines()]
    assert lines == [
        {'project': 'active', 'status': 'active', 'status_reason': 'well kept'},
        {'filename': 'active-1.0.tar.gz', 'size': 17},
        {'project': 'archived', 'status': 'archived'},
        {'filename': 'archived-1.0.tar.gz', 'size': 17},
        {'project': 'quarantined', 'summary': 'Was bad', 'status': 'quarantined', 'status_reason': 'malware'},
        {'filename': 'quarantined-1.0.tar.gz', 'size': 17, 'upload_timestamp': 1767323045},
        {
            'project': 'rich-project',
            'summary': 'Says <everything> & "more"',
            'status': 'deprecated',
            'status_reason': 'use <plain> & "simple"',
            'description': '# All',
            'description_content_type': 'text/markdown',
            'project_urls': RICH_URLS,
            'license_expression': 'MIT',
            'license': 'The whole\nof it',
            'author': 'Ann',
            'author_email': 'ann@example.com',
            'maintainer': 'Bob',
            'maintainer_email': 'bob@example.com',
            'keywords': 'a, b',
            'classifiers': ['Framework :: Pytest'],
        },
        {
            'filename': 'Rich.Project-0.9.tar.gz',
            'hashes': {'md5': MD5, 'sha1': SHA1, 'sha256': SHA256},
            'size': 999,
            'url': 'https://files.example.com/a?b=1&c=2',
            'upload_timestamp': 1709247599,
            'yanked_reason': 'breaks <all> & "more"',
        },
        {
            'filename': 'nameless.zip',
            'name': 'rich-project',
            'version': '0.5',
            'size': 1,
            'url': '../elsewhere/nameless.zip',
        },
        {'filename': 'rich-project-0.6.zip', 'hash': f'md5={MD5}', 'size': 1, 'yanked_reason': ''},
        {'filename': 'rich-project-0.7.zip', 'hashes': {'sha384': SHA384, 'sha512': SHA512}, 'size': 1},
        {
            'filename': 'rich-project-0.8.zip',
            'hash': f'sha1={SHA1}',
            'size': 0,
            'core_metadata': True,
            'yanked_reason': '',
        },
        {'filename': 'rich-project-2004d_2.zip', 'size': 1, 'url': '/rooted/rich-project-2004d_2.zip'},
        {
            'filename': 'team/a b/rich_project-1.0+local.1-py3-none-any.whl',
            'hash': f'sha256={SHA256}',
            'size': 1600000,
            'requires_python': '>=3.8,<4',
            'requires_dist': ['plain>=1; python_version<"3.9"', 'other'],
            'core_metadata': f'sha256={SHA256}',
            'provenance': 'https://pypi.example.com/provenance/rich?a=1&b=2',
            'upload_timestamp': 1767323045.5,
            'uploaded_by': 'Ann <ann@example.com>',
        },
        {'filename': 'unsized-1.0.tar.gz', 'core_metadata': True, 'upload_timestamp': 0},
        {'filename': 'unsized-2.0.tar.gz', 'size': 17},
    ]


# ------------------------------------------------------------------------------------------------------- values survive


@pytest.mark.parametrize('packages_url', ['../../pool/', 'https://pypi.example.com/pool/'])
@pytest.mark.long
@examples(75)
@given(lines=good_lines, data=st.data())
def test_packages_json_builds_the_same_site_in_any_order(
    packages_url: str, lines: list[dict[str, Any]], data: st.DataObject
) -> None:
    with scratch() as top, contextlib.redirect_stderr(io.StringIO()):
        if build(top / 'one', lines, '--packages-url', packages_url) == 0:
            packages = (top / 'one/packages.json').read_text(encoding='utf-8').splitlines()
            messages = io.StringIO()
            with contextlib.redirect_stderr(messages):
                assert build(top / 'two', data.draw(st.permutations(packages)), '--packages-url', packages_url) == 0
            # The generator also drops a URL that pip cannot use.
            assert [line for line in messages.getvalue().splitlines() if 'pip finds no such file' not in line] == []
            # The record depends on the spelling of the lines.
            assert without_own(entries(top / 'two')) == without_own(entries(top / 'one'))


# -------------------------------------------------------------------------------------------------------- packages.json


EVERYTHING = Package(
    path='team/a"b/foo-1.0.zip',
    name='foo',
    version='1.0 "\\ \U0001f40d',
    hashes={'md5': '0' * 32, 'sha256': 'a' * 64},
    size=0,
    url="https://pypi.example.com/a'b%22?c&d",
    requires_python='>=3 "\\',
    requires_dist=['a"b\\c', '\U0001f40d', ''],
    core_metadata=f'sha256={"b" * 64}',
    provenance='https://pypi.example.com/?a=b&c',
    upload_timestamp=1.5,
    modified=2.5,
    exceeds_limits=True,
    uploaded_by='"\\\U0010fffd</script>',
    yanked_reason='"\\ é',
)


@pytest.mark.long
@examples(500)
@given(line=file_lines)
def test_a_line_of_packages_json_is_what_the_json_module_writes(line: dict[str, Any]) -> None:
    try:
        package, _, _ = parse_line(json.dumps(line).encode(), True)
    except ValueError:  # rejected
        return
    text = encode(package).decode()
    written = json.dumps(json.loads(text), ensure_ascii=False, separators=(',', ':'))
    # Both spellings of 0.00001 and of 1e-6 are JSON.
    number = re.compile(r'(?<=":)[0-9]+(\.[0-9]+)?(e-[0-9]+)?')
    assert number.sub(lambda each: repr(float(each[0])), text) == number.sub(lambda each: repr(float(each[0])), written)


def test_a_line_of_packages_json_has_its_keys_in_order_and_no_unknown_ones() -> None:
    keys = ['filename', 'name', 'version', 'hashes', 'size', 'url', 'requires_python', 'requires_dist', 'core_metadata']
    keys += ['provenance', 'upload_timestamp', 'modified', 'exceeds_limits', 'uploaded_by', 'yanked_reason']
    assert list(json.loads(encode(EVERYTHING))) == keys
    assert parse_line(encode(EVERYTHING), True) == (EVERYTHING, (), ())
    assert encode(Package('a')) == b'{"filename":"a"}'


def test_packages_json_keeps_the_time_of_modification_and_no_page_shows_it(tmp_path: Path) -> None:
    line = {'filename': 'Foo-1.0.tar.gz', 'upload_timestamp': 1767323045}
    assert build(tmp_path / 'without', [line]) == 0
    line['modified'] = 1767409445.5
    assert build(tmp_path / 'with', [line | {'modified': '2026-01-03T03:04:05.5Z'}]) == 0
    assert json.loads((tmp_path / 'with' / 'packages.json').read_bytes()) == line
    pages = [entries(tmp_path / name) for name in ('with', 'without')]
    differing = {path for path in pages[0] | pages[1] if pages[0].get(path) != pages[1].get(path)}
    assert differing & without_own(pages[0]).keys() == {'packages.json'}
