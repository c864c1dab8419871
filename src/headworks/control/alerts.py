"""Watches budgets by the ledger, and tells whoever is to be told: once per budget, group, period and threshold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from headworks.domain.alerts import BudgetAlert, passed
from headworks.domain.limits import period_at
from headworks.domain.limits.told import group_told
from headworks.exporters.alerts import NotDelivered
from headworks.ports.clock import Clock
from headworks.stores.sql.ledger_alerts import AlertTables, DocumentBudgets, Due, Owned, Window

Say = Callable[[str], None]
Written = Callable[[], Awaitable[DocumentBudgets]]
"""Raises `OSError`."""
EVERY = 15.0
PAUSE_NS = 10 * 10**9
"""Before the second try; each further one waits twice as long."""
MOST_TRIES = 12
"""Half a day."""


class Destination(Protocol):
    """Where alerts go. `deliver` waits, and runs in a thread."""

    @property
    def name(self) -> str:
        """Unique, and without secrets."""
        ...

    def deliver(self, alert: BudgetAlert, wall_ns: int) -> None:
        """Raises `NotDelivered`."""
        ...


class Alerts:
    """One per control process; several may run at once: a row is made once, and a try is taken by one."""

    def __init__(
        self, tables: AlertTables, destinations: Sequence[Destination], clock: Clock, say: Say, written: Written | None = None
    ) -> None:
        self._tables = tables
        self._destinations = {each.name: each for each in destinations}
        self._clock = clock
        self._say = say
        self._written = written

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
                await self.deliver()
            except (SQLAlchemyError, OSError) as trouble:
                self._say(f"budgets could not be looked at ({type(trouble).__name__}): it is tried again")
            await self._clock.sleep(EVERY)

    async def look(self) -> int:
        """Note the thresholds that were passed since; how many that were."""
        now = self._clock.wall_ns()
        windows = [window_of(owned, now) for owned in await self._tables.budgets(now, await self._written_now(now))]
        spent, added = await self._tables.spent(windows), await self._tables.added(windows)
        fresh = 0
        for window, units, more in zip(windows, spent, added, strict=True):
            fresh += await self._look_at(window, units, more, now)
        return fresh

    async def _written_now(self, now: int) -> DocumentBudgets:
        """Read only where somebody has spent: a start has better to do."""
        if self._written is None or not await self._tables.has_spenders(now):
            return DocumentBudgets()
        return await self._written()

    async def deliver(self) -> int:
        """Tell those that are to be told now; how many deliveries went well."""
        told = 0
        for due in await self._tables.due(self._clock.wall_ns(), PAUSE_NS, MOST_TRIES):
            if await self._tables.claim(due):
                told += await self._try(due)
        return told

    async def _look_at(self, window: Window, spent_by: Mapping[str, int], added: Mapping[str, int], now: int) -> int:
        owned, rule = window.owned, window.owned.rule
        fresh = 0
        for group, spent in spent_by.items():
            amount = rule.amount + added.get(group, 0)
            for threshold in passed(spent, amount, rule.thresholds):
                alert = BudgetAlert(
                    owner=owned.owner,
                    owner_name=owned.owner_name,
                    budget=owned.name,
                    group=", ".join(group_told(group)),
                    period=window.period,
                    threshold=threshold,
                    amount=amount,
                    spent=spent,
                    currency=rule.currency,
                    hard=rule.hard,
                    carried=rule.rollover.most if rule.rollover is not None else 0,
                    at=now,
                )
                if await self._tables.note(alert, tuple(self._destinations)):
                    fresh += 1
                    self._say(alert.words)
        return fresh

    async def _try(self, due: Due) -> int:
        left: list[str] = []
        for name in due.left:
            destination = self._destinations.get(name)
            if destination is None:
                continue  # it was taken out of the configuration since
            try:
                await asyncio.to_thread(destination.deliver, due.alert, self._clock.wall_ns())
            except NotDelivered as trouble:
                left.append(name)
                last = due.tries + 1 >= MOST_TRIES
                if not due.tries or last:
                    self._say(
                        f"an alert was not delivered: {trouble}. " + ("It is given up." if last else "It is tried again.")
                    )
        await self._tables.told(due, tuple(left), self._clock.wall_ns())
        return len(due.left) - len(left)


def window_of(owned: Owned, now: int) -> Window:
    """The budget in its period at `now`, wall-clock nanoseconds."""
    rule = owned.rule
    if rule.calendar is None:
        return Window(owned, "")
    return Window(owned, period_at(rule.calendar, rule.zone, now).name)
