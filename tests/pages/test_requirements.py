"""The requirements of a release on the pages and in the legacy JSON API."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dumb_pypi.pages.requirements import Requirement, group_requirements, read_requirement
from testing.reading import read_html, text_of
from testing.sites import build

NT = "os_name=='nt'"


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        pytest.param('a', ('a', '', ''), id='a name'),
        pytest.param('a[b]>=1,<2', ('a', '[b]>=1,<2', ''), id='extras and versions'),
        pytest.param('a (>=1.0.*)', ('a', '>=1.0.*', ''), id='as in old metadata'),
        pytest.param('a @ https://x.example.com/a.zip', ('a', '@ https://x.example.com/a.zip', ''), id='a URL'),
        pytest.param('a; python_version<"3"', ('a', '', 'python_version<"3"'), id='a marker'),
        pytest.param(f'a; ({NT})', ('a', '', NT), id='a marker in brackets'),
        pytest.param(f'a; ({NT}) and ({NT})', ('a', '', f'({NT}) and ({NT})'), id='two of them'),
        pytest.param(f'a; ({NT}', ('a', '', f'({NT}'), id='half a bracket'),
        pytest.param('a; extra != "b"', ('a', '', 'extra != "b"'), id='without an extra'),
        pytest.param(
            'a; platform_version == "extra == \'b\'"',
            ('a', '', 'platform_version == "extra == \'b\'"'),
            id='an extra in quotes',
        ),
        pytest.param('a; extra == "b" and extra == "c"', ('a', '', 'extra == "b" and extra == "c"'), id='two extras'),
        pytest.param('<b>', ('', '<b>', ''), id='none'),
        pytest.param('<b>; extra == "b"', ('', '<b>; extra == "b"', ''), id='none, for an extra'),
    ],
)
def test_a_requirement_is_split_into_its_parts(text: str, expected: tuple[str, str, str]) -> None:
    assert read_requirement(text) == {None: Requirement(*expected)}


@pytest.mark.parametrize(
    ('marker', 'expected'),
    [
        pytest.param('extra == "b"', {'b': ''}, id='an extra'),
        pytest.param('extra == "Y_z"', {'y-z': ''}, id='in a strange spelling'),
        pytest.param('"W" == extra', {'w': ''}, id='the other way round'),
        pytest.param("'b'===extra", {'b': ''}, id='three equals signs'),
        pytest.param(f"{NT} and extra=='b'", {'b': NT}, id='behind'),
        pytest.param(f"extra=='b' and {NT}", {'b': NT}, id='in front'),
        pytest.param(f"({NT}) and (extra=='b')", {'b': NT}, id='in brackets'),
        pytest.param(f"extra=='b' and ({NT} or a=='b')", {'b': f"{NT} or a=='b'"}, id='before brackets'),
        pytest.param(f"extra=='b' or {NT}", {'b': '', None: NT}, id='or'),
        pytest.param("extra=='b' or extra=='c'", {'b': '', 'c': ''}, id='one of several'),
        pytest.param(f"{NT} and (extra=='b' or extra=='c')", {'b': NT, 'c': NT}, id='one of several, and more'),
        pytest.param(f"(extra=='b' and {NT}) or (extra=='b' and a=='b')", {'b': f"{NT} or a=='b'"}, id='spelled out'),
        pytest.param(f"extra=='b' and {NT} or extra=='b'", {'b': ''}, id='or without more'),
        pytest.param(
            f"a=='b' or (extra=='b' and a=='c' or {NT})",
            {None: f"a=='b' or (extra=='b' and a=='c' or {NT})"},
            id='too deep',
        ),
    ],
)
def test_a_marker_says_for_which_extras_a_requirement_is_one(marker: str, expected: dict[str | None, str]) -> None:
    assert read_requirement(f'a>1; {marker}') == {
        extra: Requirement('a', '>1', rest) for extra, rest in expected.items()
    }


def test_requirements_are_grouped_by_extra() -> None:
    a, b, c = (Requirement(name, '', '') for name in 'abc')
    assert group_requirements(['a', 'c; extra=="Y_z"', 'b; extra=="x"', 'b; extra=="y-z"']) == (
        [a],
        [('x', [b]), ('y-z', [c, b])],
    )


@pytest.mark.parametrize(
    'marker', ['(' * 50_000, '(' * 50_000 + ')' * 50_000, 'extra == "a" or ' * 10_000, '("a" == extra and ' * 10_000]
)
def test_no_marker_takes_long(marker: str) -> None:
    assert read_requirement(f'a; {marker}').keys() <= {None, 'a'}


def test_pages_and_json_see_the_same_extras(tmp_path: Path) -> None:
    texts = [
        'Flask>=3; extra == "Y_z"',
        'click; "W" == extra',
        "PyYAML (>=5.1); (os_name == 'nt') and extra=='Docs.Html'",
        'six; extra == "one" or extra == "two"',
        'zope.interface; python_version < "3.9"',
        '<b>; extra == "not"',
    ]
    line = {'filename': 'Foo-1.0-py3-none-any.whl', 'requires_dist': texts}
    assert build(tmp_path / 'site', [line]) == 0
    expected = ['docs-html', 'one', 'two', 'w', 'y-z']
    info = json.loads((tmp_path / 'site/pypi/foo/json').read_bytes())['info']
    assert (info['provides_extra'], info['requires_dist']) == (expected, texts)
    page = (tmp_path / 'site/project/foo/index.html').read_text(encoding='utf-8')
    assert re.findall(r'<summary>\[(.*?)\]', page) == expected


def test_a_requirement_with_many_extras_does_not_fill_a_page(tmp_path: Path) -> None:
    extras = ' or '.join(f'extra == "x{number}"' for number in range(500))
    text = f'Flask; ({extras}) and python_version > "{"3" * 5_000}"'
    line = {'filename': 'Foo-1.0-py3-none-any.whl', 'requires_dist': [text]}
    assert build(tmp_path / 'site', [line]) == 0
    assert (tmp_path / 'site/project/foo/index.html').stat().st_size < 150_000
    info = json.loads((tmp_path / 'site/pypi/foo/json').read_bytes())['info']
    assert (info['provides_extra'], info['requires_dist']) == ([], [text])


@pytest.mark.parametrize(
    ('values', 'expected'),
    [
        pytest.param({}, 'Unknown: the list of packages does not say.', id='unknown'),
        pytest.param({'requires_dist': []}, 'Nothing.', id='none'),
        pytest.param({'requires_dist': ['Flask; extra == "web"']}, 'Nothing without an extra.', id='extras alone'),
    ],
)
def test_pages_tell_unknown_requirements_from_none(values: dict[str, object], expected: str, tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': 'Foo.Bar-1.0.tar.gz', **values}]) == 0
    for path in ('index.html', '1.0/index.html'):
        page = read_html(tmp_path / 'site/project/foo-bar' / path)
        [section] = [each for each in page.iter('section') if each.get('aria-labelledby') == 'requires']
        assert text_of(section.find('p')) == expected
