"""The `dumb-pypi-list` command, also as `python -m dumb_pypi.pool`."""

from __future__ import annotations

from dumb_pypi.start import start


def main() -> int:
    return start('dumb_pypi.pool.main')


if __name__ == '__main__':
    raise SystemExit(main())
