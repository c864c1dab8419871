"""Questions to the ledger: what was used and spent over a stretch of time, by whom and of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, or_, select

from headworks.domain.ledger import SUMMED
from headworks.ports.records import EVERYWHERE, Reach
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import POSTINGS
from headworks.stores.sql.sums import halves_of, sums_of

PARTIES = ("organisation", "team", "project", "user")
"""Columns that hold ids of parties."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds since 1970, UTC; `width` of a bucket is a multiple of a quarter of an hour."""

    start: int
    end: int
    width: int
    group_by: tuple[str, ...] = ()
    """Columns of postings."""
    only: Mapping[str, tuple[str, ...]] = {}
    """Column → the values that are wanted."""
    reach: Reach = EVERYWHERE


class Used(msgspec.Struct, frozen=True):
    """One bucket of one group. `group` has the values of `group_by`, `sums` those of `SUMMED` by name; money in nano-units of `currency`."""

    start: int
    currency: str
    group: dict[str, str]
    sums: dict[str, int]


class LedgerUsage:
    """Reads postings. What is out of reach is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def used(self, question: Question) -> Sequence[Used]:
        """In the order of time."""
        table = POSTINGS.c
        start = (table.bucket - table.bucket % question.width).label("start")
        keys = [start, table.currency, *(table[name] for name in question.group_by)]
        statement = (
            select(*keys, *halves_of(table[name] for name in SUMMED))
            .where(table.bucket >= question.start, table.bucket < question.end, *_wanted(question))
            .group_by(*keys)
            .order_by(*keys)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [
            Used(
                row["start"],
                row["currency"],
                {name: row[name] for name in question.group_by},
                sums_of(row, SUMMED),
            )
            for row in rows
        ]


def _wanted(question: Question) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [POSTINGS.c[name].in_(values) for name, values in question.only.items()]
    if question.reach != EVERYWHERE:
        conditions.append(or_(*(POSTINGS.c[name].in_(question.reach) for name in PARTIES)))
    return conditions
