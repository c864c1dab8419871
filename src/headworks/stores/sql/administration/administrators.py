"""Administrators and their roles."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict, replace
from sqlalchemy import ColumnElement, delete, exists, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headworks.domain.administration import EVERYTHING, SOURCE, Administrator, Role, RoleGrant
from headworks.ports.administration import Facts
from headworks.ports.records import EVERYWHERE, Conflict, Missing, Page, Reach
from headworks.stores.sql.administration.rows import administrator_of, grant_of, grant_row
from headworks.stores.sql.audit import Act, Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.reach import within
from headworks.stores.sql.schema import ADMIN_IDENTITIES, ADMIN_TOKENS, ADMINS, INVITATIONS, PARTIES, ROLE_GRANTS, SESSIONS

_TAKEN = "Another administrator has this name. Use another one."
_LAST = "This is the last owner of the whole installation. Make another one first."

_LASTING_OWNER = (
    ROLE_GRANTS.c.role == Role.OWNER.value,
    ROLE_GRANTS.c.party == EVERYTHING,
    ~ROLE_GRANTS.c.created_by.startswith(SOURCE),
)


class SqlAdministrators:
    """The part of the port that is about people and roles. Acts follow one another, so that what one has read holds until it ends."""

    def __init__(self, database: Database, acts: Acts) -> None:
        self.database = database
        self.acts = acts

    async def found(self, owner: Administrator, grant: RoleGrant, *, link: bytes, audit: Facts) -> None:
        """See the port."""
        async with self.acts.begin(audit) as act:
            wanted = INVITATIONS.c.digest == link, INVITATIONS.c.used_at == 0, INVITATIONS.c.expires_at > owner.created_at
            used = await act.connection.execute(update(INVITATIONS).where(*wanted).values(used_at=act.at))
            if used.rowcount != 1 or await _is_founded(act.connection):
                raise Missing("There is no such link.")
            await refuse_taken(act.connection, owner)
            await act.connection.execute(insert(ADMINS), asdict(owner))
            await act.connection.execute(insert(ROLE_GRANTS), grant_row(grant))
            act.about("", entity="administrator", id=owner.id)

    async def put_link(self, id: str, digest: bytes, *, now: int, expires_at: int) -> None:  # noqa: A002 - the field's name
        """See the port."""
        row = {"id": id, "digest": digest, "role": Role.OWNER.value, "created_at": now, "expires_at": expires_at}
        async with self.database.writing() as connection:
            await connection.execute(insert(INVITATIONS), row)

    async def is_founded(self) -> bool:
        """See the port."""
        async with self.database.reading() as connection:
            return await _is_founded(connection)

    async def add_administrator(self, person: Administrator, grant: RoleGrant, *, reach: Reach, audit: Facts) -> Administrator:
        """See the port."""
        async with self.acts.begin(audit) as act:
            await refuse_taken(act.connection, person)
            await _check_party(act.connection, grant.party, reach)
            await act.connection.execute(insert(ADMINS), asdict(person))
            await act.connection.execute(insert(ROLE_GRANTS), grant_row(grant))
            act.about(_where(grant.party), entity="administrator", id=person.id)
        return person

    async def put_administrator(self, person: Administrator, *, reach: Reach, audit: Facts) -> Administrator:
        """See the port."""
        async with self.acts.begin(audit) as act:
            before = await read_administrator(act.connection, person.id, reach)
            refuse_changed(before, person.version)
            await refuse_taken(act.connection, person)
            if person.disabled:
                await _refuse_last_owner(act.connection, ROLE_GRANTS.c.admin != person.id)
            made = replace(person, version=before.version + 1, updated_at=act.at)
            await act.connection.execute(update(ADMINS).where(ADMINS.c.id == person.id), asdict(made))
            if made.disabled or made.password != before.password:
                await act.connection.execute(delete(SESSIONS).where(SESSIONS.c.admin == person.id))
            act.about("", entity="administrator", id=person.id)
        return made

    async def remove_administrator(self, id: str, *, version: int, reach: Reach, audit: Facts) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self.acts.begin(audit) as act:
            refuse_changed(await read_administrator(act.connection, id, reach), version)
            await _refuse_last_owner(act.connection, ROLE_GRANTS.c.admin != id)
            for table in (ROLE_GRANTS, ADMIN_TOKENS, SESSIONS, ADMIN_IDENTITIES):
                await act.connection.execute(delete(table).where(table.c.admin == id))
            await act.connection.execute(delete(ADMINS).where(ADMINS.c.id == id))
            act.about("", entity="administrator", id=id)

    async def administrator(self, id: str, *, reach: Reach) -> Administrator:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.reading() as connection:
            return await read_administrator(connection, id, reach)

    async def administrator_by_name(self, name: str) -> Administrator | None:
        """See the port."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(ADMINS).where(ADMINS.c.name == name))).mappings().first()
            return administrator_of(row) if row is not None else None

    async def administrators(self, page: Page, *, reach: Reach) -> Sequence[Administrator]:
        """See the port."""
        wanted = select(ADMINS).where(ADMINS.c.id > page.after, _seen(reach)).order_by(ADMINS.c.id).limit(page.size)
        async with self.database.reading() as connection:
            return [administrator_of(row) for row in (await connection.execute(wanted)).mappings()]

    async def add_grant(self, grant: RoleGrant, *, reach: Reach, audit: Facts) -> RoleGrant:
        """See the port."""
        async with self.acts.begin(audit) as act:
            await read_administrator(act.connection, grant.administrator, reach)
            await _check_party(act.connection, grant.party, reach)
            same = (
                ROLE_GRANTS.c.admin == grant.administrator,
                ROLE_GRANTS.c.role == grant.role.value,
                ROLE_GRANTS.c.party == grant.party,
            )
            if (await act.connection.execute(select(ROLE_GRANTS.c.id).where(*same))).first():
                raise Conflict("It is granted already.")
            await act.connection.execute(insert(ROLE_GRANTS), grant_row(grant))
            _about_grant(act, grant)
        return grant

    async def remove_grant(self, id: str, *, reach: Reach, audit: Facts) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self.acts.begin(audit) as act:
            grant = await _grant(act.connection, id, reach)
            if grant.role is Role.OWNER and grant.party == EVERYTHING:
                await _refuse_last_owner(act.connection, ROLE_GRANTS.c.id != id)
            await act.connection.execute(delete(ROLE_GRANTS).where(ROLE_GRANTS.c.id == id))
            _about_grant(act, grant)

    async def grant(self, id: str, *, reach: Reach) -> RoleGrant:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.reading() as connection:
            return await _grant(connection, id, reach)

    async def grants(self, page: Page, *, reach: Reach, administrator: str = "", party: str = "") -> Sequence[RoleGrant]:
        """See the port."""
        wanted = select(ROLE_GRANTS).where(ROLE_GRANTS.c.id > page.after, within(ROLE_GRANTS.c.party, reach))
        if administrator:
            wanted = wanted.where(ROLE_GRANTS.c.admin == administrator)
        if party:
            wanted = wanted.where(ROLE_GRANTS.c.party == party)
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(ROLE_GRANTS.c.id).limit(page.size))
            return [grant_of(row) for row in found.mappings()]

    async def grants_of(self, administrator: str) -> Sequence[RoleGrant]:
        """See the port."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(ROLE_GRANTS).where(ROLE_GRANTS.c.admin == administrator))
            return [grant_of(row) for row in found.mappings()]


def _seen(reach: Reach) -> ColumnElement[bool]:
    """Administrators are where they have a role."""
    if reach == EVERYWHERE:
        return true()
    return exists().where(ROLE_GRANTS.c.admin == ADMINS.c.id, within(ROLE_GRANTS.c.party, reach))


async def _is_founded(connection: AsyncConnection) -> bool:
    """Whether there is an owner to rely on: the last one stays. Who came through a provider before is none."""
    return (await connection.execute(select(ROLE_GRANTS.c.id).where(*_LASTING_OWNER).limit(1))).first() is not None


async def read_administrator(connection: AsyncConnection, id_: str, reach: Reach) -> Administrator:
    """Within a transaction. Raises `Missing`."""
    row = (await connection.execute(select(ADMINS).where(ADMINS.c.id == id_, _seen(reach)))).mappings().first()
    if row is None:
        raise Missing(f"There is no administrator {id_}.")
    return administrator_of(row)


async def _grant(connection: AsyncConnection, id_: str, reach: Reach) -> RoleGrant:
    wanted = select(ROLE_GRANTS).where(ROLE_GRANTS.c.id == id_, within(ROLE_GRANTS.c.party, reach))
    row = (await connection.execute(wanted)).mappings().first()
    if row is None:
        raise Missing(f"There is no grant {id_}.")
    return grant_of(row)


async def _check_party(connection: AsyncConnection, party: str, reach: Reach) -> None:
    if party == EVERYTHING and reach == EVERYWHERE:
        return
    if (
        await connection.execute(select(PARTIES.c.id).where(PARTIES.c.id == party, within(PARTIES.c.id, reach)))
    ).first() is None:
        raise Missing(f"There is no party {party}.")


async def refuse_taken(connection: AsyncConnection, person: Administrator) -> None:
    """Raise `Conflict` where somebody else has the name."""
    if (await connection.execute(select(ADMINS.c.id).where(ADMINS.c.name == person.name, ADMINS.c.id != person.id))).first():
        raise Conflict(_TAKEN)


async def _refuse_last_owner(connection: AsyncConnection, left: ColumnElement[bool]) -> None:
    """Raise where nobody who can sign in would own the installation any more. Owners by a provider's claims are none to rely on."""
    owners = select(func.count()).select_from(ROLE_GRANTS.join(ADMINS, ADMINS.c.id == ROLE_GRANTS.c.admin))
    owners = owners.where(*_LASTING_OWNER, ~ADMINS.c.disabled, left)
    if not (await connection.execute(owners)).scalar_one():
        raise Conflict(_LAST)


async def owns_lastingly(connection: AsyncConnection, administrator: str) -> bool:
    """Whether somebody here, and no provider's claim, has given them the whole installation."""
    owns = select(ROLE_GRANTS.c.id).where(*_LASTING_OWNER, ROLE_GRANTS.c.admin == administrator)
    return (await connection.execute(owns)).first() is not None


def refuse_changed(person: Administrator, version: int) -> None:
    """Raise `Conflict` where it is not the version that was read."""
    if person.version != version:
        raise Conflict(
            f"{person.id} is at version {person.version} by now, not {version}: somebody else changed it. Read it again, then try."
        )


def _about_grant(act: Act, grant: RoleGrant) -> None:
    act.about(
        _where(grant.party),
        entity="role grant",
        id=grant.id,
        administrator=grant.administrator,
        role=grant.role.value,
        party=grant.party,
    )


def _where(party: str) -> str:
    return "" if party == EVERYTHING else party
