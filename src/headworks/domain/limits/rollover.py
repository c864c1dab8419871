"""Rollover: what one calendar period leaves over may be used in the next, and in that one only.

Nothing is carried at the turn of a period, and nothing recorded: what was left over is worked out at each judgement from the counter
of the period before. What is settled late counts exactly; what is still set aside there counts as used until it is.

With an `amount` for each period and `most` carried, for what periods use (without top-ups, which add to both):

- one uses at most `amount + most`;
- k in a row use at most `k · amount + most`: what one uses beyond its amount, the one before has left, and that counts for no other;
- the first k of a rollover use at most `k · amount`: nothing is carried into the first.
"""

from __future__ import annotations

import msgspec


class Rollover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is carried from one period into the next, and since when."""

    most: int
    """Units."""
    since: int
    """Wall-clock nanoseconds. The period that holds this instant is the first that leaves anything over."""


class Rolling(msgspec.Struct, frozen=True, gc=False):
    """Of a claim on a limit that rolls over: where it stands among its periods."""

    turns_at: int
    """When the period ends and the next one begins, wall-clock nanoseconds."""
    counter: str
    """The counter of the period before; empty where that one leaves nothing."""
    overflow: str
    """Of a grouped limit: the counter that groups beyond the most shared then."""
    amount: int
    """What the limit gives to each period, without what was added to some."""
    most: int


def carried(rolling: Rolling, spent: int, held: int = 0) -> int:
    """Units left over by the period before, of which so much was spent and is still set aside."""
    return min(rolling.most, max(0, rolling.amount - spent - held)) if rolling.counter else 0
