"""A public index for tests, with a host for its pages and a host for its files. Both can lose files and stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from testing.distributions import list_line, make_wheel, write_metadata
from testing.servers import Server, nginx
from testing.sites import build


class Upstream(NamedTuple):
    """A running public index. `directory` has the site in `index/` and the files in `files/`."""

    directory: Path
    pages: Server
    files: Server

    def publish(self, *releases: tuple[str, str]) -> None:
        """Publish an index of only these releases. The files of earlier releases stay on the server of the files."""
        lines: list[dict[str, object]] = []
        for name, version in releases:
            (self.directory / 'files' / name[0]).mkdir(exist_ok=True)
            wheel = make_wheel(self.directory / 'files' / name[0], name, version)
            write_metadata(wheel)
            lines.append(list_line(wheel) | {'filename': f'{name[0]}/{wheel.name}'})
        assert build(self.directory / 'index', lines, '--packages-url', 'https://files.example.com/') == 0


@contextmanager
def upstream(scratch: Path) -> Iterator[Upstream]:
    for name in ('index', 'files', 'index-server', 'files-server'):
        (scratch / name).mkdir()
    with (
        nginx(scratch / 'index', scratch / 'index-server', 'short.conf') as pages,
        nginx(scratch / 'files', scratch / 'files-server', 'short.conf') as files,
    ):
        yield Upstream(scratch, pages, files)
