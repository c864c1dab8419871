"""Money that was added to a budget for one period, on top of what its rule gives to each."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class TopUp(msgspec.Struct, frozen=True, kw_only=True):
    """One addition. It counts for one counter: that of its `group` and `period`."""

    id: str
    """`topup_` and 32 hex digits (UUIDv7)."""
    owner: str
    """The party or key whose budget it is."""
    budget: str
    """The budget's name."""
    group: str = ""
    """The values that the budget is grouped by, as in the counter's name (`limits.group_named`); empty for one without groups."""
    period: str = ""
    """The name of the period, as in the counter's name; empty for a budget without one."""
    amount: int
    """Nano-units of `currency`. Where the budget is in another one by now, it counts for nothing."""
    currency: str
    actor: str = ""
    """Who added it."""
    at: int = 0
    """Wall-clock nanoseconds."""


def added(top_ups: Iterable[TopUp], budget: str, currency: str) -> tuple[tuple[str, str, int], ...]:
    """Group, period and sum of what was added to one budget."""
    sums: dict[tuple[str, str], int] = {}
    for each in top_ups:
        if each.budget == budget and each.currency == currency:
            place = (each.group, each.period)
            sums[place] = sums.get(place, 0) + each.amount
    return tuple((group, period, amount) for (group, period), amount in sums.items())
