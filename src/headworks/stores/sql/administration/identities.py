"""Administrators who come through an identity provider, and the roles that they bring along."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict
from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.administration import SOURCE, Administrator, Identity, RoleGrant
from headworks.ports.administration import Facts
from headworks.ports.records import Conflict, Reach
from headworks.stores.sql.administration.administrators import read_administrator, refuse_taken
from headworks.stores.sql.administration.rows import administrator_of, grant_row
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import ADMIN_IDENTITIES, ADMINS, ROLE_GRANTS, SESSIONS

_MAPPED = ROLE_GRANTS.c.created_by.startswith(SOURCE)
"""Roles that a provider's claims gave."""


class SqlIdentities:
    """The part of the port that is about identity providers."""

    database: Database
    acts: Acts

    async def administrator_by_identity(self, identity: Identity) -> Administrator | None:
        """See the port."""
        holder = select(ADMINS).join(ADMIN_IDENTITIES, ADMIN_IDENTITIES.c.admin == ADMINS.c.id).where(*_is(identity))
        async with self.database.reading() as connection:
            row = (await connection.execute(holder)).mappings().first()
            return administrator_of(row) if row is not None else None

    async def provision(self, person: Administrator, identity: Identity, *, audit: Facts) -> None:
        """See the port."""
        async with self.acts.begin(audit) as act:
            await refuse_taken(act.connection, person)
            await act.connection.execute(insert(ADMINS), asdict(person))
            await _bind(act.connection, person.id, identity, act.at)
            act.about("", entity="administrator", id=person.id, **asdict(identity))

    async def put_identity(self, id: str, identity: Identity | None, *, reach: Reach, audit: Facts) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self.acts.begin(audit) as act:
            await read_administrator(act.connection, id, reach)
            for table in (ADMIN_IDENTITIES, SESSIONS):
                await act.connection.execute(delete(table).where(table.c.admin == id))
            await act.connection.execute(delete(ROLE_GRANTS).where(ROLE_GRANTS.c.admin == id, _MAPPED))
            if identity is not None:
                await _bind(act.connection, id, identity, act.at)
            act.about("", entity="administrator", id=id, **(asdict(identity) if identity is not None else {}))

    async def replace_grants(self, administrator: str, grants: Sequence[RoleGrant], *, audit: Facts) -> None:
        """See the port. Providers are renamed in the configuration, so what they were called when they gave a role does not matter."""
        own = ROLE_GRANTS.c.admin == administrator
        async with self.acts.begin(audit) as act:
            await act.connection.execute(delete(ROLE_GRANTS).where(own, _MAPPED))
            held = await act.connection.execute(select(ROLE_GRANTS.c.role, ROLE_GRANTS.c.party).where(own))
            known = {(row.role, row.party) for row in held}
            if wanted := [grant_row(grant) for grant in grants if (grant.role.value, grant.party) not in known]:
                await act.connection.execute(insert(ROLE_GRANTS), wanted)
            roles = ",".join(sorted(f"{grant.role.value}@{grant.party}" for grant in grants))
            act.about("", entity="administrator", id=administrator, roles=roles)


def _is(identity: Identity) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ADMIN_IDENTITIES.c.issuer == identity.issuer, ADMIN_IDENTITIES.c.subject == identity.subject


async def _bind(connection: AsyncConnection, administrator: str, identity: Identity, at: int) -> None:
    if (await connection.execute(select(ADMIN_IDENTITIES.c.admin).where(*_is(identity)))).first():
        raise Conflict("Another administrator comes as this subject. See: headworks administrators list")
    row = {"issuer": identity.issuer, "subject": identity.subject, "admin": administrator, "created_at": at}
    await connection.execute(insert(ADMIN_IDENTITIES), row)
