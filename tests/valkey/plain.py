"""A server asked in the plainest way, and limits to ask about."""

from __future__ import annotations

import socket
from typing import Any

import hiredis

from headworks.domain.limits import Claim, Limit


class Plain:
    """One blocking connection."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(path)
        self._reader = hiredis.Reader(notEnoughData=self)

    def __call__(self, *command: str | bytes | int) -> Any:
        """The answer. Raises what the server complains of."""
        self._socket.sendall(hiredis.pack_command(command))  # pyright: ignore[reportArgumentType] - its stub says one word
        while (answer := self._reader.gets()) is self:
            self._reader.feed(self._socket.recv(65536))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self._socket.close()


def claim(limit: Limit, amount: int = 1, least: int = -1) -> Claim:
    """On the limit's only counter."""
    return Claim(limit, limit.stem, amount, least)
