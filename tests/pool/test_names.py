"""Messages for files that do not match their names, or replace other files with the same name, and for no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from testing.distributions import UPLOADED
from testing.pools import Outcome, described_sdist, described_wheel, headers, make_tar, make_zip, run_list
from testing.sites import write_list

POOL = Path('pool')
TAG = 'py3-none-any.whl'


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    described_wheel(POOL, 'idna', '3.20')


def listed_again(*arguments: str) -> Outcome:
    """Return the outcome for the pool. Checks that the list is the same with a known list."""
    outcome = run_list(*arguments, 'pool')
    assert outcome.status == 0
    Path('known').write_bytes(outcome.output)
    assert run_list(*arguments, '--known', 'known', 'pool').output == outcome.output
    return outcome


# ------------------------------------------------------------------------------------------------- no names


PASSED_OVER = {
    'click.whl': 'it is not a distribution file',
    'click 8.5.1-py3-none-any.whl': 'it is not a distribution file',
    'click-8.5.1.whl': 'it is not a distribution file',
    'click-8.5.1-py3-none-any.WHL/click.Whl': 'it is not a distribution file',
    'my package-1.0.tar.gz': 'it has no project name and version',
    'MarkupSafe.tar.gz': 'it has no project name and version',
    'Flask.ZIP': 'it has no project name and version',
    'PyYAML.egg': 'it has no project name and version',
    '_-1.0-py3-none-any.whl': "it has no valid project name: '_'",
    'a\\b/Jinja2-3.1.6.tar.gz': 'it is not a path below the packages URL',
}


@pytest.mark.parametrize(('path', 'reason'), PASSED_OVER.items())
def test_a_file_that_was_meant_for_the_index_is_not_ignored_silently(path: str, reason: str) -> None:
    (POOL / path).parent.mkdir(exist_ok=True)
    described_wheel(Path(), 'click', '8.5.1').rename(POOL / path)
    messages = f'pool/{path}: left out for its name: {reason}\n'
    outcome = listed_again()
    assert (outcome.messages, [*outcome.files()]) == (messages, [f'idna-3.20-{TAG}'])
    assert run_list('--strict', 'pool') == (1, b'', messages)


def test_a_name_that_nobody_can_print_is_shown_escaped() -> None:
    (POOL / os.fsdecode(b'Flask-\xff\n.tar.gz')).write_bytes(b'x')
    messages = r"'pool/Flask-\udcff\n.tar.gz': left out for its name: it has control characters in its name"
    assert run_list('pool').messages == f'{messages}\n'


# ------------------------------------------------------------------------------------------------- other names inside


def wheel_with(filename: str, name: str, version: str) -> None:
    make_zip(POOL / filename, {'Foo.dist-info/METADATA': headers(name, version, 'Requires-Python: >=3.9')})


MISNAMED = {
    'another version': (f'idna-3.21-{TAG}', 'idna', '3.20', "version '3.20'"),
    'another local version': (f'torch-2.9.0-{TAG}', 'torch', '2.9.0+cu128', "version '2.9.0+cu128'"),
    'a post-release': (f'docutils-0.21-{TAG}', 'docutils', '0.21.post1', "version '0.21.post1'"),
    'another legacy version': (f'pytz-2004_a-{TAG}', 'pytz', '2004-b', "version '2004-b'"),
    'no version of PEP 440 inside': (f'pytz-2004-{TAG}', 'pytz', '2004-alpha-x', "version '2004-alpha-x'"),
    'a version of 5,000 digits': (f'idna-3-{TAG}', 'idna', '3' * 5000, f"version '{'3' * 37}...{'3' * 38}'"),
    'another project': (f'Flask-3.1.0-{TAG}', 'Flask-Cors', '3.1.0', "project 'Flask-Cors'"),
    'UNKNOWN': (f'Flask-3.1.0-{TAG}', 'UNKNOWN', '0.0.0', "project 'UNKNOWN'"),
    'what is no name': (f'Flask-3.1.0-{TAG}', 'b\\ar', '3.1.0', "project 'b\\\\ar'"),
}


@pytest.mark.parametrize(
    ('filename', 'name', 'version', 'what'), [pytest.param(*case, id=id_) for id_, case in MISNAMED.items()]
)
def test_a_wheel_that_installers_refuse_for_its_metadata_is_left_out(
    filename: str, name: str, version: str, what: str
) -> None:
    wheel_with(filename, name, version)
    messages = f'pool/{filename}: left out: its metadata is of {what}\n'
    outcome = listed_again('--write-metadata')
    assert (outcome.messages, [*outcome.files()]) == (messages, [f'idna-3.20-{TAG}'])
    assert sorted(os.listdir(POOL)) == sorted([filename, f'idna-3.20-{TAG}', f'idna-3.20-{TAG}.metadata'])
    assert run_list('--strict', 'pool') == (1, b'', messages)


RIGHTLY_NAMED = {
    'letters': (f'flask-3.1.0-{TAG}', 'Flask', '3.1.0'),
    'dots and underscores': (f'ruamel_yaml_clib-0.2.0-{TAG}', 'ruamel.yaml-clib', '0.2'),
    'dashes': (f'backports.tarfile-1.2.0-{TAG}', 'backports-tarfile', '1.2.0'),
    'a zero more': (f'setuptools-69.3.0-{TAG}', 'setuptools', '69.3'),
    'a pre-release': (f'Django-5.0rc1-{TAG}', 'django', '5.0-RC.1'),
    'a post-release': (f'pytz-2004_1-{TAG}', 'pytz', '2004-1'),
    'a local version': (f'torch-2.9.0+cu.128-{TAG}', 'torch', '2.9.0+cu_128'),
    'a local version of an old setuptools': (f'torch-2.9.0_cu128-{TAG}', 'torch', '2.9.0+cu128'),
    'a legacy version': (f'pytz-2004_D_beta.x-{TAG}', 'pytz', '2004-d.Beta_X'),
    'blanks': (f'PyYAML-6.0-{TAG}', ' PyYAML ', ' 6.0 '),
}


@pytest.mark.parametrize(
    ('filename', 'name', 'version'), [pytest.param(*case, id=id_) for id_, case in RIGHTLY_NAMED.items()]
)
def test_a_name_in_another_spelling_is_the_same_name(filename: str, name: str, version: str) -> None:
    wheel_with(filename, name, version)
    outcome = listed_again()
    assert (outcome.messages, outcome.files()[filename]['requires_python']) == ('', '>=3.9')


@pytest.mark.parametrize('version', [b'', b'Version: \n'])
def test_a_wheel_whose_metadata_has_no_version_is_listed(version: bytes) -> None:
    metadata = b'Name: Flask\nRequires-Python: >=3.9\n' + version
    make_zip(POOL / f'Flask-3.1.0-{TAG}', {'Flask.dist-info/METADATA': metadata})
    outcome = listed_again()
    assert (outcome.messages, outcome.files()[f'Flask-3.1.0-{TAG}']['requires_python']) == ('', '>=3.9')


def test_an_sdist_of_another_project_stays_listed_with_a_warning() -> None:
    make_tar(POOL / 'Flask-3.1.0.tar.gz', {'x/PKG-INFO': headers('Flask-Cors', '3.1.0', 'Requires-Python: >=3.9')})
    messages = "pool/Flask-3.1.0.tar.gz: listed without metadata: its metadata is of project 'Flask-Cors'\n"
    outcome = listed_again()
    assert outcome.messages == messages
    assert outcome.files()['Flask-3.1.0.tar.gz'].keys() == {'filename', 'hash', 'size', 'upload_timestamp'}
    assert run_list('--strict', 'pool') == (1, b'', messages)


@pytest.mark.parametrize(('name', 'version'), [('Flask', '0.0.0'), ('flask', 'UNKNOWN'), ('UNKNOWN', '0.0.0')])
def test_an_old_sdist_without_a_name_in_its_metadata_is_listed_silently(name: str, version: str) -> None:
    make_tar(POOL / 'Flask-0.1.tar.gz', {'Flask-0.1/PKG-INFO': headers(name, version)})
    outcome = listed_again('--strict')
    assert (outcome.messages, 'Flask-0.1.tar.gz' in outcome.files()) == ('', True)


# ------------------------------------------------------------------------------------------------- overwritten files


@pytest.mark.parametrize('kind', ['wheel', 'sdist'])
def test_a_known_file_with_other_bytes_is_reported(kind: str) -> None:
    make = described_wheel if kind == 'wheel' else described_sdist
    path = make(POOL / 'team', 'MarkupSafe', '3.0.2', 'Summary: first')
    first = listed_again()
    make(POOL / 'team', 'MarkupSafe', '3.0.2', 'Summary: another')
    before = first.files()[f'team/{path.name}']['hash']
    messages = f'{path}: overwritten: it is no longer the file with {before}\n'
    assert run_list('--known', 'known', '--strict', 'pool') == (1, b'', messages)
    outcome = run_list('--known', 'known', 'pool')
    assert (outcome.status, outcome.messages) == (0, messages)
    assert outcome.output == run_list('pool').output
    Path('known').write_bytes(outcome.output)
    assert run_list('--known', 'known', '--strict', 'pool') == (0, outcome.output, '')


def test_a_known_name_with_other_bytes_in_another_directory_is_reported() -> None:
    path = described_wheel(POOL / 'team', 'MarkupSafe', '3.0.2', 'Summary: first')
    before = listed_again().files()[f'team/{path.name}']['hash']
    (POOL / 'others').mkdir()
    path.rename(POOL / 'others' / path.name)
    assert run_list('--known', 'known', 'pool').messages == ''
    path = described_wheel(POOL / 'others', 'MarkupSafe', '3.0.2', 'Summary: another')
    messages = f'{path}: overwritten: it is no longer the file with {before}\n'
    assert run_list('--known', 'known', 'pool').messages == messages


def test_a_touched_file_or_one_with_unknown_hash_is_not_reported_as_overwritten() -> None:
    path = described_wheel(POOL, 'MarkupSafe', '3.0.2')
    first = listed_again()
    os.utime(path, (UPLOADED + 1, UPLOADED + 1))
    assert run_list('--known', 'known', 'pool').messages == ''
    for change in ({'hash': None}, {'hash': f'md5={"0" * 32}'}):
        write_list(Path('known'), [{**first.files()[path.name], **change}])
        assert run_list('--known', 'known', 'pool').messages == ''
    write_list(Path('known'), [{**first.files()[path.name], 'size': 1}])
    path.write_bytes(b'half')
    left_out = f'{path}: left out: it is not a complete zip archive\n'
    assert run_list('--known', 'known', 'pool').messages == left_out


# ------------------------------------------------------------------------------------------------- the same bytes


@pytest.mark.parametrize('text', [',', '>=3.9,', ' , >=3.9 ,, <4 ', '>=3.9,<4', ', ,', 'x', '>=3.9;', '\x0b>=3.9', '*'])
def test_requires_python_is_the_same_in_the_first_run_and_the_next(text: str) -> None:
    described_wheel(POOL, 'Jinja2', '3.1.6', f'Requires-Python: {text}')
    described_sdist(POOL, 'Jinja2', '3.1.6', f'Requires-Python: {text}', 'Requires-Dist: MarkupSafe (>=2.0)')
    listed_again('--strict')
