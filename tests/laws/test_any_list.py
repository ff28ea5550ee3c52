"""What holds for every list, however hostile: nothing outside, no markup of others, and values that survive."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dumb_pypi.errors import NotADistribution
from dumb_pypi.main import main
from dumb_pypi.package_list.families import line_words
from dumb_pypi.package_list.file_names import _USUAL_SDIST, _USUAL_WHEEL, Distribution, identify
from dumb_pypi.package_list.lines import (
    FACTS_KEYS,
    PACKAGE_KEYS,
    Facts,
    Package,
    Parsed,
    encode,
    parse_any_line,
    parse_line,
)
from testing.sites import build, mtimes, tree, write_list
from testing.states import entries, without_own
from testing.tools import ROOT

DETERMINISTIC = 'CI' in os.environ

# Every element and attribute that our own templates write; whatever else turns up came in with the list.
ALLOWED: dict[str, set[str]] = {
    'html': {'lang'},
    'head': set(),
    'meta': {'charset', 'content', 'http-equiv', 'name'},
    'title': set(),
    'link': {'href', 'rel', 'type'},
    'script': {'defer', 'src'},
    'body': set(),
    'header': set(),
    'div': {'class', 'hidden', 'role'},
    'img': {'alt', 'height', 'src', 'width'},
    'span': {'class', 'data-form', 'id'},
    'nav': {'aria-label', 'class'},
    'form': set(),
    'label': {'class', 'for'},
    'input': {
        'aria-describedby',
        'autocapitalize',
        'autocomplete',
        'enterkeyhint',
        'id',
        'name',
        'placeholder',
        'spellcheck',
        'type',
    },
    'kbd': {'aria-hidden'},
    'p': {'class', 'hidden', 'role'},
    'ol': {'aria-label', 'class'},
    'button': {'type'},
    'main': {'id', 'tabindex'},
    'h1': set(),
    'footer': set(),
    'section': {'aria-labelledby', 'class'},
    'b': set(),
    'br': set(),
    'h2': {'id'},
    'h3': set(),
    'pre': set(),
    'code': set(),
    'li': set(),
    'time': {'datetime'},
    'ul': {'class'},
    'small': set(),
    'details': {'class', 'open'},
    'summary': set(),
    'table': {'class', 'id'},
    'caption': {'class'},
    'thead': set(),
    'tr': set(),
    'th': {'scope'},
    'tbody': set(),
    'td': set(),
    'strong': set(),
    'a': {
        'class',
        'data-core-metadata',
        'data-provenance',
        'data-requires-python',
        'data-size',
        'data-upload-time',
        'data-yanked',
        'href',
        'rel',
    },
}
# What the column of facts, the choice of wheels and the description have besides.
for _tag, _attributes in {
    'link': {'title'},
    'a': {'aria-current'},
    'dl': {'class'},
    'dt': set(),
    'dd': set(),
    'select': {'data-row'},
    'option': {'value'},
    'span': {'role'},
    'td': {'class'},
    'tr': {'data-platform', 'data-python'},
    'h3': {'class', 'id'},
    'h4': {'id'},
    'div': {'id'},
    'blockquote': set(),
    'pre': set(),
    'br': set(),
}.items():
    ALLOWED[_tag] = ALLOWED.get(_tag, set()) | set(_attributes)

# ------------------------------------------------------------------------------------------------- hostile lists

HOSTILE = (
    '../',
    '..',
    '/',
    '//',
    '\\',
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<!--',
    '-->',
    ']]>',
    '</a>',
    '</title>',
    '</td></tr></table>',
    '"',
    "'",
    '`',
    '>',
    '&amp;',
    '&lt;b&gt;',
    '&#0;',
    '" onload="alert(1)',
    '{{ 7 * 7 }}',
    '{% raw %}',
    '{#',
    '%2e%2e%2f',
    '%',
    '+',
    '#',
    '?',
    ':',
    'javascript:',
    '\0',
    '\n',
    '\r',
    '\t',
    '\x1b[31m',
    '\x85',
    '\u202e',
    '\u2028',
    '\ufdd0',
    '\ufffe',
    '\ud800',
    '\udfff',
    '\U0001f40d',
    '\U0010ffff',
    ' ',
    'json',
)

hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=4).map(''.join)
markup = st.lists(st.sampled_from([text for text in HOSTILE if text.isprintable() and '/' not in text])).map(''.join)
names = st.sampled_from(['foo', 'Foo_Bar', 'foo.bar', 'json', '7'])
versions = st.sampled_from(['1.0', '1.0.0', '1.0a1', '1.0+local.1', '1!2.0', '2004d_2', 'json', '1.0.dev0', '3'])
endings = st.sampled_from(
    [
        '.tar.gz',
        '.zip',
        '-py3-none-any.whl',
        '-1-cp311-cp311-linux_x86_64.whl',
        '-py2.7.egg',
        '.win32.exe',
        '-1.noarch.rpm',
        '-py3-none-any.whl.metadata',
        '.tar.gz.provenance',
    ]
)
file_names = st.builds('{}-{}{}{}'.format, names, versions, st.just('') | markup, endings)
paths = st.builds('{}{}'.format, st.sampled_from(['', '', 'team/a/']) | markup.map('{}/'.format), file_names)
hostile_paths = st.builds('{}{}-{}{}'.format, hostile, names, versions, hostile) | st.builds(''.join, st.lists(hostile))
hex_digits = st.sampled_from('0123456789abcdefABCDEF')
sha256 = st.text(hex_digits, min_size=64, max_size=64)
md5 = st.text(hex_digits, min_size=32, max_size=32)
urls = st.sampled_from(
    [
        'a/b.zip',
        '../b.zip?x=1&y=2',
        '/b.zip',
        '//pypi.example.com/b.zip',
        'https://pypi.example.com/b%22.zip',
        "https://pypi.example.com/'onload='alert(1)",
        'file:///b.zip',
        './javascript:alert(1)',
    ]
)
times = (
    st.integers(0, 2**33 - 1)
    | st.floats(0, 2**33 - 1)
    | st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2242, 1, 1)).map('{0:%Y-%m-%dT%H:%M:%S.%fZ}'.format)
    | st.just('2026-01-02 03:04:05.123456789+0530')
)

# Nearly every one of these is accepted, and its texts must survive.
file_lines = st.fixed_dictionaries(
    {'filename': paths},
    optional={
        'hash': st.builds('sha256={}'.format, sha256),
        'hashes': st.fixed_dictionaries({'md5': md5}),
        'size': st.integers(0, 2**63 - 1),
        'url': urls,
        'requires_python': st.sampled_from(['>=3.8', '>=3.8, <4 , !=3.9.*', '~=3.7', '']) | hostile,
        'requires_dist': st.lists(hostile, max_size=3),
        'core_metadata': st.booleans() | st.just('true') | st.builds('sha256={}'.format, sha256),
        'provenance': st.builds('https://pypi.example.com/{}'.format, st.sampled_from(['', 'a?b=c&d', '%3Cscript%3E'])),
        'upload_timestamp': times,
        'uploaded_by': hostile,
        'yanked': st.booleans(),
        'yanked_reason': st.none() | hostile,
        'name': names,
        'version': versions,
    },
)
project_lines = st.fixed_dictionaries(
    {'project': names},
    optional={
        'summary': hostile,
        'status': st.sampled_from(['active', 'archived', 'deprecated', 'quarantined']),
        'status_reason': hostile,
    },
)
good_lines = st.builds(
    lambda files, projects: files + projects,
    st.lists(file_lines, min_size=1, max_size=5, unique_by=lambda line: line['filename'].rpartition('/')[2]),
    st.lists(project_lines, max_size=2, unique_by=lambda line: line['project'].lower()),
)

# Every hostile text in every place for a text.
EVERY_TEXT: list[dict[str, Any]] = [
    {'project': 'foo', 'summary': ''.join(HOSTILE), 'status': 'archived', 'status_reason': ''.join(HOSTILE)},
    *(
        {
            'filename': f'{text}/foo-1.{number}{text}.zip',
            'requires_python': text,
            'requires_dist': [text],
            'uploaded_by': text,
            'yanked_reason': text,
        }
        for number, text in enumerate(HOSTILE)
    ),
    *({'filename': f'foo-2.{number}.zip', 'uploaded_by': text} for number, text in enumerate(HOSTILE)),
]

# Values of any kind under any key, and lines that are no objects at all.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile | hostile_paths,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(sorted({'filename', 'project', 'hash', 'hashes', 'size', 'url', 'upload_timestamp', 'version'}))
odd_lines = (
    st.dictionaries(keys | hostile, anything, max_size=4)
    | st.builds(lambda line, key, value: {**line, key: value}, file_lines | project_lines, keys | hostile, anything)
    | anything
)
raw_lines = st.one_of(
    good_lines.map(lambda lines: '\n'.join(map(json.dumps, lines)).encode()),
    odd_lines.map(lambda line: json.dumps(line).encode()),
    file_lines.map(lambda line: json.dumps(line, ensure_ascii=False).encode(errors='surrogatepass')),
    file_lines.flatmap(lambda line: st.integers(0, 99).map(lambda end: json.dumps(line).encode()[:end])),
    st.binary(max_size=20),
    (paths | hostile_paths).map(lambda path: path.encode(errors='surrogatepass')),
)
raw_lists = st.lists(raw_lines, max_size=3).map(b'\n'.join)


def slow(max_examples: int) -> settings:
    """Each example builds whole sites."""
    return settings(
        max_examples=max_examples,
        deadline=None,
        derandomize=DETERMINISTIC,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# ------------------------------------------------------------------------------------------------- nothing outside

_watched: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes every path that is written, made, renamed or removed: an audit hook sees whatever Python asks for."""
    if _watched is None:
        return
    if event == 'open':
        path, mode, flags = arguments
        if isinstance(path, str) and (flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(mode or '') & set('wax+')):
            _watched.append(path)
    elif event in ('os.rename', 'os.link', 'os.symlink'):
        _watched.extend(str(path) for path in arguments[:2])
    elif event in ('os.rmdir', 'os.remove') and arguments[1] >= 0:  # relative to a directory that is open
        _watched.append(os.path.join(os.readlink(f'/proc/self/fd/{arguments[1]}'), arguments[0]))
    elif event in ('os.mkdir', 'os.rmdir', 'os.remove', 'os.truncate', 'os.chmod', 'os.chown', 'os.utime'):
        _watched.append(str(arguments[0]))


