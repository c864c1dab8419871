"""Real processes, ended after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.process.running import Running

Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor on a directory of its own; `mode` is what the stub gateway shall do."""
    started: list[Running] = []

    def begin(*arguments: str, mode: str = "", pass_fds: tuple[int, ...] = ()) -> Running:
        directory = tmp_path / "data"
        if mode:
            directory.mkdir(exist_ok=True)
            (directory / "mode").write_text(mode)
        started.append(Running(directory, *arguments, pass_fds=pass_fds))
        return started[-1]

    yield begin
    for running in started:
        running.close()
