"""What is remembered, and where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from headworks.domain.exchange import Begin, Checkpoint, Exchange
from headworks.domain.limits import Claim, Standing
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

    async def find(self, key: bytes, snapshot: Snapshot, peer: str = "") -> Principal | None:
        """The holder, or None. One look-up at a time per key; a miss is remembered for a while.

        Raises `Fault` where it cannot be said now, where `peer` has tried too many unknown keys, or to say what is wrong with a key or token.
        """
        ...

    async def certified(self, certificate: bytes, snapshot: Snapshot) -> Principal | None:
        """Whom a certificate (DER, verified already) speaks for. None: it is nobody's. Raises `Fault` as `Keys.find` does."""
        ...


class Hold(Protocol):
    """What was set aside for one call."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What is held: of each claim the amount that was granted, on the counter that it was granted on."""
        ...

    @property
    def standings(self) -> tuple[Standing, ...]:
        """How the limits of requests and tokens stood right after it."""
        ...

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Hold as much as these: of each counter what is not held yet, all or nothing. A group stays on the counter where it was put.

        Raises `Fault` as `reserve` does; what was held stays held.
        Cancelled while it waits, whatever was taken is let go with the rest.
        """
        ...

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace what is held by what was used. With `counts` false the request itself is given back too. Idempotent; never waits."""
        ...


class Counters(Protocol):
    """Counters of limits and budgets. The arithmetic is `domain.limits.counter`'s, whoever does it."""

    def grant(self, call_id: str, claims: tuple[Claim, ...]) -> Hold | None:
        """As `reserve`, where that can be said without waiting. Else None, and `reserve` has to be asked."""
        ...

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> Hold:
        """Set aside all of the claims, or nothing at all.

        Raises `Exceeded` naming the limit (where several refuse, the one that refuses longest), or another `Fault` where the counters
        cannot be asked: then too nothing is held.
        """
        ...

    def release(self, call_id: str) -> None:
        """Let go whatever was set aside for the call; a `reserve` still on its way is void. Never waits. Idempotent.

        For a call that was cancelled before its `reserve` came back: nobody has its hold.
        """
        ...

    def correct(self, call_id: str, actual: Mapping[str, int]) -> None:
        """What the journal knows of a call whose process died: counter name → units used. Idempotent."""
        ...

    def restore(self, spent: Mapping[str, int]) -> None:
        """Counter name → units used by other lives of the process: before the first request, and as those that are leaving settle.

        Adds to what is there; negative where what was set aside is given back.
        """
        ...


class Spent(msgspec.Struct, frozen=True):
    """What the ledger knows of counters: from it they are made anew where a shared server has lost them."""

    units: Mapping[str, int] = {}
    """Counter name → units used."""
    through: Mapping[str, int] = {}
    """Process, by its name in the journal → the instant (wall clock, nanoseconds) up to when all that it ended is in `units`, and nothing
    that it ended later. Left out: taken to be some seconds ago.
    """


SpentSource = Callable[[], Awaitable[Spent]]
"""Asks the ledger. May raise `OSError` where it cannot be asked now."""


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
        """The request is over: keep its answer, enciphered, or with None let the key go."""
        ...

    def note(self, key: bytes) -> None:
        """The request is over, and its answer nobody's to keep: of the key only what it was used for."""
        ...