@pytest.fixture(scope='module', autouse=True)
def _audit(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A hook cannot be removed again, but it can be deaf. What is imported late is imported before."""
    assert build(tmp_path_factory.mktemp('first') / 'site', [{'filename': 'foo-1.0.zip'}]) == 0
    sys.addaudithook(_watch)


@contextlib.contextmanager
def watched_writes() -> Iterator[list[str]]:
    global _watched
    _watched = []
    try:
        yield _watched
    finally:
        _watched = None


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A directory with a file of somebody else beside the site, and one in it."""
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory).resolve()
        for mine in ('mine.txt', 'mine/foo/index.html', 'site/mine.txt', 'site/simple/mine.txt'):
            (top / mine).parent.mkdir(parents=True, exist_ok=True)
            (top / mine).write_bytes(b'mine')
        yield top


def run(top: Path, option: str, *options: str) -> tuple[int, str]:
    """Builds `top/list` into `top/site`: exit status and messages; nothing outside the site may change."""
    arguments = [option, str(top / 'list'), '--output-dir', str(top / 'site')]
    before = {path: (content, mtimes(top)[path]) for path, content in tree(top).items() if not path.startswith('site/')}
    messages = io.StringIO()
    with watched_writes() as writes, contextlib.redirect_stderr(messages):
        status = main([*arguments, '--packages-url', '../../pool/', *options])
    outside = [path for path in writes if not os.path.realpath(path).startswith(f'{top}/site/')]
    assert [path for path in outside if path != str(top / 'site')] == []
    assert writes != []
    after = {path: (content, mtimes(top)[path]) for path, content in tree(top).items() if not path.startswith('site/')}
    assert after == before
    for mine in ('mine.txt', 'simple/mine.txt'):
        assert (top / 'site' / mine).read_bytes() == b'mine'
    assert not list(top.rglob('*.lock')) + list(top.rglob('*.tmp'))
    return status, messages.getvalue()


