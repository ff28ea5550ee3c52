"""The command line of `dumb-pypi-list`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from dumb_pypi import __version__
from dumb_pypi.command_line import file_argument, number_argument, status_of, value_argument, write_output
from dumb_pypi.package_list.values import directory_url
from dumb_pypi.pool.arguments import label_of, open_places, path_below
from dumb_pypi.pool.listing import ListOptions, make_list


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='dumb-pypi-list',
        description='Print the list of the distribution files in directories and buckets, with all their facts, for '
        'dumb-pypi --package-list-json.',
        epilog='Exit status: 0 done, 1 a file that cannot be read or written, 2 wrong usage, 130 and 143 interrupted.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    parser.add_argument(
        'pool',
        metavar='POOL',
        nargs='+',
        type=file_argument,
        help='a directory, a file, or a bucket as in s3://my-bucket/pool (needs fsspec and a driver: s3fs, gcsfs or '
        'adlfs); the list has the path of each file below it, or the name of a single file',
    )
    parser.add_argument(
        '--known',
        metavar='FILE',
        type=file_argument,
        help='the list of an earlier run, or packages.json of the site: a file with the same path, size and time is '
        'not read again, and the upload time of a file stays as long as its bytes stay; may be missing without --add',
    )
    parser.add_argument(
        '--add',
        action='store_true',
        help='keep the known files that are in no POOL; those that are in one must have the known path and hash; for '
        'the first run, make --known an empty file',
    )
    parser.add_argument(
        '--facts',
        metavar='FILE',
        type=file_argument,
        help='facts that are not in the files, in lines of the list format: yanked, yanked_reason, uploaded_by, '
        'upload_timestamp; status, status_reason',
    )
    parser.add_argument(
        '--base-url',
        metavar='URL',
        type=value_argument(directory_url),
        help='address of the files in the POOLs, now or later, if that is not --packages-url of dumb-pypi',
    )
    parser.add_argument(
        '--root',
        metavar='DIR',
        type=file_argument,
        help='a directory or bucket that contains all POOLs: list files by their paths below it',
    )
    parser.add_argument(
        '--newest',
        metavar='N',
        type=number_argument(1),
        help='list only the N newest releases of each project',
    )
    parser.add_argument(
        '--write-metadata', action='store_true', help='write the metadata of each wheel beside it, for installers'
    )
    parser.add_argument('--strict', action='store_true', help='treat warnings (files that are left out) as errors')
    parser.add_argument(
        '--jobs',
        metavar='N',
        type=number_argument(1),
        help='how many files to read at once; default: one per core for large files, one for small ones, 16 for a '
        'bucket',
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.add and args.known is None:
        parser.error('argument --add: needs --known')
    for address in args.pool if args.root is not None else ():
        if path_below(args.root, address) is None:
            parser.error(f'argument --root: expected a parent of {label_of(address)}, got {label_of(args.root)}')
    options = ListOptions(*(getattr(args, name) for name in ListOptions._fields))
    return status_of(lambda: write_output(make_list(open_places(args.pool, args.root, args.write_metadata), options)))


if __name__ == '__main__':
    raise SystemExit(main())
