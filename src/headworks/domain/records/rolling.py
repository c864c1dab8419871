"""Since when budgets roll over: worked out where records are kept, whoever writes them."""

from __future__ import annotations

from msgspec.structs import replace

from headworks.domain.limits import period_at
from headworks.domain.records.bounds import Bounds, BudgetRule


def dated(before: Bounds, after: Bounds, now: int) -> Bounds:
    """The bounds `after`, each rollover with its instant; `before` is what stood there, `now` is in wall-clock nanoseconds."""
    if not any(rule.rollover for rule in after.budgets.values()):
        return after
    return replace(after, budgets={name: _dated(before.budgets.get(name), rule, now) for name, rule in after.budgets.items()})


def _dated(before: BudgetRule | None, after: BudgetRule, now: int) -> BudgetRule:
    rollover = after.rollover
    if rollover is None:
        return after
    return replace(after, rollover=replace(rollover, since=_since(before, after, now)))


def _since(before: BudgetRule | None, after: BudgetRule, now: int) -> int:
    """The period that holds it is the first that leaves something over.

    A budget that was there without a rollover begins with its next period: what it used until now is not known for long enough.
    """
    if before is None or after.calendar is None:
        return now
    if before.rollover is None:
        return period_at(after.calendar, after.zone, now).ends_at
    return before.rollover.since if _counted_as(before) == _counted_as(after) else now


def _counted_as(rule: BudgetRule) -> tuple[object, ...]:
    """What its counters depend on: with another of these they begin at nothing, and nothing is carried into their first period."""
    return rule.calendar, rule.zone, rule.group_by, rule.currency
