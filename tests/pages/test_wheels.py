"""Is there a wheel for me: a sentence, or a table of Pythons and platforms whose dots lead to the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.reading import read_html, text_of
from testing.sites import build

NONE = ['-'] * 8


def read_wheels(names: list[str], directory: Path, **values: object) -> tuple[str, list[list[str]], dict[str, str]]:
    """Build an index of one release. Return the words of the section, its table, and each dot's name and file."""
    assert build(directory, [{'filename': f'Some.Name-1{name}', **values} for name in names]) == 0
    page = read_html(directory / 'project/some-name/index.html')
    [section] = [each for each in page.iter('section') if each.get('aria-labelledby') == 'wheels']
    rows = [[text_of(cell).replace('\u2013', '-') for cell in row] for row in section.iter('tr')][2:]
    files = {
        row.get('id'): text_of(row.find('.//a')).removeprefix('Some.Name-1') for row in page.iter('tr') if row.get('id')
    }
    dots = {dot.get('aria-label'): files[dot.get('href')[1:]] for dot in section.iter('a')}
    return ' '.join(map(text_of, section.findall('p'))), rows, dots


def wheel(python: str, abi: str, platform: str) -> str:
    return f'-{python}-{abi}-{platform}.whl'


@pytest.mark.parametrize(
    ('names', 'values', 'expected'),
    [
        pytest.param(['.zip'], {}, 'There is no wheel: installers build from source.', id='source alone'),
        pytest.param(['-py2.7.egg'], {}, 'There is no wheel and no source distribution.', id='an egg alone'),
        pytest.param(
            ['.zip', wheel('py3', 'none', 'any')],
            {'requires_python': '>=3.8'},
            'One wheel for every platform, Python 3.8 and newer.',
            id='pure',
        ),
        pytest.param(
            [wheel('py3', 'none', 'any')],
            {'requires_python': '>=3.8,!=3.9.1'},
            'One wheel for every platform, Python >=3.8,!=3.9.1.',
            id='a specifier of two parts',
        ),
        pytest.param(
            [wheel('py2.py3', 'none', 'any')], {}, 'One wheel for every platform, Python 2 and 3.', id='no specifier'
        ),
        pytest.param(
            [wheel('py3', 'none', 'any'), wheel('py2', 'none', 'any')],
            {},
            'Wheels for every platform, Python 2 and 3.',
            id='one for each Python',
        ),
    ],
)
def test_a_sentence_is_enough(names: list[str], values: dict[str, str], expected: str, tmp_path: Path) -> None:
    assert read_wheels(names, tmp_path / 'site', **values) == (expected, [], {})


@pytest.mark.parametrize(
    ('names', 'words', 'expected'),
    [
        pytest.param(
            [
                '.zip',
                wheel('cp39', 'cp39', 'win_amd64'),
                wheel('cp310', 'cp310', 'musllinux_1_2_aarch64'),
                wheel('cp310', 'cp310', 'linux_x86_64'),
                wheel('pp310', 'pypy310_pp73', 'manylinux_2_28_aarch64.manylinux_2_17_aarch64'),
                wheel('cp313', 'cp313t', 'macosx_11_0_universal2'),
            ],
            'Other platforms build from source.',
            [
                ['3.13t free-threaded', '-', '-', '-', '-', '●', '●', '-', '-'],
                ['3.10', '●', '-', '-', '●', '-', '-', '-', '-'],
                ['PyPy 3.10', '-', '●', '-', '-', '-', '-', '-', '-'],
                ['3.9', '-', '-', '-', '-', '-', '-', '●', '-'],
            ],
            id='newest first',
        ),
        pytest.param(
            [wheel('cp39', 'abi3', 'win_arm64'), wheel('cp311', 'abi3', 'musllinux_1_1_x86_64')],
            'There is no source distribution for other platforms.',
            [
                ['3.11 and newer', '-', '-', '●', '-', '-', '-', '-', '●'],
                ['3.10', *NONE[1:], '●'],
                ['3.9', *NONE[1:], '●'],
            ],
            id='the stable ABI fills the rows that it serves',
        ),
        pytest.param(
            [wheel('cp312', 'abi3', 'win_arm64'), wheel('cp313', 'cp313', 'win_amd64')],
            'There is no source distribution for other platforms.',
            [
                ['3.14 and newer', *NONE[1:], '●'],
                ['3.13', *NONE[2:], '●', '●'],
                ['3.12', *NONE[1:], '●'],
            ],
            id='the stable ABI is newer than any Python that is named',
        ),
        pytest.param(
            [
                wheel('cp315', 'abi3.abi3t', 'win_amd64'),
                wheel('cp316', 'abi3t', 'win_arm64'),
                wheel('cp314', 'cp314t', 'win_arm64'),
            ],
            'There is no source distribution for other platforms.',
            [
                ['3.16t free-threaded and newer', *NONE[2:], '●', '●'],
                ['3.15 and newer', *NONE[2:], '●', '-'],
                ['3.15t free-threaded', *NONE[2:], '●', '-'],
                ['3.14t free-threaded', *NONE[1:], '●'],
            ],
            id='the stable ABI of PEP 803',
        ),
        pytest.param(
            [wheel('py3', 'none', 'win_amd64'), wheel('py37', 'none', 'win_arm64')],
            'There is no source distribution for other platforms.',
            [
                ['Python 3.7 and newer', *NONE[2:], '●', '●'],
                ['Python 3', *NONE[2:], '●', '-'],
            ],
            id='any Python',
        ),
        pytest.param(
            [wheel('py3', 'none', 'any'), wheel('cp312', 'cp312', 'win_amd64'), wheel('cp27', 'cp27mu', 'win_arm64')],
            'There is no source distribution for other platforms.',
            [['3.12', *['●'] * 8], ['other Python 3', *['●'] * 8], ['2.7', *NONE[1:], '●']],
            id='a pure wheel for the others',
        ),
        pytest.param(
            [wheel('cp3', 'abi3', 'win_amd64'), wheel('Odd!', 'none', 'win_arm64')],
            'There is no source distribution for other platforms.',
            [['CPython 3', *NONE[2:], '●', '-']],
            id='tags that nobody should use',
        ),
        pytest.param(
            [
                '.zip',
                wheel('cp313', 'cp313', 'manylinux_2_28_s390x'),
                wheel('cp313', 'cp313', 'manylinux_2_28_i686'),
                wheel('cp313', 'cp313', 'musllinux_1_2_s390x'),
                wheel('cp313', 'cp313', 'pyemscripten_2026_0_wasm32'),
                wheel('graalpy', 'none', 'plan9'),
            ],
            'Wheels: Linux i686 and s390x; Linux (musl) s390x; Pyodide wasm32; plan9. '
            'Other platforms build from source.',
            [],
            id='other platforms alone',
        ),
        pytest.param(
            [wheel('cp38', 'cp38', 'win32'), wheel('cp313', 'cp313', 'win32'), wheel('cp313', 'cp313', 'win_amd64')],
            'Wheels for other platforms: Windows x86. There is no source distribution for other platforms.',
            [['3.13', *NONE[2:], '●', '-']],
            id='other platforms, too, alone for one Python',
        ),
    ],
)
def test_a_table_says_for_which_pythons_and_platforms_there_are_wheels(
    names: list[str], words: str, expected: list[list[str]], tmp_path: Path
) -> None:
    assert read_wheels(names, tmp_path / 'site')[:2] == (words, expected)