@pytest.mark.parametrize('option', ['--package-list-json', '--package-list'])
@slow(250)
@given(content=raw_lists)
def test_any_bytes_are_a_list_or_an_error(option: str, content: bytes) -> None:
    with scratch() as top:
        (top / 'list').write_bytes(content)
        before = tree(top / 'site')
        status, messages = run(top, option)
        assert status in (0, 1)
        assert 'Traceback' not in messages
        assert messages.isprintable() or set(messages) <= {'\n'} | set(filter(str.isprintable, messages))
        if status == 1:
            assert messages != ''
            assert tree(top / 'site') == before
        check_pages(top / 'site')


# ------------------------------------------------------------------------------------------------- no markup of others


def check_url(url: str) -> None:
    scheme = url.partition(':')[0] if ':' in url.partition('/')[0] else ''
    assert scheme in ('', 'http', 'https', 'file')


def check_page(content: bytes) -> Counter[str]:
    """Parses a page, allows what the templates write, and returns how often it has each element."""
    root = html5lib.HTMLParser(tree=html5lib.getTreeBuilder('etree'), strict=True, namespaceHTMLElements=False).parse(
        content
    )
    elements: Counter[str] = Counter()
    for element in root.iter():
        assert element.tag in ALLOWED  # a comment has a function for a tag
        assert set(element.keys()) <= ALLOWED[element.tag]
        check_url(element.get('href', ''))
        if element.tag == 'script':
            assert element.get('src').endswith('static/script.js')
            assert element.text is None
        elements[element.tag] += 1
    return elements


