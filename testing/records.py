"""Edits records of a site, like somebody who knows their format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dumb_pypi.pages.page import digest


def edited(change: Callable[[dict[str, Any]], object], is_consistent: bool = True) -> Callable[[bytes], bytes]:
    """Return a function that edits a record; by default with a correct digest, as if the program had written it."""

    def edit(content: bytes) -> bytes:
        head, body = map(json.loads, content.splitlines())
        change(body)
        text = json.dumps(body).encode()
        if is_consistent:
            head['digest'] = digest(text)
        return json.dumps(head).encode() + b'\n' + text + b'\n'

    return edit
