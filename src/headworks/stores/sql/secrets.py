"""Sealed secrets in SQL. Of what was replaced or removed only the number stays, so that no version is ever used twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from headworks.domain.secret import SealedSecret, SecretRef
from headworks.ports.records import Conflict, Missing
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import SECRETS

_IN_FORCE = SECRETS.c.retired_at == 0
_FORGOTTEN = {"wrapped": b"", "sealed": b""}


class SqlSecrets:
    """Implements `ports.secrets.SecretStore`."""

    def __init__(self, database: Database, acts: Acts) -> None:
        self._database = database
        self._acts = acts

    async def latest(self, owner: str, name: str) -> SealedSecret | None:
        """See the port."""
        wanted = select(SECRETS).where(SECRETS.c.owner == owner, SECRETS.c.name == name, _IN_FORCE)
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).mappings().first()
        return None if row is None else _secret_of(row)

    async def all(self) -> Sequence[SealedSecret]:
        """See the port."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(SECRETS).where(_IN_FORCE).order_by(SECRETS.c.owner, SECRETS.c.name))
            return [_secret_of(row) for row in found.mappings()]

    async def next_version(self, owner: str, name: str) -> int:
        """See the port."""
        highest = select(func.max(SECRETS.c.version)).where(SECRETS.c.owner == owner, SECRETS.c.name == name)
        async with self._database.reading() as connection:
            return ((await connection.execute(highest)).scalar() or 0) + 1

    async def put(self, secret: SealedSecret, *, audit: Mapping[str, str]) -> None:
        """See the port."""
        ref = secret.ref
        try:
            async with self._acts.begin(audit) as act:
                older = update(SECRETS).where(SECRETS.c.owner == ref.owner, SECRETS.c.name == ref.name, _IN_FORCE)
                await act.connection.execute(older.values(retired_at=act.at, **_FORGOTTEN))
                await act.connection.execute(insert(SECRETS), _row_of(secret, act.at))
                act.about(ref.owner, entity="secret", name=ref.name, version=str(ref.version))
                act.changed("secret", ref.name)
        except IntegrityError:
            raise Conflict(
                f"The secret '{ref.name}' was put by somebody else at the same time: look, and put it again."
            ) from None

    async def rewrap(self, before: SealedSecret, after: SealedSecret, *, audit: Mapping[str, str]) -> None:
        """See the port."""
        ref = before.ref
        async with self._acts.begin(audit) as act:
            same = update(SECRETS).where(SECRETS.c.id == _id_of(ref), SECRETS.c.master == before.master, _IN_FORCE)
            done = await act.connection.execute(same.values(master=after.master, wrapped=after.wrapped, updated_at=act.at))
            if done.rowcount != 1:
                raise Conflict(f"The secret '{ref.name}' was changed meanwhile: run it again.")
            act.about(ref.owner, entity="secret", name=ref.name, before=before.master, after=after.master)

    async def remove(self, owner: str, name: str, *, audit: Mapping[str, str]) -> None:
        """See the port."""
        async with self._acts.begin(audit) as act:
            there = update(SECRETS).where(SECRETS.c.owner == owner, SECRETS.c.name == name, _IN_FORCE)
            done = await act.connection.execute(there.values(retired_at=act.at, **_FORGOTTEN))
            if done.rowcount == 0:
                raise Missing(f"There is no secret '{name}'.")
            act.about(owner, entity="secret", name=name)
            act.changed("secret", name)


def _id_of(ref: SecretRef) -> str:
    """One row per version: two who put at the same time meet here."""
    return f"{ref.owner}/{ref.name}/{ref.version}"


def _row_of(secret: SealedSecret, at: int) -> dict[str, object]:
    ref = secret.ref
    return {
        "id": _id_of(ref),
        "owner": ref.owner,
        "name": ref.name,
        "version": ref.version,
        "master": secret.master,
        "wrapped": secret.wrapped,
        "sealed": secret.sealed,
        "created_at": at,
        "updated_at": at,
        "retired_at": 0,
    }


def _secret_of(row: RowMapping) -> SealedSecret:
    return SealedSecret(
        ref=SecretRef(owner=row["owner"], name=row["name"], version=row["version"]),
        master=row["master"],
        wrapped=bytes(row["wrapped"]),
        sealed=bytes(row["sealed"]),
        updated_at=row["updated_at"],
    )
