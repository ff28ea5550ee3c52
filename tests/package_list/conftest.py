"""The site of an earlier list, for tests of the next list."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def site(earlier: Path) -> Path:
    return earlier
