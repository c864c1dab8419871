"""The rest of a form that is not put aside: bytes as they are sent on, from whoever reads them to whoever takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from headworks.domain.errors import Fault

ROOM = 262_144
"""Bytes that may wait for their taker before no more is read."""


class Passing:
    """One per form that is larger than what is put aside. `taken` tells that some of it is gone for good."""

    __slots__ = ("_fault", "_over", "_pieces", "_read_on", "_size", "_step", "taken")

    def __init__(self, read_on: Callable[[], None]) -> None:
        """`read_on` is run when there is room again."""
        self._read_on: Callable[[], None] | None = read_on
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._fault: Fault | None = None
        self._step: Callable[[], None] | None = None
        self.taken = False

    @property
    def wanting(self) -> bool:
        """Whether there is room for more."""
        return self._size < ROOM

    def add(self, data: bytes) -> None:
        """The next bytes."""
        self._pieces.append(data)
        self._size += len(data)
        self._tell()

    def end(self) -> None:
        """There are no more."""
        self._over = True
        self._tell()

    def fail(self, fault: Fault) -> None:
        """The rest will not come."""
        self._fault = fault
        self._tell()

    def take(self, most: int) -> bytes | None:
        """See `BodySource.take`."""
        if self._fault is not None:
            raise self._fault
        if not self._pieces:
            return None if self._over else b""
        piece = self._pieces.popleft()
        if len(piece) > most:
            self._pieces.appendleft(piece[most:])
            piece = piece[:most]
        self._size -= len(piece)
        self.taken = True
        if self.wanting and self._read_on is not None:
            self._read_on()
        return piece

    def on_more(self, step: Callable[[], None]) -> None:
        """See `BodySource.on_more`."""
        self._step = step

    def close(self) -> None:
        """Nobody takes any more."""
        self._read_on = self._step = None
        self._pieces.clear()

    def _tell(self) -> None:
        step, self._step = self._step, None
        if step is not None:
            step()
