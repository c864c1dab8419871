"""Rules as limits: what requests are judged by, and what is checked when somebody writes one."""

from __future__ import annotations

import msgspec

from headworks.domain.limits import Limit, Unit
from headworks.domain.records.bounds import BudgetRule, LimitRule

_OF_BUDGETS = ("amount", "currency", "calendar", "zone", "models", "group_by", "where", "unless", "on_loss", "rollover")
"""Fields that a budget's counter has from it. What a limit's rule says, its counter says, too."""


def limit_of(rule: LimitRule, name: str, owner: str, title: str) -> Limit:
    """`owner`: the id of the party or key; `title`: what people call it by."""
    return Limit(id=f"{title}/{name}", owner=owner, rule=name, **msgspec.structs.asdict(rule))


def limit_of_budget(rule: BudgetRule, name: str, owner: str, title: str, extra: tuple[tuple[str, str, int], ...] = ()) -> Limit:
    """The same of a budget. `extra`: what was added to it, as in `Limit`."""
    facts = {field: getattr(rule, field) for field in _OF_BUDGETS}
    return Limit(
        id=f"{title}/{name}", owner=owner, rule=name, unit=Unit.COST, budget=True, soft=not rule.hard, extra=extra, **facts
    )
