"""The body of a request while it comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headworks.domain.body import Form, Replay
from headworks.domain.errors import Fault

SMALL_PIECE = 4_096
"""Bytes below which a piece is not worth an object of its own."""


class IncomingBody:
    """A `domain.body.Body`. The reader adds pieces and says when it is over; a stage may wait for that."""

    replay = Replay.WHOLE
    complete: bool = False
    data: bytes = b""
    size: int = 0
    fault: Fault | None = None
    _waiter: asyncio.Future[None] | None = None
    _wanted: Callable[[], None] | None = None

    def __init__(self) -> None:
        self._pieces: list[bytes | bytearray] = []

    @classmethod
    def of(cls, data: bytes) -> IncomingBody:
        """One that has come whole."""
        body = cls()
        body.data = data
        body.size = len(data)
        body.complete = True
        return body

    @property
    def form(self) -> Form | None:
        """None: it is in one piece."""
        return None

    @property
    def asked_for(self) -> bool:
        """Whether somebody waits for it."""
        return self._waiter is not None

    def on_wanted(self, step: Callable[[], None]) -> None:
        """Run `step` when somebody first waits for it."""
        self._wanted = step

    async def read(self) -> bytes:
        """All of it. Raises `Fault` when it is malformed, too large or too slow."""
        while not self.complete:
            await self._coming()
        return self.data

    async def _coming(self) -> None:
        """Until something has happened."""
        if self.fault is not None:
            raise self.fault
        self._waiter = asyncio.get_running_loop().create_future()
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            wanted()
        await self._waiter

    def add(self, piece: bytes) -> None:
        """The next piece. Small ones behind the first grow together: kept one by one, each would cost twenty times its bytes."""
        pieces = self._pieces
        size = len(piece)
        self.size += size
        if not pieces or size >= SMALL_PIECE:
            pieces.append(piece)
        elif isinstance(last := pieces[-1], bytearray):
            last += piece
        else:
            pieces.append(bytearray(piece))

    def finish(self) -> None:
        """It is over: all pieces are there."""
        pieces = self._pieces
        first = pieces[0] if len(pieces) == 1 else None
        self.data = first if isinstance(first, bytes) else b"".join(pieces)
        pieces.clear()
        self.complete = True
        self._wake()

    def moves(self) -> bool:
        """Whether it may take longer than a body is waited for, as long as enough of it comes. Asked now and then."""
        return False

    def fail(self, fault: Fault) -> None:
        """The rest will not come."""
        if not self.complete:
            self.fault = fault
            self._pieces.clear()
            self._wake()

    def _wake(self) -> None:
        self._wanted = None
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
