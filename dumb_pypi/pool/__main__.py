"""`python -m dumb_pypi.pool` is the `dumb-pypi-list` command."""

from dumb_pypi.pool.main import main

if __name__ == '__main__':
    raise SystemExit(main())
