"""Sessions of browsers: a cookie that is changed every quarter of an hour, ends after an hour without use, and after half a day at the latest."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

import msgspec

from headworks.control.admin.office import Office
from headworks.domain.administration import SESSION_LIFE, Administrator, Session
from headworks.ports.administration import Facts

COOKIE = "headworks_session"
_SECOND = 1_000_000_000
LIFE = SESSION_LIFE
IDLE = 3600 * _SECOND
TURN = 900 * _SECOND
GRACE = 30 * _SECOND
"""How long a cookie stays good that was replaced: requests may be under way with it."""
_SEEN = 60 * _SECOND
"""How exactly it is kept when a session was used."""


class Kept(NamedTuple):
    """A session that is good, and the cookie that replaces its present one, if it is time."""

    session: Session
    cookie: str | None = None


def cookie_name(cookie: str = COOKIE, *, secure: bool) -> str:
    """What it is called: over TLS so that browsers take it from nobody but this host, and send it to no other."""
    return f"__Host-{cookie}" if secure else cookie


def random_text(office: Office) -> str:
    """256 random bits."""
    return base64.urlsafe_b64encode(office.chance.getrandbits(256).to_bytes(32, "big")).rstrip(b"=").decode()


def digest_of(secret: str) -> bytes:
    """What is kept of a cookie, link or token: they have 256 random bits, so a plain hash will do."""
    return hashlib.sha256(secret.encode()).digest()


async def open_session(office: Office, person: Administrator, peer: str, facts: Facts) -> tuple[Session, str]:
    """A new one for somebody who has just proved who they are, with its cookie. What cookie came along does not matter. Raises `Missing`
    where the password was changed meanwhile: proving takes a while, and whoever tries without pause is always in the middle of it.
    """
    cookie, now = random_text(office), office.clock.wall_ns()
    session = Session(
        id=office.new_id("ses"),
        administrator=person.id,
        digest=digest_of(cookie),
        csrf=random_text(office),
        created_at=now,
        seen_at=now,
        expires_at=now + LIFE,
        peer=peer,
    )
    await office.people.add_session(session, proved=person.password, audit=facts)
    return session, cookie


async def keep_session(office: Office, cookie: str) -> Kept | None:
    """The session of a cookie, if it is still good."""
    session = await office.people.session_by_digest(digest_of(cookie))
    now = office.clock.wall_ns()
    if session is None or now >= session.expires_at or now >= session.seen_at + IDLE:
        return None
    replaced = session.expires_at < session.created_at + LIFE
    began = int(session.id.removeprefix("ses_")[:12], 16) * 1_000_000  # its id tells when
    # of several requests with a cookie that is due, only the first gets another: what a later one got would end in a moment
    if now >= began + TURN and not replaced:
        return await _turned(office, session, now)
    if now >= session.seen_at + _SEEN:
        await office.people.see_session(session.id, now=now)
    return Kept(session)


async def _turned(office: Office, session: Session, now: int) -> Kept:
    cookie = random_text(office)
    successor = msgspec.structs.replace(session, id=office.new_id("ses"), digest=digest_of(cookie), seen_at=now)
    if await office.people.turn_session(session.id, successor, until=min(now + GRACE, session.expires_at)):
        return Kept(successor, cookie)
    return Kept(session)
