"""Many records at once: a million keys in one act, by the fastest way in that the database has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, Table, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.records import KeyRecord, Party
from headworks.ports.records import Conflict, Missing
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.records.rows import Row, key_row, party_row, path_of
from headworks.stores.sql.schema import KEYS, PARTIES, PARTY_PATHS

_AT_ONCE = 20_000
_ROOM = "PRAGMA cache_size = -131072"
"""Of this connection: 128 MiB. The index of digests grows everywhere at once, and would be read again for each batch."""
_Paths = dict[str, tuple[str, ...]]
"""Of every party, its own id last."""
_Item = TypeVar("_Item")


async def load(acts: Acts, parties: Iterable[Party], keys: Iterable[KeyRecord], *, audit: Mapping[str, str]) -> int:
    """Add all of them or none, as the installation's owner; answers how many keys. Parents come before their children.

    The change log says «reset» once instead of a million changes. Raises `Conflict` where one is there already, `Missing` where a parent
    or an owner is neither given nor there.
    """
    try:
        async with acts.begin(audit) as act:
            if act.connection.dialect.name == "sqlite":
                await act.connection.exec_driver_sql(_ROOM)
            paths = await _known_paths(act.connection)
            known = len(paths)
            for some in _batches(_planted(parties, paths, act.at)):
                await _pour(act.connection, PARTIES, [party_row(party) for party in some])
                await _pour(act.connection, PARTY_PATHS, [row for party in some for row in _path_rows(paths[party.id])])
            number = 0
            for some in _batches(_key_rows(keys, paths, act.at)):
                await _pour(act.connection, KEYS, some)
                number += len(some)
            if act.connection.dialect.name == "postgresql":
                await act.connection.exec_driver_sql("ANALYZE parties, party_paths, keys")
            act.about("", keys=str(number), parties=str(len(paths) - known))
            act.changed("reset", "")
    except IntegrityError:
        raise Conflict("Refused: one of these records is already there.") from None
    return number


async def _known_paths(connection: AsyncConnection) -> _Paths:
    found = await connection.execute(select(PARTIES.c.id, PARTIES.c.path))
    return {row.id: (*path_of(row.path), row.id) for row in found}


def _planted(parties: Iterable[Party], paths: _Paths, at: int) -> Iterator[Party]:
    """The parties with their paths, which are kept in `paths` too."""
    for party in parties:
        path = _path_of(paths, party.parent) if party.parent else ()
        paths[party.id] = (*path, party.id)
        yield replace(party, path=path, created_at=party.created_at or at, updated_at=at)


def _path_rows(path: tuple[str, ...]) -> Iterator[Row]:
    for depth, ancestor in enumerate(reversed(path)):
        yield {"ancestor": ancestor, "descendant": path[-1], "depth": depth}


def _key_rows(keys: Iterable[KeyRecord], paths: _Paths, at: int) -> Iterator[Row]:
    for key in keys:
        dated = replace(key, created_at=key.created_at or at, updated_at=at)
        yield key_row(dated, _path_of(paths, key.owner)[0])


def _path_of(paths: _Paths, party: str) -> tuple[str, ...]:
    try:
        return paths[party]
    except KeyError:
        raise Missing(f"There is no party {party}.") from None


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    source = iter(items)
    while some := list(islice(source, _AT_ONCE)):
        yield some


async def _pour(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """All rows in one statement: columns as arrays on PostgreSQL, the driver's own loop on SQLite."""
    if not rows:
        return
    columns = list(table.columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"${place}::{_array_of(column)}" for place, column in enumerate(columns, start=1))
        statement = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 - names of our own tables
        await connection.exec_driver_sql(statement, tuple([row[column.name] for row in rows] for column in columns))
    else:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - likewise
        await connection.exec_driver_sql(statement, [tuple(row[column.name] for column in columns) for row in rows])


def _array_of(column: Column[object]) -> str:
    kinds = {BigInteger: "bigint[]", Boolean: "boolean[]", LargeBinary: "bytea[]"}
    return next((name for kind, name in kinds.items() if isinstance(column.type, kind)), "text[]")
