"""A list, edits of it, and the sites before and after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from testing.states import State

Line = dict[str, Any]

JANUARY, FEBRUARY, MARCH = 1767323045, 1770001445, 1772420645  # uploads on the second day of these months of 2026


def file(filename: str, uploaded: float | None = JANUARY, **more: object) -> Line:
    times = {} if uploaded is None else {'upload_timestamp': uploaded}
    return {'filename': filename, 'hash': f'sha256={"a" * 64}', 'size': 1000, **times, **more}


def without(lines: list[Line], *filenames: str) -> list[Line]:
    return [line for line in lines if line.get('filename') not in filenames]


def saying(lines: list[Line], filename: str, **values: object) -> list[Line]:
    """Return the list with changed values of one file. `None` removes a key."""
    return [line | values if line.get('filename') == filename else line for line in lines]


BASE = [
    {'project': 'foo', 'summary': 'Does what foo does'},
    file('foo-1.0.tar.gz'),
    file('foo-1.0-py3-none-any.whl', core_metadata=True),
    file('foo-1.1.tar.gz', FEBRUARY),
    file('bar-2.0.tar.gz', FEBRUARY),
    file('baz-3.0-py3-none-any.whl', MARCH),
]
FACTS = BASE[0]


def with_lists(directory: Path) -> tuple[str, ...]:
    return ('--changed-paths', str(directory / 'changed'), '--removed-paths', str(directory / 'removed'))


def busy_month(uploads: int) -> list[Line]:
    """Return a list with one release a minute in a month, and the months around it."""
    builds = (file(f'foo-{number}.0-py3-none-any.whl', FEBRUARY + 60 * number) for number in range(uploads))
    return [file('bar-1.0.tar.gz'), *builds, file('baz-1.0.tar.gz', MARCH)]


EDITS = {
    'a file is added': (State(BASE), State([*BASE, file('foo-1.1-py3-none-any.whl')])),
    'a release is added': (State(BASE), State([*BASE, file('foo-2.0.tar.gz', MARCH)])),
    'a project is added': (State(BASE), State([*BASE, file('qux-1.0.tar.gz', MARCH + 60)])),
    'a file is removed': (State(BASE), State(without(BASE, 'foo-1.0.tar.gz'))),
    'the last file of a release is removed': (State(BASE), State(without(BASE, 'foo-1.1.tar.gz'))),
    'a project is removed': (State(BASE), State(without(BASE, 'bar-2.0.tar.gz'))),
    'the last upload of a month is removed': (State(BASE), State(without(BASE, 'baz-3.0-py3-none-any.whl'))),
    'another hash for the same file': (
        State(BASE),
        State(saying(BASE, 'bar-2.0.tar.gz', hash=f'sha256={"b" * 64}')),
    ),
    'yanked': (State(BASE), State(saying(BASE, 'foo-1.1.tar.gz', yanked=True))),
    'un-yanked': (State(saying(BASE, 'foo-1.1.tar.gz', yanked_reason='broken')), State(BASE)),
    'another reason': (
        State(saying(BASE, 'foo-1.1.tar.gz', yanked_reason='broken')),
        State(saying(BASE, 'foo-1.1.tar.gz', yanked_reason='broken on <some> machines')),
    ),
    'a summary': (State(BASE[1:]), State(BASE)),
    'another summary': (State(BASE), State([FACTS | {'summary': 'Does less'}, *BASE[1:]])),
    'archived': (State(BASE), State([FACTS | {'status': 'archived', 'status_reason': 'finished'}, *BASE[1:]])),
    'quarantined': (State(BASE), State([FACTS | {'status': 'quarantined'}, *BASE[1:]])),
    'another title': (State(BASE), State(BASE, ('--title', 'Other packages'))),
    'a logo': (State(BASE), State(BASE, ('--logo', 'static/logo.png', '--logo-width', '80'))),
    'another packages URL': (State(BASE), State(BASE, ('--packages-url', 'https://pypi.example.com/pool/'))),
    'no JSON of releases': (State(BASE), State(BASE, ('--no-per-release-json',))),
    'no JSON of releases, and one release less': (
        State(BASE),
        State(without(BASE, 'foo-1.1.tar.gz'), ('--no-per-release-json',)),
    ),
    'emptied': (State(BASE, ('--allow-empty',)), State([], ('--allow-empty',))),
    'a name in another spelling': (State(BASE), State([*without(BASE, 'bar-2.0.tar.gz'), file('Bar-2.0.tar.gz')])),
    'names that differ only in spelling': (
        State([*BASE, file('some.name-1.0.tar.gz')]),
        State([*BASE, file('Some-Name-1.0.tar.gz'), file('some_name-1.1.tar.gz')]),
    ),
    'a name that overrides': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', name='renamed'))),
    'a name that leads to another project': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', name='foo'))),
    'a name that ties two families together': (State(BASE), State([*BASE, file('bar-2.1.tar.gz', name='Foo.Bar')])),
    'names that tie three families together': (
        State(BASE),
        State([*BASE, file('bar-2.1.tar.gz', name='foo'), file('foo-9.0.zip', name='baz'), file('qux-1.0.zip')]),
    ),
    'a name that ties families in another way': (
        State(saying(BASE, 'bar-2.0.tar.gz', name='foo')),
        State(saying(BASE, 'bar-2.0.tar.gz', name='baz')),
    ),
    'one half of a tie is removed': (
        State([*saying(BASE, 'bar-2.0.tar.gz', name='foo'), file('bar-3.0.tar.gz')]),
        State(without(saying(BASE, 'bar-2.0.tar.gz', name='foo'), 'foo-1.1.tar.gz', 'foo-1.0.tar.gz')),
    ),
    'a version that overrides': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', version='2.0.post1'))),
    '1.0, then 1.0.0': (
        State(BASE),
        State([*without(BASE, 'foo-1.0.tar.gz', 'foo-1.0-py3-none-any.whl'), file('foo-1.0.0.tar.gz')]),
    ),
    '1.0.0 beside 1.0': (State(BASE), State([*BASE, file('foo-1.0.0.zip')])),
    'a version that is none': (State(BASE), State([*BASE, file('foo-r9.tar.gz'), file('foo-json.tar.gz')])),
    'a version that differs only in case': (
        State([*BASE, file('foo-1.2RC1.tar.gz')]),
        State([*BASE, file('foo-1.2rc1.tar.gz')]),
    ),
    'a requirement': (State(BASE), State(saying(BASE, 'baz-3.0-py3-none-any.whl', requires_dist=['Foo', 'qux']))),
    'a requirement that comes here': (
        State(saying(BASE, 'baz-3.0-py3-none-any.whl', requires_dist=['Foo', 'qux'])),
        State([*saying(BASE, 'baz-3.0-py3-none-any.whl', requires_dist=['Foo', 'qux']), file('qux-1.0.tar.gz')]),
    ),
    'a requirement of a project that leaves': (
        State(saying(BASE, 'baz-3.0-py3-none-any.whl', requires_dist=['Bar'])),
        State(without(saying(BASE, 'baz-3.0-py3-none-any.whl', requires_dist=['Bar']), 'bar-2.0.tar.gz')),
    ),
    'an uploader': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', uploaded_by='Jane'))),
    'an upload time': (
        State(saying(BASE, 'bar-2.0.tar.gz', upload_timestamp=None)),
        State(saying(BASE, 'bar-2.0.tar.gz', upload_timestamp=MARCH)),
    ),
    'no upload times': (State(BASE), State([line | {'upload_timestamp': None} for line in BASE])),
    'a month in between': (State(without(BASE, 'foo-1.1.tar.gz', 'bar-2.0.tar.gz')), State(BASE)),
    'the upload with which a month needs a second page': (State(busy_month(500)), State(busy_month(501))),
    'a month with several pages shrinks to one': (State(busy_month(2001)), State(busy_month(3))),
}
