"""Records of a site, changed as somebody might who knows how they are written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dumb_pypi.pages.page import digest


def edited(change: Callable[[dict[str, Any]], object], is_consistent: bool = True) -> Callable[[bytes], bytes]:
    """Changes a record; by default as the program would have written it, with a digest of itself."""

    def edit(content: bytes) -> bytes:
        head, body = map(json.loads, content.splitlines())
        change(body)
        text = json.dumps(body).encode()
        if is_consistent:
            head['digest'] = digest(text)
        return json.dumps(head).encode() + b'\n' + text + b'\n'

    return edit
