"""Budgets and what was spent of them, and the alerts that were made of it: each once, by its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Select, Table, case, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.alerts import WRITTEN, BudgetAlert, threshold_text
from headworks.domain.records import BudgetRule
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records.rows import bounds_of
from headworks.stores.sql.schema import ALERTS, GRANTS, KEYS, PARTIES, POSTINGS
from headworks.stores.sql.sums import halves_of, sums_of

RECENT = 3600
"""Seconds: only where something was spent since can a key's budget have passed anything."""
_COLUMNS = {"org": "organisation", "team": "team", "proj": "project", "user": "user", "svc": "user", "key": "key"}
_GROUPS = {"customer": "customer", "model": "model", "user": "user", "key": "key", "provider": "provider"}
_COUNTED_AS = case((KEYS.c.origin != "", KEYS.c.origin), else_=KEYS.c.id)
_NS = 10**9
_AT_ONCE = 500


class Owned(msgspec.Struct, frozen=True):
    """One budget, and whose it is."""

    owner: str
    owner_name: str
    name: str
    rule: BudgetRule


class Window(NamedTuple):
    """A budget in the period of it that runs: its name, and its bounds in nanoseconds."""

    owned: Owned
    period: str
    start_ns: int
    end_ns: int


class _Question(NamedTuple):
    """What budgets are asked for by, but for their owners. Seconds."""

    column: str
    group_by: tuple[str, ...]
    currency: str
    since: int
    until: int


class Due(msgspec.Struct, frozen=True):
    """An alert that somebody has not been told yet. `left` names the destinations."""

    alert: BudgetAlert
    left: tuple[str, ...]
    tries: int


class _Body(msgspec.Struct):
    alert: BudgetAlert
    left: tuple[str, ...]


class AlertTables:
    """Asked by the alerts' job alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_spenders(self, now_ns: int) -> bool:
        """Whether any key has spent lately."""
        async with self._database.reading() as connection:
            return (await connection.execute(_spenders(now_ns).limit(1))).first() is not None

    async def budgets(self, now_ns: int, written: Mapping[str, Sequence[Owned]]) -> Sequence[Owned]:
        """Of all parties, and of the keys that have spent lately: of those in the database, and of those that are `written` elsewhere,
        by their names.
        """
        recent = _spenders(now_ns)
        found: list[Owned] = []
        async with self._database.reading() as connection:
            for table, whose, condition in ((PARTIES, PARTIES.c.id, None), (KEYS, _COUNTED_AS, KEYS.c.id.in_(recent))):
                statement = select(whose, table.c.name, table.c.bounds).where(table.c.bounds.like('%"budgets"%'))
                rows = await connection.execute(statement if condition is None else statement.where(condition))
                for owner, name, text in rows:
                    found += _watched(Owned(owner, name, budget, rule) for budget, rule in bounds_of(text).budgets.items())
            if written:
                for (key,) in await connection.execute(recent):
                    found += _watched(written.get(key, ()))
        return found

    async def spent(self, windows: Sequence[Window]) -> list[dict[tuple[str, ...], int]]:
        """For each: values of its group → nano-units charged in it. Ungrouped budgets have the one group of none.

        Those that differ by their owners alone are asked for together: there may be one for every key.
        """
        asked: dict[_Question, set[str]] = {}
        for window in windows:
            asked.setdefault(_question(window), set()).add(_party(window))
        found: dict[tuple[_Question, str], dict[tuple[str, ...], int]] = {}
        async with self._database.reading() as connection:
            for question, parties in asked.items():
                ordered = sorted(parties)
                for first in range(0, len(ordered), _AT_ONCE):
                    some = ordered[first : first + _AT_ONCE]
                    origins = await _origins(connection, some) if question.column == "key" else {}
                    for row in (await connection.execute(_spent(question, [*some, *origins]))).mappings():
                        party, _, _, *group = map(str, row.values())
                        groups = found.setdefault((question, origins.get(party, party)), {})
                        groups[tuple(group)] = groups.get(tuple(group), 0) + sums_of(row, ["price"])["price"]
        return [found.get((_question(window), _party(window)), {}) for window in windows]

    async def added(self, windows: Sequence[Window]) -> list[dict[str, int]]:
        """For each: group, as counters name it → nano-units that were added to the budget."""
        table = GRANTS.c
        names = (table.owner, table.budget, table.period, table.currency, table.group)
        periods = {window.period for window in windows}
        found: dict[tuple[str, ...], dict[str, int]] = {}
        async with self._database.reading() as connection:
            statement = select(*names, *halves_of([table.amount])).where(table.period.in_(periods)).group_by(*names)
            for row in (await connection.execute(statement)).mappings():
                *budget, group, _, _ = map(str, row.values())
                found.setdefault(tuple(budget), {})[group] = sums_of(row, ["amount"])["amount"]
        return [found.get((each.owned.owner, each.owned.name, each.period, each.owned.rule.currency), {}) for each in windows]

    async def note(self, alert: BudgetAlert, destinations: tuple[str, ...]) -> bool:
        """Whether nobody had noted it yet."""
        body = msgspec.json.encode(_Body(alert, destinations)).decode()
        values = {**_key(alert), "at": alert.at, "sent_at": 0 if destinations else alert.at, "tries": 0, "body": body}
        known = select(ALERTS.c.at).where(*(ALERTS.c[name] == value for name, value in _key(alert).items()))
        async with self._database.reading() as connection:
            if (await connection.execute(known)).first() is not None:
                return False
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(ALERTS).values(values))
        except IntegrityError:
            return False
        return True

    async def due(self, now_ns: int, pause_ns: int, most_tries: int) -> Sequence[Due]:
        """Those whose next try is due: the first at once, each further one after twice the pause."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                select(ALERTS.c.body, ALERTS.c.tries, ALERTS.c.at).where(ALERTS.c.sent_at == 0, ALERTS.c.tries < most_tries)
            )
            found = [(msgspec.json.decode(body, type=_Body), tries, at) for body, tries, at in rows]
        return [Due(body.alert, body.left, tries) for body, tries, at in found if now_ns >= at + pause_ns * (2**tries - 1)]

    async def claim(self, due: Due) -> bool:
        """Take this try for oneself. False where another process has it."""
        return await self._change(due.alert, due.tries, {"tries": due.tries + 1})

    async def told(self, due: Due, left: tuple[str, ...], now_ns: int) -> None:
        """After a try: who still has not been told."""
        body = msgspec.json.encode(_Body(due.alert, left)).decode()
        await self._change(due.alert, due.tries + 1, {"body": body, "sent_at": 0 if left else now_ns})

    async def _change(self, alert: BudgetAlert, tries: int, values: dict[str, int | str]) -> bool:
        table: Table = ALERTS
        wanted = [table.c[name] == value for name, value in _key(alert).items()]
        async with self._database.writing() as connection:
            done = await connection.execute(update(table).where(*wanted, table.c.tries == tries).values(values))
        return done.rowcount == 1


