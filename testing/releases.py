"""A repository whose releases have assets, and a stand-in for `gh`, which knows no other server than GitHub's.

It has the requests and commands of the documents only. Its responses have the fields of the API that they read, and
others beside them.
"""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import hashlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

DOWNLOAD = 'octo/tools/releases/download'
# GitHub has no digest of what was uploaded before.
FIRST_DIGEST = datetime.datetime(2025, 6, 1, tzinfo=datetime.timezone.utc).timestamp()

_ROOT = Path(__file__).parent.parent  # not from testing.tools, which imports pytest: each `gh` would take twice as long
_LISTING = 'repos/{owner}/{repo}/releases?per_page=100'


class Releases(NamedTuple):
    """Assets are files in `top`, below `DOWNLOAD` or, of drafts, below `drafts/`, each in the directory of its tag."""

    top: Path
    url: str  # where `top` is served

    def add(self, tag: str, *files: Path) -> None:
        """Make a release, or add assets to it."""
        directory = self.top / DOWNLOAD / quote(tag, safe='')
        directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy2(file, directory)

    def asset(self, path: str) -> Path:
        return self.top / DOWNLOAD / path

    @property
    def packages(self) -> Path:
        return self.top / 'drafts' / 'index' / 'packages.json'

    def write_gh(self, directory: Path) -> None:
        """Write `gh` into a directory."""
        command = [sys.executable, '-m', 'testing.releases', str(self.top), self.url]
        text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(_ROOT))} exec {shlex.join(command)} "$@"\n'
        (directory / 'gh').write_text(text, encoding='utf-8')
        (directory / 'gh').chmod(0o755)

    def directories(self) -> dict[str, Path]:
        found = [*(self.top / DOWNLOAD).glob('*'), *(self.top / 'drafts').glob('*')]
        return {unquote(path.name): path for path in found}

    def answer(self) -> list[dict[str, Any]]:
        """Return what the API says of the releases."""
        return [
            {
                'id': number,
                'tag_name': tag,
                'draft': directory.parent.name == 'drafts',
                'prerelease': False,
                'assets': [self.asset_of(path) for path in sorted(directory.iterdir())],
                'body': 'New: "everything"',
            }
            for number, (tag, directory) in enumerate(sorted(self.directories().items()))
        ]

    def asset_of(self, path: Path) -> dict[str, Any]:
        """An empty file is an upload that broke off."""
        content, created = path.read_bytes(), path.stat().st_mtime
        place = path.relative_to(self.top).as_posix()
        return {
            'url': f'https://api.example.com/{place}',
            'name': path.name,
            'uploader': {'login': 'octocat', 'type': 'User'},
            'state': 'uploaded' if content else 'starter',
            'size': len(content),
            'digest': None if created < FIRST_DIGEST else f'sha256:{hashlib.sha256(content).hexdigest()}',
            'created_at': datetime.datetime.fromtimestamp(created, datetime.timezone.utc).strftime(
                '%Y-%m-%dT%H:%M:%SZ'
            ),
            'browser_download_url': f'{self.url}/{quote(place)}',
        }

    def upload(self, tag: str, files: Sequence[str], clobber: bool) -> str | None:
        """Return an error, or `None`."""
        for file in map(Path, files):
            target = self.directories()[tag] / file.name
            if target.exists() and not clobber:
                return f'asset under the same name already exists: [{file.name}]'
            shutil.copy(file, target)
        return None


def api(releases: Releases, arguments: Sequence[str]) -> None:
    if arguments == ['--paginate', _LISTING]:
        # One array for each page.
        for release in releases.answer():
            print(json.dumps([release]), end='')
    else:
        assert arguments[:-1] == ['-H', 'Accept: application/octet-stream'], arguments
        path = releases.top / arguments[-1].removeprefix('https://api.example.com/')
        sys.stdout.buffer.write(path.read_bytes())


def release(releases: Releases, arguments: Sequence[str]) -> str | None:
    """Run `gh release create`, `upload` or `download`. Return an error, or `None`."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument('command', choices=['create', 'upload', 'download'])
    parser.add_argument('tag')
    parser.add_argument('files', nargs='*')
    for option in ('--title', '--notes', '--dir', '--pattern'):
        parser.add_argument(option)
    for option in ('--draft', '--generate-notes', '--clobber'):
        parser.add_argument(option, action='store_true')
    args = parser.parse_intermixed_args(arguments)
    if args.command == 'download':
        for path in releases.directories()[args.tag].iterdir():
            if fnmatch.fnmatch(path.name, args.pattern):
                Path(args.dir).mkdir(exist_ok=True)
                shutil.copy(path, args.dir)
        return None
    if args.command == 'create':
        if args.tag in releases.directories():
            return f'a release with the same tag name already exists: {args.tag}'
        (releases.top / ('drafts' if args.draft else DOWNLOAD) / args.tag).mkdir(parents=True)
    return releases.upload(args.tag, args.files, args.clobber)


def main(top: str, url: str, command: str, *arguments: str) -> str | None:
    """Run `gh`; the variable GH_FAILS has the beginning of a command that fails."""
    assert os.environ['GH_TOKEN']
    releases = Releases(Path(top), url)
    failing = os.environ.get('GH_FAILS')
    if failing is not None and shlex.join([command, *arguments]).startswith(failing):
        if '--paginate' in arguments:  # a later page
            print(json.dumps(releases.answer()[:1]))
        return 'gh: Server Error (HTTP 502)'
    if command == 'release':
        return release(releases, arguments)
    if command == 'workflow':
        assert arguments == ('run', 'index.yml')
        (releases.top / 'started').touch()
        return None
    assert command == 'api'
    api(releases, [*arguments])
    return None


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
