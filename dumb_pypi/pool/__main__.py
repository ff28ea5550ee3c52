"""The `dumb-pypi-list` command, also as `python -m dumb_pypi.pool`."""

from __future__ import annotations

from collections.abc import Callable

from dumb_pypi.start import start


def import_main() -> Callable[[], int]:
    from dumb_pypi.pool.main import main

    return main


def main() -> int:
    return start(import_main)


if __name__ == '__main__':
    raise SystemExit(main())
