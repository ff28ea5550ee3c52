"""Two sites: of files that the public index has, and of a list with every key."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def site(either: Path) -> Path:
    return either
