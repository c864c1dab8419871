"""Budgets that stand in the configuration, for who watches them: the gateway alone reads the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from headworks.domain.alerts import EVERYBODY, WRITTEN
from headworks.domain.config import BudgetEntry, LimitsRule, nanos_of, values_of
from headworks.domain.limits import Calendar, OnLoss, Rollover
from headworks.domain.records import BudgetRule
from headworks.stores.sql.ledger_alerts import DocumentBudgets, Owned
from headworks.wiring.load import read_apart
from headworks.wiring.written import Document, Reread


class WrittenBudgets(Reread[DocumentBudgets]):
    """Those of a document."""

    def __init__(self, document: Document) -> None:
        super().__init__(document, _budgets_in, DocumentBudgets())


class _Key(msgspec.Struct):
    limits: LimitsRule = LimitsRule()


class _Written(msgspec.Struct):
    keys: dict[str, _Key] = {}
    budgets: dict[str, BudgetEntry] = {}


def _budgets_in(text: str) -> DocumentBudgets | None:
    """None where anything is wrong with the document."""
    if "budget" not in text:
        return DocumentBudgets()
    read = read_apart(text)
    if read is None:
        return None
    written = msgspec.msgpack.decode(read, type=_Written)
    try:
        of_keys = {name: tuple(_of_key(name, key.limits)) for name, key in written.keys.items()}
        everybody = tuple(_owned(EVERYBODY, "all", written.budgets))
    except ValueError:
        return None
    return DocumentBudgets(everybody, {name: budgets for name, budgets in of_keys.items() if budgets})


def _of_key(name: str, limits: LimitsRule) -> Iterator[Owned]:
    entries = limits.budgets if limits.budget is None else {"budget": BudgetEntry(amount=limits.budget), **limits.budgets}
    return _owned(WRITTEN + name, name, entries)


def _owned(owner: str, name: str, entries: Mapping[str, BudgetEntry]) -> Iterator[Owned]:
    return (Owned(owner, name, budget, _rule(entry)) for budget, entry in entries.items())


def _rule(entry: BudgetEntry) -> BudgetRule:
    return BudgetRule(
        amount=nanos_of(entry.amount),
        calendar=Calendar(entry.calendar) if entry.calendar is not None else None,
        zone=entry.zone,
        hard=entry.hard,
        thresholds=entry.thresholds,
        models=entry.models or (),
        group_by=entry.group_by,
        where=values_of(entry.where),
        unless=values_of(entry.unless),
        on_loss=OnLoss(entry.on_loss),
        rollover=Rollover(most=nanos_of(entry.rollover.most), since=0) if entry.rollover is not None else None,
    )
