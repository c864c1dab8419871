"""An answer that has begun and is not over: what its client was told of it, for a target that could go on with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol

import msgspec

MOST_CHARACTERS = 1 << 20
"""Of an answer that is gone on with. What is longer breaks off, as ever."""


class Continuation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Streamed chats of plain text only: one that breaks off is gone on with by another target, where that knows how to."""

    most: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    """Times for one answer."""


class Writer(Protocol):
    """Writes events in the client's language. It goes on where another attempt broke off."""


class Partial:
    """One per answer. The relays of its attempts fill it in, one after the other; the journey asks it."""

    __slots__ = ("_pieces", "fits", "last_words", "part", "size", "times", "writer")

    def __init__(self) -> None:
        self.begin(None)
        self.times = 0
        """How often it was gone on with."""

    def begin(self, writer: Writer | None) -> None:
        """Nothing is told yet: what another attempt had in mind, nobody heard."""
        self.writer = writer
        self._pieces: list[str] = []
        self.size = 0
        self.fits = True
        """Whether it is plain text so far, and not at its end."""
        self.part: int | None = None
        """The number of its one part, as the client knows it."""
        self.last_words: Callable[[], bytes] | None = None
        """What the client is told where nobody goes on."""

    def add(self, text: str) -> None:
        """The client is told more."""
        self._pieces.append(text)
        self.size += len(text)
        self.fits = self.fits and self.size <= MOST_CHARACTERS

    @property
    def text(self) -> str:
        """All that the client was told."""
        return "".join(self._pieces)
