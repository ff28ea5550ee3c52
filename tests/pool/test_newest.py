"""`--newest`: the newest releases stay in the list, and files of the others are not opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.pools import described_sdist, described_wheel, run_list, settled
from testing.sites import write_list

VERSIONS = ['1.0', '1.0.0', '1.0+cpu', '1.0+cu121', '1.1rc1', '1.1.dev3', '2!0.1', 'r9', 'r10', '1.0.post1']


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def garbage(name: str) -> None:
    """Write a file that would be left out with a warning if it were opened."""
    path = Path('pool', name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'garbage')
    settled(path)


@pytest.mark.parametrize(
    ('count', 'expected'),
    [
        (1, ['2!0.1']),
        (2, ['1.1rc1', '2!0.1']),
        (3, ['1.1.dev3', '1.1rc1', '2!0.1']),
        (4, ['1.0.post1', '1.1.dev3', '1.1rc1', '2!0.1']),
        (5, ['1.0', '1.0+cpu', '1.0+cu121', '1.0.0', '1.0.post1', '1.1.dev3', '1.1rc1', '2!0.1']),
        (6, ['1.0', '1.0+cpu', '1.0+cu121', '1.0.0', '1.0.post1', '1.1.dev3', '1.1rc1', '2!0.1', 'r10']),
        (7, sorted(VERSIONS)),
        (99, sorted(VERSIONS)),
    ],
)
def test_the_newest_releases_of_each_project_stay(count: int, expected: list[str]) -> None:
    for version in VERSIONS:
        path = described_sdist(Path('pool'), 'Foo.Bar', version)
        path.rename(path.with_name(f'Foo.Bar-{version}.tar.gz'))
    described_wheel(Path('pool'), 'other', '0.1')
    outcome = run_list('--newest', str(count), 'pool')
    assert (outcome.status, outcome.messages) == (0, '')
    found = [path.removeprefix('Foo.Bar-').removesuffix('.tar.gz') for path in outcome.files() if 'Foo' in path]
    assert sorted(found) == expected
    assert 'other-0.1-py3-none-any.whl' in outcome.files()


def test_files_of_older_releases_are_not_opened_and_give_no_message() -> None:
    garbage('Foo-1.0-py3-none-any.whl')
    garbage('a-Foo/Foo-1.0-py3-none-any.whl')
    described_wheel(Path('pool'), 'Foo', '2.0', 'Summary: new')
    outcome = run_list('--newest', '1', '--strict', 'pool')
    assert (outcome.status, outcome.messages) == (0, '')
    assert outcome.files().keys() == {'Foo-2.0-py3-none-any.whl'}


def test_a_newest_release_that_cannot_be_read_gives_way_to_the_one_before_it() -> None:
    """Uploading garbage does not make a project vanish."""
    garbage('Foo-4.0-py3-none-any.whl')
    garbage('Foo-3.0-py3-none-any.whl')
    described_wheel(Path('pool'), 'Foo', '2.0', 'Summary: As of 2.0')
    described_wheel(Path('pool'), 'Foo', '1.0')
    garbage('Foo-0.1-py3-none-any.whl')
    outcome = run_list('--newest', '1', 'pool')
    assert outcome.files().keys() == {'Foo-2.0-py3-none-any.whl'}
    assert outcome.projects() == {'foo': {'project': 'foo', 'summary': 'As of 2.0'}}
    assert outcome.messages == (
        'pool/Foo-3.0-py3-none-any.whl: left out: it is not a complete zip archive\n'
        'pool/Foo-4.0-py3-none-any.whl: left out: it is not a complete zip archive\n'
    )


def test_known_releases_are_counted_with_new_ones() -> None:
    lines = [{'filename': f'foo-{version}.tar.gz', 'size': 1} for version in ('1.0', '1.1', '1.2')]
    write_list(Path('known'), [*lines, {'filename': 'bar-1.0.tar.gz', 'size': 1}])
    described_sdist(Path('dist'), 'foo', '1.1.5')
    described_sdist(Path('dist'), 'foo', '0.9')
    outcome = run_list('--known', 'known', '--add', '--newest', '2', 'dist')
    assert (outcome.status, outcome.messages) == (0, '')
    assert [*outcome.files()] == ['bar-1.0.tar.gz', 'foo-1.1.5.tar.gz', 'foo-1.2.tar.gz']


def test_a_fact_about_a_file_of_an_older_release_gives_no_warning() -> None:
    for version in ('1.0', '2.0'):
        described_sdist(Path('pool'), 'foo', version)
    write_list(Path('facts'), [{'filename': 'foo-1.0.tar.gz', 'yanked': True}])
    assert run_list('--newest', '1', '--strict', '--facts', 'facts', 'pool').status == 0


def test_a_variants_file_does_not_count_as_a_release_and_stays_with_its_wheels() -> None:
    described_wheel(Path('pool'), 'foo', '1.0')
    for version in ('1.0', '2.0'):
        garbage(f'foo-{version}-variants.json')
    garbage('bar-1.0-variants.json')
    outcome = run_list('--newest', '1', 'pool')
    assert outcome.projects() == {}
    assert [*outcome.files()] == ['foo-1.0-py3-none-any.whl', 'foo-1.0-variants.json']


# ------------------------------------------------------------------------------------------------- variants


@pytest.mark.parametrize('name', ['foo_bar-1.0-py3-none-any-cu128.whl', 'foo_bar-1.0-1build-py3-none-any-cu128.whl'])
def test_a_release_with_variants_but_no_variants_file_gets_one_warning(name: str) -> None:
    for version in ('1.0', '2.0', '3.0'):
        path = described_wheel(Path('pool'), 'foo_bar', version)
        path.rename(path.with_name(name.replace('1.0', version)))
    described_wheel(Path('pool'), 'foo_bar', '2.0', tag='1build-py3-none-any')
    other = described_wheel(Path('pool'), 'foo_bar', '2.0')
    other.rename(other.with_name('foo_bar-2.0-py3-none-any-cpu.whl'))
    garbage('Foo_Bar-3.0.0-variants.json')
    write_list(Path('known'), [{'filename': name.replace('1.0', '0.9')}, {'filename': 'foo_bar-0.8-py3-none-any.whl'}])
    outcome = run_list('--known', 'known', '--add', 'pool')
    first = min(path for path in outcome.files() if path.startswith('foo_bar-2.0') and 'any-' in path)
    says = 'installers cannot choose this variant without foo_bar-{}-variants.json\n'
    assert outcome.messages == (
        f'{name.replace("1.0", "0.9")}: {says.format("0.9")}'
        f'pool/{name}: {says.format("1.0")}'
        f'pool/{first}: {says.format("2.0")}'
    )
    assert outcome.status == 0
