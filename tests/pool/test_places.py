"""Several POOLs: directories and single files, the paths of their files in the list, and the URLs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from testing.pools import Outcome, described_sdist, described_wheel, make_pool, run_list

WHEEL = 'Foo-1.0-py3-none-any.whl'


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def listed(*arguments: str) -> Outcome:
    outcome = run_list(*arguments)
    assert (outcome.status, outcome.messages) == (0, '')
    return outcome


@pytest.fixture
def pools() -> None:
    """Make three directories beside each other, each with its own file, and a directory in one of them."""
    described_wheel(Path('pool', 'cu121'), 'Foo', '1.0', 'Summary: Foo')
    described_sdist(Path('pool', 'cu121', 'old'), 'Foo', '0.9')
    described_sdist(Path('pool', 'common'), 'bar', '1.0')
    described_sdist(Path('pool', 'cpu'), 'baz', '1.0')


PATHS: dict[str, tuple[list[str], list[str]]] = {
    'a directory': (['pool/cu121'], [WHEEL, 'old/Foo-0.9.tar.gz']),
    'two directories': (['pool/cu121', 'pool/common'], ['bar-1.0.tar.gz', WHEEL, 'old/Foo-0.9.tar.gz']),
    'a file': ([f'pool/cu121/{WHEEL}'], [WHEEL]),
    'two files': (['pool/common/bar-1.0.tar.gz', f'./pool/cu121/{WHEEL}'], ['bar-1.0.tar.gz', WHEEL]),
    'a file and a directory': (
        ['pool/common/bar-1.0.tar.gz', 'pool/cu121/'],
        ['bar-1.0.tar.gz', WHEEL, 'old/Foo-0.9.tar.gz'],
    ),
    'a file twice': ([f'pool/cu121/{WHEEL}', f'pool/cu121/../cu121/{WHEEL}'], [WHEEL]),
    'a file and its directory': ([f'pool/cu121/{WHEEL}', 'pool/cu121'], [WHEEL, 'old/Foo-0.9.tar.gz']),
    'a directory by two names': (['pool/cu121', 'link', 'file://{}/pool/cu121'], [WHEEL, 'old/Foo-0.9.tar.gz']),
    'directories below a root': (
        ['--root', 'pool', 'pool/cu121', 'pool/common'],
        ['common/bar-1.0.tar.gz', f'cu121/{WHEEL}', 'cu121/old/Foo-0.9.tar.gz'],
    ),
    'the root itself': (
        ['--root', 'pool/cu121/', './pool/cu121', f'pool/cu121/{WHEEL}'],
        [WHEEL, 'old/Foo-0.9.tar.gz'],
    ),
    'a file below a root': (['--root', '.', f'pool/cu121/{WHEEL}'], [f'pool/cu121/{WHEEL}']),
    'a directory in another': (
        ['--root', 'pool', 'pool/cu121/old', 'pool/cu121'],
        [f'cu121/{WHEEL}', 'cu121/old/Foo-0.9.tar.gz'],
    ),
    'the root of all': (['--root', '/', 'pool/common'], ['{}/pool/common/bar-1.0.tar.gz']),
    'URLs below a root': (
        ['--root', 'file://{}/pool', 'file://{}/pool/common', f'file://{{}}/pool/cu121/{WHEEL}'],
        ['common/bar-1.0.tar.gz', f'cu121/{WHEEL}'],
    ),
}


@pytest.mark.parametrize(('arguments', 'expected'), [pytest.param(*case, id=name) for name, case in PATHS.items()])
def test_files_of_a_directory_are_listed_by_path_and_single_files_by_name(
    arguments: list[str], expected: list[str], pools: None
) -> None:
    os.symlink('pool/cu121', 'link')
    here = os.getcwd()
    paths = listed(*(argument.format(here) for argument in arguments)).files().keys()
    assert sorted(paths) == sorted(path.format(here).removeprefix('/') for path in expected)


def test_a_file_in_the_working_directory_is_listed_by_its_name() -> None:
    described_wheel(Path(), 'Foo', '1.0')
    assert listed(WHEEL).files().keys() == {WHEEL}
    Path(f'{WHEEL}.metadata').write_bytes(b'')
    messages = f'{WHEEL}.metadata: ignored: it is not the METADATA of the wheel\n'
    assert run_list(WHEEL, f'{WHEEL}.metadata').messages == messages


def test_a_pattern_of_the_shell_lists_what_the_directory_lists() -> None:
    make_pool(Path('dist'))
    patterned = sorted(map(str, Path('dist').glob('*')))
    assert listed(*patterned) == listed('dist')
    assert listed('--write-metadata', *patterned) == listed('--write-metadata', 'dist')
    with_sidecars = sorted(map(str, Path('dist').glob('*')))
    assert len(with_sidecars) == 12
    assert listed(*with_sidecars) == listed('dist')


def test_an_argument_that_is_no_distribution_is_left_out_with_a_warning(pools: None) -> None:
    Path('SHA256SUMS').touch()
    outcome = run_list('SHA256SUMS', 'pool/common')
    assert (outcome.status, outcome.messages) == (
        0,
        'SHA256SUMS: left out for its name: it is not a distribution file\n',
    )
    assert outcome.files().keys() == {'bar-1.0.tar.gz'}


def test_the_first_of_two_files_with_the_same_path_is_listed() -> None:
    for name in 'ab':
        described_wheel(Path(name), 'Foo', '1.0', f'Summary: In {name}')
        Path(name, f'{WHEEL}.metadata').write_bytes(b'')
    outcome = run_list('--write-metadata', 'b', 'a')
    assert (outcome.status, outcome.messages) == (0, f'a/{WHEEL}: left out: b/{WHEEL} has the same name\n')
    assert outcome.projects()['foo']['summary'] == 'In b'
    assert outcome.files() == listed('b').files()
    assert Path('a', f'{WHEEL}.metadata').read_bytes() == b''
    # In any order, a known file stays, and a broken one is replaced.
    Path('known').write_bytes(outcome.output)
    os.utime(Path('a', WHEEL), (1, 1))
    assert run_list('--known', 'known', 'a', 'b').output == outcome.output
    Path('b', WHEEL).write_bytes(b'garbage')
    assert run_list('b', 'a').projects()['foo']['summary'] == 'In a'


def test_a_missing_pool_is_an_error_even_beside_an_existing_one(pools: None) -> None:
    cases = {
        'gone': 'cannot read gone: No such file or directory\n',
        'gone/*.whl': 'cannot read gone/*.whl: No such file or directory\n',
        'pool/common/bar-1.0.tar.gz/in': 'cannot read pool/common/bar-1.0.tar.gz/in: Not a directory\n',
    }
    for argument, expected in cases.items():
        assert run_list('pool/cu121', argument) == (1, b'', expected)
        assert run_list('--root', '.', 'pool/cu121', argument) == (1, b'', expected.replace('read ', 'read ./'))


def test_a_device_as_an_argument_is_left_out_with_a_warning() -> None:
    os.mkfifo(WHEEL)
    outcome = run_list(WHEEL)
    assert outcome == (0, b'', f'{WHEEL}: left out: it is empty, or not a regular file\n')


# ------------------------------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ('base', 'expected'),
    [
        ('https://files.example.com/v1/', 'https://files.example.com/v1/'),
        ('https://files.example.com/v1', 'https://files.example.com/v1/'),
        ('../other', '../other/'),
        ('/other/', '/other/'),
    ],
)
def test_the_lines_of_a_pool_get_its_url(base: str, expected: str) -> None:
    described_wheel(Path('pool', 'a b'), 'Foo', '1.0+cu121')
    Path('pool', 'a b', 'Foo-1.0+cu121-py3-none-any.whl.provenance').touch()
    lines = listed('--base-url', base, '--write-metadata', 'pool').lines
    assert [line.get('url') for line in lines] == [
        f'{expected}a%20b/Foo-1.0%2Bcu121-py3-none-any.whl',
        f'{expected}a%20b/Foo-1.0%2Bcu121-py3-none-any.whl.provenance',
    ]
    assert [line['filename'] for line in lines] == [
        'a b/Foo-1.0+cu121-py3-none-any.whl',
        'a b/Foo-1.0+cu121-py3-none-any.whl.provenance',
    ]
    assert 'core_metadata' in lines[0]


def test_a_known_file_gets_the_url_of_this_run() -> None:
    described_wheel(Path('pool'), 'Foo', '1.0')
    Path('known').write_bytes(listed('--base-url', 'https://old.example.com/', 'pool').output)
    assert listed('--known', 'known', 'pool') == listed('pool')
    assert 'old.example.com' in listed('--known', 'known', '--add', 'pool').output.decode()
    shutil.rmtree('pool')
    Path('pool').mkdir()
    assert listed('--known', 'known', '--add', 'pool').output == Path('known').read_bytes()
