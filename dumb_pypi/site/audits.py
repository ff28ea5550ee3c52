"""The audits of all projects, as data for the next run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from dumb_pypi.package_list.lines import encode
from dumb_pypi.pages.audit import Audit
from dumb_pypi.pages.page import digest
from dumb_pypi.site.directory import read_file
from dumb_pypi.site.published import Published
from dumb_pypi.site.record import AUDITS, Audits
from dumb_pypi.site.staging import Staging


def write_audits(
    staging: Staging, projects: Iterable[str], published: Published, parsed: Mapping[str, Audit]
) -> tuple[dict[str, Audit], Audits]:
    """Stage the audits of these projects, from those parsed in this run and the published ones.

    Returns the audits by name, and the entry for the record. Raises `Damaged`.
    """
    known = {**published.read_audits(), **parsed}
    audits = {name: known[name] for name in projects}
    content = encode(audits) + b'\n'
    if read_file(os.path.join(published.directory, AUDITS)) != content:
        staging.write(AUDITS, content)
    return audits, Audits(len(content), digest(content))
