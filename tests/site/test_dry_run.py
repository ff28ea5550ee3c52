"""`--dry-run` prints what a run would do, and changes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from testing.edits import BASE, EDITS, file, with_lists, without
from testing.sites import build, write_list
from testing.states import State, backdate, everything, read_paths, touched
from testing.unlucky import program


def dry_run(state: State, site: Path, capfd: pytest.CaptureFixture[str], *options: str) -> tuple[set[str], set[str]]:
    """Return the paths that a dry run prints: those to write, and those to remove."""
    capfd.readouterr()
    assert state.build(site, '--dry-run', *options) == 0
    lines = capfd.readouterr().out.splitlines()
    assert {line[:2] for line in lines} <= {'+ ', '- '}
    assert len(lines) == len(set(lines))
    return {line[2:] for line in lines if line[0] == '+'}, {line[2:] for line in lines if line[0] == '-'}


@pytest.mark.parametrize(('before', 'after'), EDITS.values(), ids=EDITS)
def test_it_prints_exactly_what_the_run_does(
    before: State, after: State, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert before.build(site) == 0
    write_list(site.with_name('site.jsonl'), after.lines)  # written by this test, before the check that nothing changes
    backdate(tmp_path)
    found = everything(tmp_path)
    written, removed = dry_run(after, site, capfd, *with_lists(tmp_path))
    assert everything(tmp_path) == found
    assert touched(tmp_path) <= {'site', 'site.jsonl'}
    assert after.build(site, *with_lists(tmp_path)) == 0
    assert written == set(read_paths(tmp_path / 'changed'))
    assert removed == set(read_paths(tmp_path / 'removed'))


@pytest.mark.parametrize(('before', 'after'), EDITS.values(), ids=EDITS)
def test_it_prints_exactly_what_a_run_for_another_place_does(
    before: State, after: State, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Paths from an earlier run still wait for a copy. The last one is half a line, which stays unchanged."""
    previous = write_list(tmp_path / 'previous', before.lines)
    (tmp_path / 'changed').write_bytes(b'pypi/foo/json\nsimple/bar/index.html')
    options = (*with_lists(tmp_path), '--previous-package-list-json', str(previous))
    site = tmp_path / 'site'
    written, removed = dry_run(after, site, capfd, *options)
    assert not site.exists()
    assert (tmp_path / 'changed').read_bytes() == b'pypi/foo/json\nsimple/bar/index.html'
    assert not (tmp_path / 'removed').exists()
    assert after.build(site, *options) == 0
    assert written == set(read_paths(tmp_path / 'changed'))
    assert removed == set(read_paths(tmp_path / 'removed'))


def test_a_list_that_drops_too_many_files_is_a_warning_and_the_plan_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    found = everything(site)
    rest = without(BASE, 'bar-2.0.tar.gz')
    assert build(site, rest, '--max-delete', '0', '--dry-run') == 0
    out, err = capfd.readouterr()
    assert err == '1 files are missing from the list, --max-delete allows 0: bar-2.0.tar.gz\n'
    assert '- simple/bar/index.html\n' in out
    assert '+ packages.json\n' in out
    assert everything(site) == found
    assert build(site, rest, '--max-delete', '0') == 1


@pytest.mark.parametrize(
    ('lines', 'options', 'message'),
    [
        ([], (), 'no package'),
        ([file('foo-1.0.tar.gz', size='large')], (), 'site.jsonl:1: size: expected '),
        ([file('README.md')], ('--strict',), 'README.md'),
        ([file('mine-1.0.tar.gz')], (), 'simple/mine/index.html: '),
        (BASE, ('--changed-paths', 'NOTES'), 'NOTES: expected a list of paths of pages'),
    ],
    ids=['no packages', 'a bad value', 'a warning with --strict', 'a file in the way', 'a list of no paths'],
)
def test_a_dry_run_fails_with_the_message_of_the_run(
    lines: list[dict[str, object]],
    options: Sequence[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'NOTES').write_text('Buy milk\n', encoding='utf-8')
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / 'simple' / 'mine').mkdir()
    (site / 'simple' / 'mine' / 'index.html').write_text('mine', encoding='utf-8')
    found = everything(site)
    said = []
    for dry in (('--dry-run',), ()):
        assert build(site, lines, *options, *dry) == 1
        said.append(capfd.readouterr())
    assert said[0] == said[1]
    assert message in said[0].err
    assert said[0].out == ''
    assert everything(site) == found


def test_a_plan_that_cannot_be_printed_is_an_error(tmp_path: Path) -> None:
    write_list(tmp_path / 'list.jsonl', BASE)
    command = program(tmp_path / 'site', '--dry-run')
    for redirection, reason in (('>&-', 'it is closed'), ('>/dev/full', 'No space left on device')):
        done = subprocess.run(
            ['sh', '-c', f'"$@" {redirection}', 'sh', *command], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (1, '', f'cannot write <stdout>: {reason}\n')
    assert not (tmp_path / 'site').exists()
