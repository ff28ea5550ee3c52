"""The site of an earlier list, whatever the list is that comes now."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def site(earlier: Path) -> Path:
    return earlier
