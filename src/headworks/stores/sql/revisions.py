"""Revisions of the configuration in SQL: added one after the other, and never changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import asdict, replace
from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.revision import Applied, Revision
from headworks.ports.records import Conflict, Missing, Page
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import REVISIONS

_TOLD = [REVISIONS.c[name] for name in Revision.__struct_fields__]
_NEWEST_FIRST = REVISIONS.c.number.desc()


class SqlActiveRevision:
    """Implements `ports.revisions.ActiveRevision`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def latest(self) -> tuple[int, str]:
        """See the port."""
        async with self._asked() as connection:
            wanted = select(REVISIONS.c.number, REVISIONS.c.digest).order_by(_NEWEST_FIRST).limit(1)
            found = (await connection.execute(wanted)).first()
            return (found.number, found.digest) if found is not None else (0, "")

    async def active(self) -> Applied | None:
        """See the port."""
        async with self._asked() as connection:
            wanted = select(REVISIONS.c.number, REVISIONS.c.digest, REVISIONS.c.document).order_by(_NEWEST_FIRST).limit(1)
            found = (await connection.execute(wanted)).mappings().first()
            return Applied(**found) if found is not None else None

    @asynccontextmanager
    async def _asked(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self.database.reading() as connection:
                yield connection
        except SQLAlchemyError as trouble:
            raise ConnectionError(type(trouble).__name__) from None  # its words hold the statement and its values


class SqlRevisions(SqlActiveRevision):
    """Implements `ports.revisions.Revisions`."""

    def __init__(self, database: Database, acts: Acts) -> None:
        super().__init__(database)
        self._acts = acts

    async def add(self, revision: Revision, document: str, *, audit: Mapping[str, str]) -> Revision:
        """See the port."""
        try:
            async with self._acts.begin(audit) as act:
                last = (await act.connection.execute(select(REVISIONS.c.number).order_by(_NEWEST_FIRST).limit(1))).scalar() or 0
                if revision.number != last + 1:
                    raise _overtaken(revision.number)
                made = replace(revision, at=act.at)
                await act.connection.execute(insert(REVISIONS), asdict(made) | {"document": document})
                facts = {"restores": str(made.restores)} if made.restores else {}
                act.about("", entity="revision", id=str(made.number), digest=made.digest, comment=made.comment, **facts)
                act.changed("revision", str(made.number))
        except IntegrityError:
            raise _overtaken(revision.number) from None
        return made

    async def revision(self, number: int) -> Revision:
        """See the port."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(*_TOLD).where(REVISIONS.c.number == number))).mappings().first()
        if row is None:
            raise _unknown(number)
        return _revision_of(row)

    async def document(self, number: int) -> str:
        """See the port."""
        async with self.database.reading() as connection:
            document = (await connection.execute(select(REVISIONS.c.document).where(REVISIONS.c.number == number))).scalar()
        if document is None:
            raise _unknown(number)
        return document

    async def revisions(self, page: Page) -> Sequence[Revision]:
        """See the port."""
        wanted = select(*_TOLD).order_by(_NEWEST_FIRST).limit(page.size)
        if page.after:
            wanted = wanted.where(REVISIONS.c.number < int(page.after))
        async with self.database.reading() as connection:
            return [_revision_of(row) for row in (await connection.execute(wanted)).mappings()]


def _revision_of(row: RowMapping) -> Revision:
    return Revision(**row)


def _unknown(number: int) -> Missing:
    return Missing(f"There is no revision {number}.")


def _overtaken(number: int) -> Conflict:
    return Conflict(f"There is a revision {number} already: somebody else applied one meanwhile. Read it, then try again.")
