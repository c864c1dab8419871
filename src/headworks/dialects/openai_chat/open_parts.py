"""The parts of one choice that are open while it is read."""

from __future__ import annotations

from collections.abc import Hashable

from headworks.domain.events import Event, PartEnded, PartKind, PartStarted
from headworks.domain.message import JsonObject

_NOTHING: JsonObject = {}


class OpenParts:
    """Numbers the parts of one choice in the order in which they begin. Of those that are not tool calls at most one is open.

    Events go to `out`, which belongs to the reader of the whole answer.
    """

    __slots__ = ("_current", "_kind", "_next", "choice", "out")

    def __init__(self, choice: int, out: list[Event]) -> None:
        self.choice = choice
        self.out = out
        self._next = 0
        self._current = -1
        self._kind: tuple[PartKind, Hashable] | None = None

    def enter(self, kind: PartKind, key: Hashable = None, raw: JsonObject = _NOTHING) -> int:
        """The number of the open part of this kind and key; another one is closed for it."""
        wanted = (kind, key)
        if self._kind != wanted:
            self.leave()
            self._current = self.take()
            self._kind = wanted
            self.out.append(PartStarted(self._current, kind, self.choice, raw=raw))
        return self._current

    def single(self, kind: PartKind, raw: JsonObject, data: str = "") -> None:
        """A part that is complete at once."""
        self.leave()
        part = self.take()
        self.out.append(PartStarted(part, kind, self.choice, data=data, raw=raw))
        self.out.append(PartEnded(part, self.choice))

    def take(self) -> int:
        """The next number."""
        self._next += 1
        return self._next - 1

    def leave(self) -> None:
        """Close the open part, if there is one."""
        if self._kind is not None:
            self._kind = None
            self.out.append(PartEnded(self._current, self.choice))
