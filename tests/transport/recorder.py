"""A receiver that writes down what it is told, and objects when the order is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headworks.domain.errors import Fault


class Recorder:
    """`on_piece` is called with each piece of the body, after it was noted."""

    def __init__(self, on_piece: Callable[[bytes], None] | None = None) -> None:
        self.sent = 0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.ending: Fault | bool | None = None
        self.objections: list[str] = []
        self.ended = asyncio.Event()
        self.begun = asyncio.Event()
        self.on_piece: Callable[[bytes], None] | None = on_piece
        self.on_ending: Callable[[], None] | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def fault(self) -> Fault:
        assert isinstance(self.ending, Fault), f"it ended with {self.ending!r}"
        return self.ending

    @property
    def done(self) -> bool:
        return self.ending is True

    async def end(self) -> Recorder:
        await self.ended.wait()
        assert not self.objections
        return self

    def on_sent(self) -> None:
        self._expect("on_sent", not self.status)
        self.sent += 1

    def on_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._expect("on_head", not self.status)
        self.status, self.headers = status, headers
        self.begun.set()

    def on_body(self, data: bytes) -> None:
        self._expect("on_body", bool(self.status))
        self.pieces.append(data)
        if self.on_piece is not None:
            self.on_piece(data)

    def on_done(self) -> None:
        self._expect("on_done", bool(self.status))
        self._end(True)  # noqa: FBT003 - the ending of a good answer

    def on_fault(self, fault: Fault) -> None:
        self._expect("on_fault", True)  # noqa: FBT003 - any time
        self._end(fault)

    def _end(self, ending: Fault | bool) -> None:  # noqa: FBT001 - see above
        self.ending = ending
        self.ended.set()
        if self.on_ending is not None:
            self.on_ending()

    def _expect(self, call: str, fits: bool) -> None:  # noqa: FBT001 - private
        if self.ending is not None or not fits:
            self.objections.append(call)
