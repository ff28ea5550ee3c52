"""A site in another place: after a successful copy it equals a fresh build, whatever happened before."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from testing.long import LONG, unmeasured_env, walks
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import OWN, State, backdate, copy, entries, files, pages, read_paths, touched, without_own

Line = dict[str, Any]

FOO: Line = {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 1700000000}
BAR: Line = {'filename': 'bar-1.0.tar.gz', 'upload_timestamp': 1700000060}
OTHERS: list[Line] = [
    {'filename': 'foo-2.0.tar.gz', 'upload_timestamp': 1702000000},
    {'filename': 'foo-2.0-py3-none-any.whl', 'upload_timestamp': 1702000060},
    {'filename': 'baz-1.0.tar.gz', 'upload_timestamp': 1705000000},
    {'filename': 'foo_bar-1.0.zip'},
    {'filename': 'bar-1.1.tar.gz', 'yanked_reason': 'broken', 'upload_timestamp': 1700000000.5},
]
EVERYTHING: list[Line] = [
    FOO,
    BAR,
    *OTHERS,
    {'project': 'foo', 'summary': 'Does what foo does'},
    {'project': 'bar', 'status': 'archived'},
]


class Job:
    """A job without the site at hand. It builds into a directory, and copies to the far site by the path lists."""

    def __init__(self, top: Path) -> None:
        self.directory, self.far = top / 'directory', top / 'far'
        self.changed, self.removed = top / 'changed', top / 'removed'
        self.previous = top / 'previous.jsonl'
        self.far.mkdir()
        write_list(self.previous, [])

    def run(self, lines: list[Line], *options: str) -> int:
        lists = ('--changed-paths', str(self.changed), '--removed-paths', str(self.removed))
        return build(self.directory, lines, '--previous-package-list-json', str(self.previous), *lists, *options)

    def copy(self, most: int | None = None) -> None:
        """Copy everything in the path lists, or only the first `most` paths, like an interrupted copy."""
        changed, removed = read_paths(self.changed), read_paths(self.removed)
        if most is None:
            copy(self.directory, self.far, changed, removed)
            self.changed.unlink()
            self.removed.unlink()
        else:
            copy(self.directory, self.far, changed[:most], removed[: max(0, most - len(changed))])

    def publish(self, lines: list[Line], *options: str) -> None:
        assert self.run(lines, *options) == 0
        self.copy()
        write_list(self.previous, lines)

    def check(self, lines: list[Line], *options: str) -> None:
        """Check that the far site equals a fresh build."""
        with tempfile.TemporaryDirectory() as fresh:
            expected = State(lines, options).build_anew(Path(fresh) / 'site')
        assert files(entries(self.far)) == files(without_own(expected))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_the_same_command_twice_ends_well(job: Job) -> None:
    job.publish([FOO, BAR])
    shutil.rmtree(job.directory)
    for _ in range(2):
        assert job.run([FOO]) == 0
    job.copy()
    job.check([FOO])


def test_swapped_lists_lose_no_project(job: Job) -> None:
    job.publish([FOO])
    shutil.rmtree(job.directory)
    for _ in range(2):
        assert job.run([FOO, BAR]) == 0
    job.copy()
    job.check([FOO, BAR])


def test_a_project_that_returns_after_a_failed_copy_is_not_deleted(job: Job) -> None:
    job.publish([FOO, BAR])
    shutil.rmtree(job.directory)
    assert job.run([FOO]) == 0
    assert 'simple/bar/index.html' in read_paths(job.removed)
    assert job.run([FOO, BAR, OTHERS[2]]) == 0
    assert 'simple/bar/index.html' not in read_paths(job.removed)
    job.copy()
    job.check([FOO, BAR, OTHERS[2]])


@pytest.mark.parametrize('most', [0, 3, 1000])
def test_going_back_to_the_published_list_restores_its_pages(most: int, job: Job) -> None:
    job.publish([FOO, BAR])
    shutil.rmtree(job.directory)
    assert job.run([FOO]) == 0
    job.copy(most)
    assert job.run([FOO, BAR]) == 0
    job.copy()
    job.check([FOO, BAR])


@pytest.mark.parametrize('most', [0, 3, 1000])
def test_pages_that_wait_to_be_copied_are_written_again_into_an_emptied_directory(most: int, job: Job) -> None:
    job.publish([FOO, BAR])
    shutil.rmtree(job.directory)
    assert job.run([FOO, BAR, OTHERS[0]]) == 0
    job.copy(most)
    shutil.rmtree(job.directory)
    waiting = read_paths(job.changed)
    assert job.run([FOO, BAR]) == 0
    assert set(read_paths(job.changed)) <= set(waiting)
    job.copy()
    job.check([FOO, BAR])


def test_an_empty_previous_list_means_that_nothing_is_published(job: Job) -> None:
    assert job.run([FOO], '--site-url', 'https://pypi.example.com/') == 0
    assert {'static/style.css', '404.html', 'rss/updates.xml'} <= set(read_paths(job.changed))
    job.copy()
    job.check([FOO], '--site-url', 'https://pypi.example.com/')


@pytest.mark.parametrize('kept', [True, False], ids=['noticed in a kept directory', 'told by --rebuild'])
def test_other_settings_change_every_page(kept: bool, job: Job) -> None:
    job.publish([FOO, BAR], '--site-url', 'https://pypi.example.com/')
    if not kept:
        shutil.rmtree(job.directory)
    options = ('--title', 'Other packages', '--no-per-release-json')
    assert job.run([FOO, BAR], *options, *(() if kept else ('--rebuild',))) == 0
    assert {'rss/updates.xml', 'pypi/foo/1.0/json'} <= set(read_paths(job.removed))
    job.copy()
    job.check([FOO, BAR], *options)


def test_the_page_of_all_files_of_an_earlier_version_is_removed(job: Job) -> None:
    """Projects with more than 100 files had one."""
    lines: list[Line] = [{'filename': f'foo-1.{number}.tar.gz'} for number in range(101)]
    job.publish([*lines, BAR])
    (job.far / 'project/foo/files.html').write_text('<p>Made by an earlier version</p>\n')
    shutil.rmtree(job.directory)
    assert job.run([*lines, BAR], '--rebuild') == 0
    assert [path for path in read_paths(job.removed) if path.endswith('/files.html')] == ['project/foo/files.html']
    job.copy()
    job.check([*lines, BAR])


def test_notes_of_the_program_are_not_copied(job: Job) -> None:
    assert job.run([FOO]) == 0
    assert [path for path in read_paths(job.changed) + read_paths(job.removed) if path.startswith(OWN)] == []
    assert [path for path in os.listdir(job.directory) if path.startswith(OWN)] == ['.dumb-pypi.elsewhere']


def test_without_path_lists_a_kept_directory_has_all_pages_that_may_be_outdated(tmp_path: Path) -> None:
    """The copy after the first run was interrupted. The next copy copies the whole directory."""
    far, directory, previous = tmp_path / 'far', tmp_path / 'directory', tmp_path / 'previous.jsonl'
    assert build(far, [FOO, BAR]) == 0
    write_list(previous, [FOO, BAR])
    assert build(directory, [FOO, BAR, OTHERS[0]], '--previous-package-list-json', str(previous)) == 0
    copy(directory, far, list(pages(directory))[:5], [])
    assert build(directory, [FOO, BAR, OTHERS[2]], '--previous-package-list-json', str(previous)) == 0
    copy(directory, far, pages(directory), [])
    expected = files(without_own(State([FOO, BAR, OTHERS[2]]).build_anew(tmp_path / 'fresh')))
    found = files(without_own(entries(far)))
    assert {path: content for path, content in found.items() if path in expected} == expected


def test_with_a_record_the_previous_list_is_ignored(tmp_path: Path) -> None:
    site, previous = tmp_path / 'site', write_list(tmp_path / 'previous.jsonl', [BAR])
    assert build(site, [FOO, BAR]) == 0
    assert build(site, [FOO], '--previous-package-list-json', str(previous)) == 0
    assert entries(site) == State([FOO]).build_anew(tmp_path / 'fresh')


def test_a_directory_for_another_place_becomes_the_site_in_a_run_without_previous_list(job: Job) -> None:
    job.publish([FOO, BAR])
    assert build(job.directory, [FOO]) == 0
    with tempfile.TemporaryDirectory() as fresh:
        assert entries(job.directory) == State([FOO]).build_anew(Path(fresh) / 'site')


LISTS: dict[str, list[Line]] = {
    'before': [FOO, BAR, OTHERS[2]],
    'after': [FOO, OTHERS[0], OTHERS[2], OTHERS[3]],
    'another': [FOO, BAR, OTHERS[4]],
}
KILLS = 80 if LONG else 20


def prepare(job: Job, is_kept: bool) -> None:
    """Publish the list before. Then empty the directory, or leave pages there that are not copied yet."""
    job.publish(LISTS['before'])
    shutil.rmtree(job.directory)
    if is_kept:
        assert job.run(LISTS['another']) == 0


def run_killed(number: int, job: Job, lines: list[Line]) -> subprocess.CompletedProcess[str]:
    """Kill a run before this change of the file system. With 0, the run finishes and prints the number of changes."""
    packages = write_list(job.directory.with_name('directory.jsonl'), lines)
    options = ['--package-list-json', packages, '--previous-package-list-json', job.previous]
    lists = ['--changed-paths', job.changed, '--removed-paths', job.removed]
    command = [*map(str, [*options, *lists]), '--output-dir', str(job.directory), '--packages-url', PACKAGES_URL]
    return subprocess.run(
        [sys.executable, '-m', 'testing.killed', str(number), *command],
        cwd=Path(__file__).parents[2],
        env=unmeasured_env(),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


@pytest.fixture(scope='module')
def changes(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, int]:
    """Return how often a run changes the file system: in an emptied directory (`False`) and in a kept one (`True`)."""
    found = {}
    for is_kept in (False, True):
        job = Job(tmp_path_factory.mktemp('whole'))
        prepare(job, is_kept)
        done = run_killed(0, job, LISTS['after'])
        assert (done.returncode, done.stderr) == (0, '')
        found[is_kept] = int(done.stdout.split()[0])
    return found


@pytest.mark.long
@pytest.mark.parametrize('point', range(KILLS))
def test_after_a_killed_run_and_half_a_copy_the_next_copy_equals_a_fresh_build(
    point: int, changes: dict[bool, int], job: Job
) -> None:
    """The next list is the list before, or another one."""
    is_kept = point % 2 == 1
    prepare(job, is_kept)
    number = 1 + point * (changes[is_kept] - 1) // (KILLS - 1)
    assert run_killed(number, job, LISTS['after']).returncode == -signal.SIGKILL
    changed, removed = (read_paths(each) if each.exists() else [] for each in (job.changed, job.removed))
    copy(job.directory, job.far, [path for path in changed[::2] if (job.directory / path).exists()], removed[::2])
    lines = LISTS['before' if point % 3 else 'another']
    assert job.run(lines) == 0
    job.copy()
    job.check(lines)
    assert {path for path in os.listdir(job.directory) if path.startswith(OWN)} <= {'.dumb-pypi.elsewhere'}


def test_an_unreadable_note_means_that_nothing_is_known(job: Job) -> None:
    job.publish([FOO, BAR])
    assert job.run([FOO, BAR, OTHERS[2]]) == 0
    note = job.directory / '.dumb-pypi.elsewhere'
    note.write_bytes(note.read_bytes()[:-9])
    (job.far / 'simple/foo/index.html').write_bytes(b'of other settings')
    job.publish([FOO, BAR])
    job.check([FOO, BAR])


def test_a_page_that_already_exists_is_not_touched(job: Job) -> None:
    """The page is already in the directory, because it is not copied yet."""
    job.publish([FOO])
    assert job.run([FOO, BAR]) == 0
    backdate(job.directory)
    assert job.run([FOO, BAR]) == 0
    assert touched(job.directory) == set()
    assert job.run([FOO, BAR, OTHERS[2]]) == 0
    assert 'simple/bar/index.html' not in touched(job.directory)
    job.copy()
    job.check([FOO, BAR, OTHERS[2]])


def test_a_line_of_a_path_list_that_is_no_page_is_ignored(job: Job) -> None:
    job.publish([FOO, BAR])
    assert job.run([FOO, BAR, OTHERS[0]]) == 0
    with job.changed.open('a') as file:
        file.write('simple/foo/mine.html\n')
    (job.far / 'simple/foo/mine.html').write_bytes(b'mine')
    assert job.run([BAR]) == 0
    assert 'simple/foo/mine.html' not in {*read_paths(job.changed), *read_paths(job.removed)}


def test_the_directory_keeps_no_page_that_the_far_site_has(job: Job) -> None:
    job.publish([FOO, BAR])
    job.publish([FOO, BAR, OTHERS[0]])
    assert job.run([FOO, BAR, OTHERS[0]]) == 0
    assert os.listdir(job.directory) == ['.dumb-pypi.elsewhere']


class Walk(RuleBasedStateMachine):
    """Edits, runs and copies in any order, under the three conditions of the documents."""

    runs: ClassVar[list[int]] = []  # in each walk
    copies: ClassVar[list[int]] = []  # successful copies in each walk
    numbers = st.integers(0, 99)
    options = st.sampled_from(
        [(), ('--title', 'Other'), ('--no-per-release-json',), ('--site-url', 'https://pypi.example.com/')]
    )

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp())
        self.job = Job(self.top)
        self.lines: list[Line] = [FOO, BAR]
        self.settings: tuple[str, ...] = ()
        self.is_rebuilt = False  # whether settings changed since the last good copy
        self.ran: tuple[list[Line], tuple[str, ...]] | None = None  # the last run, if not copied yet
        self.published: list[Line] = []
        self.runs.append(0)
        self.copies.append(0)

    @rule(numbers=st.lists(numbers, min_size=1, max_size=4))
    def edit_and_run(self, numbers: list[int]) -> None:
        """Add or remove a file or a fact, or go back to the published list."""
        for number in numbers:
            line = EVERYTHING[number % len(EVERYTHING)]
            self.lines = [each for each in self.lines if each != line] if line in self.lines else [*self.lines, line]
        if numbers[0] % 5 == 0 and self.published:
            self.lines = self.published
        if not any('filename' in line for line in self.lines):
            self.lines = [FOO]
        self.run()

    @rule(options=options)
    def set_options(self, options: tuple[str, ...]) -> None:
        if options != self.settings:
            self.settings, self.is_rebuilt = options, True

    @rule()
    def run(self) -> None:
        once = ('--rebuild',) if self.is_rebuilt else ()
        assert self.job.run(self.lines, *self.settings, *once) == 0
        self.ran = self.lines, self.settings
        self.runs[-1] += 1

    @rule()
    def empty_the_directory(self) -> None:
        """Empty the directory. The next run writes the missing pages again, and no copy can succeed before that."""
        shutil.rmtree(self.job.directory, ignore_errors=True)
        self.ran = None

    @precondition(lambda self: self.ran is not None)
    @rule(most=numbers)
    def copy_until_it_fails(self, most: int) -> None:
        self.job.copy(most)

    @precondition(lambda self: self.ran is not None)
    @rule()
    def copy(self) -> None:
        assert self.ran is not None
        self.job.copy()
        self.published, settings = self.ran
        write_list(self.job.previous, self.published)
        self.job.check(self.published, *settings)
        self.ran, self.is_rebuilt = None, self.settings != settings
        self.copies[-1] += 1

    def teardown(self) -> None:
        shutil.rmtree(self.top)


@pytest.mark.long
def test_after_each_successful_copy_of_a_random_walk_the_site_equals_a_fresh_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Walk, 'runs', [])
    monkeypatch.setattr(Walk, 'copies', [])
    run_state_machine_as_test(Walk, settings=walks(steps=30))
    assert sum(Walk.runs) >= 75
    assert sum(Walk.copies) >= 10
