"""`--max-delete`: a run that would delete too many files fails and deletes none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from testing.edits import Line, file, with_lists
from testing.sites import build
from testing.states import RECORD, Entries, State, backdate, entries, touched

SEVEN = [file(f'foo-{number}.0.tar.gz') for number in range(7)]


@pytest.mark.parametrize('most', ['0', '1', '5', '100'])
def test_a_run_may_delete_as_many_files_as_max_delete_allows(most: str, tmp_path: Path) -> None:
    kept = SEVEN[min(int(most), 6) :]
    assert build(tmp_path / 'site', SEVEN) == 0
    # A file with another hash is not missing, and a new file does not replace a missing one.
    again = [line | {'hash': f'sha256={"b" * 64}'} for line in kept]
    assert build(tmp_path / 'site', [*again, file('foo-8.0.tar.gz')], '--max-delete', most) == 0


@pytest.mark.parametrize(
    ('most', 'kept', 'message'),
    [
        pytest.param(
            '0', SEVEN[1:], '1 files are missing from the list, --max-delete allows 0: foo-0.0.tar.gz\n', id='none'
        ),
        pytest.param(
            '4',
            SEVEN[5:],
            '5 files are missing from the list, --max-delete allows 4: foo-0.0.tar.gz, foo-1.0.tar.gz, '
            'foo-2.0.tar.gz, foo-3.0.tar.gz, foo-4.0.tar.gz\n',
            id='as many as fit in the message',
        ),
        pytest.param(
            '5',
            SEVEN[6:],
            '6 files are missing from the list, --max-delete allows 5: foo-0.0.tar.gz, foo-1.0.tar.gz, '
            'foo-2.0.tar.gz, foo-3.0.tar.gz, foo-4.0.tar.gz, …\n',
            id='more than fit in the message',
        ),
    ],
)
@pytest.mark.parametrize('elsewhere', [False, True], ids=['site at hand', 'site elsewhere'])
def test_a_run_that_would_delete_more_is_refused_and_names_what_is_missing(
    elsewhere: bool, most: str, kept: list[Line], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, SEVEN, *with_lists(tmp_path)) == 0
    previous = ('--previous-package-list-json', str(site / 'packages.json'))
    backdate(tmp_path)
    capfd.readouterr()
    options = ('--max-delete', most, *with_lists(tmp_path))
    target = tmp_path / 'difference' if elsewhere else site
    assert build(target, [*kept, file('qux-1.0.tar.gz')], *options, *(previous if elsewhere else ())) == 1
    assert capfd.readouterr() == ('', message)
    assert touched(tmp_path) - {'site', 'site.jsonl'} == ({'difference.jsonl'} if elsewhere else set())


@pytest.mark.parametrize('once', [(), ('--rebuild',)], ids=['the record is missing', 'the record is ignored'])
def test_without_a_record_max_delete_uses_the_published_list(
    once: tuple[str, ...], tmp_path: Path, fresh: Callable[[State], Entries], capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, SEVEN) == 0
    if not once:
        (site / RECORD).unlink()
    backdate(site)
    assert build(site, SEVEN[2:], '--max-delete', '1', *once) == 1
    message = '2 files are missing from the list, --max-delete allows 1: foo-0.0.tar.gz, foo-1.0.tar.gz\n'
    assert capfd.readouterr() == ('', message)
    assert touched(site) == set()
    assert build(site, SEVEN[2:], '--max-delete', '2', *once) == 0
    assert entries(site) == fresh(State(SEVEN[2:]))


def test_if_nothing_was_published_max_delete_has_no_effect(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', SEVEN, '--max-delete', '0') == 0
