"""Whoever takes what is pushed: the edge's side of a reply, the journey's side of an upstream connection."""

from __future__ import annotations

import asyncio

from headworks.domain.errors import Fault
from headworks.domain.outcome import Outcome
from headworks.domain.reply import Frame


class CollectingSink:
    """A `domain.reply.Sink` that keeps the frames. `outcomes` shows whether there was exactly one ending."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.outcomes: list[Outcome] = []
        self._over = asyncio.Event()

    def on_frame(self, frame: Frame) -> None:
        """Keep it."""
        self.frames.append(frame)

    def on_end(self, outcome: Outcome) -> None:
        """Keep it and let `ended` go on."""
        self.outcomes.append(outcome)
        self._over.set()

    @property
    def body(self) -> bytes:
        """All bytes so far."""
        return b"".join(frame.raw for frame in self.frames)

    async def ended(self, deadline: float = 5.0) -> Outcome:
        """Wait for the ending. Raises `TimeoutError` after `deadline` seconds."""
        async with asyncio.timeout(deadline):
            await self._over.wait()
        return self.outcomes[0]


class CollectingReceiver:
    """A `ports.upstream.Receiver` that keeps one answer. `endings` counts `on_done` and `on_fault` together."""

    def __init__(self) -> None:
        self.sent = 0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.fault: Fault | None = None
        self.endings = 0
        self._headed = asyncio.Event()
        self._over = asyncio.Event()

    def on_sent(self) -> None:
        """Count it."""
        self.sent += 1

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Keep them and let `headed` go on."""
        self.status, self.headers = status, headers
        self._headed.set()

    def on_body(self, data: bytes) -> None:
        """Keep it."""
        self.pieces.append(data)

    def on_done(self) -> None:
        """Let `ended` go on."""
        self.endings += 1
        self._over.set()

    def on_fault(self, fault: Fault) -> None:
        """Keep it and let `ended` go on."""
        self.fault = fault
        self.endings += 1
        self._over.set()

    @property
    def body(self) -> bytes:
        """All bytes so far."""
        return b"".join(self.pieces)

    async def headed(self, deadline: float = 5.0) -> int:
        """Wait for the head: its status. Raises `TimeoutError` after `deadline` seconds."""
        async with asyncio.timeout(deadline):
            await self._headed.wait()
        return self.status

    async def ended(self, deadline: float = 5.0) -> Fault | None:
        """Wait for the end: the fault, or None after a good end. Raises `TimeoutError` after `deadline` seconds."""
        async with asyncio.timeout(deadline):
            await self._over.wait()
        return self.fault
