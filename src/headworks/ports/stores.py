"""What is remembered, and where."""

from __future__ import annotations

from typing import Protocol

import msgspec

from headworks.domain.call import Call
from headworks.domain.exchange import Begin, Checkpoint, Exchange
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.domain.usage import Usage


class Journal(Protocol):
    """The append-only record. Synchronous on purpose: the append is the one blocking write of the hot path.

    Raises `Fault` `journal_unwritable` where the disk is full and the configuration says to stop serving.
    """

    def begin(self, mark: Begin) -> None:
        """Before the first byte goes upstream."""
        ...

    def checkpoint(self, mark: Checkpoint) -> None:
        """Every few seconds of a long stream."""
        ...

    def end(self, record: Exchange) -> None:
        """Before settlement, and before the answer's last byte."""
        ...


class Keys(Protocol):
    """API keys."""

    def peek(self, key: bytes, snapshot: Snapshot) -> Principal | None:
        """The holder, if known without waiting."""
        ...

    async def find(self, key: bytes, snapshot: Snapshot) -> Principal | None:
        """The holder, or None. One look-up at a time per key; a miss is remembered for a while."""
        ...


class Hold(Protocol):
    """What was set aside for one call."""

    def extend(self, cost_nanos: int) -> None:
        """Set so much more money aside. Raises `Fault` where the budget does not cover it; what was held stays held."""
        ...

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace the reservation by what was used. With `counts` false the request itself is given back too. Idempotent."""
        ...


class Counters(Protocol):
    """Limits and budgets."""

    async def reserve(self, call: Call, usage: Usage, cost_nanos: int) -> Hold | None:
        """Set aside one request, those tokens and that money, or nothing at all. None when no limit applies.

        Raises `Fault` naming the limit, with the seconds until it could pass.
        """
        ...


class Answer(msgspec.Struct, frozen=True):
    """A remembered answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Answers(Protocol):
    """Remembered answers."""

    def get(self, key: bytes) -> Answer | None:
        """The answer, if it is still fresh."""
        ...

    def put(self, key: bytes, answer: Answer, seconds: float) -> None:
        """Remember it for so long, or less if space runs out."""
        ...


class Replays(Protocol):
    """Answers by Idempotency-Key."""

    def claim(self, key: bytes, fingerprint: bytes) -> Answer | None:
        """The finished answer for this key and request, or None and the key is now in flight for the caller.

        Raises `Fault` `idempotency_conflict` while another request holds it, or when it was used for another request.
        """
        ...

    def keep(self, key: bytes, answer: Answer | None) -> None:
        """The request is over: keep its answer, or with None let the key go."""
        ...
