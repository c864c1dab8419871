"""What is remembered of one counter, and the only arithmetic that changes it. It is the specification of every store of counters.

State, all integers (times in microseconds of one clock that never runs back):

| shape | state | free now |
|---|---|---|
| rate | `at`; `held` tells only that something is under way | `rates.free_of(at)` |
| count, under way | `spent`, `held` | `amount − spent − held`, with a rollover `left_over` besides |
| sliding | `spent`, `held`, and `slots`: number → what of them was charged in it | the same, once slots that are past are dropped |

A claim is judged by `free` alone: granted is its amount if so much is free; else what is free, if that is at least its `least`;
else it is refused. Nothing is charged before all claims of a request are granted.
"""

from __future__ import annotations

import msgspec

from headworks.domain.limits.limit import Claim, Limit, Reason, Shape
from headworks.domain.limits.rates import after_taking, free_of, given_back, wait_for
from headworks.domain.limits.rollover import Rolling, carried

SLOTS = 60
"""The most that a sliding counter has."""
SOON = 1_000_000
"""Microseconds after which something set aside may be free again: nobody knows when a request under way ends."""

_RATE, _SLIDING, _COUNT = Shape.RATE, Shape.SLIDING, Shape.COUNT


class Slot(msgspec.Struct, gc=False):
    """What was charged to a sliding counter within one part of its period."""

    spent: int = 0
    held: int = 0


class Counter(msgspec.Struct, gc=False):
    """One counter. Unused fields stay at zero."""

    at: int = 0
    spent: int = 0
    held: int = 0
    slots: dict[int, Slot] | None = None
    """Oldest first."""
    touched: int = 0
    """When something was last taken or settled."""


