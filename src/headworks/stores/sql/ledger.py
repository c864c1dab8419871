"""The ledger's tables: sums of exchanges, what counters have used, and how far the journal is booked. All three move in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy import ColumnElement, Dialect, Table, case, func, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.ledger import SUMMED, Account, Bill, Standing, Sums
from headworks.ports.clock import Clock
from headworks.stores.sql.customers import note_seen
from headworks.stores.sql.engine import Database
from headworks.stores.sql.rollouts.evidence import note_outcomes
from headworks.stores.sql.schema import COUNTER_SPEND, PLACES, POSTINGS

PROJECTION = "ledger"
Row = tuple[str | int, ...]
"""In the order of its table's columns, of which the first are the key."""
Place = tuple[int, int]
"""As the journal's: segment, and offset in it."""
_HALF = 16
_DATA_EXCEPTION = "22"
"""How PostgreSQL's codes for values out of range begin."""


class PlacesMovedError(Exception):
    """Another projector has booked what we were about to book. Nothing of ours was."""


class UnbookableError(Exception):
    """What was to be booked is beyond what the database can hold: a sum over 64 bits. Nothing of it was."""


class Step(msgspec.Struct, frozen=True):
    """How far one epoch is booked by a batch, and what that came to."""

    epoch: str
    before: Place
    after: Place
    bill: Bill = Bill()
    charged: int = 0
    """Units of all counters together."""
    through: int = 0
    """When the last of its exchanges ended, wall-clock nanoseconds; 0: there was none."""

    def then(self, following: Step) -> Step:
        """Both as one."""
        return Step(
            self.epoch,
            self.before,
            following.after,
            self.bill.plus(following.bill),
            self.charged + following.charged,
            max(self.through, following.through),
        )


