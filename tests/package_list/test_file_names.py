"""File names give the project, the version and the kind of a file."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import _USUAL_SDIST, _USUAL_WHEEL, Distribution, identify
from testing.long import examples
from testing.reading import parsed, read_json, read_releases
from testing.sites import build
from testing.tools import ROOT


def test_every_real_file_is_in_its_project_and_release(real: Path) -> None:
    found = {file['filename']: (project, version) for project, version, file in read_releases(real)}
    with (ROOT / 'testing' / 'real-packages.truth.tsv').open(newline='') as file:
        truth = {row['filename']: (row['project'], row['version']) for row in csv.DictReader(file, delimiter='\t')}
    assert len(truth) == 12_383
    assert found.keys() == truth.keys()
    assert [name for name in truth if found[name][0] != truth[name][0]] == []
    different = {name for name in truth if parsed(found[name][1]) != parsed(truth[name][1])}
    assert {name: (found[name], truth[name]) for name in different} == {
        'docutils-0.15.post1-py2-none-any.whl': (('docutils', '0.15.post1'), ('docutils', '0.15')),
        'docutils-0.15.1-post1.tar.gz': (('docutils', '0.15.1-post1'), ('docutils', '0.15.1')),
        'docutils-0.21.post1.tar.gz': (('docutils', '0.21.post1'), ('docutils', '0.21')),
    }


def test_wheel_names_are_read_as_packaging_reads_them(real: Path) -> None:
    compared = 0
    for project, version, file in read_releases(real):
        if file['filename'].endswith('.whl'):
            try:
                name, expected, _, tags = parse_wheel_filename(file['filename'])
            except InvalidWheelFilename:
                continue
            assert (project, Version(version)) == (name, expected)
            assert set(file['python_version'].split('.')) == {tag.interpreter for tag in tags}
            compared += 1
    assert compared > 9_000


@pytest.mark.parametrize(
    ('filename', 'expected'),
    [
        # sdists
        ('docutils-0.3.tar.gz', ('docutils', '0.3', 'sdist', 'source')),
        ('zope.interface-3.0.0b1.zip', ('zope-interface', '3.0.0b1', 'sdist', 'source')),
        ('Twisted-8.2.0.tar.bz2', ('twisted', '8.2.0', 'sdist', 'source')),
        ('mod_python-3.3.1.tgz', ('mod-python', '3.3.1', 'sdist', 'source')),
        ('foo-1.0.tar', ('foo', '1.0', 'sdist', 'source')),
        ('foo-1.0.tar.xz', ('foo', '1.0', 'sdist', 'source')),
        ('foo-1.0.tar.Z', ('foo', '1.0', 'sdist', 'source')),
        ('systemd-python-234.tar.gz', ('systemd-python', '234', 'sdist', 'source')),
        ('python-dateutil-1.0.tar.gz', ('python-dateutil', '1.0', 'sdist', 'source')),
        ('py2-ipaddress-2.0.tar.gz', ('py2-ipaddress', '2.0', 'sdist', 'source')),
        ('foo-2-bar-1.0.tar.gz', ('foo-2-bar', '1.0', 'sdist', 'source')),
        ('foo-1.0-alpha-2.tar.gz', ('foo', '1.0-alpha-2', 'sdist', 'source')),
        ('foo-1.0-1.tar.gz', ('foo', '1.0-1', 'sdist', 'source')),
        ('foo-1.0.dev0+g1234abc.tar.gz', ('foo', '1.0.dev0+g1234abc', 'sdist', 'source')),
        ('foo-1!2.0.tar.gz', ('foo', '1!2.0', 'sdist', 'source')),
        ('foo-v1.0.tar.gz', ('foo', 'v1.0', 'sdist', 'source')),
        # versions outside PEP 440
        ('pytz-2004b_2.tar.gz', ('pytz', '2004b_2', 'sdist', 'source')),
        ('foo-1.0-unstable.tar.gz', ('foo', '1.0-unstable', 'sdist', 'source')),
        ('foo-bar-r17.zip', ('foo-bar', 'r17', 'sdist', 'source')),
        ('foo-latest.zip', ('foo', 'latest', 'sdist', 'source')),
        # wheels
        ('foo-1.0-py3-none-any.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0-py2.py3-none-any.whl', ('foo', '1.0', 'bdist_wheel', 'py2.py3')),
        (
            'foo_bar-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
            ('foo-bar', '1.0', 'bdist_wheel', 'cp311'),
        ),
        ('foo-1.0-1-py3-none-any.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0-2build-cp39-abi3-win32.whl', ('foo', '1.0', 'bdist_wheel', 'cp39')),
        ('foo-1.0-py3-none-any-cu128.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0-1-py3-none-any-cu128.whl', ('foo', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0+cu118-cp311-cp311-linux_x86_64.whl', ('foo', '1.0+cu118', 'bdist_wheel', 'cp311')),
        ('foo__bar-1.0-py3-none-any.whl', ('foo-bar', '1.0', 'bdist_wheel', 'py3')),
        ('foo-bar-1.0-py3-none-any.whl', ('foo-bar', '1.0', 'bdist_wheel', 'py3')),
        ('foo-py3-1.0-py3-none-any.whl', ('foo-py3', '1.0', 'bdist_wheel', 'py3')),
        ('foo-1.0_1-py3-none-any.whl', ('foo', '1.0-1', 'bdist_wheel', 'py3')),
        ('foo-2004d_2-py2-none-any.whl', ('foo', '2004d_2', 'bdist_wheel', 'py2')),
        # eggs
        ('setuptools-0.6c11-py2.7.egg', ('setuptools', '0.6c11', 'bdist_egg', '2.7')),
        ('pyOpenSSL-0.7-py2.5-win32.egg', ('pyopenssl', '0.7', 'bdist_egg', '2.5')),
        ('foo_bar-1.0-py3.10-linux-x86_64.egg', ('foo-bar', '1.0', 'bdist_egg', '3.10')),
        ('foo-1.0-py2.7-macosx-10.9-x86_64.egg', ('foo', '1.0', 'bdist_egg', '2.7')),
        # Windows
        ('pywin32-220.win-amd64-py3.5.exe', ('pywin32', '220', 'bdist_wininst', '3.5')),
        ('lxml-2.2.win32-py2.4.exe', ('lxml', '2.2', 'bdist_wininst', '2.4')),
        ('ipython-0.13.1.py2-win-amd64-PROPER.exe', ('ipython', '0.13.1', 'bdist_wininst', '2')),
        ('ipython-0.13.1.py3-win32.msi', ('ipython', '0.13.1', 'bdist_msi', '3')),
        ('ddlib-2013-11-02.tar.gz', ('ddlib', '2013-11-02', 'sdist', 'source')),
        ('dd-lib-2013-1-2.zip', ('dd-lib', '2013-1-2', 'sdist', 'source')),
        ('docutils-0.4.win32.exe', ('docutils', '0.4', 'bdist_wininst', 'any')),
        ('simplejson-2.0.9.win32-py2.6.msi', ('simplejson', '2.0.9', 'bdist_msi', '2.6')),
        ('foo-1.0.win-amd64.msi', ('foo', '1.0', 'bdist_msi', 'any')),
        ('Twisted-10.1.0.winxp32-py2.6.msi', ('twisted', '10.1.0', 'bdist_msi', '2.6')),
        ('pyOpenSSL-0.8a1.winxp32-py2.5.exe', ('pyopenssl', '0.8a1', 'bdist_wininst', '2.5')),
        ('pytango-9.2.0.Win32-py2.7.msi', ('pytango', '9.2.0', 'bdist_msi', '2.7')),
        ('pyFAI-0.13.1.win-amd64-py2.7-1.msi', ('pyfai', '0.13.1', 'bdist_msi', '2.7')),
        ('py2exe-0.6.9.win64-py2.7.amd64.exe', ('py2exe', '0.6.9', 'bdist_wininst', '2.7')),
        ('mod_python-3.3.1.win32-py2.5-Apache2.2.exe', ('mod-python', '3.3.1', 'bdist_wininst', '2.5')),
        ('foo-win32-1.0.exe', ('foo-win32', '1.0', 'bdist_wininst', 'any')),
        ('foo-linux-1.0.win32-py2.7.exe', ('foo-linux', '1.0', 'bdist_wininst', '2.7')),
        ('foo-trunk.win32.exe', ('foo', 'trunk', 'bdist_wininst', 'any')),
        # packages of other systems
        ('foo-bar-1.0-1.noarch.rpm', ('foo-bar', '1.0', 'bdist_rpm', 'any')),
        ('foo-1.0-1.src.rpm', ('foo', '1.0', 'bdist_rpm', 'any')),
        ('foo-1.0-2.fc20.x86_64.rpm', ('foo', '1.0', 'bdist_rpm', 'any')),
        ('foo-1.0.linux-x86_64.tar.gz', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.macosx-10.9-x86_64.tar.gz', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.win32.zip', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.openbsd-4.6-i386.tar.gz', ('foo', '1.0', 'bdist_dumb', 'any')),
        ('foo-1.0.dmg', ('foo', '1.0', 'bdist_dmg', 'any')),
        ('foo-1.0-py2.7-macosx10.6.dmg', ('foo', '1.0', 'bdist_dmg', '2.7')),
        ('python-foo_1.0-1_all.deb', ('python-foo', '1.0', 'bdist_dumb', 'any')),
    ],
)
def test_a_file_name_says_what_a_file_is(filename: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': filename}]) == 0
    assert [
        (project, version, file['packagetype'], file['python_version'])
        for project, version, file in read_releases(tmp_path / 'site')
    ] == [expected]
    document = read_json(tmp_path / f'site/simple/{expected[0]}/index.v1_json')
    assert [file['filename'] for file in document['files']] == [filename]
    assert document['versions'] == [expected[1]]


def test_a_name_and_a_version_in_the_list_take_precedence(tmp_path: Path) -> None:
    lines = [
        {'filename': 'foo-1.0.tar.gz', 'name': 'Other_Name'},
        {'filename': 'foo-2.0.tar.gz', 'version': '2.0.post1'},
        {'filename': 'foo-3.0-py3-none-any.whl', 'name': 'other.name', 'version': '4'},
        {'filename': 'anything.zip', 'name': 'foo', 'version': 'spring edition'},
    ]
    assert build(tmp_path / 'site', lines) == 0
    found = [(project, version, file['filename']) for project, version, file in read_releases(tmp_path / 'site')]
    assert found == [
        ('foo', 'spring edition', 'anything.zip'),
        ('foo', '2.0.post1', 'foo-2.0.tar.gz'),
        ('other-name', '1.0', 'foo-1.0.tar.gz'),
        ('other-name', '4', 'foo-3.0-py3-none-any.whl'),
    ]


parts = st.sampled_from(
    [
        *(
            'foo',
            'Foo',
            'v',
            'v1',
            'V2',
            'x',
            'py',
            'py3',
            'r9',
            'rc1',
            'json',
            'é',
            'a+b',
            '',
            '.',
            '_',
            '_a',
            'a_',
            'a.',
        ),
        *(
            '1',
            '2',
            '1.0',
            '1.0.0',
            '1.0a1',
            '1.0rc1',
            '1.0.post1',
            '1.0.dev2',
            '1!2.0',
            '1.0+local',
            '2004d',
            '01',
            '1.x',
        ),
        *('linux', 'linux-x86_64', 'linux_x86_64', 'win32', 'macosx-10.9', 'none', 'any', 'cp311', 'py2.py3', 'abi3'),
    ]
)
separators = st.sampled_from(['-', '-', '-', '.', '_', '--'])
stems = st.lists(st.tuples(parts, separators), min_size=1, max_size=6).map(
    lambda pairs: ''.join(part + separator for part, separator in pairs)[: -len(pairs[-1][1])]
)
suffixes = st.sampled_from(
    ['.tar.gz', '.zip', '.whl', '-py3-none-any.whl', '-1-py3-none-any.whl', '.linux-x86_64.tar.gz']
)
usual_names = st.builds('{}-{}{}'.format, stems, parts, suffixes)


def identified(filename: str) -> Distribution | str:
    try:
        return identify(filename)
    except NotADistribution as reason:
        return str(reason)


def identified_by_the_general_rules(filename: str) -> Distribution | str:
    with pytest.MonkeyPatch.context() as patch:
        for pattern in ('_USUAL_WHEEL', '_USUAL_SDIST'):
            patch.setattr(f'dumb_pypi.package_list.file_names.{pattern}', re.compile('(?!)'))
        return identified(filename)


@pytest.mark.long
@examples(1500)
@given(filename=usual_names | st.builds('{}{}'.format, stems, suffixes))
@example(filename='foo-1-2-1.0.tar.gz')
@example(filename='foo-v1-1.0.tar.gz')
@example(filename='foo-1.0-py3-none-any-cu128.whl')
def test_the_fast_path_for_usual_file_names_agrees_with_the_general_rules(filename: str) -> None:
    assert identified(filename) == identified_by_the_general_rules(filename)


def test_the_fast_path_for_real_file_names_agrees_with_the_general_rules() -> None:
    lines = (ROOT / 'testing' / 'real-packages.jsonl').read_text(encoding='utf-8').splitlines()
    names = [json.loads(line)['filename'] for line in lines]
    differing = [name for name in names if identified(name) != identified_by_the_general_rules(name)]
    assert differing == []
    usual = [name for name in names if _USUAL_WHEEL.fullmatch(name) or _USUAL_SDIST.fullmatch(name)]
    assert len(usual) > len(names) * 0.9
