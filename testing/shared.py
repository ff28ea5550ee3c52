"""Makes expensive test data once for all parallel test processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the directory with this name. The first process fills it with `make`. Tests must not change it."""
    top = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        top = top.parent
    directory = top / f'shared-{name}'
    made = directory / 'made'
    with FileLock(f'{directory}.lock'):
        if not made.exists():
            directory.mkdir()
            make(directory)
            made.touch()
    return directory
