"""Signing in and out, and what one does with one's own account."""

from __future__ import annotations

import msgspec

from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.sessions import open_session
from headworks.domain.administration import Administrator, Powers
from headworks.domain.administration.wire.people import Login, Me, NewPassword, PowerView, SessionListing, SessionView
from headworks.domain.administration.wire.problem import Mistake
from headworks.ports.records import EVERYWHERE, Missing

_WRONG = "Name or password is wrong. Check both, or ask an owner for a new password."
_NO_PASSWORDS = "Only the first administrator may use a password here. Sign in through an identity provider, at /admin/login."


async def sign_in(act: Act) -> Answer:
    """By name and password. What comes in as a verifier is a password like any other: it does not fit."""
    asked = act.asked(Login)
    person = await act.office.people.administrator_by_name(asked.name)
    await _prove(act, asked.name, asked.password, person)
    assert person is not None
    grants = await act.office.people.grants_of(person.id)
    if act.office.entrance.passwords == "founder" and not any(grant.founding for grant in grants):
        raise Refusal("not_allowed", _NO_PASSWORDS, facts={"actor": person.id, "by": person.name})
    try:
        session, cookie = await open_session(act.office, person, act.peer, act.facts(actor=person.id, by=person.name))
    except Missing:
        raise Refusal("not_signed_in", _WRONG) from None
    return Answer(me_of(person.id, person.name, Powers.of(grants, act.now()), session.csrf), cookie=cookie)


async def sign_out(act: Act) -> Answer:
    """The session ends, here and in the store."""
    await act.office.people.remove_session(act.actor.session, administrator=act.actor.id, audit=act.facts())
    return Answer(cookie="")


async def read_me(act: Act) -> Answer:
    """Who is asking, and what they may."""
    return Answer(me_of(act.actor.id, act.actor.name, act.actor.powers, act.csrf))


async def change_password(act: Act) -> Answer:
    """One's own. All sessions end, this one is replaced."""
    asked = act.asked(NewPassword)
    person = await act.office.people.administrator(act.actor.id, reach=EVERYWHERE)
    await _prove(act, person.name, asked.old, person)
    verifier = await act.office.passwords.verifier(asked.new)
    changed = msgspec.structs.replace(person, password=verifier, updated_at=act.now())
    await act.office.people.put_administrator(changed, reach=EVERYWHERE, audit=act.facts())
    session, cookie = await open_session(act.office, changed, act.peer, act.facts())
    return Answer(me_of(person.id, person.name, act.actor.powers, session.csrf), cookie=cookie)


async def list_sessions(act: Act) -> Answer:
    """One's own."""
    found = await act.office.people.sessions(page_of(act), administrator=act.actor.id)
    shown, cursor = cut(act, found)
    return Answer(SessionListing(data=tuple(SessionView.of(each, act.actor.session) for each in shown), next=cursor))


async def end_session(act: Act) -> Answer:
    """One of one's own."""
    await act.office.people.remove_session(act.id, administrator=act.actor.id, audit=act.facts())
    return Answer()


def me_of(id: str, name: str, powers: Powers, csrf: str) -> Me:  # noqa: A002 - the field's name
    """As they are told of themselves."""
    held = tuple(PowerView(party=power.party, scopes=tuple(sorted(power.scopes))) for power in powers.held)
    return Me(id=id, name=name, powers=held, csrf=csrf or None)


async def _prove(act: Act, name: str, password: str, person: Administrator | None) -> None:
    """Raises where it is not the password, or too many were tried. A try counts before it is made: many at once are counted, too."""
    attempts = act.office.attempts
    if wait := attempts.wait(name, act.peer):
        raise Refusal("too_many", f"Too many wrong passwords. Try again in {wait} seconds.", headers={"retry-after": str(wait)})
    attempts.failed(name, act.peer)
    usable = person is not None and not person.disabled
    if not await act.office.passwords.fits(password, person.password if person is not None and usable else ""):
        raise Refusal("not_signed_in", _WRONG, errors=[Mistake(detail=_WRONG, pointer="/password")])
    attempts.succeeded(name, act.peer)
