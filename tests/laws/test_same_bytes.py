"""Law 1: a build on top of any earlier one gives the bytes of a fresh build."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from dumb_pypi.main import main
from testing.colliding import colliding_names
from testing.edits import BASE, EDITS, FEBRUARY, JANUARY, MARCH, Line, file
from testing.long import LONG, walks
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import RECORD, Entries, State, backdate, entries, files, pages, touched


@pytest.mark.parametrize(('before', 'after'), EDITS.values(), ids=EDITS)
def test_an_edit_and_its_reversal_give_the_bytes_of_a_fresh_build(
    before: State, after: State, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """The directories and the record are the same, too. Files with the right bytes are not touched."""
    site = tmp_path / 'site'
    assert before.build(site) == 0
    for state, earlier in ((after, before), (before, after)):
        backdate(site)
        assert state.build(site) == 0
        assert entries(site) == fresh(state)
        new, old = files(fresh(state)), files(fresh(earlier))
        assert {path for path in touched(site) if path in new} == {path for path in new if new[path] != old.get(path)}


def test_the_order_of_the_list_makes_no_difference(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    assert State(BASE[::-1]).build_anew(tmp_path / 'site') == fresh(State(BASE))


class Walk(RuleBasedStateMachine):
    """A random walk: edits of a list, and after each a build on top of all earlier builds."""

    steps: list[int]  # in each walk

    names = st.sampled_from(['foo', 'Foo', 'foo.bar', 'foo-bar', 'FOO_Bar', 'qux', 'json'])
    versions = st.sampled_from(['1.0', '1.0.0', '1', '2.0a1', '2.0', '3.0+local.1', '0!1.0', 'r9', 'json'])
    endings = st.sampled_from(['.tar.gz', '.zip', '.linux-x86_64.tar.gz', '-py2.7.egg'])
    # Three months; one of them has two files with the same time.
    times = st.sampled_from([None, JANUARY, JANUARY + 0.5, FEBRUARY, FEBRUARY, MARCH])
    projects = st.sampled_from(['foo', 'foo-bar', 'qux', 'json', 'renamed'])
    pick = st.integers(min_value=0, max_value=99)
    foreign = ('robots.txt', 'simple/foo/mine.txt', 'pypi/foo/1.0/notes', 'project/handmade/index.html')

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, Line] = {}
        self.facts: dict[str, Line] = {}
        self.options: dict[str, tuple[str, ...]] = {}
        self.foreign_files: dict[str, bytes] = {}
        self.once: tuple[str, ...] = ()
        self.directory = Path(tempfile.mkdtemp())
        self.site = self.directory / 'site'
        self.steps.append(-1)  # the invariant must hold before the first step, too

    @rule(name=names, version=versions, ending=endings, time=times)
    def upload(self, name: str, version: str, ending: str, time: float | None) -> None:
        self.files[f'{name}-{version}{ending}'] = file(f'{name}-{version}{ending}', time)

    @rule(number=pick)
    def remove_file(self, number: int) -> None:
        if self.files:
            del self.files[sorted(self.files)[number % len(self.files)]]

    @rule(project=projects)
    def remove_project(self, project: str) -> None:
        self.files = {
            name: line for name, line in self.files.items() if not re.match(project.replace('-', '.'), name, re.I)
        }

    @rule(
        number=pick,
        values=st.sampled_from(
            [
                {'hash': f'sha256={"c" * 64}'},
                {'hash': None, 'size': None, 'requires_dist': None},
                {'yanked_reason': ''},
                {'yanked_reason': 'broken'},
                {'yanked_reason': None},
                {'upload_timestamp': MARCH + 60},
                {'upload_timestamp': None},
                {'requires_python': '>=3.10'},
                {'requires_dist': ['Foo', 'foo.bar; extra == "test"', 'elsewhere']},
                {'requires_dist': ['qux', 'JSON'], 'uploaded_by': 'Jane'},
                {'core_metadata': True},
                {'name': 'renamed'},
                {'name': None},
                {'version': '1.0.0'},
                {'version': None},
            ]
        ),
    )
    def say_of_a_file(self, number: int, values: Line) -> None:
        if self.files:
            name = sorted(self.files)[number % len(self.files)]
            self.files[name] = self.files[name] | values

    @rule(
        project=projects,
        values=st.sampled_from(
            [
                {},
                {'summary': 'Does little'},
                {'status': 'archived', 'status_reason': 'finished'},
                {'status': 'quarantined'},
                {'status': 'active'},
            ]
        ),
    )
    def say_of_a_project(self, project: str, values: Line) -> None:
        self.facts[project] = {'project': project, **values}

    @rule(
        option=st.sampled_from(
            [
                ('--title', 'Other packages'),
                ('--title', 'Our packages'),
                ('--logo', 'static/logo.png'),
                ('--no-per-release-json',),
                (),
                ('--packages-url', 'https://pypi.example.com/pool/'),
                ('--packages-url', '../../pool/'),
            ]
        )
    )
    def set_option(self, option: tuple[str, ...]) -> None:
        if option:
            self.options[option[0]] = option
        else:
            self.options.clear()

    @rule()
    def start_over(self) -> None:
        self.files = {}

    @rule(path=st.sampled_from(foreign))
    def add_a_foreign_file(self, path: str) -> None:
        self.foreign_files[path] = b'not of this program\n'
        (self.site / path).parent.mkdir(parents=True, exist_ok=True)
        (self.site / path).write_bytes(self.foreign_files[path])

    @rule(number=pick)
    def edit_a_page_by_hand_and_rebuild(self, number: int) -> None:
        paths = sorted(pages(self.site).keys() - self.foreign_files.keys())
        (self.site / paths[number % len(paths)]).write_bytes(b'edited')
        self.once = ('--rebuild',)

    # With an empty list and without a record, the site would be foreign.
    @precondition(lambda self: (self.site / 'packages.json').stat().st_size)
    @rule(content=st.sampled_from([b'', b'{"format":1', b'{"format":2}', b'[]']))
    def damage_the_record(self, content: bytes) -> None:
        (self.site / RECORD).write_bytes(content)

    @invariant()
    def the_site_has_the_bytes_of_a_fresh_build(self) -> None:
        self.steps[-1] += 1
        state = State(
            [*self.facts.values(), *self.files.values()],
            ('--allow-empty', *(word for option in self.options.values() for word in option)),
        )
        assert state.build(self.site, *self.once) == 0
        self.once = ()
        expected = state.build_anew(self.directory / 'fresh')
        shutil.rmtree(self.directory / 'fresh')
        found = entries(self.site)
        assert files(found) == files(expected) | self.foreign_files
        wanted = [Path(path) for path in files(found)]
        assert {path for path in found if found[path] is None} == {
            parent.as_posix() for path in wanted for parent in path.parents if parent != Path('.')
        }

    def teardown(self) -> None:
        shutil.rmtree(self.directory)


@pytest.mark.long
def test_each_step_of_a_random_walk_gives_the_bytes_of_a_fresh_build() -> None:
    Walk.steps = []
    run_state_machine_as_test(Walk, settings=walks(steps=25, long_steps=200))
    assert max(Walk.steps) >= (200 if LONG else 25)


def build_plain(site: Path, names: list[str], *options: str) -> int:
    """Build the site of a plain list. Its lines contain only what an uploader chooses."""
    packages = write_list(site.with_name(f'{site.name}.txt'), names)
    return main(['--package-list', str(packages), '--output-dir', str(site), '--packages-url', PACKAGES_URL, *options])


def test_no_choice_of_names_hides_a_file_behind_an_unchanged_digest(tmp_path: Path) -> None:
    """When the digest was a sum of hashes, 1,024 well-chosen names could hide the new file `foo-1.1.tar.gz`."""
    before, after = ['foo-1.0.tar.gz'], ['foo-1.0.tar.gz', *colliding_names()]
    sums = [
        sum(int.from_bytes(hashlib.sha256(name.encode()).digest(), 'little') for name in names)
        for names in (before, after)
    ]
    assert sums[0] % 2**128 == sums[1] % 2**128
    site, fresh = tmp_path / 'site', tmp_path / 'fresh'
    assert build_plain(site, before) == 0
    assert build_plain(site, after) == 0
    assert build_plain(fresh, after) == 0
    assert b'foo-1.1.tar.gz' in (site / 'simple/foo/index.html').read_bytes()
    assert entries(site) == entries(fresh)
    difference, previous = tmp_path / 'difference', write_list(tmp_path / 'previous.txt', before)
    assert build_plain(difference, after, '--previous-package-list', str(previous)) == 0
    assert b'foo-1.1.tar.gz' in (difference / 'simple/foo/index.html').read_bytes()


def test_rebuild_repairs_manual_edits(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    with (site / 'simple/foo/index.html').open('a') as page:
        page.write('<p>Hello')
    (site / 'pypi/bar/json').unlink()
    (site / 'static/style.css').write_bytes(b'')
    shutil.rmtree(site / 'project/baz')
    # A release that no list has.
    shutil.copytree(site / 'pypi/foo/1.0', site / 'pypi/foo/0.9')
    assert build(site, BASE, '--rebuild') == 0
    assert entries(site) == fresh(State(BASE))