def _spenders(now_ns: int) -> Select[str]:
    return select(POSTINGS.c.key).where(POSTINGS.c.bucket >= now_ns // _NS - RECENT).distinct()


def _watched(budgets: Iterable[Owned]) -> list[Owned]:
    """Those whose spend postings can tell: not those that are grouped by what only a request knows."""
    return [each for each in budgets if each.rule.amount > 0 and all(group in _GROUPS for group in each.rule.group_by)]


def _question(window: Window) -> _Question:
    owner, rule = window.owned.owner, window.owned.rule
    column = "key" if owner.startswith(WRITTEN) else _COLUMNS[owner.partition("_")[0]]
    return _Question(column, tuple(rule.group_by), rule.currency, window.start_ns // _NS, -(-window.end_ns // _NS))


def _party(window: Window) -> str:
    """As postings call it."""
    return window.owned.owner.removeprefix(WRITTEN)


async def _origins(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, str]:
    """The keys that came in the place of these → in whose."""
    rows = await connection.execute(select(KEYS.c.id, KEYS.c.origin).where(KEYS.c.origin != "", KEYS.c.origin.in_(keys)))
    return {row.id: row.origin for row in rows}


def _spent(question: _Question, parties: Sequence[str]) -> Select[*tuple[str, ...]]:
    """Party, the sum's halves, values of the group; typed as text, which all but the halves are."""
    table = POSTINGS.c
    party, groups = table[question.column], [table[_GROUPS[name]] for name in question.group_by]
    return (
        select(party, *halves_of([table.price]), *groups)
        .where(party.in_(parties), table.currency == question.currency)
        .where(table.bucket >= question.since, table.bucket < question.until)
        .group_by(party, *groups)
    )


def _key(alert: BudgetAlert) -> dict[str, str]:
    return {
        "owner": alert.owner,
        "budget": alert.budget,
        "group": alert.group,
        "period": alert.period,
        "threshold": threshold_text(alert.threshold),
    }
