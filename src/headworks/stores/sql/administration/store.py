"""Everything that `ports.administration.Administration` asks of SQL."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from headworks.domain.administration import AuditEntry
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

    async def audit_entries(self, page: Page, *, reach: Reach) -> Sequence[AuditEntry]:
        """See the port."""
        wanted = select(AUDIT.c.number, AUDIT.c.at, AUDIT.c.body).where(once_within(AUDIT.c.within, reach))
        if page.after:
            wanted = wanted.where(AUDIT.c.number < int(page.after))
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(AUDIT.c.number.desc()).limit(page.size))
            return [AuditEntry(number=row.number, at=row.at, facts=_facts_of(row.body)) for row in found]


def _facts_of(body: str) -> dict[str, str]:
    facts = msgspec.json.decode(body, type=dict[str, str | int])
    return {name: str(fact) for name, fact in facts.items() if name not in {"number", "at"}}
