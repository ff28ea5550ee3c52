"""Makes pools for `dumb-pypi-list`, with archives of any content, and runs the command on them.

    python -m testing.pools N ARGUMENT...

runs the command and kills it just before the Nth change of the file system or, with `-N`, after it has printed N bytes.
With N = 0 nothing is killed, and the last line on standard error is the number of changes.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dumb_pypi.pool.main import main
from testing.distributions import UPLOADED, make_sdist, make_wheel
from testing.killed import CHANGES

NOBODY = 65534  # the ID of a user who owns nothing


class Outcome(NamedTuple):
    status: int
    output: bytes
    messages: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]

    def files(self) -> dict[str, dict[str, Any]]:
        """Return the lines of files, by path."""
        return {line['filename']: line for line in self.lines if 'filename' in line}

    def projects(self) -> dict[str, dict[str, Any]]:
        return {line['project']: line for line in self.lines if 'project' in line}


def run_list(*arguments: str | Path) -> Outcome:
    """Run the command in this process."""
    output, messages = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(messages):
        status = main([*map(str, arguments)])
    output.flush()
    assert isinstance(output.buffer, io.BytesIO)
    return Outcome(status, output.buffer.getvalue(), messages.getvalue())


def make_zip(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return settled(path)


def make_tar(path: Path, members: Mapping[str, bytes], mode: str = 'w:gz') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # any mode
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return settled(path)


def headers(name: str, version: str, *more: str) -> bytes:
    """Return core metadata of version 2.2, in which all these fields are static."""
    return '\n'.join(['Metadata-Version: 2.2', f'Name: {name}', f'Version: {version}', *more, '']).encode()


def described_wheel(directory: Path, name: str, version: str, *more: str, tag: str = 'py3-none-any') -> Path:
    """Make a wheel with these lines in its metadata and nothing to install."""
    path = directory / f'{name}-{version}-{tag}.whl'
    return make_zip(path, {f'{name}-{version}.dist-info/METADATA': headers(name, version, *more)})


def described_sdist(directory: Path, name: str, version: str, *more: str) -> Path:
    return make_tar(
        directory / f'{name}-{version}.tar.gz', {f'{name}-{version}/PKG-INFO': headers(name, version, *more)}
    )


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Give up root privileges in the block, because permissions do not apply to root.

    In the block, only files below the working directory can be read, and only imported modules can be used.
    """
    import packaging.metadata  # noqa: F401  # otherwise, the command imports it after it has opened a file

    if os.geteuid():
        yield
        return
    os.chmod('.', 0o755)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def settled(path: Path) -> Path:
    """Give a file the modification time that all test files have, and return it."""
    os.utime(path, (UPLOADED, UPLOADED))
    return path


def make_pool(directory: Path) -> Path:
    """Write two projects with two releases each into a directory, and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in ('foo', 'bar'):
        for version in ('1.0', '1.1'):
            settled(make_wheel(directory, name, version, requires_python='>=3.8', requires_dist=['dep>=1']))
            settled(make_sdist(directory, name, version, requires_python='>=3.8'))
    return directory


class _Dying(io.RawIOBase):
    """A standard output that kills the process after this number of bytes."""

    def __init__(self, last: int) -> None:
        self.left = last

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)[: self.left]
        os.write(1, part)
        self.left -= len(part)
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(part)


class _Killer:
    """An audit hook that counts changes: see `testing.killed`."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.changes = 0

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        is_open = event == 'open' and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if is_open or event in CHANGES:
            self.changes += 1
            if self.changes == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == '__main__':
    number = int(sys.argv[1])
    if number < 0:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Dying(-number), 1))
    killer = _Killer(number)
    sys.addaudithook(killer)
    status = main(sys.argv[2:])
    print(killer.changes, file=sys.stderr)
    raise SystemExit(status)
