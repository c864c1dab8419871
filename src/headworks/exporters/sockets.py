"""What a gateway process tells those beside it: Unix sockets that answer every connection with one line of JSON and hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

LONGEST_PATH = 100
"""Bytes that a Unix socket's path may have on every system (Linux takes 107, macOS 103)."""


def socket_path(directory: Path, pid: int) -> Path:
    """Where the gateway process `pid` tells its gauges."""
    return directory / f"gateway-{pid}.sock"


def names_path(directory: Path, pid: int) -> Path:
    """Where it hands over names of customers."""
    return directory / f"names-{pid}.sock"


class TellingSocket:
    """For this user alone. `open` it when the loop runs, `close` it last."""

    def __init__(self, path: Path, read: Callable[[], msgspec.Struct]) -> None:
        """`read` is called on the loop for each connection; it is quick and does not raise."""
        self._path = path
        self._read = read
        self._server: asyncio.AbstractServer | None = None

    async def open(self) -> None:
        """Start to listen. Raises `OSError`, with a message fit for an operator where the path is too long."""
        if len(bytes(self._path)) > LONGEST_PATH:
            raise OSError(
                f"{self._path} is too long a name for a Unix socket: it may have {LONGEST_PATH} bytes. Choose a shorter journal.directory."
            )
        self._path.unlink(missing_ok=True)  # a process of this number that was killed may have left it
        self._server = await asyncio.start_unix_server(self._answer, self._path)
        self._path.chmod(0o600)

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.json.encode(self._read()) + b"\n")
        writer.close()

    async def close(self) -> None:
        """Stop to listen, and take the socket away."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
