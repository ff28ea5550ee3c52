"""The command line of `dumb-pypi`: its options and settings. `command_line.py` runs it and reports errors."""

from __future__ import annotations

import argparse
import os
import sys
import urllib.parse
from collections.abc import Callable, Sequence

from dumb_pypi import __version__
from dumb_pypi.build import Options, run
from dumb_pypi.command_line import file_argument, number_argument, read_cores, status_of, usage_error, value_argument
from dumb_pypi.errors import quoted, shown, tell, unexpected
from dumb_pypi.package_list.list_file import ListOption
from dumb_pypi.package_list.values import directory_url, is_absolute, normal_text
from dumb_pypi.settings import Settings


def list_argument(is_json: bool) -> Callable[[str], ListOption]:
    return lambda text: ListOption(file_argument(text), is_json)


url_argument = value_argument(directory_url)


def packages_url_argument(text: str) -> str:
    url = url_argument(text)
    if not is_absolute(url) and not url.startswith('../'):
        expected = 'an absolute URL as in https://pypi.example.com/pool/, or one relative to a page below simple/'
        raise usage_error(unexpected(f'{expected} as in ../../pool/', text))
    return url


def text_argument(text: str) -> str:
    if not normal_text(text):
        raise usage_error(unexpected('a text', text))
    return normal_text(text)


def image_argument(text: str) -> str:
    """Return a URL. Any scheme is allowed, because an `<img>` runs no script."""
    try:
        is_absolute(text_argument(text))
    except ValueError:
        raise usage_error(unexpected('the URL of an image', text)) from None
    return normal_text(text)


def site_url_argument(text: str) -> str:
    url = url_argument(text)
    if not url.lower().startswith(('http://', 'https://')):
        raise usage_error(unexpected('an absolute http or https URL', text))
    return url


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='dumb-pypi',
        description='Writes a static Python package index: plain files, made from a list of distribution files.',
        epilog='Exit status: 0 done, 1 bad input or a file that cannot be written, 2 wrong usage, 130 and 143 '
        'interrupted.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')

    lists = parser.add_argument_group('the list', '`-` is standard input')
    current = lists.add_mutually_exclusive_group(required=True)
    current.add_argument('--package-list', metavar='FILE', type=list_argument(False), help='one file name per line')
    current.add_argument(
        '--package-list-json',
        dest='package_list',
        metavar='FILE',
        type=list_argument(True),
        help='one JSON object per line',
    )
    lists.add_argument('--strict', action='store_true', help='treat warnings (skipped files, unknown keys) as errors')
    lists.add_argument('--allow-empty', action='store_true', help='accept a list without packages')
    lists.add_argument(
        '--max-delete',
        metavar='N',
        type=number_argument(0),
        help='refuse a list that drops more than N published files',
    )

    site = parser.add_argument_group('the site')
    site.add_argument('--output-dir', metavar='DIR', type=file_argument, required=True, help='where to write the site')
    site.add_argument(
        '--packages-url',
        metavar='URL',
        type=packages_url_argument,
        required=True,
        help='where the files are: absolute, or relative to a page below simple/, as in ../../pool/',
    )
    site.add_argument('--title', type=text_argument, default='My Private PyPI', help='default: %(default)s')
    site.add_argument(
        '--site-url',
        metavar='URL',
        type=site_url_argument,
        help='public URL of the site: needed for feeds (rss/) and for 404.html',
    )
    site.add_argument(
        '--with-public-index',
        action='store_true',
        help='show install commands that use the public index too; by default they use only this one',
    )
    site.add_argument('--logo', metavar='URL', type=image_argument, help='an image: absolute, or relative to the site')
    site.add_argument('--logo-width', metavar='PIXELS', type=number_argument(1))
    site.add_argument(
        '--generate-timestamp',
        action='store_true',
        help='show on the home page when the site last changed',
    )
    site.add_argument(
        '--no-generate-timestamp',
        dest='generate_timestamp',
        action='store_false',
        help='the default: the same list gives the same bytes',
    )
    site.add_argument(
        '--no-per-release-json',
        dest='per_release_json',
        action='store_false',
        help='leave out the pages of single releases, HTML and JSON, which are many files',
    )

    runs = parser.add_argument_group('from one run to the next', 'a run writes only what differs from the last one')
    runs.add_argument('--rebuild', action='store_true', help='check every page again, for example after manual edits')
    runs.add_argument(
        '--dry-run',
        action='store_true',
        help='print the paths of the pages to write (+) and to remove (-), and change nothing; --max-delete only warns',
    )
    previous = runs.add_mutually_exclusive_group()
    previous.add_argument(
        '--previous-package-list',
        metavar='FILE',
        type=list_argument(False),
        help='for a site that is published in another place: write only the pages that changed since this list; no '
        'effect if the output directory is the site',
    )
    previous.add_argument(
        '--previous-package-list-json',
        dest='previous_package_list',
        metavar='FILE',
        type=list_argument(True),
        help='the same with a JSON list, such as packages.json of the site',
    )
    runs.add_argument(
        '--jobs',
        metavar='N',
        type=number_argument(1),
        default=read_cores(),
        help='how many processes a large list may use; default: one per core',
    )
    runs.add_argument(
        '--changed-paths', metavar='FILE', type=file_argument, help='append the paths of the written files to FILE'
    )
    runs.add_argument(
        '--removed-paths', metavar='FILE', type=file_argument, help='append the paths of the removed files to FILE'
    )
    return parser


def check_files(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Exit if a path list would overwrite another list, or a file of the site."""
    listed = {'--package-list': args.package_list, '--previous-package-list': args.previous_package_list}
    lists = {option: each.path for option, each in listed.items() if each is not None}
    if list(lists.values()) == ['-', '-']:
        parser.error('standard input can hold one list only')
    taken = {read_identity(path): option for option, path in lists.items()}
    site = os.path.realpath(args.output_dir)
    for option, path in (('--changed-paths', args.changed_paths), ('--removed-paths', args.removed_paths)):
        if path is not None:
            found = read_identity(path)
            if found in taken:
                parser.error(f'{option}: expected another file than {taken[found]}, got {quoted(path)}')
            if os.path.join(os.path.realpath(path), '').startswith(os.path.join(site, '')):
                parser.error(f'{option}: expected a file outside of the output directory, got {quoted(path)}')
            taken[found] = option


def check_packages_url(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Warn if `--packages-url` is `../pool/`, and only `../../pool/` leads to files. With `--strict`, exit."""
    up, _, path = urllib.parse.unquote(args.packages_url).partition('../')
    if not up and path and not path.startswith('../'):
        missing, other = os.path.join(args.output_dir, 'simple', path), os.path.join(args.output_dir, path)
        if os.path.isdir(other) and not os.path.isdir(missing):
            said = f'--packages-url: {quoted(args.packages_url)} leads to {shown(missing)}, which does not exist; '
            said += f'use {quoted("../" + args.packages_url)} for {shown(other)}'
            if args.strict:
                parser.error(said)
            tell(said)


def read_identity(path: str) -> str | tuple[int, int]:
    """Return an identity that is the same for all names of a file, and for `-` if standard input is this file."""
    try:
        found = os.fstat(sys.stdin.fileno()) if path == '-' else os.stat(path)
    except (OSError, AttributeError):  # it does not exist yet, or standard input is closed
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def main(argv: Sequence[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    check_files(parser, args)
    check_packages_url(parser, args)
    options = Options(*(getattr(args, name) for name in Options._fields))
    settings = Settings(*(getattr(args, name) for name in Settings._fields))
    return status_of(lambda: run(options, settings))


if __name__ == '__main__':
    raise SystemExit(main())
