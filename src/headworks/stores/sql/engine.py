"""One database behind two kinds of transactions: those that read, and those that write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import Protocol

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from headworks.stores.sql.address import NO_ADDRESS, DatabaseUnusable, backend_of

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_PATIENCE = 5.0
"""Seconds to wait for another writer, or for a connection."""
_WRITES = "headworks_writes"


class Database:
    """Made once per process; `close` it in the loop in which it was used. Nothing is connected before it is asked."""

    def __init__(self, url: str, *, connections: int = 5) -> None:
        """`url`: `sqlite:///PATH` or `postgresql://…`. Raises `DatabaseUnusable`."""
        self.url = _understood(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        try:
            self._engine = _engine(self.url, connections)
        except ImportError:
            driver = self.url.get_driver_name()
            raise DatabaseUnusable(f"The driver for `database` is not installed. Run: pip install {driver}") from None
        self._writer = self._engine.execution_options(**{_WRITES: True})
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that only reads."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction, committed at the end unless something was raised. On SQLite the one writer from its beginning on: those of one
        process take turns in the order in which they come, for who waits inside SQLite is overtaken, and gives up after a while.
        """
        async with self._turn, self._writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    def __str__(self) -> str:
        return shown(self.url)

    def __repr__(self) -> str:
        return f"<Database {self}>"


def shown(url: str | URL) -> str:
    """The address without its password, as one would write it."""
    try:
        url = make_url(url)
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    except ArgumentError:
        return "the given address"


def _understood(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise DatabaseUnusable(NO_ADDRESS) from None
    driver = _DRIVERS[backend_of(text)]
    if driver.startswith("sqlite") and url.database in {None, "", ":memory:"}:
        raise DatabaseUnusable("A database in memory is not shared by the processes. Write sqlite:///PATH.")
    url = url.set(drivername=driver)
    if "sslmode" in url.query:  # libpq's name for it
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": str(url.query["sslmode"])})
    return url


def _engine(url: URL, connections: int) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, pool_size=connections, connect_args={"timeout": _PATIENCE})
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(
        url,
        pool_size=connections,
        pool_timeout=_PATIENCE,
        pool_pre_ping=True,
        pool_recycle=900,
        connect_args={"timeout": _PATIENCE, "server_settings": {"application_name": "headworks"}},
    )


class _SqliteConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> DBAPICursor: ...

    def close(self) -> None: ...


def _set_up_sqlite(connection: _SqliteConnection, _record: object) -> None:
    """Readers beside one writer; foreign keys hold; transactions begin when we say so and not when the driver thinks of it."""
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={_PATIENCE * 1000:.0f}"):
            cursor.execute(f"PRAGMA {pragma}")
    except BaseException:  # it was never in the pool, which therefore does not close it, and its thread would stay
        connection.close()
        raise
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: taken only at its first write, it could find that what it read has changed since."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
