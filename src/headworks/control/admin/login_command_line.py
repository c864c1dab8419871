"""Signing in for a command line: it asks, somebody signs in in a browser and confirms it there, and it has a ticket for a session.

Whoever sends somebody else a link to sign in with must get nothing by it: so the page tells who asks, and nothing leaves before it was
confirmed (as in RFC 8628, sections 3.3.1 and 5.4).
"""

from __future__ import annotations

from headworks.control.admin.confirm_page import SCRIPT, confirm_page
from headworks.control.admin.login_flow import read_begun, use_up
from headworks.control.admin.login_waiting import (
    confirmed_by,
    holder_of,
    make_confirmation,
    make_ticket,
    read_waiting,
    wait_for_sign_in,
)
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.problems import Refusal
from headworks.control.admin.sessions import open_session
from headworks.control.admin.signing_in import me_of
from headworks.domain.administration import Administrator, Powers
from headworks.domain.administration.wire.sign_in import Decided, Decision, SignInAsked, SignInOffered, Ticket
from headworks.domain.administration.wire.values import when_of
from headworks.ports.records import EVERYWHERE, Missing

AGAIN = "Begin again, at /admin/login or with `headworks login --sso`."


async def ask_login(act: Act) -> Answer:
    """A command line has come, which will wait. Each one is counted: nobody tries until a code is like that of somebody who waits."""
    act.office.entrance.party(act.path["provider"])
    _count(act)
    waiting, request = wait_for_sign_in(act.office, act.asked(SignInAsked), act.peer)
    return Answer(SignInOffered(request=request, code=waiting.code, expires_at=when_of(waiting.ends_at)))


def page_for_command_line(act: Act, person: Administrator, request: str) -> Answer:
    """Whether it is theirs: asked of somebody who has just signed in."""
    waiting = read_waiting(act.office, request)
    if waiting is None:
        raise Refusal("not_signed_in", f"The command line that asked waits no longer. {AGAIN}")
    confirmation = make_confirmation(act.office, person, act.begun)
    return Answer(confirm_page(person.name, waiting, act.peer, confirmation), script=SCRIPT)


async def decide(act: Act) -> Answer:
    """Yes or no, once, from the page that was asked. Other sites' pages are refused before, by their origin, and know no confirmation."""
    office, asked = act.office, act.asked(Decision)
    _count(act)
    begun, entered = read_begun(office, act.begun), confirmed_by(office, asked.confirmation, act.begun)
    waiting = read_waiting(office, begun.request) if begun is not None else None
    if begun is None or waiting is None or entered is None:
        raise Refusal("not_signed_in", f"This is not the page of a sign-in under way, or it is too old. {AGAIN}")
    office.attempts.succeeded("", act.peer)
    if not await use_up(office, begun.request):
        raise Refusal("not_signed_in", f"That was decided already. {AGAIN}")
    if asked.granted:
        return Answer(Decided(location=waiting.returns(f"ticket={make_ticket(office, entered, waiting.challenge)}")))
    office.denials.note(act.facts(actor=entered.id, asked_from=waiting.peer, client=waiting.client), "not_confirmed")
    return Answer(Decided(location=waiting.returns("error=access_denied")))


async def redeem_ticket(act: Act) -> Answer:
    """A session for the command line that has waited."""
    asked, office = act.asked(Ticket), act.office
    holder = holder_of(office, asked.ticket, asked.verifier)
    if holder is None or not await use_up(office, asked.ticket):
        raise Refusal("not_signed_in", f"This ticket is not yours, used, or too old. {AGAIN}")
    try:
        person = await office.people.administrator(holder.id, reach=EVERYWHERE)
    except Missing:
        raise Refusal("not_signed_in", "This administrator is gone.") from None
    if person.version != holder.version:  # it may be that nobody of that identity is to come as them any more
        raise _changed()
    csrf, cookie = await signed_in(act, person)
    office.attempts.succeeded("", act.peer)
    powers = Powers.of(await office.people.grants_of(person.id), act.now())
    return Answer(me_of(person.id, person.name, powers, csrf), cookie=cookie)


async def signed_in(act: Act, person: Administrator, **more: str) -> tuple[str, str]:
    """What shows that no other site asks, and the cookie, of a new session."""
    try:
        session, cookie = await open_session(act.office, person, act.peer, act.facts(actor=person.id, by=person.name, **more))
    except Missing:
        raise _changed() from None
    return session.csrf, cookie


def _changed() -> Refusal:
    return Refusal("not_signed_in", f"This administrator was changed meanwhile. {AGAIN}")


def _count(act: Act) -> None:
    """A try from this address, which is taken back where it comes to something. Raises where there were too many."""
    if wait := act.office.attempts.wait("", act.peer):
        raise Refusal("too_many", f"Try again in {wait} seconds.", headers={"retry-after": str(wait)})
    act.office.attempts.failed("", act.peer)
