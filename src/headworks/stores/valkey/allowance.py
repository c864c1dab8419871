"""What a process admits by itself while nobody can be asked: of a limit that fails open all of it, of one that fails closed a share."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import msgspec

from headworks.domain.limits import Claim, Exceeded, Limit, OnLoss, Standing, spread, used_columns
from headworks.domain.usage import Usage
from headworks.ports.clock import Clock
from headworks.ports.stores import Hold
from headworks.stores.memory import MemoryCounters
from headworks.stores.valkey.hold import beyond, refuse_unjudged, unavailable

Spent = Callable[[str, tuple[Claim, ...], tuple[int, ...]], None]


class Allowance:
    """Counters of one outage. `share` of each limit, from 0 to 1, is this process's own."""

    def __init__(self, clock: Clock, share: float, spent: Spent) -> None:
        self._clock = clock
        self._share = share
        self._spent = spent
        self._counters = MemoryCounters(clock)
        self._shares: dict[tuple[str, int], Limit] = {}
        self.admitted = 0
        self.refused = 0

    def begin_anew(self) -> None:
        """An outage is over. Calls that began in it end in it."""
        self._counters = MemoryCounters(self._clock)
        self._shares.clear()

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> Hold:
        """Raises `Exceeded` by a limit that fails open, `Fault` `counters_unavailable` by one whose share is used up."""
        try:
            hold = await self._counters.reserve(call_id, tuple(self._narrowed(claim) for claim in claims))
        except Exceeded as refusal:
            self.refused += 1
            if refusal.claim.limit.on_loss is OnLoss.OPEN:
                raise
            raise unavailable(refusal.claim) from refusal
        self.admitted += 1
        return LocalHold(hold, call_id, claims, self._spent)

    def _narrowed(self, claim: Claim) -> Claim:
        if claim.rolling is not None:  # what the period before has left is not known here: nothing of it is admitted
            alone = msgspec.structs.replace(claim.rolling, counter="")
            claim = msgspec.structs.replace(claim, rolling=alone)
        if claim.limit.on_loss is OnLoss.OPEN:
            return claim
        key = (claim.limit.id + claim.limit.stem, claim.limit.amount)
        limit = self._shares.get(key)
        if limit is None:
            limit = msgspec.structs.replace(claim.limit, amount=ceil(claim.limit.amount * self._share))
            self._shares[key] = limit
        return msgspec.structs.replace(claim, limit=limit)


class LocalHold:
    """What it used is told to the server when there is one again."""

    __slots__ = ("_asked", "_call_id", "_hold", "_open", "_spent")

    def __init__(self, hold: Hold, call_id: str, asked: tuple[Claim, ...], spent: Spent) -> None:
        self._hold = hold
        self._call_id = call_id
        self._asked = asked
        self._spent = spent
        self._open = True

    @property
    def claims(self) -> tuple[Claim, ...]:
        """As granted, of the limits themselves and not of this process's share."""
        return tuple(
            msgspec.structs.replace(asked, amount=held.amount)
            for asked, held in zip(self._asked, self._hold.claims, strict=True)
        )

    @property
    def standings(self) -> tuple[Standing, ...]:
        """What is left of this process's share."""
        return self._hold.standings

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Raises `Fault`: what is more than was foreseen waits for the server."""
        if self._open:
            refuse_unjudged(beyond(claims, self._asked, self.claims))
            known = len(self._hold.claims)
            await self._hold.extend(tuple([claim for claim in claims if claim.limit.on_loss is OnLoss.OPEN]))
            self._asked += self._hold.claims[known:]

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Once."""
        if self._open:
            self._open = False
            self._hold.settle(usage, cost_nanos, counts=counts)
            self._spent(self._call_id, self._asked, spread(self._asked, used_columns(usage, cost_nanos, counts=counts)))