def check_pages(site: Path) -> None:
    for path, content in tree(site).items():
        content.decode()
        if path.endswith('.html'):
            elements = check_page(content)
            machine = path.startswith('simple/')
            once = ('html', 'head', 'title', 'body')
            assert [elements[name] for name in once] == [1] * len(once)
            human = {'link': 2, 'script': 1, 'form': 1, 'input': 1, 'img': 1}
            assert {name: elements[name] for name in human} == (dict.fromkeys(human, 0) if machine else human)
        elif path.endswith('.xml'):
            ET.fromstring(content)


def parse(path: Path) -> Any:
    return html5lib.parse(path.read_bytes(), treebuilder='etree', namespaceHTMLElements=False)


def text_of(root: Any) -> str:
    return ''.join(root.itertext())


def anchors(site: Path, name: str) -> dict[str, Mapping[str, str]]:
    """The files that the index page of a project offers: attributes by text."""
    return {anchor.text: anchor.attrib for anchor in parse(site / f'simple/{name}/index.html').iter('a')}


def check_texts(site: Path) -> None:
    """Every text of the list is on its pages, as text."""
    lines = [json.loads(line) for line in (site / 'packages.json').read_text(encoding='utf-8').splitlines()]
    facts = {line['project']: line for line in lines if 'project' in line}
    packages = {line['filename'].rpartition('/')[2]: line for line in lines if 'filename' in line}
    offered = set()
    for name in os.listdir(site / 'project'):
        page = text_of(parse(site / f'project/{name}/index.html'))
        fact = facts.get(name, {})
        assert fact.get('summary', '') in page
        assert fact.get('status_reason', '') in page or fact.get('status', 'active') == 'active'
        for filename, attributes in anchors(site, name).items():
            package = packages[filename]
            offered.add(filename)
            assert filename in page
            assert package.get('requires_python', '') in page
            assert package.get('uploaded_by', '') in page
            assert package.get('yanked_reason', '') in page
            assert attributes.get('data-yanked') == package.get('yanked_reason')
            assert attributes.get('data-requires-python') == package.get('requires_python')
            assert attributes.get('data-provenance') == package.get('provenance')
            assert int(attributes.get('data-size', -1)) == package.get('size', -1)
    quarantined = {name for name, fact in facts.items() if fact.get('status') == 'quarantined'}
    assert quarantined or offered == packages.keys()


