"""A real server for the tests of what gateways share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headworks.stores.valkey import link
from headworks.testing.valkey import Server, find_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    program = find_server()
    if program is None:
        pytest.skip("redis-server is not installed")
    folder = Path(tmp_path)
    running = Server(program, folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Living processes are all in this one: they come back at once."""
    monkeypatch.setattr(link, "GATHERING", 0.2)
