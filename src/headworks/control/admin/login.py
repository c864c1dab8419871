"""Signing in through an identity provider: OpenID Connect's authorisation code flow with PKCE, for browsers and for the command line."""

from __future__ import annotations

import hmac
import re
from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.control.admin.entering import enter
from headworks.control.admin.login_command_line import (
    AGAIN,
    ask_login,
    decide,
    page_for_command_line,
    redeem_ticket,
    signed_in,
)
from headworks.control.admin.login_flow import begin, flow_of, read_begun, use_up
from headworks.control.admin.login_page import signed_in_page
from headworks.control.admin.login_waiting import read_waiting
from headworks.control.admin.operation import Access, Act, Answer, Operation
from headworks.control.admin.problems import Refusal
from headworks.control.admin.row import row
from headworks.domain.administration.wire.people import Me
from headworks.domain.administration.wire.sign_in import (
    Decided,
    Decision,
    SignInAsked,
    SignInOffered,
    SignInProvider,
    SignInWays,
    Ticket,
)
from headworks.domain.administration.wire.values import Text

_ERROR = re.compile(r"[a-z_]{1,64}")


class BeginQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing for a browser. The command line's link names what it was given."""

    request: Annotated[str, Meta(max_length=1024, description="Of a command line that waits: what its link names.")] = ""


class CallbackQuery(msgspec.Struct, frozen=True):
    """What the provider says; some say more than the standards name."""

    state: Annotated[Text, Meta(description="What the sign-in that is answered began with.")] = ""
    code: Annotated[str, Meta(max_length=4096, description="What the ID token is had for.")] = ""
    iss: Annotated[Text | None, Meta(description="Who answers (RFC 9207).")] = None
    error: Annotated[Text, Meta(description="Why nobody was signed in (RFC 6749).")] = ""


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
    if query.request and read_waiting(act.office, query.request) is None:
        raise Refusal("invalid", f"This link is not of ours, or too old. {AGAIN}")
    cookie = begin(act.office, request=query.request)
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
        raise Refusal("not_signed_in", f"This browser has not begun this sign-in here, or too long ago. {AGAIN}")
    if not await use_up(act.office, flow.state):
        raise Refusal("not_signed_in", f"This sign-in has ended. {AGAIN}")
    await party.check_sender(query.iss)
    if query.error or not query.code:
        error = query.error if _ERROR.fullmatch(query.error) else "no code"
        raise Refusal("not_signed_in", f"The identity provider did not sign you in ({error}). {AGAIN}")
    if wait := act.office.attempts.wait("", act.peer):  # each try has the provider asked
        raise Refusal("too_many", f"Try again in {wait} seconds.", headers={"retry-after": str(wait)})
    act.office.attempts.failed("", act.peer)
    person = await enter(act, party, await party.redeem(query.code, flow))
    act.office.attempts.succeeded("", act.peer)
    if begun.request:
        return page_for_command_line(act, person, begun.request)
    cookie = (await signed_in(act, person, provider=name))[1]
    return Answer(signed_in_page(person.name), cookie=cookie)


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
        "login.ask POST /login/{provider}",
        Access.ANYONE,
        ask_login,
        "Ask to act as whoever signs in in a browser and confirms it there, as the command line does.",
        asks=SignInAsked,
        answers=SignInOffered,
        status=201,
    ),
    row(
        "login.decide POST /login/{provider}/decision",
        Access.ANYONE,
        decide,
        "Say in that browser whether the command line may act for whoever has signed in there.",
        asks=Decision,
        answers=Decided,
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
