"""Where others plug in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from headworks.domain.call import Call
from headworks.domain.envelope import Envelope
from headworks.domain.exchange import Exchange
from headworks.domain.target import Target


class Allow(msgspec.Struct, frozen=True):
    """Nothing to object to."""


class Block(msgspec.Struct, frozen=True):
    """It must not pass. `reason` reaches the caller."""

    guard: str
    reason: str


class Rewrite(msgspec.Struct, frozen=True):
    """It may pass with this text instead."""

    guard: str
    text: str


Verdict = Allow | Block | Rewrite


class Guard(Protocol):
    """Judges what is asked."""

    name: str

    async def judge(self, call: Call, text: str) -> Verdict:
        """Judge the text of a question."""
        ...


class Pulse(Protocol):
    """How targets are doing right now."""

    @property
    def calm(self) -> bool:
        """Nothing is known against any target: none needs to be asked about."""
        ...

    def inflight(self, target: Target) -> int:
        """Attempts under way."""
        ...

    def available(self, target: Target) -> bool:
        """Neither cooling down nor behind an open circuit."""
        ...

    def share(self, target: Target) -> float:
        """How much of its share it is to get, above 0 and up to 1: less while it is new or has just come back. 1 while all is calm."""
        ...


class Picker(Protocol):
    """Chooses among a model's targets for one request: a pure function of its arguments and the injected chance."""

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:
        """The best of `targets` (at least one). Asked again with what is left when that one has failed."""
        ...


class Exporter(Protocol):
    """Takes finished exchanges to somewhere else. Runs in the control process."""

    def emit(self, exchange: Exchange) -> None:
        """One exchange, exactly once per process life."""
        ...