def slot_width(limit: Limit) -> int:
    """Microseconds of one slot. A slot counts whole until all of it is older than the period: so there is one more than fit in it."""
    return -(-limit.micros // (SLOTS - 1))


def free(limit: Limit, counter: Counter, now: int) -> int:
    """Units that could be taken now. Drops slots that are past."""
    shape = limit.shape
    if shape is _RATE:
        at = counter.at
        return limit.amount if at <= now else free_of(at, now, limit.amount, limit.micros)
    if shape is _SLIDING:
        _slide(limit, counter, now)
    return limit.amount - counter.spent - counter.held


def granted(claim: Claim, at_hand: int) -> int:
    """What of a claim is granted where `at_hand` is free; -1: it is refused."""
    if claim.amount <= at_hand:
        return claim.amount
    return at_hand if 0 <= claim.least <= at_hand else -1


def take(limit: Limit, counter: Counter, amount: int, now: int) -> None:
    """Set aside what was granted."""
    shape = limit.shape
    counter.touched = now
    counter.held += amount
    if shape is _RATE:
        counter.at = after_taking(amount, counter.at, now, limit.amount, limit.micros)
    elif shape is _SLIDING:
        _slot(limit, counter, now).held += amount


def settle(limit: Limit, counter: Counter, amount: int, taken_at: int, used: int, now: int) -> None:
    """Replace the `amount` that was taken by what was `used`. Of what is under way nothing is ever used."""
    shape = limit.shape
    counter.touched = now
    if shape is _RATE:
        counter.held -= amount
        if used < amount:
            counter.at = given_back(amount - used, counter.at, taken_at, now, limit.amount, limit.micros)
        elif used > amount:
            counter.at = after_taking(used - amount, counter.at, now, limit.amount, limit.micros)
        return
    if shape is _SLIDING:
        _slide(limit, counter, now)
        slot = (counter.slots or {}).get(taken_at // slot_width(limit))
        if slot is None:
            return  # taken longer ago than the period
        slot.held -= amount
        slot.spent += used
    counter.held -= amount
    counter.spent += used


def left_over(claim: Claim, before: Counter | None) -> int:
    """Units that a claim may use besides, by the counter of the period before; None: that one used nothing."""
    rolling = claim.rolling
    if rolling is None:
        return 0
    return carried(rolling, before.spent, before.held) if before is not None else carried(rolling, 0)


def refused(claim: Claim, counter: Counter, now: int, wall_ns: int, before: Counter | None = None) -> tuple[Reason, float]:
    """Why, and after how many seconds it could pass (0: waiting does not help). `before`: as `left_over` takes it."""
    limit, needed = claim.limit, max(claim.amount if claim.least < 0 else claim.least, 1)
    if claim.rolling is not None:
        return _refused_of_rolling(claim.rolling, limit.amount, needed, (counter, before), wall_ns)
    if needed > limit.amount:
        return Reason.NEVER, 0.0
    if limit.shape is _RATE:
        return Reason.SPENT, max(wait_for(needed, counter.at, now, limit.amount, limit.micros), 1) / 1e6
    if limit.amount - counter.spent >= needed:
        return Reason.HELD, SOON / 1e6
    if limit.shape is _SLIDING:
        return Reason.SPENT, max(_slides_in(limit, counter, needed, now), 1) / 1e6
    return Reason.SPENT, max(claim.ends_at - wall_ns, 0) / 1e9


def _refused_of_rolling(
    rolling: Rolling, amount: int, needed: int, counters: tuple[Counter, Counter | None], wall_ns: int
) -> tuple[Reason, float]:
    """What is set aside in the period before may be given back as well, and the next one may have more."""
    counter, before = counters
    if needed > amount + rolling.most:
        return Reason.NEVER, 0.0
    if amount + carried(rolling, before.spent if before is not None else 0) - counter.spent >= needed:
        return Reason.HELD, SOON / 1e6
    return Reason.SPENT, max(rolling.turns_at - wall_ns, 0) / 1e9


def resets_in(claim: Claim, counter: Counter, now: int, wall_ns: int) -> float:
    """Seconds until all of it is there again, if nothing else is asked meanwhile; 0 where that is not a matter of time. Asked of requests
    and tokens: of what rolls over nobody is told.
    """
    limit = claim.limit
    if limit.shape is _RATE:
        ahead = counter.at - now
        return ahead / 1e6 if ahead > 0 else 0.0
    if limit.shape is _SLIDING:
        return max(_slides_in(limit, counter, limit.amount, now), 0) / 1e6
    return max(claim.ends_at - wall_ns, 0) / 1e9 if claim.ends_at else 0.0


def idle(limit: Limit, counter: Counter, now: int) -> bool:
    """Whether a new counter would stand no different. Counts of a calendar period are kept until it is over: that is the store's to see."""
    if limit.shape is _RATE:
        return counter.at <= now and counter.held == 0
    if limit.shape is _SLIDING:
        _slide(limit, counter, now)
    if limit.shape is _COUNT and limit.group_by and limit.calendar is None:
        return counter.held == 0 and now - counter.touched > limit.idle_seconds * 1_000_000
    return counter.held == 0 and counter.spent == 0


def _slot(limit: Limit, counter: Counter, now: int) -> Slot:
    if counter.slots is None:
        counter.slots = {}
    number = now // slot_width(limit)
    slot = counter.slots.get(number)
    if slot is None:
        slot = counter.slots[number] = Slot()
    return slot


def _slide(limit: Limit, counter: Counter, now: int) -> None:
    slots = counter.slots
    if not slots:
        return
    oldest = now // slot_width(limit) - SLOTS + 1
    while slots:
        number = next(iter(slots))
        if number >= oldest:
            return
        gone = slots.pop(number)
        counter.spent -= gone.spent
        counter.held -= gone.held


def _slides_in(limit: Limit, counter: Counter, needed: int, now: int) -> int:
    """Microseconds until slots have passed that free so much."""
    missing = needed - (limit.amount - counter.spent - counter.held)
    if missing <= 0:
        return 0
    width = slot_width(limit)
    for number, slot in (counter.slots or {}).items():
        missing -= slot.spent + slot.held
        if missing <= 0:
            return (number + SLOTS) * width - now
    return limit.micros