@slow(100)
@given(lines=good_lines)
@example(lines=EVERY_TEXT)
def test_every_text_of_a_list_stays_text(lines: list[dict[str, Any]]) -> None:
    with scratch() as top:
        write_list(top / 'list', lines)
        status, _ = run(top, '--package-list-json')
        if status == 0:
            check_pages(top / 'site')
            check_texts(top / 'site')


@slow(50)
@given(title=hostile, logo=st.none() | hostile)
@example(title='\udcff', logo='\udcff')  # what Python makes of an argument that is not UTF-8
@example(title='', logo='http://[')
@example(title='\0', logo='\0')
def test_a_title_and_a_logo_stay_text(title: str, logo: str | None) -> None:
    with scratch() as top:
        write_list(top / 'list', [{'filename': 'foo-1.0.zip', 'upload_timestamp': 0}])
        options = [f'--title={title}', *([] if logo is None else [f'--logo={logo}'])]
        try:
            status, _ = run(top, '--package-list-json', *options)
        except SystemExit as refused:
            # A title of which nothing would be seen, and what is no address of an image, are wrong usage.
            may_be = logo is not None or not any(letter.isprintable() and letter != ' ' for letter in title)
            status = 2 if refused.code == 2 and may_be else -1
        assert status in (0, 2)
        for path in (top / 'site').rglob('*.html'):
            content = path.read_bytes()
            human = 'simple' not in path.relative_to(top / 'site').parts
            if human and logo is not None:
                before, _, rest = content.partition(b'<img src="')
                source, _, after = rest.partition(b'" alt="">')
                assert not set(b'"<>') & set(source)
                content = before + after
            check_page(content)
        if status == 0:
            heading = parse(top / 'site/index.html').find('.//h1')
            assert [letter for letter in heading.text or '' if letter.isprintable() and letter != ' '] == [
                letter for letter in title if letter.isprintable() and letter != ' '
            ]


# ------------------------------------------------------------------------------------------------- values survive


JSON_PARTS = st.sampled_from(
    ['filename', 'name', 'project', 'x', 'filename":', '{', '}', '"', '\\', 'my name', 'é', '/', 'foo']
)
json_texts = st.sampled_from(
    [
        'foo-1.0.zip',
        'a/Bar-1.0.zip',
        'a/',
        '',
        'é-1.0.zip',
        '7z_x-1.0.zip',
        'filename',
        'name',
        'foo',
        'Bar',
        '-x',
        'a"b/c',
    ]
) | st.lists(JSON_PARTS, max_size=3).map(''.join)
json_values = st.recursive(
    st.none() | st.integers(0, 9) | json_texts,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(['filename', 'name', 'project', 'x']), inner, max_size=2)
    ),
    max_leaves=3,
)
KEYS = sorted({*PACKAGE_KEYS, *FACTS_KEYS, 'other', 'another'})


def parsed(line: bytes, parse: Callable[[bytes], Parsed]) -> object:
    """What a line says, with its unknown keys, and warnings; or what is wrong with it."""
    try:
        value, unknown, beyond = parse(line)
    except ValueError as error:
        return type(error), str(error)
    return value, list(unknown), list(beyond)


