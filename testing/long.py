"""Settings for random tests: a push always tries the same examples, `make test-long` many more random ones."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from hypothesis import HealthCheck, settings

LONG = 'LONG' in os.environ


def unmeasured_env() -> dict[str, str]:
    """Return the environment without coverage: it doubles the time of a process, and a killed one cannot write it."""
    return {name: value for name, value in os.environ.items() if not name.startswith('COV')}


def examples(each_push: int) -> settings:
    """Return settings for a test of single examples. `make test-long` tries four times as many."""
    return settings(
        max_examples=each_push * (4 if LONG else 1),
        deadline=None,
        derandomize=not LONG,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def walks(steps: int, long_steps: int | None = None) -> settings:
    """Return settings for random walks: 25 for each push, 200 in `make test-long`."""
    return settings(
        max_examples=200 if LONG else 25,
        stateful_step_count=long_steps if LONG and long_steps else steps,
        deadline=None,
        database=None,
        derandomize=not LONG,
    )


@contextlib.contextmanager
def unmeasured() -> Iterator[None]:
    """Measure no coverage in the block and in processes started there, because it doubles the time.

    `Coverage.stop` and `start` would do, but each start adds a hook for forks: after 400, a fork writes 400 files.
    """
    trace, config = sys.gettrace(), os.environ.pop('COVERAGE_PROCESS_CONFIG', None)
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)
        if config is not None:
            os.environ['COVERAGE_PROCESS_CONFIG'] = config
