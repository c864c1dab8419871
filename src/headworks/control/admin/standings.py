"""How the limits and budgets of a party or key stand now: used by the ledger, held by the journals of gateways that run here.

Rates of minutes are forgotten within minutes, and nobody books them: of these only gateways know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, NamedTuple

from headworks.control.admin.bounds import Bounded, Holder
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.problems import Refusal
from headworks.control.alerts import window_of
from headworks.domain.administration.wire.standings import RuleKind, Standings, StandingView
from headworks.domain.administration.wire.values import decimal_of, when_of
from headworks.domain.limits import Limit, Period, Unit, period_at
from headworks.domain.limits.limit import joined
from headworks.domain.limits.rollover import Rolling, carried
from headworks.domain.limits.told import counters_now, group_told
from headworks.domain.records import Bounds, limit_of, limit_of_budget
from headworks.stores.sql.ledger_alerts import Owned


class _Counted(NamedTuple):
    """Counter → units; `added`: budget → group → what top-ups added."""

    used: Mapping[str, int]
    held: Mapping[str, int]
    added: Mapping[str, Mapping[str, int]]
    now: int


class StandingsOf(Generic[Bounded]):
    """The one question to one kind of record."""

    def __init__(self, holder: Holder[Bounded]) -> None:
        self._holder = holder

    async def read(self, act: Act) -> Answer:
        """Of this level."""
        record = await self._holder.found(act)
        counts = act.office.counts
        if counts is None:
            raise Refusal("unavailable", "No ledger is kept here. Ask where one is.")
        now, bounds, owner = act.now(), record.bounds, record.counted_as
        booked = await counts.ledger.of(owner, now)
        owned = [Owned(owner, record.name, name, rule) for name, rule in bounds.budgets.items()]
        windows = [window_of(each, now) for each in owned]
        added = dict(zip(bounds.budgets, await counts.budgets.added(windows), strict=True))
        found = _Counted(booked.units, await counts.held(), added, now)
        return Answer(Standings(data=tuple(_rows(bounds, owner, found)), booked_through=when_of(booked.through)))


def _rows(bounds: Bounds, owner: str, counted: _Counted) -> Iterator[StandingView]:
    for name, rule in bounds.limits.items():
        yield from _of(limit_of(rule, name, owner, ""), counted)
    for name, budget in bounds.budgets.items():
        yield from _of(limit_of_budget(budget, name, owner, ""), counted)


class _Standing(NamedTuple):
    used: int | None
    held: int | None
    added: int = 0
    carried: int = 0


def _of(limit: Limit, counted: _Counted) -> Iterator[StandingView]:
    period = _period(limit, counted.now)
    if not limit.noted:
        yield _told(limit, "", period, _Standing(None, None))
        return
    for counter, group in counters_now(
        limit, period.name if period is not None else "", counted.used.keys() | counted.held.keys()
    ):
        added = counted.added.get(limit.rule, {}).get(group, 0) if limit.budget else 0
        used, held = counted.used.get(counter, 0), counted.held.get(counter, 0)
        yield _told(limit, group, period, _Standing(used, held, added, _carried(limit, group, period, counted)))


def _carried(limit: Limit, group: str, period: Period | None, counted: _Counted) -> int:
    if limit.rollover is None or limit.calendar is None or period is None or limit.rollover.since >= period.starts_at:
        return 0
    before = limit.stem + group + joined(period_at(limit.calendar, limit.zone, period.starts_at - 1).name)
    rolling = Rolling(period.ends_at, before, "", limit.amount, limit.rollover.most)
    return carried(rolling, counted.used.get(before, 0), counted.held.get(before, 0))


def _period(limit: Limit, now: int) -> Period | None:
    return period_at(limit.calendar, limit.zone, now) if limit.calendar is not None else None


def _told(limit: Limit, group: str, period: Period | None, stands: _Standing) -> StandingView:
    used, held, added, over = stands
    there = limit.amount + added + over
    left = None if used is None or held is None else max(0, there - used - held)
    overrun = None if used is None else max(0, used - there)
    money = limit.unit is Unit.COST

    def units(number: int | None) -> int | str | None:
        return decimal_of(number) if money and number is not None else number

    return StandingView(
        kind=RuleKind.BUDGET if limit.budget else RuleKind.LIMIT,
        name=limit.rule,
        unit=limit.unit,
        currency=limit.currency if money else None,
        group=group_told(group),
        period=period.name if period is not None else None,
        resets_at=when_of(period.ends_at) if period is not None else None,
        amount=units(limit.amount),
        added=units(added),
        carried=units(over),
        used=units(used),
        held=units(held),
        left=units(left),
        overrun=units(overrun),
    )
