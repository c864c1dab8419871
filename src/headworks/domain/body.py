"""The body of a request, which may still be arriving.

Whole      all of it will be in memory: it can be sent again
Spooled    put aside as it comes (a form with files): it can be sent again
Live       passing through: an attempt that has begun to send it cannot be repeated
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from headworks.domain.form import FormFile


class Replay(StrEnum):
    """Whether a body can be sent a second time."""

    WHOLE = "whole"
    SPOOLED = "spooled"
    LIVE = "live"


class BodySource(Protocol):
    """A body on its way out that is not in memory as a whole. It is taken piece by piece, as fast as the taker likes."""

    length: int | None
    """Bytes of all of it; None where nobody knows yet."""
    content_type: bytes

    def take(self, most: int) -> bytes | memoryview | None:
        """The next bytes, at most so many: none where they are still to come, None behind the last. Raises the `Fault` for which the rest
        will not come.
        """
        ...

    def on_more(self, step: Callable[[], None]) -> None:
        """Run `step` once when there is more to take after there was nothing, or when nothing more will come."""
        ...

    def rewind(self) -> bool:
        """Begin again. Tells whether that was possible."""
        ...


class Form(Protocol):
    """A body of fields and files. Its `data` are the fields as a JSON object, in which the files stand by what is known of them."""

    @property
    def files(self) -> tuple[FormFile, ...]:
        """Those that have begun to come."""
        ...

    @property
    def most(self) -> int:
        """Bytes of all files, at most."""
        ...

    def written(self, fields: bytes) -> BodySource:
        """The form with other fields, given as `data` gives them. A file is left out that is not among them."""
        ...


class Body(Protocol):
    """What the edge hands over. `data` is complete once `complete` is true, or once `read` has returned."""

    replay: Replay
    complete: bool
    data: bytes
    size: int
    """Bytes that have come."""

    @property
    def form(self) -> Form | None:
        """The body as a form, where it is one."""
        ...

    def read(self) -> Awaitable[bytes]:
        """Wait for the rest: of a form, for all that is to be decided on. Raises `Fault` when it is too large, too slow or never comes."""
        ...


class Whole:
    """A body that is already there."""

    __slots__ = ("complete", "data", "replay", "size")
    form = None

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.complete = True
        self.replay = Replay.WHOLE

    async def read(self) -> bytes:
        """All of it, at once."""
        return self.data
