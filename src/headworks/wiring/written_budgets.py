"""Budgets of the keys that stand in the configuration, for who watches them: the gateway alone reads the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from headworks.domain.alerts import WRITTEN
from headworks.domain.config import BudgetEntry, LimitsRule, nanos_of
from headworks.domain.limits import Calendar, Rollover
from headworks.domain.records import BudgetRule
from headworks.stores.sql.ledger_alerts import Owned
from headworks.wiring.load import read_apart
from headworks.wiring.written import Document, Reread

Budgets = Mapping[str, Sequence[Owned]]
"""By the name of the key."""


class WrittenBudgets(Reread[Budgets]):
    """Those of a document."""

    def __init__(self, document: Document) -> None:
        super().__init__(document, _budgets_in, {})


class _Key(msgspec.Struct):
    limits: LimitsRule = LimitsRule()


class _Written(msgspec.Struct):
    keys: dict[str, _Key] = {}


def _budgets_in(text: str) -> Budgets | None:
    """None where anything is wrong with the document."""
    if "budget" not in text:
        return {}
    read = read_apart(text)
    if read is None:
        return None
    keys = msgspec.msgpack.decode(read, type=_Written).keys
    try:
        found = {name: tuple(_of_key(name, key.limits)) for name, key in keys.items()}
    except ValueError:
        return None
    return {name: budgets for name, budgets in found.items() if budgets}


def _of_key(name: str, limits: LimitsRule) -> Iterator[Owned]:
    entries = limits.budgets if limits.budget is None else {"budget": BudgetEntry(amount=limits.budget), **limits.budgets}
    for budget, entry in entries.items():
        if not entry.models:  # postings know other names of models than limits do
            yield Owned(WRITTEN + name, name, budget, _rule(entry))


def _rule(entry: BudgetEntry) -> BudgetRule:
    return BudgetRule(
        amount=nanos_of(entry.amount),
        calendar=Calendar(entry.calendar) if entry.calendar is not None else None,
        zone=entry.zone,
        hard=entry.hard,
        thresholds=entry.thresholds,
        group_by=entry.group_by,
        rollover=Rollover(most=nanos_of(entry.rollover.most), since=0) if entry.rollover is not None else None,
    )
