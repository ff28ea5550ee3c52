"""Runs commands at a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from collections.abc import Sequence
from pathlib import Path

from testing.tools import ROOT


def said_at_terminal(command: Sequence[str | Path], output: int = subprocess.DEVNULL) -> str:
    """Run a command, which must succeed, with a terminal as standard error. Return what it prints there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=theirs) as run:
        os.close(theirs)
        said = b''
        with contextlib.suppress(OSError):  # Linux reports the end of a pseudo-terminal like this
            while block := os.read(ours, 65536):
                said += block
        os.close(ours)
    assert run.returncode == 0
    return said.decode().replace('\r\n', '\n')
