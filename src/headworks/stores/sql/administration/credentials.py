"""Admin tokens, sessions, and answers that may be asked for again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from headworks.domain.administration import AdminToken, Session
from headworks.ports.administration import Facts, Repeat
from headworks.ports.records import Missing, Page
from headworks.stores.sql.administration.rows import repeat_of, repeat_row, session_of, session_row, token_of, token_row
from headworks.stores.sql.audit import Acts
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import ADMIN_TOKENS, ADMINS, REPEATS, SESSIONS


class SqlCredentials:
    """The part of the port that is about by what administrators are known."""

    database: Database
    acts: Acts

    async def add_token(self, token: AdminToken, *, audit: Facts) -> AdminToken:
        """See the port."""
        revoked = select(ADMIN_TOKENS.c.id).where(ADMIN_TOKENS.c.id == token.created_by, ADMIN_TOKENS.c.revoked_at > 0)
        async with self.acts.begin(audit) as act:
            if (await act.connection.execute(revoked)).first() is not None:
                raise Missing(f"The token {token.created_by} is revoked.")
            await act.connection.execute(insert(ADMIN_TOKENS), token_row(token))
            act.about("", entity="admin token", id=token.id, prefix=token.prefix, party=token.party)
        return token

    async def revoke_token(self, id: str, *, administrator: str, now: int, audit: Facts) -> AdminToken:  # noqa: A002 - the field's name
        """See the port."""
        own = ADMIN_TOKENS.c.id == id, ADMIN_TOKENS.c.admin == administrator
        valid = update(ADMIN_TOKENS).where(ADMIN_TOKENS.c.revoked_at == 0)
        async with self.acts.begin(audit) as act:
            await act.connection.execute(valid.where(*own).values(revoked_at=now))
            row = (await act.connection.execute(select(ADMIN_TOKENS).where(*own))).mappings().first()
            if row is None:
                raise Missing(f"There is no token {id}.")
            minted = valid.where(ADMIN_TOKENS.c.id.in_(_minted_by(id))).values(revoked_at=now).returning(ADMIN_TOKENS.c.id)
            gone = (await act.connection.execute(minted)).all()
            act.about("", entity="admin token", id=id, minted=str(len(gone)))
        return token_of(row)

    async def tokens(self, page: Page, *, administrator: str) -> Sequence[AdminToken]:
        """See the port."""
        wanted = select(ADMIN_TOKENS).where(ADMIN_TOKENS.c.id > page.after, ADMIN_TOKENS.c.admin == administrator)
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(ADMIN_TOKENS.c.id).limit(page.size))
            return [token_of(row) for row in found.mappings()]

    async def token_by_digest(self, digest: bytes) -> AdminToken | None:
        """See the port."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(ADMIN_TOKENS).where(ADMIN_TOKENS.c.digest == digest))).mappings().first()
            return token_of(row) if row is not None else None

    async def add_session(self, session: Session, *, proved: str, audit: Facts) -> None:
        """See the port. Those of everybody that have ended are forgotten meanwhile."""
        same = ADMINS.c.id == session.administrator, ADMINS.c.password == proved, ~ADMINS.c.disabled
        async with self.acts.begin(audit) as act:
            if (await act.connection.execute(select(ADMINS.c.id).where(*same))).first() is None:
                raise Missing(f"There is no administrator {session.administrator} with this password.")
            await act.connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at < session.created_at))
            await act.connection.execute(insert(SESSIONS), session_row(session))
            person = update(ADMINS).where(ADMINS.c.id == session.administrator)
            await act.connection.execute(person.values(last_login_at=session.created_at))
            act.about("", entity="session", id=session.id)

    async def turn_session(self, id: str, successor: Session, *, until: int) -> bool:  # noqa: A002 - the field's name
        """See the port. The successor ends when the one before would have, so that it is known who has been replaced."""
        present = SESSIONS.c.id == id, SESSIONS.c.expires_at == successor.expires_at
        async with self.database.writing() as connection:
            turned = await connection.execute(update(SESSIONS).where(*present).values(expires_at=until))
            if turned.rowcount != 1:
                return False
            await connection.execute(insert(SESSIONS), session_row(successor))
        return True

    async def see_session(self, id: str, *, now: int) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self.database.writing() as connection:
            await connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(seen_at=now))

    async def session_by_digest(self, digest: bytes) -> Session | None:
        """See the port."""
        async with self.database.reading() as connection:
            row = (await connection.execute(select(SESSIONS).where(SESSIONS.c.digest == digest))).mappings().first()
            return session_of(row) if row is not None else None

    async def sessions(self, page: Page, *, administrator: str) -> Sequence[Session]:
        """See the port."""
        wanted = select(SESSIONS).where(SESSIONS.c.id > page.after, SESSIONS.c.admin == administrator)
        async with self.database.reading() as connection:
            found = await connection.execute(wanted.order_by(SESSIONS.c.id).limit(page.size))
            return [session_of(row) for row in found.mappings()]

    async def remove_session(self, id: str, *, administrator: str, audit: Facts) -> None:  # noqa: A002 - the field's name
        """See the port."""
        async with self.acts.begin(audit) as act:
            own = select(SESSIONS.c.csrf).where(SESSIONS.c.id == id, SESSIONS.c.admin == administrator)
            csrf = (await act.connection.execute(own)).scalar_one_or_none()
            if csrf is None:
                raise Missing(f"There is no session {id}.")
            # with what it has replaced: that is still good for a moment, and has this in common with it
            await act.connection.execute(delete(SESSIONS).where(SESSIONS.c.csrf == csrf, SESSIONS.c.admin == administrator))
            act.about("", entity="session", id=id)

    async def claim_repeat(self, claim: Repeat) -> Repeat | None:
        """See the port."""
        same = REPEATS.c.actor == claim.actor, REPEATS.c.key == claim.key
        try:
            async with self.database.writing() as connection:
                await connection.execute(delete(REPEATS).where(REPEATS.c.expires_at <= claim.created_at))
                await connection.execute(insert(REPEATS), repeat_row(claim))
        except IntegrityError:
            async with self.database.reading() as connection:
                row = (await connection.execute(select(REPEATS).where(*same))).mappings().first()
            return repeat_of(row) if row is not None else claim
        return None

    async def conclude_repeat(self, claim: Repeat) -> None:
        """See the port."""
        same = REPEATS.c.actor == claim.actor, REPEATS.c.key == claim.key
        async with self.database.writing() as connection:
            if claim.status:
                await connection.execute(update(REPEATS).where(*same).values(status=claim.status, body=claim.answer))
            else:
                await connection.execute(delete(REPEATS).where(*same))


def _minted_by(token: str) -> Select[tuple[str]]:
    """Ids of the token and of all that came of it, by way of revoked ones too."""
    minted = select(ADMIN_TOKENS.c.id).where(ADMIN_TOKENS.c.id == token).cte("minted", recursive=True)
    minted = minted.union(select(ADMIN_TOKENS.c.id).join(minted, ADMIN_TOKENS.c.created_by == minted.c.id))
    return select(minted.c.id)
