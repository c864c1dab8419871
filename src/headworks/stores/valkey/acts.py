"""What a process tells the server, in the shapes that the scripts read, and what they answer.

The shapes are explained where they are used: `lua/counters.lua` and `lua/batch.lua`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import chain
from typing import Any

import msgspec

from headworks.domain.limits import Claim, Counter, Limit, Rolling, Shape
from headworks.domain.limits.counter import Slot

BASE = 10**9
"""Lua counts exactly up to 2⁵³ only: amounts travel as (hi, lo)."""
LARGEST = 2**53 * BASE
"""Of any amount: more than Lua can count. Nobody has so much, but callers may ask for more, and what cannot be said would take with it
all that is said together with it.
"""
LARGEST_RATE = 2**36 - 1
"""Units within an hour: as far as the scripts' arithmetic of rates is exact. There are no such rates, but there may be such typing errors."""

Entry = tuple[str | int, ...]
Act = tuple[Any, ...]
Said = list[Any]
"""Of a reservation: whether it is granted, then counter, grant and state of each entry."""
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.decode


class Verb(IntEnum):
    """What an act does."""

    RESERVE = 1
    SETTLE = 2
    RELEASE = 3
    SPEND = 4
    DECLARE = 5


class Status(IntEnum):
    """What became of a batch."""

    OK = 0
    STALE = 1
    GONE = 2


class Told(msgspec.Struct, array_like=True, gc=False):
    """What the script says of one entry: its counter, what is granted of it (or False), the counter's state."""

    counter: str
    granted: tuple[int, int] | bool
    state: list[int]


class BatchAnswer(msgspec.Struct, array_like=True, gc=False):
    """The answer to a batch. Of each reservation: whether it is granted, then what there is to say of each entry."""

    status: int
    now: int
    answers: list[Said]


_SHAPES = {Shape.RATE: 0, Shape.SLIDING: 1, Shape.COUNT: 2, Shape.UNDER_WAY: 3}


def entry_of(claim: Claim) -> Entry:
    """A claim, or with what was granted what is held."""
    limit = claim.limit
    most, amount = min(limit.amount, LARGEST), min(claim.amount, LARGEST)
    if limit.shape is Shape.RATE and most > LARGEST_RATE:
        most, amount = LARGEST_RATE, min(amount, LARGEST_RATE)
    entry = (
        claim.counter,
        _SHAPES[limit.shape],
        *divmod(most, BASE),
        limit.micros,
        _keep_ms(limit, claim.ends_at),
        *divmod(amount, BASE),
        0,
    )
    least = divmod(min(claim.least, LARGEST), BASE)
    if claim.rolling is not None:
        return (*entry, *least, claim.overflow, limit.most_groups, limit.stem, *_rolling(claim.rolling))
    if claim.overflow:
        return (*entry, *least, claim.overflow, limit.most_groups, limit.stem)
    return entry if claim.least < 0 else (*entry, *least)


def _rolling(rolling: Rolling) -> Entry:
    amounts = (divmod(min(units, LARGEST), BASE) for units in (rolling.amount, rolling.most))
    return (rolling.turns_at // 1_000_000, rolling.counter, rolling.overflow, *chain.from_iterable(amounts))


def pairs(amounts: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """As the scripts take amounts."""
    return tuple([divmod(min(amount, LARGEST), BASE) for amount in amounts])


def counter_of(limit: Limit, state: list[int]) -> Counter:
    """A counter as the domain knows it."""
    shape = limit.shape
    if shape is Shape.RATE:
        return Counter(at=state[0])
    counter = Counter(spent=state[0] * BASE + state[1], held=state[2] * BASE + state[3])
    if shape is Shape.SLIDING:
        counter.slots = {
            state[place]: Slot(state[place + 1] * BASE + state[place + 2], state[place + 3] * BASE + state[place + 4])
            for place in range(4, len(state), 5)
        }
    return counter


def _keep_ms(limit: Limit, ends_at: int) -> int:
    """When a counter may be forgotten: after that instant (ms since 1970), or (negative) after so much idleness; 0: never."""
    if ends_at:
        return ends_at // 1_000_000
    return -limit.idle_seconds * 1000 if limit.group_by else 0
