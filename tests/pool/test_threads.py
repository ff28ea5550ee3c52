"""The list maker on a system that starts few threads or none."""

import threading
from pathlib import Path

import pytest

from dumb_pypi.pool.main import main
from testing.pools import make_pool


def test_without_any_thread_the_list_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    pool = make_pool(tmp_path / 'pool')
    with (pool / 'hole-1.0-py2.7.egg').open('wb') as file:
        file.truncate(2**21)
    assert main([str(pool)]) == 0
    expected = capfdbinary.readouterr().out

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, 'start', refuse)
    assert main([str(pool)]) == 0
    assert capfdbinary.readouterr().out == expected != b''