def test_a_dot_leads_to_the_wheel_that_installers_prefer_and_has_a_name(tmp_path: Path) -> None:
    names = [
        '.zip',
        wheel('py3', 'none', 'any'),
        wheel('py3', 'none', 'win_amd64'),
        wheel('cp312', 'cp312', 'win_amd64'),
        wheel('cp312', 'cp312', 'win_arm64'),
        wheel('cp312', 'cp312', 'manylinux2014_x86_64'),
        wheel('cp312', 'cp312', 'manylinux_2_28_x86_64'),
    ]
    dots = read_wheels(names, tmp_path / 'site')[2]
    assert {name: file for name, file in dots.items() if not name.startswith('other')} == {
        '3.12 Linux x86_64': '-cp312-cp312-manylinux2014_x86_64.whl',
        '3.12 Linux arm64': '-py3-none-any.whl',
        '3.12 musl x86_64': '-py3-none-any.whl',
        '3.12 musl arm64': '-py3-none-any.whl',
        '3.12 macOS x86_64': '-py3-none-any.whl',
        '3.12 macOS arm64': '-py3-none-any.whl',
        '3.12 Windows x86_64': '-cp312-cp312-win_amd64.whl',
        '3.12 Windows arm64': '-cp312-cp312-win_arm64.whl',
    }
    assert dots['other Python 3 Windows x86_64'] == '-py3-none-win_amd64.whl'
    assert dots['other Python 3 Windows arm64'] == '-py3-none-any.whl'


def test_tags_of_any_number_make_no_long_table(tmp_path: Path) -> None:
    """A tag may hold any number, and a wheel a hundred tags."""
    names = [wheel('.'.join(f'cp3{n}' for n in range(start, start + 30)), 'none', 'win_arm64') for start in (100, 130)]
    names += [wheel('cp39999', 'abi3', 'win_amd64'), wheel('cp37', 'abi3', 'win_amd64')]
    assert len(read_wheels(names, tmp_path / 'site')[1]) == 40


@pytest.mark.parametrize('kind', ['{}-none-any', 'cp39-none-{}'])
def test_there_is_no_table_of_thousands(kind: str, tmp_path: Path) -> None:
    names = [wheel(*kind.format('.'.join(f'{letter}{n}' for n in range(40))).split('-')) for letter in 'bcdefg']
    _, rows, _ = read_wheels(names[:5], tmp_path / 'fine')
    words, _, _ = read_wheels(names, tmp_path / 'site')
    assert (len(rows), words) == (
        40 if kind.startswith('{') else 0,
        'There is no source distribution for other platforms.',
    )


def read_files(names: list[str], directory: Path) -> list[str]:
    assert build(directory, [{'filename': f'Some.Name-1{name}'} for name in names]) == 0
    page = read_html(directory / 'project/some-name/index.html')
    [section] = [each for each in page.iter('section') if each.get('aria-labelledby') == 'files']
    return [text_of(row.find('.//a')).removeprefix('Some.Name-1') for row in section.find('.//tbody')]


@pytest.mark.parametrize(
    'names',
    [
        ['.tar.gz', wheel('cp39', 'cp39', 'win32'), wheel('cp310', 'cp310', 'win32'), wheel('pp310', 'x', 'win32')],
        ['.zip', wheel('py3', 'none', 'any')],
        ['.zip'],
    ],
)
def test_source_comes_first_and_versions_as_people_count(names: list[str], tmp_path: Path) -> None:
    assert read_files(names[::-1], tmp_path / 'site') == names
