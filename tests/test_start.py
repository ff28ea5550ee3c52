"""With closed or full streams, a run still does its work and has the right exit status."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from testing.edits import Line
from testing.sites import build, write_list
from testing.states import entries
from testing.unlucky import FOO, WARNED, WARNINGS, program


def in_shell(command: Sequence[str], redirection: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ['sh', '-c', f'"$@" {redirection}', 'sh', *command], capture_output=True, text=True, check=False
    )


STREAMS = {
    'standard input closed': '<&-',
    'standard error closed': '2>&-',
    'standard error full': '2>/dev/full',
    'standard output closed': '>&-',
    'all closed': '<&- >&- 2>&-',
    'standard error full and the others closed': '<&- >&- 2>/dev/full',
}


@pytest.mark.parametrize('redirection', STREAMS.values(), ids=STREAMS)
def test_a_good_list_builds_with_closed_or_full_streams(redirection: str, tmp_path: Path) -> None:
    """The run has warnings to print."""
    site = tmp_path / 'site'
    write_list(tmp_path / 'list.jsonl', WARNED)
    done = in_shell(program(site), redirection)
    said = WARNINGS.format(4, 5).replace('site.jsonl', str(tmp_path / 'list.jsonl')) if '2>' not in redirection else ''
    assert (done.returncode, done.stdout, done.stderr) == (0, '', said)
    assert build(tmp_path / 'fresh', WARNED) == 0
    assert entries(site) == entries(tmp_path / 'fresh')


@pytest.mark.parametrize('redirection', STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize(
    ('content', 'options', 'status'), [('{', (), 1), ('', ('--jobs', '0'), 2)], ids=['a bad list', 'wrong usage']
)
def test_a_bad_list_has_its_exit_status_with_closed_or_full_streams(
    content: str, options: Sequence[str], status: int, redirection: str, tmp_path: Path
) -> None:
    write_list(tmp_path / 'list.jsonl', [content])
    assert in_shell(program(tmp_path / 'site', *options), redirection).returncode == status
    assert not (tmp_path / 'site').exists()


def test_a_list_on_a_closed_standard_input_is_an_error(tmp_path: Path) -> None:
    done = in_shell(program(tmp_path / 'site', packages='-'), '<&-')
    assert (done.returncode, done.stdout, done.stderr) == (1, '', 'cannot read <stdin>: it is closed\n')
    assert not (tmp_path / 'site').exists()


def test_a_good_list_builds_when_the_reader_of_its_messages_leaves(tmp_path: Path) -> None:
    """This happens with `2>&1 | head -1`."""
    site = tmp_path / 'site'
    lines: list[Line] = [FOO, *({'filename': f'{number}{"x" * 200}.md'} for number in range(1000))]
    write_list(tmp_path / 'list.jsonl', lines)
    reading, writing = os.pipe()
    with subprocess.Popen(program(site), stderr=writing) as run:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
    assert run.returncode == 0
    assert build(tmp_path / 'fresh', lines) == 0
    assert entries(site) == entries(tmp_path / 'fresh')
