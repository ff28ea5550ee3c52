"""The command line of `dumb-pypi-list`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dumb_pypi import __version__
from dumb_pypi.command_line import file_argument, number_argument, status_of
from dumb_pypi.errors import Failure, attempt, give_up
from dumb_pypi.pool.listing import ListOptions, make_list
from dumb_pypi.pool.places import open_place

STANDARD_OUTPUT = '<stdout>'


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='dumb-pypi-list',
        description='Prints the list of the distribution files below a directory or in a bucket, with all that they '
        'say of themselves, for dumb-pypi --package-list-json.',
        epilog='Exit status: 0 done, 1 a file that cannot be read or written, 2 wrong usage, 130 and 143 interrupted.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    parser.add_argument(
        'pool',
        metavar='POOL',
        type=file_argument,
        help='a directory, or a bucket as in s3://my-bucket/pool (with fsspec and its driver: s3fs, gcsfs, adlfs)',
    )
    parser.add_argument(
        '--known',
        metavar='FILE',
        type=file_argument,
        help='the list of an earlier run, or packages.json of the site: a file of the same path, size and time is not '
        'read again; need not exist',
    )
    parser.add_argument(
        '--facts',
        metavar='FILE',
        type=file_argument,
        help='what people know, in lines as in the list: yanked, yanked_reason, uploaded_by; status, status_reason',
    )
    parser.add_argument(
        '--write-metadata', action='store_true', help='write the metadata of each wheel beside it, for installers'
    )
    parser.add_argument('--strict', action='store_true', help='treat warnings (files that are left out) as errors')
    parser.add_argument(
        '--jobs',
        metavar='N',
        type=number_argument(1),
        help='how many files are read at once; default: of large ones one for each core, of small ones one; 16 of a '
        'bucket',
    )
    return parser


def write_list(lines: bytes) -> None:
    """All of it to standard output."""
    if sys.stdout is None:
        raise Failure(f'cannot write {STANDARD_OUTPUT}: it is closed')
    try:
        with attempt('write', STANDARD_OUTPUT):
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
    except Failure:
        give_up(sys.stdout)
        raise


def main(argv: Sequence[str] | None = None) -> int:
    args = make_parser().parse_args(argv)
    options = ListOptions(*(getattr(args, name) for name in ListOptions._fields))
    return status_of(lambda: write_list(make_list(open_place(args.pool, args.write_metadata), options)))


if __name__ == '__main__':
    raise SystemExit(main())
