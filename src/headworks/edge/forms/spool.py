"""Bytes put aside: the first in memory, more of them in a file without a name."""

from __future__ import annotations

import os
import tempfile
from io import FileIO

from headworks.domain.errors import Fault

IN_MEMORY = 1_048_576
"""Bytes."""


class Room:
    """What all forms of a process may put aside together, in bytes."""

    __slots__ = ("left",)

    def __init__(self, most: int) -> None:
        self.left = most


class Spool:
    """Of one form. What the file holds is nobody else's: it is made without a name, for its owner alone, and gone with the process."""

    __slots__ = ("_closed", "_file", "_memory", "_room", "size")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._memory = bytearray()
        self._file: FileIO | None = None
        self._closed = False
        self.size = 0

    def add(self, data: bytes) -> None:
        """Raises `Fault` `overloaded` where there is no room."""
        if len(data) > self._room.left:
            raise _no_room("server.uploads_aside_bytes are in use")
        if self._file is None and self.size + len(data) <= IN_MEMORY:
            self._memory += data
        else:
            try:
                self._write(data)
            except OSError as trouble:
                raise _no_room(f"{tempfile.gettempdir()}: {trouble.strerror}") from trouble
        self.size += len(data)
        self._room.left -= len(data)

    def read(self, start: int, size: int) -> bytes:
        """As many bytes from there on, all of which have been added. Raises `Fault` `abandoned` where nothing is kept any more."""
        if self._closed:
            raise Fault("abandoned", "The exchange ended before its form was sent on.")
        if self._file is None:
            return bytes(self._memory[start : start + size])
        return os.pread(self._file.fileno(), size, start)

    def close(self) -> None:
        """Let go of all. Idempotent."""
        if not self._closed:
            self._room.left += self.size
        self._closed = True
        self._memory.clear()
        if self._file is not None:
            self._file.close()

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` closes it
            data = bytes(self._memory) + data
            self._memory.clear()
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]


def _no_room(detail: str) -> Fault:
    said = "The gateway has no room to put the upload aside. Try again shortly."
    return Fault("overloaded", said, retry_after=5.0, detail=detail)