def parsed_as_usual(line: bytes) -> object:
    return parsed(line, lambda each: parse_line(each, True))


@settings(deadline=None, derandomize=DETERMINISTIC, max_examples=500)
@given(line=file_lines | project_lines)
def test_a_line_survives_its_json(line: dict[str, Any]) -> None:
    try:
        value, _, _ = parse_line(json.dumps(line).encode(), True)
    except ValueError:  # refused
        return
    assert parse_line(encode(value), True) == (value, (), ())


@settings(deadline=None, derandomize=DETERMINISTIC, max_examples=1000)
@given(line=file_lines | project_lines, more=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=3))
def test_a_line_says_what_it_says_when_it_is_read_a_value_at_a_time(line: dict[str, Any], more: dict[str, Any]) -> None:
    for ensure_ascii in (True, False):
        text = json.dumps({**line, **more}, ensure_ascii=ensure_ascii).encode(errors='surrogatepass')
        assert parsed_as_usual(text) == parsed(text, parse_any_line)


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('{"filename":"a-1.zip","filename":"b-1.zip"}', Package('b-1.zip')),
        ('{"filename":"a-1.zip","size":"?","size":1}', Package('a-1.zip', size=1)),
        ('{"filename":"a-1.zip","size":1,"size":null}', Package('a-1.zip')),
        ('{"project":"a","project":"b","extra":1,"extra":2}', Facts('b')),
    ],
)
def test_of_the_same_key_twice_in_one_line_the_last_counts(line: str, expected: Package | Facts) -> None:
    assert parse_line(line.encode(), True)[0] == parse_any_line(line.encode())[0] == expected


@pytest.mark.parametrize('packages_url', ['../../pool/', 'https://pypi.example.com/pool/'])
@slow(75)
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
            # An address that pip cannot use is one in this list as well.
            assert [line for line in messages.getvalue().splitlines() if 'pip finds no such file' not in line] == []
            # The record knows how the lines of the list were spelled.
            assert without_own(entries(top / 'two')) == without_own(entries(top / 'one'))


JSON_PARTS = st.sampled_from(
    ['filename', 'name', 'project', 'x', 'filename":', '{', '}', '"', '\\', 'my name', 'é', '/', 'foo']
)


@st.composite
def json_spellings(draw: st.DrawFn, value: Any = ...) -> str:
    """A value as text: with spaces, escapes of any letter, and, in the line itself, keys in any order and repeated."""
    space = draw(st.sampled_from(['', '', ' ', '\t', '  ']))
    if value is ...:
        keys = st.sampled_from(['filename', 'filename', 'name', 'project', 'x', 'filenames', 'a name', 'xname'])
        pairs = draw(st.lists(st.tuples(keys, json_values), max_size=5))
    elif isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        return f'[{space}{f"{space},".join(draw(json_spellings(each)) for each in value)}]'
    elif isinstance(value, str):
        text: str = json.dumps(value, ensure_ascii=draw(st.booleans()))
        if value.isalnum() and draw(st.integers(0, 4)) == 0:
            text = f'"\\u{ord(value[0]):04x}{value[1:]}"'
        return text
    else:
        return json.dumps(value)
    members = (f'{draw(json_spellings(key))}{space}:{space}{draw(json_spellings(each))}' for key, each in pairs)
    return f'{{{space}{f"{space},{space}".join(members)}{space}}}'


def expected_words(line: dict[str, Any]) -> set[str]:
    def word(text: str) -> str:
        return (re.match('[a-z0-9]*', text, re.IGNORECASE | re.ASCII) or [''])[0].lower()

    filename, name, project = (line.get(key) for key in ('filename', 'name', 'project'))
    if not isinstance(filename, str):  # if it is there, an error, told when the line is parsed
        return {word(project) if isinstance(project, str) else ''}
    return {word(each) for each in (filename.split('/')[-1], name) if isinstance(each, str)}


