"""Everything that `ports.administration.Administration` asks of SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, or_, select

from headworks.domain.administration import ALL_ACTS, AuditEntry, AuditFilter
from headworks.ports.administration import Facts
from headworks.ports.records import Page, Reach
from headworks.stores.sql.administration.administrators import SqlAdministrators
from headworks.stores.sql.administration.credentials import SqlCredentials
from headworks.stores.sql.administration.identities import SqlIdentities
from headworks.stores.sql.reach import once_within
from headworks.stores.sql.schema import AUDIT


class SqlAdministration(SqlAdministrators, SqlCredentials, SqlIdentities):
    """Implements the port."""

    async def denied(self, facts: Facts, *, times: int) -> None:
        """See the port."""
        await self.acts.append_audit({**facts, "times": str(times)}, outcome="denied")

    async def audit_entries(self, page: Page, *, reach: Reach, only: AuditFilter = ALL_ACTS) -> Sequence[AuditEntry]:
        """See the port."""
        wanted = select(AUDIT.c.number, AUDIT.c.at, AUDIT.c.body).where(once_within(AUDIT.c.within, reach), *_fitting(only))
        if page.after:
            wanted = wanted.where(AUDIT.c.number < int(page.after))
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(AUDIT.c.number.desc()).limit(page.size))
            return [AuditEntry(number=row.number, at=row.at, facts=_facts_of(row.body)) for row in found]


def _fitting(only: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if only.actor:
        yield or_(AUDIT.c.actor == only.actor, _says("by", only.actor))
    if only.operation:
        yield or_(AUDIT.c.operation == only.operation, AUDIT.c.operation.startswith(f"{only.operation}.", autoescape=True))
    if only.object:
        yield or_(AUDIT.c.within == only.object, *(_says(fact, only.object) for fact in ("id", "name", "replaced")))
    if only.outcome:
        yield AUDIT.c.outcome == only.outcome
    if only.since:
        yield AUDIT.c.at >= only.since
    if only.until:
        yield AUDIT.c.at < only.until


def _says(fact: str, value: str) -> ColumnElement[bool]:
    """A fact without a column of its own, found in the canonical JSON: a search through what the other conditions leave over."""
    said = msgspec.json.encode({fact: value}).decode()[1:-1]
    return or_(*(AUDIT.c.body.contains(f"{before}{said}", autoescape=True) for before in "{,"))


def _facts_of(body: str) -> dict[str, str]:
    facts = msgspec.json.decode(body, type=dict[str, str | int])
    return {name: str(fact) for name, fact in facts.items() if name not in {"number", "at"}}
