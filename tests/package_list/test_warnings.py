"""Warnings about a list come again in each run."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.edits import BASE, file
from testing.sites import build
from testing.states import backdate, touched

WARNED = [
    *BASE,
    {'filename': 'README.md'},
    file('warned-1.0.tar.gz', colour='red'),
    file('warned-2.0.tar.gz', requires_python='new'),
]
WARNINGS = """\
site.jsonl:7: skipped: 'README.md' is not a distribution file
site.jsonl:8: ignored: unknown key 'colour'
site.jsonl:9: ignored: requires_python: expected a version specifier, got 'new'
skipped 1 of the listed files
"""


def test_each_run_repeats_a_warning_and_with_strict_fails_without_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    for _ in range(3):
        assert build(site, WARNED) == 0
        assert capfd.readouterr() == ('', WARNINGS)
        backdate(site)
    assert build(site, WARNED, '--strict') == 1
    assert capfd.readouterr() == ('', ''.join(WARNINGS.splitlines(keepends=True)[:-1]))
    assert touched(site) == set()
    # After the list has been corrected, there are no warnings.
    assert build(site, BASE) == 0
    assert build(site, BASE, '--strict') == 0
    assert capfd.readouterr() == ('', '')
