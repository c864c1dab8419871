"""Budgets of the keys that stand in the configuration, for who watches them: the gateway alone reads the whole of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from headworks.domain.alerts import WRITTEN
from headworks.domain.config import BudgetEntry, LimitsRule, nanos_of
from headworks.domain.limits import Calendar, Rollover
from headworks.domain.records import BudgetRule
from headworks.ports.revisions import ActiveRevision
from headworks.stores.sql.ledger_alerts import Owned
from headworks.wiring.load import read_apart, read_text, signature_of

Budgets = Mapping[str, Sequence[Owned]]
"""By the name of the key."""


class Document(Protocol):
    """Where the configuration stands. Both raise `OSError`."""

    async def mark(self) -> object:
        """Another one after each change."""
        ...

    async def text(self) -> str | None:
        """It; None where nothing can be read there now."""
        ...


class FileDocument:
    """In a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def mark(self) -> object:
        """See above."""
        return signature_of(self._path)

    async def text(self) -> str | None:
        """See above."""
        try:
            return await asyncio.to_thread(read_text, str(self._path))
        except (OSError, UnicodeDecodeError):  # the gateway says so
            return None


class ActiveDocument:
    """In the database: the revision that is active."""

    def __init__(self, revisions: ActiveRevision) -> None:
        self._revisions = revisions

    async def mark(self) -> object:
        """See above."""
        return await self._revisions.latest()

    async def text(self) -> str:
        """See above."""
        active = await self._revisions.active()
        return active.document if active is not None else ""


class WrittenBudgets:
    """Read again after each change. A document that cannot be read changes nothing, as in the gateways."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._mark: object = None
        self._found: Budgets = {}

    async def now(self) -> Budgets:
        """As they stand there. Raises `OSError` where it cannot be asked for."""
        mark = await self._document.mark()
        if mark != self._mark and (text := await self._document.text()) is not None:
            found = await asyncio.to_thread(_budgets_in, text)
            self._found = self._found if found is None else found
            self._mark = mark
        return self._found


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
