"""Signing in through an identity provider: OpenID Connect's authorisation code flow with PKCE, for browsers and for the command line."""

from __future__ import annotations

import hmac
import re
from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.control.admin.entering import enter
from headworks.control.admin.login_flow import begin, flow_of, holder_of, make_ticket, read_begun, use_up
from headworks.control.admin.login_page import signed_in_page
from headworks.control.admin.operation import Access, Act, Answer, Operation
from headworks.control.admin.problems import Refusal
from headworks.control.admin.row import row
from headworks.control.admin.sessions import open_session
from headworks.control.admin.signing_in import me_of
from headworks.domain.administration import Administrator, Powers
from headworks.domain.administration.wire.people import Me, SignInProvider, SignInWays, Ticket
from headworks.domain.administration.wire.values import Text
from headworks.ports.records import EVERYWHERE, Missing

_AGAIN = "Begin again, at /admin/login or with `headworks login --sso`."
_ERROR = re.compile(r"[a-z_]{1,64}")


class BeginQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing for a browser. The command line says where it waits, and by what it will be known."""

    port: Annotated[int, Meta(ge=1024, le=65535, description="On 127.0.0.1, where a ticket is waited for.")] | None = None
    challenge: (
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}(?!\n)$", description="SHA-256 of the verifier, as in PKCE.")] | None
    ) = None


class CallbackQuery(msgspec.Struct, frozen=True):
    """What the provider says; some say more than the standards name."""

    state: Text = ""
    code: Annotated[str, Meta(max_length=4096)] = ""
    iss: Text | None = None
    error: Text = ""


async def list_ways(act: Act) -> Answer:
    """For the sign-in page, which is everybody's."""
    entrance = act.office.entrance
    offered = (party.provider for party in entrance.parties.values() if party.provider.client_id)
    providers = tuple(SignInProvider(name=each.name, title=each.title) for each in offered)
    return Answer(SignInWays(providers=providers, passwords=entrance.passwords))


async def begin_login(act: Act) -> Answer:
    """On to the provider, with a cookie by which the way back is known."""
    name, query = act.path["provider"], act.wanted(BeginQuery)
    party = act.office.entrance.party(name)
    if (query.port is None) != (query.challenge is None):
        raise Refusal("invalid", "Give both port and challenge, or neither.")
    cookie = begin(act.office, port=query.port or 0, challenge=query.challenge or "")
    return Answer(location=await party.address(flow_of(act.office, name, cookie)), begun=cookie)


async def end_login(act: Act) -> Answer:
    """Back from the provider: the state is this browser's and unused, the code is good, and somebody of ours is behind it."""
    name, query = act.path["provider"], act.wanted(CallbackQuery)
    party, begun, flow = (
        act.office.entrance.party(name),
        read_begun(act.office, act.begun),
        flow_of(act.office, name, act.begun),
    )
    if begun is None or not hmac.compare_digest(query.state.encode(), flow.state.encode()):
        raise Refusal("not_signed_in", f"This browser has not begun this sign-in here, or too long ago. {_AGAIN}")
    if not await use_up(act.office, flow.state):
        raise Refusal("not_signed_in", f"This sign-in has ended. {_AGAIN}")
    await party.check_sender(query.iss)
    if query.error or not query.code:
        error = query.error if _ERROR.fullmatch(query.error) else "no code"
        raise Refusal("not_signed_in", f"The identity provider did not sign you in ({error}). {_AGAIN}")
    if wait := act.office.attempts.wait("", act.peer):  # each try has the provider asked
        raise Refusal("too_many", f"Try again in {wait} seconds.", headers={"retry-after": str(wait)})
    act.office.attempts.failed("", act.peer)
    person = await enter(act, party, await party.redeem(query.code, flow))
    act.office.attempts.succeeded("", act.peer)
    if begun.port:  # nowhere but to this machine, whatever anybody asks
        return Answer(location=f"http://127.0.0.1:{begun.port}/?ticket={make_ticket(act.office, person.id, begun.challenge)}")
    cookie = (await _session(act, person, provider=name))[1]
    return Answer(signed_in_page(person.name), cookie=cookie)


async def redeem_ticket(act: Act) -> Answer:
    """A session for the command line that has waited."""
    asked, office = act.asked(Ticket), act.office
    administrator = holder_of(office, asked.ticket, asked.verifier)
    if not administrator or not await use_up(office, asked.ticket):
        raise Refusal("not_signed_in", f"This ticket is not yours, used, or too old. {_AGAIN}")
    try:
        person = await office.people.administrator(administrator, reach=EVERYWHERE)
    except Missing:
        raise Refusal("not_signed_in", "This administrator is gone.") from None
    csrf, cookie = await _session(act, person)
    powers = Powers.of(await office.people.grants_of(person.id), act.now())
    return Answer(me_of(person.id, person.name, powers, csrf), cookie=cookie)


async def _session(act: Act, person: Administrator, **more: str) -> tuple[str, str]:
    """What shows that no other site asks, and the cookie."""
    try:
        session, cookie = await open_session(act.office, person, act.peer, act.facts(actor=person.id, by=person.name, **more))
    except Missing:
        raise Refusal("not_signed_in", f"This administrator was changed meanwhile. {_AGAIN}") from None
    return session.csrf, cookie


LOGIN: tuple[Operation, ...] = (
    row(
        "login.list GET /login",
        Access.ANYONE,
        list_ways,
        "The identity providers that one signs in through, and whether passwords are taken.",
        answers=SignInWays,
    ),
    row(
        "login.begin GET /login/{provider}",
        Access.ANYONE,
        begin_login,
        "Sign in through an identity provider: on to its page.",
        query=BeginQuery,
        status=303,
        html=True,
    ),
    row(
        "login.end GET /login/{provider}/callback",
        Access.ANYONE,
        end_login,
        "The way back from an identity provider, which it must know as the redirect address: sign in.",
        query=CallbackQuery,
        html=True,
    ),
    row(
        "login.redeem POST /login",
        Access.ANYONE,
        redeem_ticket,
        "Sign in by a ticket that came through a browser, as the command line does.",
        asks=Ticket,
        answers=Me,
        status=201,
    ),
)