class LedgerTables:
    """What one instance (data directory) books, beside what others do."""

    def __init__(self, database: Database, instance: str, clock: Clock) -> None:
        self.instance = instance
        self._database = database
        self._clock = clock
        self._insert = sqlite_insert if database.is_sqlite else postgresql_insert
        self._additions: dict[str, str] = {}

    async def places(self) -> dict[str, Place]:
        """How far each epoch of this instance is booked."""
        async with self._database.reading() as connection:
            return await self._places(connection)

    async def standing(self) -> Standing:
        """What the counters that must still be known have used, and up to where that was read."""
        async with self._database.reading() as connection:
            if not self._database.is_sqlite:  # there a transaction sees one state of things by itself
                await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            places = await self._places(connection)
            everybody = select(PLACES.c.instance, PLACES.c.epoch, PLACES.c.through).where(PLACES.c.projection == PROJECTION)
            through = {f"{row[0]}/{row[1]}": row[2] for row in await connection.execute(everybody)}
            ends = COUNTER_SPEND.c.ends_at
            rows = await connection.execute(
                select(COUNTER_SPEND.c.counter, COUNTER_SPEND.c.units).where((ends == 0) | (ends > self._clock.wall_ns()))
            )
            return Standing(places, {row[0]: row[1] for row in rows}, through)

    async def post(self, steps: Sequence[Step], sums: Sums) -> None:
        """Book a batch and move the places behind it, both or neither. Raises `PlacesMovedError`, `UnbookableError`, or what the
        database does.
        """
        now = self._clock.wall_ns()
        with _beyond():
            async with self._database.writing() as connection:
                for step in sorted(steps, key=lambda step: step.epoch):
                    await self._move(connection, step, now)
                await self._add(connection, POSTINGS, _postings(sums, now), SUMMED)
                await self._add(connection, COUNTER_SPEND, _spend(sums, now), ("units",))
                await note_seen(connection, sums)
                await note_outcomes(connection, sums, now)

    async def _places(self, connection: AsyncConnection) -> dict[str, Place]:
        table = PLACES.c
        rows = await connection.execute(select(table.epoch, table.segment, table.offset).where(*self._ours()))
        return {epoch: (segment, offset) for epoch, segment, offset in rows}

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return PLACES.c.projection == PROJECTION, PLACES.c.instance == self.instance

    async def _move(self, connection: AsyncConnection, step: Step, now: int) -> None:
        table = PLACES.c
        named = {"projection": PROJECTION, "instance": self.instance, "epoch": step.epoch}
        segment, offset = step.after
        exchanges, cost, price = step.bill
        if step.before == (0, 0):
            sums = {"exchanges": exchanges, "cost": cost, "price": price, "charged": step.charged, "through": step.through}
            await self._begin(connection, {**named, "segment": segment, "offset": offset, "updated_at": now, **sums})
            return
        moved = await connection.execute(
            update(PLACES)
            .where(*(table[name] == value for name, value in named.items()))
            .where(table.segment == step.before[0], table.offset == step.before[1])
            .values(
                segment=segment,
                offset=offset,
                updated_at=now,
                exchanges=table.exchanges + exchanges,
                cost=self._exact(table.cost + cost),
                price=self._exact(table.price + price),
                charged=self._exact(table.charged + step.charged),
                through=step.through or table.through,
            )
        )
        if moved.rowcount != 1:
            raise PlacesMovedError

    async def _begin(self, connection: AsyncConnection, row: dict[str, str | int]) -> None:
        try:
            await connection.execute(insert(PLACES).values(row))
        except IntegrityError as taken:
            raise PlacesMovedError from taken

    async def _add(self, connection: AsyncConnection, table: Table, rows: list[Row], summed: Iterable[str]) -> None:
        """Insert, or add to what is there. In the order of their keys: two who add at once then never wait for each other in a ring.

        The driver is told directly: to have each of thousands of rows looked over on its way takes as long as to write it.
        """
        if not rows:
            return
        addition = self._additions.get(table.name)
        if addition is None:
            addition = self._additions[table.name] = self._addition(connection.dialect, table, summed)
        await connection.exec_driver_sql(addition, sorted(rows))

    def _addition(self, dialect: Dialect, table: Table, summed: Iterable[str]) -> str:
        fresh = self._insert(table)
        stamp = "posted_at" if "posted_at" in table.c else "updated_at"
        sums = {name: self._exact(table.c[name] + fresh.excluded[name]) for name in summed}
        if "ends_at" in table.c:  # a rollover that was set since has it known longer
            sums["ends_at"] = case((fresh.excluded.ends_at > table.c.ends_at, fresh.excluded.ends_at), else_=table.c.ends_at)
        added = sums | {stamp: fresh.excluded[stamp]}
        keys = [column.name for column in table.primary_key]
        return str(fresh.on_conflict_do_update(index_elements=keys, set_=dict(added)).compile(dialect=dialect))

    def _exact(self, total: ColumnElement[int]) -> ColumnElement[int]:
        """SQLite would go on in floating point beyond 64 bits: it gets a null instead, which no column takes."""
        if not self._database.is_sqlite:
            return total
        return case((func.typeof(total) == literal_column("'integer'"), total))


@contextmanager
def _beyond() -> Generator[None]:
    """Whatever a database says of numbers (and texts) that it cannot hold."""
    try:
        yield
    except (OverflowError, UnicodeError, IntegrityError) as beyond:
        raise UnbookableError(str(beyond)) from beyond
    except DBAPIError as trouble:
        if str(getattr(trouble.orig, "sqlstate", "")).startswith(_DATA_EXCEPTION):
            raise UnbookableError(str(trouble.orig)) from trouble
        raise


def _postings(sums: Sums, now: int) -> list[Row]:
    return [(account[0], dimension_of(account), *_writable(account)[1:], *row, now) for account, row in sums.postings.items()]


def _spend(sums: Sums, now: int) -> list[Row]:
    return [(counter, units, sums.ends[counter], now) for counter, units in sums.counters.items()]


def _writable(account: Account) -> Account:
    """As columns. What callers write may hold a zero byte, which PostgreSQL does not keep in texts: it must not stop the books."""
    if "\0" not in account.customer and "\0" not in account.model:
        return account
    return account._replace(customer=account.customer.replace("\0", "\ufffd"), model=account.model.replace("\0", "\ufffd"))


def dimension_of(account: Account) -> str:
    """A short name of all that an account is but its bucket."""
    parts = "".join(f"{len(part)}:{part}" for part in account[1:])
    return hashlib.blake2b(parts.encode(), digest_size=_HALF).hexdigest()
