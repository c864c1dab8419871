"""The admin API as one table: every operation with its method and path, the scope it needs, what it asks and answers.

Routes, authorisation, `/admin/v1/openapi.json` and the test of the whole matrix are made from this table. What has no row does not exist;
what a row needs and an administrator does not hold is denied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict, Unpack

import msgspec

from headworks.control.admin import administrators, setup, signing_in, tokens
from headworks.control.admin.administrators import GrantQuery
from headworks.control.admin.bounds import BoundsOf
from headworks.control.admin.document import read_document
from headworks.control.admin.keys import KeyQuery, Keys
from headworks.control.admin.login import LOGIN
from headworks.control.admin.operation import Access, Handler, Operation
from headworks.control.admin.paging import ListQuery
from headworks.control.admin.parties import Parties, PartyQuery
from headworks.control.admin.policy import read_policy
from headworks.control.admin.revisions import REVISIONS
from headworks.control.admin.top_ups import TopUpsOf
from headworks.control.admin.usage import USAGE
from headworks.domain.administration import Scope
from headworks.domain.administration.wire import keys as key_wire
from headworks.domain.administration.wire import parties as party_wire
from headworks.domain.administration.wire import people as people_wire
from headworks.domain.administration.wire import top_ups as top_up_wire
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.records import KeyRecord, Party, PartyKind


class Rest(TypedDict, total=False):
    """What of a row has a default."""

    asks: type[msgspec.Struct]
    answers: type[msgspec.Struct]
    query: type[msgspec.Struct]
    status: int
    locks: bool
    session_only: bool


def row(what: str, needs: Scope | Access, handle: Handler, words: str, **rest: Unpack[Rest]) -> Operation:
    """One row. `what`: name, method and path, as in `teams.list GET /teams`."""
    name, method, path = what.split()
    return Operation(name=name, method=method, path=path, needs=needs, handle=handle, words=words, **rest)


PATHS: dict[PartyKind, str] = {kind: f"/{kind.replace('_', '-')}s" for kind in PartyKind}
"""Kind of party → its path."""


_OWN: tuple[Operation, ...] = (
    row("document.read GET /openapi.json", Access.ANYONE, read_document, "This API, as an OpenAPI 3.1 document."),
    row(
        "setup.use POST /setup",
        Access.ANYONE,
        setup.set_up,
        "Make the first administrator, by the one-time link that the control process printed, and sign in.",
        asks=people_wire.Setup,
        answers=people_wire.Me,
        status=201,
    ),
    row(
        "session.create POST /session",
        Access.ANYONE,
        signing_in.sign_in,
        "Sign in by name and password.",
        asks=people_wire.Login,
        answers=people_wire.Me,
        status=201,
    ),
    row("session.remove DELETE /session", Access.SIGNED_IN, signing_in.sign_out, "Sign out.", status=204, session_only=True),
    row(
        "me.read GET /me", Access.SIGNED_IN, signing_in.read_me, "Who is asking, and what they may do.", answers=people_wire.Me
    ),
    row(
        "me.password PUT /me/password",
        Access.SIGNED_IN,
        signing_in.change_password,
        "Change one's own password. All other sessions end.",
        asks=people_wire.NewPassword,
        answers=people_wire.Me,
        session_only=True,
    ),
    row(
        "sessions.list GET /sessions",
        Access.SIGNED_IN,
        signing_in.list_sessions,
        "One's own sessions.",
        answers=people_wire.SessionListing,
        query=ListQuery,
    ),
    row(
        "sessions.remove DELETE /sessions/{id}",
        Access.SIGNED_IN,
        signing_in.end_session,
        "End one of one's own sessions.",
        status=204,
    ),
    row(
        "tokens.list GET /tokens",
        Access.SIGNED_IN,
        tokens.list_tokens,
        "One's own admin tokens.",
        answers=people_wire.TokenListing,
        query=ListQuery,
    ),
    row(
        "tokens.create POST /tokens",
        Access.SIGNED_IN,
        tokens.create_token,
        "Make an admin token. It acts as its maker, and is shown once.",
        asks=people_wire.TokenAsked,
        answers=people_wire.TokenMade,
        status=201,
    ),
    row(
        "tokens.revoke POST /tokens/{id}/revoke",
        Access.SIGNED_IN,
        tokens.revoke_token,
        "Revoke one of one's own tokens, and those made with it, at once.",
        answers=people_wire.TokenView,
    ),
)
"""What everybody does for themselves."""

_PEOPLE: tuple[Operation, ...] = (
    row(
        "administrators.list GET /administrators",
        Scope.ADMINISTRATORS_READ,
        administrators.list_administrators,
        "Administrators who have a role within reach.",
        answers=people_wire.AdministratorListing,
        query=ListQuery,
    ),
    row(
        "administrators.create POST /administrators",
        Scope.ADMINISTRATORS_WRITE,
        administrators.create_administrator,
        "Make an administrator, with a first role that one holds oneself.",
        asks=people_wire.AdministratorAsked,
        answers=people_wire.AdministratorView,
        status=201,
    ),
    row(
        "administrators.read GET /administrators/{id}",
        Scope.ADMINISTRATORS_READ,
        administrators.read_administrator,
        "One administrator.",
        answers=people_wire.AdministratorView,
    ),
    row(
        "administrators.update PATCH /administrators/{id}",
        Scope.ADMINISTRATORS_WRITE,
        administrators.update_administrator,
        "Change name, e-mail address or password, or disable, somebody who holds no more than oneself.",
        asks=people_wire.AdministratorPatch,
        answers=people_wire.AdministratorView,
        locks=True,
    ),
    row(
        "administrators.remove DELETE /administrators/{id}",
        Scope.ADMINISTRATORS_WRITE,
        administrators.remove_administrator,
        "Remove somebody who holds no more than oneself, with all roles, tokens and sessions.",
        status=204,
        locks=True,
    ),
    row(
        "administrators.identity.put PUT /administrators/{id}/identity",
        Scope.ADMINISTRATORS_WRITE,
        administrators.put_identity,
        "Say whom somebody, who holds no more than oneself, comes as through an identity provider.",
        asks=people_wire.IdentityAsked,
        answers=people_wire.AdministratorView,
        locks=True,
    ),
    row(
        "administrators.identity.remove DELETE /administrators/{id}/identity",
        Scope.ADMINISTRATORS_WRITE,
        administrators.remove_identity,
        "Let somebody, who holds no more than oneself, come through no identity provider any more.",
        status=204,
        locks=True,
    ),
    row(
        "grants.list GET /grants",
        Scope.GRANTS_READ,
        administrators.list_grants,
        "Roles on parties within reach.",
        answers=people_wire.GrantListing,
        query=GrantQuery,
    ),
    row(
        "grants.create POST /grants",
        Scope.GRANTS_WRITE,
        administrators.create_grant,
        "Give somebody a role that one holds oneself.",
        asks=people_wire.GrantAsked,
        answers=people_wire.GrantView,
        status=201,
    ),
    row(
        "grants.remove DELETE /grants/{id}",
        Scope.GRANTS_WRITE,
        administrators.remove_grant,
        "Take away a role that one holds oneself.",
        status=204,
    ),
    row(
        "audit.list GET /audit",
        Scope.AUDIT_READ,
        tokens.list_audit,
        "What was done and denied within reach, newest first.",
        answers=people_wire.AuditListing,
        query=ListQuery,
    ),
)
"""Administrators, their roles, and what they did."""

_KEYS = Keys()
_OF_KEYS: tuple[Operation, ...] = (
    row(
        "keys.list GET /keys",
        Scope.KEYS_READ,
        _KEYS.list,
        "API keys within reach.",
        answers=key_wire.KeyListing,
        query=KeyQuery,
    ),
    row(
        "keys.create POST /keys",
        Scope.KEYS_WRITE,
        _KEYS.create,
        "Make an API key. It is shown once.",
        asks=key_wire.KeyAsked,
        answers=key_wire.KeyMade,
        status=201,
    ),
    row("keys.read GET /keys/{id}", Scope.KEYS_READ, _KEYS.read, "One API key, without itself.", answers=key_wire.KeyView),
    row(
        "keys.update PATCH /keys/{id}",
        Scope.KEYS_WRITE,
        _KEYS.update,
        "Change name or expiry.",
        asks=key_wire.KeyPatch,
        answers=key_wire.KeyView,
        locks=True,
    ),
    row(
        "keys.rotate POST /keys/{id}/rotate",
        Scope.KEYS_WRITE,
        _KEYS.rotate,
        "Make another key in its place; the old one stays good for an overlap.",
        asks=key_wire.Rotation,
        answers=key_wire.KeyMade,
        status=201,
    ),
    row(
        "keys.revoke POST /keys/{id}/revoke",
        Scope.KEYS_WRITE,
        _KEYS.revoke,
        "Refuse the key from now on.",
        answers=key_wire.KeyView,
    ),
    row("keys.remove DELETE /keys/{id}", Scope.KEYS_WRITE, _KEYS.remove, "Remove the key.", status=204, locks=True),
    row(
        "keys.policy GET /keys/{id}/policy",
        Scope.KEYS_READ,
        read_policy,
        "What the key may do in effect, and what each level says.",
        answers=key_wire.Policy,
    ),
)


def _of_parties(kind: PartyKind) -> Iterator[Operation]:
    parties, plural, path = Parties(kind), f"{kind}s", PATHS[kind]
    one, read, write = f"{path}/{{id}}", Scope.PARTIES_READ, Scope.PARTIES_WRITE
    words = plural.replace("_", " ")
    view, listing = party_wire.PartyView, party_wire.PartyListing
    yield row(f"{plural}.list GET {path}", read, parties.list, f"The {words} within reach.", answers=listing, query=PartyQuery)
    yield row(
        f"{plural}.create POST {path}",
        write,
        parties.create,
        f"Make one of the {words}.",
        asks=party_wire.PartyAsked,
        answers=view,
        status=201,
    )
    yield row(f"{plural}.read GET {one}", read, parties.read, f"One of the {words}.", answers=view)
    yield row(
        f"{plural}.update PATCH {one}",
        write,
        parties.update,
        f"Change one of the {words}.",
        asks=party_wire.PartyPatch,
        answers=view,
        locks=True,
    )
    yield row(
        f"{plural}.remove DELETE {one}",
        write,
        parties.remove,
        f"Remove one of the {words}, with its keys; refused while others stand under it.",
        status=204,
        locks=True,
    )
    if kind is not PartyKind.ORGANISATION:
        yield row(
            f"{plural}.move POST {one}/move",
            write,
            parties.move,
            f"Put one of the {words} under another party, with all below it.",
            asks=party_wire.Move,
            answers=view,
            locks=True,
        )
    yield from _of_bounds(plural, one, read, BoundsOf[Party](parties))
    yield from _of_top_ups(plural, one, read, TopUpsOf[Party](parties))


def _of_bounds(plural: str, one: str, read: Scope, bounds: BoundsOf[Party] | BoundsOf[KeyRecord]) -> Iterator[Operation]:
    yield row(
        f"{plural}.bounds GET {one}/bounds",
        read,
        bounds.read,
        "What it may do and use, as this level says.",
        answers=BoundsBody,
    )
    yield row(
        f"{plural}.bounds.replace PUT {one}/bounds",
        Scope.BOUNDS_WRITE,
        bounds.replace,
        "Replace all that this level says.",
        asks=BoundsBody,
        answers=BoundsBody,
        locks=True,
    )
    for what, needs, asks in (("limits", Scope.BOUNDS_WRITE, LimitBody), ("budgets", Scope.BUDGETS_WRITE, BudgetBody)):
        path, rules = f"{one}/{what}/{{name}}", bounds.rules(what, asks)
        yield row(
            f"{plural}.{what}.put PUT {path}",
            needs,
            rules.put,
            f"Set one of its {what}.",
            asks=asks,
            answers=BoundsBody,
            locks=True,
        )
        yield row(
            f"{plural}.{what}.remove DELETE {path}",
            needs,
            rules.remove,
            f"Take one of its {what} away.",
            answers=BoundsBody,
            locks=True,
        )


def _of_top_ups(plural: str, one: str, read: Scope, top_ups: TopUpsOf[Party] | TopUpsOf[KeyRecord]) -> Iterator[Operation]:
    path = f"{one}/budgets/{{name}}/top-ups"
    yield row(
        f"{plural}.budgets.top_ups GET {path}",
        read,
        top_ups.list,
        "What was added to one of its budgets, oldest first.",
        answers=top_up_wire.TopUpListing,
        query=ListQuery,
    )
    yield row(
        f"{plural}.budgets.top_up POST {path}",
        Scope.BUDGETS_WRITE,
        top_ups.create,
        "Add money to one of its budgets, for the period under way or the next one.",
        asks=top_up_wire.TopUpAsked,
        answers=top_up_wire.TopUpView,
        status=201,
    )


OPERATIONS: tuple[Operation, ...] = (
    *_OWN,
    *LOGIN,
    *(operation for kind in PartyKind for operation in _of_parties(kind)),
    *_OF_KEYS,
    *_of_bounds("keys", "/keys/{id}", Scope.KEYS_READ, BoundsOf[KeyRecord](_KEYS)),
    *_of_top_ups("keys", "/keys/{id}", Scope.KEYS_READ, TopUpsOf[KeyRecord](_KEYS)),
    *_PEOPLE,
    *USAGE,
    *REVISIONS,
)
"""All there is, in the order of the documentation."""
