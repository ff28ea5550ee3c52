"""The line that says for which machines there are wheels, and two menus to choose from."""

from __future__ import annotations

import pytest

from dumb_pypi.package_list.projects import File, parse_family
from dumb_pypi.pages.wheels import in_order, make_choice


def files(*names: str, size: int | None = None) -> list[File]:
    more = '' if size is None else f', "size": {size}'
    lines = enumerate(f'{{"filename": "a-1{name}"{more}}}'.encode() for name in names)
    projects, problems = parse_family(lines, '../../pool/')
    assert problems == []
    return list(projects['a'].files)


def wheel(python: str, abi: str, platform: str) -> str:
    return f'-{python}-{abi}-{platform}.whl'


@pytest.mark.parametrize(
    ('names', 'line', 'pythons', 'platforms'),
    [
        pytest.param(['.zip'], 'source', [], [], id='only source'),
        pytest.param(
            ['.zip', wheel('py3', 'none', 'any')], 'Python 3, any platform; source too', ['Python 3'], [], id='pure'
        ),
        pytest.param(
            [wheel(f'cp3{n}', f'cp3{n}', 'win_amd64') for n in (9, 10, 11, 13)],
            'CPython 3.9 to 3.11 and 3.13, Windows x86_64',
            ['CPython 3.9', 'CPython 3.10', 'CPython 3.11', 'CPython 3.13'],
            ['Windows x86_64'],
            id='versions that follow each other',
        ),
        pytest.param(
            [wheel('cp39', 'abi3', 'win_amd64'), wheel('cp315', 'abi3t', 'win_arm64')],
            'CPython 3.9 and newer, CPython 3.15 and newer free-threaded, Windows x86_64 and ARM64',
            ['CPython 3.9', 'CPython 3.15, free-threaded'],
            ['Windows x86_64', 'Windows ARM64'],
            id='the stable ABI, and that of PEP 803',
        ),
        pytest.param(
            [wheel('cp315', 'abi3.abi3t', 'macosx_11_0_universal2'), wheel('pp311', 'pypy311_pp73', 'win32')],
            'CPython 3.15 and newer, CPython 3.15 and newer free-threaded, PyPy 3.11, Windows x86, macOS',
            ['CPython 3.15', 'CPython 3.15, free-threaded', 'PyPy 3.11'],
            ['Windows x86', 'macOS x86_64', 'macOS arm64'],
            id='both of them in one file',
        ),
        pytest.param(
            [
                wheel('cp313', 'cp313t', f'{libc}_{machine}')
                for machine in ('x86_64', 'aarch64', 'ppc64le', 's390x', 'riscv64')
                for libc in ('manylinux_2_28', 'musllinux_1_2')
            ],
            'CPython 3.13 free-threaded, Linux x86_64, aarch64, ppc64le and 2 more',
            ['CPython 3.13, free-threaded'],
            [
                f'Linux {machine} ({libc})'
                for machine in ('x86_64', 'aarch64', 'ppc64le', 'riscv64', 's390x')
                for libc in ('glibc', 'musl')
            ],
            id='many machines',
        ),
        pytest.param(
            ['-py2.7.egg', '-py2.6-win32.egg', '.win32.exe', '-1.noarch.rpm'],
            'CPython 2.6 and 2.7, Windows x86, any platform',
            ['CPython 2.6', 'CPython 2.7'],
            ['Windows x86'],
            id='old formats',
        ),
        pytest.param(
            [wheel('cp314', 'cp314', 'pyemscripten_2026_0_wasm32'), wheel('cp314', 'cp314', 'android_24_x86_64')],
            'CPython 3.14, Android x86_64, Pyodide wasm32',
            ['CPython 3.14'],
            ['Android x86_64', 'Pyodide wasm32'],
            id='other platforms',
        ),
        pytest.param(
            [wheel('Odd!', 'none', 'any'), wheel('graalpy', 'none', 'plan9')],
            'GraalPy, plan9',
            ['GraalPy'],
            ['plan9'],
            id='unknown tags',
        ),
    ],
)
def test_a_release_names_the_systems_that_it_has_files_for(
    names: list[str], line: str, pythons: list[str], platforms: list[str]
) -> None:
    choice = make_choice(files(*names))
    assert (choice.line, choice.pythons, choice.platforms) == (line, pythons, platforms)


def test_a_file_is_shown_for_every_system_that_it_runs_on() -> None:
    listed = files(
        '.zip',
        wheel('cp310', 'cp310', 'win32'),
        wheel('cp312', 'abi3', 'any'),
        wheel('cp313', 'cp313', 'win_amd64.win32'),
        wheel('cp313', 'cp313t', 'win_amd64'),
        wheel('py3', 'none', 'win32'),
        size=1_000_000,
    )
    choice = make_choice(listed)
    assert choice.pythons == ['CPython 3.10', 'CPython 3.12', 'CPython 3.13', 'CPython 3.13, free-threaded']
    assert choice.platforms == ['Windows x86_64', 'Windows x86']
    assert {file.filename: row for file, row in zip(listed, choice.rows, strict=True)} == {
        'a-1.zip': ('', ''),
        'a-1-cp310-cp310-win32.whl': ('0', '1'),
        'a-1-cp312-abi3-any.whl': ('1 2', ''),
        'a-1-cp313-cp313-win_amd64.win32.whl': ('2', ''),
        'a-1-cp313-cp313t-win_amd64.whl': ('3', '0'),
        'a-1-py3-none-win32.whl': ('', '1'),
    }
    assert choice.line.endswith('; source too; 6.0 MB in all')


def test_source_comes_first_and_versions_are_in_natural_order() -> None:
    names = [wheel('cp310', 'cp310', 'win32'), wheel('cp39', 'cp39', 'win32'), wheel('pp310', 'x', 'win32'), '.tar.gz']
    assert [file.filename.removeprefix('a-1') for file in in_order(files(*names))] == [
        '.tar.gz',
        names[1],
        names[0],
        names[2],
    ]
    assert [file.filename for file in in_order(files(wheel('py3', 'none', 'any'), '.zip'))] == [
        'a-1.zip',
        'a-1-py3-none-any.whl',
    ]
    assert len(in_order(files('.zip'))) == 1


@pytest.mark.parametrize('kind', ['{}-none-any', 'py3-none-{}'])
def test_a_menu_never_has_thousands_of_entries(kind: str) -> None:
    names = [wheel(*kind.format('.'.join(f'{letter}{n}' for n in range(40))).split('-')) for letter in 'bcdefg']
    fine = make_choice(files('.zip', *names[:5]))
    assert max(len(fine.pythons), len(fine.platforms)) == 200
    assert make_choice(files('.zip', *names)) == ('source', [], [], [('', '')] * 7)
