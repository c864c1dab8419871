"""`headworks budgets`: money for a calendar period, or once, of a party or a key; and money added to it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from headworks.cli.administering import (
    ASKING,
    LISTING,
    REMOVING,
    WRITING,
    Asking,
    Listing,
    Names,
    Removing,
    Writing,
    administer,
)
from headworks.cli.called import Called
from headworks.cli.naming import holder_of
from headworks.cli.rules import Rules, given, named_values, values_by_name
from headworks.cli.telling import tell, tell_all
from headworks.client import Client
from headworks.domain.administration.wire.bounds import BudgetBody, RolloverBody
from headworks.domain.administration.wire.top_ups import TopUpAsked, Which
from headworks.domain.limits import Calendar, OnLoss

_COLUMNS = ("amount", "currency", "calendar", "hard", "models", "group_by")
_TOP_UPS = ("id", "period", "group", "amount", "currency", "actor", "at")
_BUDGETS = Rules[BudgetBody](
    "budget",
    lambda bounds: bounds.budgets,
    lambda holder, id_, name, rule, version: holder.put_budget(id_, name, rule, version=version),
    lambda holder, id_, name, version: holder.remove_budget(id_, name, version=version),
)
Owner = Annotated[str, Parameter(help="The party or key whose budget it is: `team:NAME`, …, or its id.")]
Name = Annotated[str, Parameter(help="What it is called.")]
Thresholds = Annotated[tuple[float, ...] | None, Parameter(consume_multiple=True)]


def list_all(owner: Owner, *, listing: Listing = LISTING) -> int:
    """List the budgets that stand on one level."""
    return _BUDGETS.list_all(owner, _COLUMNS, listing)


def show(owner: Owner, name: Name, *, asking: Asking = ASKING) -> int:
    """Show a budget."""
    return _BUDGETS.show(owner, name, asking)


def create(  # noqa: PLR0913 - one parameter a flag
    owner: Owner,
    name: Name,
    amount: str,
    *,
    calendar: Calendar | None = None,
    zone: str = "UTC",
    currency: str = "USD",
    hard: bool = True,
    thresholds: Thresholds = None,
    rollover: str | None = None,
    models: Names = None,
    group_by: Names = None,
    where: Names = None,
    unless: Names = None,
    on_loss: OnLoss = OnLoss.CLOSED,
    asking: Asking = ASKING,
) -> int:
    """Set a budget.

    Args:
        amount: 12.50.
        calendar: How often there is as much again. Left out: never.
        zone: Time zone of the calendar.
        currency: Of the amount.
        hard: Refuse requests beyond it; --no-hard alerts only.
        thresholds: Parts of it at which an alert is sent: 0.5 0.8 1.
        rollover: At most so much of what a period leaves over may be used in the next: 20.
        models: Counts these only.
        group_by: Facts, for each value of which there is as much: customer.
        where: Counts those only that have these values: customer=acme tag:tier=gold.
        unless: Does not count those that have one of these values.
        on_loss: What holds while shared counters do not answer: closed refuses, open lets each gateway count alone.
    """

    def rule() -> BudgetBody:
        plain = BudgetBody(
            amount=amount,
            calendar=calendar,
            zone=zone,
            currency=currency,
            hard=hard,
            models=models or None,
            group_by=group_by or (),
            where=values_by_name(where, "--where") or {},
            unless=values_by_name(unless, "--unless") or {},
            on_loss=on_loss,
        )
        carried = RolloverBody(most=rollover) if rollover is not None else None
        return msgspec.structs.replace(plain, **given(thresholds=thresholds, rollover=carried))

    return _BUDGETS.create(owner, name, rule, asking)


def change(  # noqa: PLR0913 - one parameter a flag
    owner: Owner,
    name: Name,
    amount: str | None = None,
    *,
    calendar: Calendar | None = None,
    zone: str | None = None,
    currency: str | None = None,
    hard: bool | None = None,
    thresholds: Thresholds = None,
    rollover: str | None = None,
    models: Names = None,
    group_by: Names = None,
    where: Names = None,
    unless: Names = None,
    on_loss: OnLoss | None = None,
    asking: Asking = ASKING,
) -> int:
    """Change a budget. What is left out stays, and so does what was spent.

    Args:
        amount: 12.50.
        calendar: How often there is as much again.
        zone: Time zone of the calendar.
        currency: Of the amount.
        hard: Refuse requests beyond it; --no-hard alerts only.
        thresholds: Parts of it at which an alert is sent: 0.5 0.8 1.
        rollover: At most so much of what a period leaves over may be used in the next: 20. none: nothing.
        models: Counts these only; --empty-models: all.
        group_by: Facts, for each value of which there is as much: customer.
        where: Counts those only that have these values: customer=acme tag:tier=gold; --empty-where: all.
        unless: Does not count those that have one of these values; --empty-unless: counts all.
        on_loss: What holds while shared counters do not answer: closed refuses, open lets each gateway count alone.
    """
    said = given(
        amount=amount,
        calendar=calendar,
        zone=zone,
        currency=currency,
        hard=hard,
        thresholds=thresholds,
        group_by=group_by,
        where=values_by_name(where, "--where"),
        unless=values_by_name(unless, "--unless"),
        on_loss=on_loss,
    )
    if models is not None:
        said["models"] = models or None
    if rollover is not None:
        said["rollover"] = None if rollover == "none" else RolloverBody(most=rollover)
    return _BUDGETS.change(owner, name, lambda _: said, asking)


def remove(owner: Owner, name: Name, *, removing: Removing = REMOVING) -> int:
    """Take a budget away."""
    return _BUDGETS.remove(owner, name, removing)


def top_up(
    owner: Owner,
    name: Name,
    amount: str,
    *,
    period: Which = Which.CURRENT,
    group: Names = None,
    writing: Writing = WRITING,
) -> int:
    """Add money to a budget for one period. What was spent stays counted, and later periods have what the budget says.

    Args:
        amount: In the budget's currency: 12.50.
        period: The one under way, or the next.
        group: Of a grouped budget, for whom: customer=acme.
    """

    def work(client: Client) -> None:
        asked = TopUpAsked(amount=amount, period=period, group=named_values(group or (), "--group"))
        holder, id_ = holder_of(client, owner)
        made = holder.top_up(id_, name, asked, idempotency_key=writing.idempotency_key)
        during = f" of {made.period}" if made.period else ""
        words = f"{made.amount} {made.currency} were added to budget {made.budget!r}{during}: {made.id}."
        tell(made, words, json=writing.json)

    return administer(writing.url, work)


def top_ups(owner: Owner, name: Name, *, listing: Listing = LISTING) -> int:
    """List what was added to a budget, oldest first."""

    def work(client: Client) -> None:
        holder, id_ = holder_of(client, owner)
        found, called = holder.top_ups(id_, name), Called(client)
        tell_all(listing.cut(found), _TOP_UPS, json=listing.json, shown={"actor": called.administrator})

    return administer(listing.url, work)
