"""Administrators who come through an identity provider, and the roles that they bring along."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict, replace
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.administration import SOURCE, Administrator, Identity, RoleGrant
from headworks.ports.administration import Facts
from headworks.ports.records import Conflict, Reach
from headworks.stores.sql.administration.administrators import (
    owns_lastingly,
    read_administrator,
    refuse_changed,
    refuse_taken,
)
from headworks.stores.sql.administration.rows import administrator_of, grant_row
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import ADMIN_IDENTITIES, ADMIN_TOKENS, ADMINS, ROLE_GRANTS, SESSIONS

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

    async def put_identity(
        self, person: Administrator, identity: Identity | None, *, reach: Reach, audit: Facts
    ) -> Administrator:
        """See the port."""
        async with self.acts.begin(audit) as act:
            before = await read_administrator(act.connection, person.id, reach)
            refuse_changed(before, person.version)
            for table in (ADMIN_IDENTITIES, SESSIONS):
                await act.connection.execute(delete(table).where(table.c.admin == person.id))
            await act.connection.execute(delete(ROLE_GRANTS).where(ROLE_GRANTS.c.admin == person.id, _MAPPED))
            made = replace(before, version=before.version + 1, updated_at=act.at)
            if identity is not None:
                await _bind(act.connection, person.id, identity, act.at)
                if not await owns_lastingly(act.connection, person.id):
                    made = replace(made, password="")
                    await _revoke_tokens(act.connection, person.id, act.at)
            await act.connection.execute(update(ADMINS).where(ADMINS.c.id == person.id), asdict(made))
            act.about("", entity="administrator", id=person.id, **(asdict(identity) if identity is not None else {}))
        return made

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


async def _revoke_tokens(connection: AsyncConnection, administrator: str, at: int) -> None:
    valid = ADMIN_TOKENS.c.admin == administrator, ADMIN_TOKENS.c.revoked_at == 0
    await connection.execute(update(ADMIN_TOKENS).where(*valid).values(revoked_at=at))
