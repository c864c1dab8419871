"""Budgets and what was spent of them, and the alerts that were made of it: each once, by its row."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, case, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.alerts import BudgetAlert, threshold_text
from headworks.domain.limits import Limit
from headworks.domain.limits.limit import joined
from headworks.domain.limits.told import counters_now
from headworks.domain.records import BudgetRule, limit_of_budget
from headworks.stores.sql.engine import Database
from headworks.stores.sql.records.rows import bounds_of
from headworks.stores.sql.schema import ALERTS, COUNTER_SPEND, GRANTS, KEYS, PARTIES, POSTINGS
from headworks.stores.sql.sums import halves_of, sums_of

RECENT = 3600
"""Seconds: only where something was spent since can a key's budget have passed anything."""
_COUNTED_AS = case((KEYS.c.origin != "", KEYS.c.origin), else_=KEYS.c.id)
_NS = 10**9
_AT_ONCE = 500
_BEYOND = chr(sys.maxunicode)
"""Sorts behind all that a counter's name can go on with."""


class Owned(msgspec.Struct, frozen=True):
    """One budget, and whose it is."""

    owner: str
    owner_name: str
    name: str
    rule: BudgetRule


class DocumentBudgets(msgspec.Struct, frozen=True):
    """Those that stand in the configuration."""

    everybody: Sequence[Owned] = ()
    """Of what all callers spend."""
    of_keys: Mapping[str, Sequence[Owned]] = {}
    """By the name of the key."""


class Window(NamedTuple):
    """A budget in the period of it that runs: its name, as in those of counters; empty for a budget without one."""

    owned: Owned
    period: str


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

    async def budgets(self, now_ns: int, written: DocumentBudgets) -> Sequence[Owned]:
        """Of all parties, of everybody, and of the keys that have spent lately: in the database, and `written` in the configuration."""
        recent = _spenders(now_ns)
        found: list[Owned] = [*written.everybody]
        async with self._database.reading() as connection:
            for table, whose, condition in ((PARTIES, PARTIES.c.id, None), (KEYS, _COUNTED_AS, KEYS.c.id.in_(recent))):
                statement = select(whose, table.c.name, table.c.bounds).where(table.c.bounds.like('%"budgets"%'))
                rows = await connection.execute(statement if condition is None else statement.where(condition))
                for owner, name, text in rows:
                    found += (Owned(owner, name, budget, rule) for budget, rule in bounds_of(text).budgets.items())
            if written.of_keys:
                for (key,) in await connection.execute(recent):
                    found += written.of_keys.get(key, ())
        return found

    async def spent(self, windows: Sequence[Window]) -> list[dict[str, int]]:
        """For each: group, as counters name it → nano-units charged in it. Ungrouped budgets have the one group of none.

        Those without groups are asked for together: there may be one for every key.
        """
        plain = [_counter(window) for window in windows if not window.owned.rule.group_by]
        async with self._database.reading() as connection:
            known: dict[str, int] = {}
            for first in range(0, len(plain), _AT_ONCE):
                known |= await _units(connection, COUNTER_SPEND.c.counter.in_(plain[first : first + _AT_ONCE]))
            return [await _by_group(connection, window, known) for window in windows]

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


def _limit(window: Window) -> Limit:
    owned = window.owned
    return limit_of_budget(owned.rule, owned.name, owned.owner, owned.owner_name)


def _counter(window: Window) -> str:
    """Of a budget without groups."""
    return _limit(window).stem + (joined(window.period) if window.period else "")


async def _by_group(connection: AsyncConnection, window: Window, known: Mapping[str, int]) -> dict[str, int]:
    limit = _limit(window)
    if not limit.group_by:
        units = known.get(_counter(window))
        return {"": units} if units is not None else {}
    counter = COUNTER_SPEND.c.counter
    found = await _units(connection, and_(counter >= limit.stem, counter < limit.stem + _BEYOND))
    return {group: found[name] for name, group in counters_now(limit, window.period, found)}


async def _units(connection: AsyncConnection, wanted: ColumnElement[bool]) -> dict[str, int]:
    rows = await connection.execute(select(COUNTER_SPEND.c.counter, COUNTER_SPEND.c.units).where(wanted))
    return {row[0]: row[1] for row in rows}


def _key(alert: BudgetAlert) -> dict[str, str]:
    return {
        "owner": alert.owner,
        "budget": alert.budget,
        "group": alert.group,
        "period": alert.period,
        "threshold": threshold_text(alert.threshold),
    }
