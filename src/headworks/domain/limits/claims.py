"""Which claims a request makes: of each limit that concerns it, on which counter, and for how much."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.limits.limit import COST, Calendar, Claim, Limit, Shape, joined
from headworks.domain.limits.periods import Periods
from headworks.domain.limits.rollover import Rolling, Rollover
from headworks.domain.patterns import name_matches
from headworks.domain.usage import Usage

LONGEST_VALUE = 128
"""Bytes of a value that a caller names, in a counter's name. Longer ones are told apart by their SHA-256."""
OVERFLOW = "…"


class Demand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a request may use at most. The `least_…` say with how much less it could go on; -1: with no less."""

    models: tuple[str, ...]
    """The names it goes by: as asked, and what that stands for. A limit's patterns concern it if they match one of them."""
    value_of: Callable[[str], str]
    """The request's value of what a limit is grouped by (`customer`, `model`, `tag:team`); empty where it has none. Customers and
    sessions by their references.
    """
    said: Callable[[str], str] = str
    """The same as callers say it: customers and sessions by their names."""
    input: int
    output: int
    cost: int
    """Nano-units."""
    currency: str = "USD"
    least_output: int = -1
    least_cost: int = -1


def claims_of(limits: Iterable[Limit], demand: Demand, wall_ns: int, periods: Periods) -> tuple[Claim, ...]:
    """One claim for each limit of which the request may use something. Raises `Fault` where a limit is in another currency than its
    price.
    """
    tokens, least = demand.input + demand.output, demand.least_output
    amounts = (1, demand.input, demand.output, tokens, 1, demand.cost)
    leasts = None if least < 0 else (-1, -1, least, demand.input + least, -1, demand.least_cost)
    claims: list[Claim] = []
    for limit in limits:
        column, enough = limit.column, -1
        amount = amounts[column]
        if not amount or (limit.partial and not _concerns(limit, demand)):
            continue
        if column == COST and limit.currency != demand.currency:
            raise _foreign(limit, demand)
        if leasts is not None:
            amount, enough = _elastic(limit, amount, leasts[column])
        if limit.simple:
            claims.append(Claim(limit, limit.stem, amount, enough))
        else:
            claims.append(_particular(limit, demand, (amount, enough), wall_ns, periods))
    return tuple(claims)


def group_named(values: Iterable[str]) -> str:
    """What the values that a limit is grouped by are called in a counter's name."""
    return joined(*map(_bounded, values))


def used_columns(usage: Usage, cost_nanos: int, *, counts: bool) -> tuple[int, ...]:
    """What an exchange has used, in the order of `UNITS`."""
    return (1 if counts else 0, usage.input, usage.output, usage.input + usage.output, 0, cost_nanos)


def _foreign(limit: Limit, demand: Demand) -> Fault:
    return Fault(
        "currency_mismatch",
        f"The limit '{limit.id}' is in {limit.currency} and the model's price in {demand.currency}. "
        "Tell an administrator: the limit must be given in the price's currency.",
    )


def _elastic(limit: Limit, amount: int, least: int) -> tuple[int, int]:
    """Amount and least. What is spent of a rate comes back soon: better a moment's wait than a short answer, but more than the limit
    never fits.
    """
    if least >= 0 and limit.shape is Shape.RATE:
        return min(amount, max(limit.amount, least)), -1
    return amount, least


def _particular(limit: Limit, demand: Demand, much: tuple[int, int], wall_ns: int, periods: Periods) -> Claim:
    """Of a limit whose counter is another for each group, or period."""
    if limit.group_by:
        claim = _grouped(limit, demand, much, wall_ns, periods)
    elif limit.calendar is None:
        claim = Claim(limit, limit.stem, *much)
    else:
        counter, period = periods.counter(limit.stem, limit.calendar, limit.zone, wall_ns)
        claim = Claim(limit, counter, *much, period.ends_at)
    if not limit.varies:
        return claim
    if limit.rollover is not None and limit.calendar is not None:
        claim = _rolling(claim, limit.calendar, limit.rollover, periods, wall_ns)
    return claim if limit.raised is None else _with_extra(claim, limit.raised)


def _grouped(limit: Limit, demand: Demand, much: tuple[int, int], wall_ns: int, periods: Periods) -> Claim:
    counter = limit.stem + group_named([demand.value_of(name) for name in limit.group_by])
    overflow, ends_at = limit.stem + joined(OVERFLOW), 0
    if limit.calendar is not None:
        period = periods.at(limit.calendar, limit.zone, wall_ns)
        ends_at, ending = period.ends_at, joined(period.name)
        counter += ending
        overflow += ending
    return Claim(limit, counter, *much, ends_at, overflow)


def _rolling(claim: Claim, calendar: Calendar, rollover: Rollover, periods: Periods, wall_ns: int) -> Claim:
    """The same with the counter of the period before, and known for a period longer: the next one asks for its own."""
    limit, name, overflow = claim.limit, claim.counter, claim.overflow
    around = periods.around(calendar, limit.zone, wall_ns)
    before = overflow_before = ""
    if rollover.since < around.here.starts_at:
        before = name.removesuffix(around.ending) + around.ending_before
        if overflow:
            overflow_before = overflow.removesuffix(around.ending) + around.ending_before
    rolling = Rolling(around.here.ends_at, before, overflow_before, limit.amount, rollover.most)
    return Claim(limit, name, claim.amount, claim.least, around.after.ends_at, overflow, rolling)


def _with_extra(claim: Claim, raised: Mapping[str, Limit]) -> Claim:
    """The same of the limit as it stands for this counter: whoever counts judges by that one."""
    limit = raised.get(claim.counter)
    return claim if limit is None else msgspec.structs.replace(claim, limit=limit)


def _concerns(limit: Limit, demand: Demand) -> bool:
    if limit.models and not any(name_matches(pattern, name) for pattern in limit.models for name in demand.models):
        return False
    return not limit.named or (
        all(_has(demand, *each) for each in limit.where.items())
        and not any(_has(demand, *each) for each in limit.unless.items())
    )


def _has(demand: Demand, fact: str, values: tuple[str, ...]) -> bool:
    """By its name or by its reference."""
    return demand.said(fact) in values or demand.value_of(fact) in values


def _bounded(value: str) -> str:
    """The value itself behind `=`, or the hash of a long one behind `#`: neither can be made to look like the other. One with a zero
    byte is hashed too: not every database keeps that in a name.
    """
    written = value.encode()
    return f"={value}" if len(written) <= LONGEST_VALUE and 0 not in written else f"#{hashlib.sha256(written).hexdigest()}"
