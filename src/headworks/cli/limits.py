"""`headworks limits`: so many requests, tokens or so much money over a stretch of time, of a party or a key."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import ASKING, LISTING, REMOVING, Asking, Listing, Names, Removing
from headworks.cli.rules import Rules, given, values_by_name
from headworks.cli.spans import seconds_of
from headworks.domain.administration.wire.bounds import LimitBody
from headworks.domain.limits import Calendar, OnLoss, Unit

_COLUMNS = ("unit", "amount", "seconds", "calendar", "models", "group_by")
_LIMITS = Rules[LimitBody](
    "limit",
    lambda bounds: bounds.limits,
    lambda holder, id_, name, rule, version: holder.put_limit(id_, name, rule, version=version),
    lambda holder, id_, name, version: holder.remove_limit(id_, name, version=version),
)
Owner = Annotated[str, Parameter(help="The party or key that it holds for: `team:NAME`, …, or its id.")]
Name = Annotated[str, Parameter(help="What it is called.")]
Per = Annotated[
    str | None,
    Parameter(help="30s, 1m, 1h, 1d (rolling), or minute, hour, day, week, month of the calendar. Left out: at the same time."),
]


def list_all(owner: Owner, *, listing: Listing = LISTING) -> int:
    """List the limits that stand on one level. `headworks keys policy` shows those of all levels."""
    return _LIMITS.list_all(owner, _COLUMNS, listing)


def show(owner: Owner, name: Name, *, asking: Asking = ASKING) -> int:
    """Show a limit."""
    return _LIMITS.show(owner, name, asking)


def create(  # noqa: PLR0913 - one parameter a flag
    owner: Owner,
    name: Name,
    amount: str,
    *,
    unit: Unit = Unit.REQUESTS,
    per: Per = None,
    zone: str = "UTC",
    models: Names = None,
    group_by: Names = None,
    where: Names = None,
    unless: Names = None,
    most_groups: int = 10_000,
    on_loss: OnLoss = OnLoss.CLOSED,
    currency: str = "USD",
    asking: Asking = ASKING,
) -> int:
    """Set a limit.

    Args:
        amount: How many; of unit cost, money: 12.50.
        unit: What is counted.
        zone: Time zone of the calendar.
        models: Counts these only.
        group_by: Facts, for each value of which there is a counter of its own: customer.
        where: Counts those only that have these values: customer=acme tag:tier=gold.
        unless: Does not count those that have one of these values.
        most_groups: Counters at most.
        on_loss: What holds while shared counters do not answer.
        currency: Of unit cost.
    """

    def rule() -> LimitBody:
        seconds, calendar = _over(per)
        return LimitBody(
            unit=unit,
            amount=_amount(amount, unit),
            zone=zone,
            models=models or None,
            group_by=group_by or (),
            where=values_by_name(where, "--where") or {},
            unless=values_by_name(unless, "--unless") or {},
            most_groups=most_groups,
            on_loss=on_loss,
            currency=currency,
            seconds=seconds,
            calendar=calendar,
        )

    return _LIMITS.create(owner, name, rule, asking)


def change(  # noqa: PLR0913 - one parameter a flag
    owner: Owner,
    name: Name,
    amount: str | None = None,
    *,
    per: Per = None,
    zone: str | None = None,
    models: Names = None,
    group_by: Names = None,
    where: Names = None,
    unless: Names = None,
    most_groups: int | None = None,
    on_loss: OnLoss | None = None,
    asking: Asking = ASKING,
) -> int:
    """Change a limit. What is left out stays.

    Args:
        amount: How many; of unit cost, money: 12.50.
        zone: Time zone of the calendar.
        models: Counts these only; --empty-models: all.
        group_by: Facts, for each value of which there is a counter of its own; --empty-group-by: one for all.
        where: Counts those only that have these values: customer=acme tag:tier=gold; --empty-where: all.
        unless: Does not count those that have one of these values; --empty-unless: counts all.
        most_groups: Counters at most.
        on_loss: What holds while shared counters do not answer.
    """

    def said(rule: LimitBody) -> dict[str, object]:
        counted = None if amount is None else _amount(amount, rule.unit)
        others = given(
            amount=counted,
            zone=zone,
            group_by=group_by,
            where=values_by_name(where, "--where"),
            unless=values_by_name(unless, "--unless"),
            most_groups=most_groups,
            on_loss=on_loss,
        )
        if models is not None:
            others["models"] = models or None
        return others | (dict(zip(("seconds", "calendar"), _over(per), strict=True)) if per else {})

    return _LIMITS.change(owner, name, said, asking)


def remove(owner: Owner, name: Name, *, removing: Removing = REMOVING) -> int:
    """Take a limit away."""
    return _LIMITS.remove(owner, name, removing)


def _amount(written: str, unit: Unit) -> int | str:
    if unit is Unit.COST:
        return written
    if not (written.isascii() and written.isdigit()):
        raise ValueError(f"{written!r} is no number of {unit.replace('_', ' ')}. Write a whole number.")
    return int(written)


def _over(per: str | None) -> tuple[float, Calendar | None]:
    if per in set(Calendar):
        return 0.0, Calendar(per)
    return (float(seconds_of(per)) if per else 0.0), None