@settings(deadline=None, derandomize=DETERMINISTIC, max_examples=500)
@given(text=json_spellings())
@example(text='{"x":{"filename":"foo-1.0.zip"},"filename":"bar-1.0.zip"}')
@example(text='{"filename":"bar-1.0.zip","x":{"filename":"foo-1.0.zip"}}')
@example(text='{"\\u0066ilename":"bar-1.0.zip","x":["filename"]}')
@example(text='{"filename":"bar-1.0.zip","\\u006eame":"foo"}')
@example(text='{"filename":"bar-1.0.zip","filename":"foo-1.0.zip"}')
@example(text='{"filename":"bar-1.0.zip","name":null}')
@example(text='{"uploaded_by":"filename","filename":"bar-1.0.zip"}')
@example(text='{"project":"foo","filename":null}')
def test_a_line_belongs_to_the_families_of_its_first_words_however_it_is_spelled(text: str) -> None:
    words = line_words(text.strip().encode(), True)
    assert 1 <= len(words) <= 2
    assert set(words) == expected_words(json.loads(text))


@settings(deadline=None, derandomize=DETERMINISTIC, max_examples=400)
@given(text=json_spellings(), end=st.integers(0, 60), more=st.binary(max_size=3))
def test_what_is_no_line_belongs_to_one_family_at_most(text: str, end: int, more: bytes) -> None:
    line = (text.encode()[:end] + more).strip()
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        (word,) = line_words(line, True)
        # A file name that is in plain sight says where the error will be told.
        assert word == '' or word in line.decode(errors='replace').lower()


# ------------------------------------------------------------------------------------------------- file names

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


@settings(deadline=None, derandomize=DETERMINISTIC, max_examples=1500)
@given(filename=usual_names | st.builds('{}{}'.format, stems, suffixes))
@example(filename='foo-1-2-1.0.tar.gz')
@example(filename='foo-v1-1.0.tar.gz')
@example(filename='foo-1.0-py3-none-any-cu128.whl')
def test_a_usual_file_name_says_what_the_general_rules_say(filename: str) -> None:
    assert identified(filename) == identified_by_the_general_rules(filename)


def test_a_real_file_name_says_what_the_general_rules_say() -> None:
    lines = (ROOT / 'testing' / 'real-packages.jsonl').read_text(encoding='utf-8').splitlines()
    names = [json.loads(line)['filename'] for line in lines]
    differing = [name for name in names if identified(name) != identified_by_the_general_rules(name)]
    assert differing == []
    usual = [name for name in names if _USUAL_WHEEL.fullmatch(name) or _USUAL_SDIST.fullmatch(name)]
    assert len(usual) > len(names) * 0.9


# ------------------------------------------------------------------------------------------------- packages.json


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
    exceeds_limits=True,
    uploaded_by='"\\\U0010fffd</script>',
    yanked_reason='"\\ é',
)


@settings(deadline=None, derandomize=DETERMINISTIC, max_examples=500)
@given(line=file_lines)
def test_a_line_of_packages_json_is_what_the_json_module_writes(line: dict[str, Any]) -> None:
    try:
        package, _, _ = parse_line(json.dumps(line).encode(), True)
    except ValueError:  # refused
        return
    text = encode(package).decode()
    # 1e-6 is spelled in two ways, both of which are JSON.
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(',', ':')).replace('e-0', 'e-')


def test_a_line_of_packages_json_has_the_keys_in_their_order_and_nothing_that_is_unknown() -> None:
    keys = ['filename', 'name', 'version', 'hashes', 'size', 'url', 'requires_python', 'requires_dist', 'core_metadata']
    keys += ['provenance', 'upload_timestamp', 'exceeds_limits', 'uploaded_by', 'yanked_reason']
    assert list(json.loads(encode(EVERYTHING))) == keys
    assert parse_line(encode(EVERYTHING), True) == (EVERYTHING, (), ())
    assert encode(Package('a')) == b'{"filename":"a"}'
