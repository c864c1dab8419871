"""What a call has set aside on the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.limits import Claim, Counter, Exceeded, Standing, exceeded, spread, used_columns
from headworks.domain.limits.counter import Slot, free, left_over, refused, resets_in, slot_width
from headworks.domain.limits.limit import TOKEN_UNITS, Limit, OnLoss, Shape, Unit
from headworks.domain.usage import Usage
from headworks.stores.valkey.acts import BASE, counter_of

AGAIN = 1.0
"""Seconds until a caller should try again where nobody can be asked."""
_WITH_BEFORE: Final = 4
_TOLD = TOKEN_UNITS | {Unit.REQUESTS}


Judged = tuple[str, tuple[int, int] | bool, list[int]] | tuple[str, bool, list[int], list[int]]
"""Of a claim: the counter, what is granted, its state; of one that is refused and rolls over that of the period before, where it has any."""


class Answer(msgspec.Struct, gc=False):
    """What the server said of a reservation: when (µs, its clock), and what of each claim."""

    now: int
    granted: bool
    told: Sequence[Judged]

    def claims(self, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        """As granted."""
        return tuple([_as_granted(claim, told[0], told[1]) for claim, told in zip(claims, self.told, strict=True)])

    def standings(self, claims: tuple[Claim, ...], wall_ns: int) -> tuple[Standing, ...]:
        """How the limits of requests and tokens stand."""
        return tuple(
            Standing(
                claim.limit,
                max(0, free(claim.limit, counter, self.now)),
                resets_in(claim, counter, self.now, wall_ns),
            )
            for claim, told in zip(claims, self.told, strict=True)
            if claim.limit.unit in _TOLD
            for counter in (self._counter(claim.limit, told[2]),)
        )

    def refusal(self, claims: tuple[Claim, ...], wall_ns: int) -> Exceeded:
        """Of the limits that refuse, the one that refuses longest."""
        worst, longest = None, -1.0
        for claim, told in zip(claims, self.told, strict=True):
            if told[1] is False:
                counter = counter_of(claim.limit, told[2])
                before = counter_of(claim.limit, told[3]) if len(told) == _WITH_BEFORE else None
                reason, wait = refused(claim, counter, self.now, wall_ns, before)
                rank = wait or float("inf")
                if rank > longest:
                    longest, carried = rank, left_over(claim, before)
                    worst = exceeded(claim, reason, wait, free(claim.limit, counter, self.now) + carried, carried)
        assert worst is not None
        worst.standings = self.standings(claims, wall_ns)
        return worst

    def _counter(self, limit: Limit, state: list[int]) -> Counter:
        counter = counter_of(limit, state)
        if (
            self.granted and limit.shape is Shape.SLIDING
        ):  # the slots are not told: all that counts is that the newest is of now
            counter.slots = {self.now // slot_width(limit): Slot(counter.spent, counter.held)}
        return counter


def _as_granted(claim: Claim, counter: str, amount: tuple[int, int] | bool) -> Claim:  # noqa: FBT001 - False is how the script says «nothing»
    units = 0 if isinstance(amount, bool) else amount[0] * BASE + amount[1]
    if counter != claim.counter:
        claim = claim.shared()
    return claim if units == claim.amount else msgspec.structs.replace(claim, amount=units)


class Home(Protocol):
    """The counters, as far as a hold needs them."""

    async def ask(self, call_id: str, claims: tuple[Claim, ...]) -> Answer | None:
        """None where there is no answer in time."""
        ...

    def settled(self, hold: ValkeyHold, used: tuple[int, ...]) -> None:
        """Of each claim what was used."""
        ...

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch."""
        ...


class ValkeyHold:
    """Given back exactly once."""

    __slots__ = ("_answer", "_asked", "_home", "_open", "call_id", "claims")

    def __init__(self, home: Home, call_id: str, asked: tuple[Claim, ...], answer: Answer) -> None:
        self._home = home
        self._asked = asked
        self._answer = answer
        self._open = True
        self.call_id = call_id
        self.claims = answer.claims(asked)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """As they were right after it."""
        return self._answer.standings(self._asked[: len(self._answer.told)], self._home.wall_ns())

    async def extend(self, claims: tuple[Claim, ...]) -> None:
        """Hold what is not held of these. Raises `Exceeded`, or another `Fault` where the server gives no answer in time."""
        more = beyond(claims, self._asked, self.claims)
        if not self._open or not more:
            return
        answer = await self._home.ask(self.call_id, more)
        if answer is None:
            refuse_unjudged(more)
            return
        if not answer.granted:
            raise answer.refusal(more, self._home.wall_ns())
        self._asked += more
        self.claims += answer.claims(more)

    def settle(self, usage: Usage, cost_nanos: int, *, counts: bool) -> None:
        """Replace what is held by what was used. Where a counter was extended, the use is charged once."""
        if self._open:
            self._open = False
            self._home.settled(self, spread(self.claims, used_columns(usage, cost_nanos, counts=counts)))


def refuse_unjudged(claims: tuple[Claim, ...]) -> None:
    """Raise the fault for claims that nobody can judge. Those of limits that fail open pass: what they are used for is charged at the end."""
    for claim in claims:
        if claim.limit.on_loss is OnLoss.CLOSED:
            raise unavailable(claim)


def unavailable(claim: Claim) -> Fault:
    """The fault for a claim that nobody can judge."""
    return Fault(
        "counters_unavailable",
        f"The limit '{claim.limit.id}' can't be checked at the moment, and what may pass unchecked is used up. Try again in a second; "
        "if it goes on, tell the operator.",
        retry_after=AGAIN,
        detail=claim.limit.id,
    )


def beyond(claims: tuple[Claim, ...], asked: tuple[Claim, ...], held: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """What of the claims is not held already, where `held` is what was granted of each that was `asked`.

    A group stays where it was put. Whether another one shares that counter, only the server knows.
    """
    put = {claim.counter: granted.counter for claim, granted in zip(asked, held, strict=True)}
    more: list[Claim] = []
    for claim in claims:
        here = claim.shared() if put.get(claim.counter, claim.counter) != claim.counter else claim
        amount = here.amount - sum(granted.amount for granted in held if granted.counter == here.counter)
        if amount > 0:
            more.append(msgspec.structs.replace(here, amount=amount))
    return tuple(more)
