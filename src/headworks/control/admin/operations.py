"""The admin API as one table: every operation with its method and path, the scope it needs, what it asks and answers.

Routes, authorisation, `/admin/v1/openapi.json` and the test of the whole matrix are made from this table. What has no row does not exist;
what a row needs and an administrator does not hold is denied.
"""

from __future__ import annotations

from collections.abc import Iterator

from headworks.control.admin import administrators, setup, signing_in, tokens
from headworks.control.admin.administrators import GrantQuery
from headworks.control.admin.bounds import BoundsOf
from headworks.control.admin.document import read_document
from headworks.control.admin.keys import KeyQuery, Keys
from headworks.control.admin.operation import Access, Operation
from headworks.control.admin.paging import ListQuery
from headworks.control.admin.parties import Parties, PartyQuery
from headworks.control.admin.policy import read_policy
from headworks.control.admin.usage import USAGE
from headworks.domain.administration import Scope
from headworks.domain.administration.wire import keys as key_wire
from headworks.domain.administration.wire import parties as party_wire
from headworks.domain.administration.wire import people as people_wire
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.records import KeyRecord, Party, PartyKind

PATHS: dict[PartyKind, str] = {kind: f"/{kind.replace('_', '-')}s" for kind in PartyKind}
"""Kind of party → its path."""


_OWN: tuple[Operation, ...] = (
    Operation(
        name="document.read",
        method="GET",
        path="/openapi.json",
        needs=Access.ANYONE,
        handle=read_document,
        words="This API, as an OpenAPI 3.1 document.",
    ),
    Operation(
        name="setup.use",
        method="POST",
        path="/setup",
        needs=Access.ANYONE,
        handle=setup.set_up,
        words="Make the first administrator, by the one-time link that the control process printed, and sign in.",
        asks=people_wire.Setup,
        answers=people_wire.Me,
        status=201,
    ),
    Operation(
        name="session.create",
        method="POST",
        path="/session",
        needs=Access.ANYONE,
        handle=signing_in.sign_in,
        words="Sign in by name and password.",
        asks=people_wire.Login,
        answers=people_wire.Me,
        status=201,
    ),
    Operation(
        name="session.remove",
        method="DELETE",
        path="/session",
        needs=Access.SIGNED_IN,
        handle=signing_in.sign_out,
        words="Sign out.",
        status=204,
        session_only=True,
    ),
    Operation(
        name="me.read",
        method="GET",
        path="/me",
        needs=Access.SIGNED_IN,
        handle=signing_in.read_me,
        words="Who is asking, and what they may do.",
        answers=people_wire.Me,
    ),
    Operation(
        name="me.password",
        method="PUT",
        path="/me/password",
        needs=Access.SIGNED_IN,
        handle=signing_in.change_password,
        words="Change one's own password. All other sessions end.",
        asks=people_wire.NewPassword,
        answers=people_wire.Me,
        session_only=True,
    ),
    Operation(
        name="sessions.list",
        method="GET",
        path="/sessions",
        needs=Access.SIGNED_IN,
        handle=signing_in.list_sessions,
        words="One's own sessions.",
        answers=people_wire.SessionListing,
        query=ListQuery,
    ),
    Operation(
        name="sessions.remove",
        method="DELETE",
        path="/sessions/{id}",
        needs=Access.SIGNED_IN,
        handle=signing_in.end_session,
        words="End one of one's own sessions.",
        status=204,
    ),
    Operation(
        name="tokens.list",
        method="GET",
        path="/tokens",
        needs=Access.SIGNED_IN,
        handle=tokens.list_tokens,
        words="One's own admin tokens.",
        answers=people_wire.TokenListing,
        query=ListQuery,
    ),
    Operation(
        name="tokens.create",
        method="POST",
        path="/tokens",
        needs=Access.SIGNED_IN,
        handle=tokens.create_token,
        words="Make an admin token. It acts as its maker, and is shown once.",
        asks=people_wire.TokenAsked,
        answers=people_wire.TokenMade,
        status=201,
    ),
    Operation(
        name="tokens.revoke",
        method="POST",
        path="/tokens/{id}/revoke",
        needs=Access.SIGNED_IN,
        handle=tokens.revoke_token,
        words="Revoke one of one's own tokens, at once.",
        answers=people_wire.TokenView,
    ),
)
"""What everybody does for themselves."""

_PEOPLE: tuple[Operation, ...] = (
    Operation(
        name="administrators.list",
        method="GET",
        path="/administrators",
        needs=Scope.ADMINISTRATORS_READ,
        handle=administrators.list_administrators,
        words="Administrators who have a role within reach.",
        answers=people_wire.AdministratorListing,
        query=ListQuery,
    ),
    Operation(
        name="administrators.create",
        method="POST",
        path="/administrators",
        needs=Scope.ADMINISTRATORS_WRITE,
        handle=administrators.create_administrator,
        words="Make an administrator, with a first role that one holds oneself.",
        asks=people_wire.AdministratorAsked,
        answers=people_wire.AdministratorView,
        status=201,
    ),
    Operation(
        name="administrators.read",
        method="GET",
        path="/administrators/{id}",
        needs=Scope.ADMINISTRATORS_READ,
        handle=administrators.read_administrator,
        words="One administrator.",
        answers=people_wire.AdministratorView,
    ),
    Operation(
        name="administrators.update",
        method="PATCH",
        path="/administrators/{id}",
        needs=Scope.ADMINISTRATORS_WRITE,
        handle=administrators.update_administrator,
        words="Change name, e-mail address or password, or disable, somebody who holds no more than oneself.",
        asks=people_wire.AdministratorPatch,
        answers=people_wire.AdministratorView,
        locks=True,
    ),
    Operation(
        name="administrators.remove",
        method="DELETE",
        path="/administrators/{id}",
        needs=Scope.ADMINISTRATORS_WRITE,
        handle=administrators.remove_administrator,
        words="Remove somebody who holds no more than oneself, with all roles, tokens and sessions.",
        status=204,
        locks=True,
    ),
    Operation(
        name="grants.list",
        method="GET",
        path="/grants",
        needs=Scope.GRANTS_READ,
        handle=administrators.list_grants,
        words="Roles on parties within reach.",
        answers=people_wire.GrantListing,
        query=GrantQuery,
    ),
    Operation(
        name="grants.create",
        method="POST",
        path="/grants",
        needs=Scope.GRANTS_WRITE,
        handle=administrators.create_grant,
        words="Give somebody a role that one holds oneself.",
        asks=people_wire.GrantAsked,
        answers=people_wire.GrantView,
        status=201,
    ),
    Operation(
        name="grants.remove",
        method="DELETE",
        path="/grants/{id}",
        needs=Scope.GRANTS_WRITE,
        handle=administrators.remove_grant,
        words="Take away a role that one holds oneself.",
        status=204,
    ),
    Operation(
        name="audit.list",
        method="GET",
        path="/audit",
        needs=Scope.AUDIT_READ,
        handle=tokens.list_audit,
        words="What was done and denied within reach, newest first.",
        answers=people_wire.AuditListing,
        query=ListQuery,
    ),
)
"""Administrators, their roles, and what they did."""

_KEYS = Keys()
_OF_KEYS: tuple[Operation, ...] = (
    Operation(
        name="keys.list",
        method="GET",
        path="/keys",
        needs=Scope.KEYS_READ,
        handle=_KEYS.list,
        words="API keys within reach.",
        answers=key_wire.KeyListing,
        query=KeyQuery,
    ),
    Operation(
        name="keys.create",
        method="POST",
        path="/keys",
        needs=Scope.KEYS_WRITE,
        handle=_KEYS.create,
        words="Make an API key. It is shown once.",
        asks=key_wire.KeyAsked,
        answers=key_wire.KeyMade,
        status=201,
    ),
    Operation(
        name="keys.read",
        method="GET",
        path="/keys/{id}",
        needs=Scope.KEYS_READ,
        handle=_KEYS.read,
        words="One API key, without itself.",
        answers=key_wire.KeyView,
    ),
    Operation(
        name="keys.update",
        method="PATCH",
        path="/keys/{id}",
        needs=Scope.KEYS_WRITE,
        handle=_KEYS.update,
        words="Change name or expiry.",
        asks=key_wire.KeyPatch,
        answers=key_wire.KeyView,
        locks=True,
    ),
    Operation(
        name="keys.rotate",
        method="POST",
        path="/keys/{id}/rotate",
        needs=Scope.KEYS_WRITE,
        handle=_KEYS.rotate,
        words="Make another key in its place; the old one stays good for an overlap.",
        asks=key_wire.Rotation,
        answers=key_wire.KeyMade,
        status=201,
    ),
    Operation(
        name="keys.revoke",
        method="POST",
        path="/keys/{id}/revoke",
        needs=Scope.KEYS_WRITE,
        handle=_KEYS.revoke,
        words="Refuse the key from now on.",
        answers=key_wire.KeyView,
    ),
    Operation(
        name="keys.remove",
        method="DELETE",
        path="/keys/{id}",
        needs=Scope.KEYS_WRITE,
        handle=_KEYS.remove,
        words="Remove the key.",
        status=204,
        locks=True,
    ),
    Operation(
        name="keys.policy",
        method="GET",
        path="/keys/{id}/policy",
        needs=Scope.KEYS_READ,
        handle=read_policy,
        words="What the key may do in effect, and what each level says.",
        answers=key_wire.Policy,
    ),
)


def _of_parties(kind: PartyKind) -> Iterator[Operation]:
    parties, plural, path = Parties(kind), f"{kind}s", PATHS[kind]
    one, read, write = f"{path}/{{id}}", Scope.PARTIES_READ, Scope.PARTIES_WRITE
    words = plural.replace("_", " ")
    view, listing = party_wire.PartyView, party_wire.PartyListing
    yield Operation(
        name=f"{plural}.list", method="GET", path=path, needs=read, handle=parties.list,
        words=f"The {words} within reach.", answers=listing, query=PartyQuery,
    )  # fmt: skip
    yield Operation(
        name=f"{plural}.create", method="POST", path=path, needs=write, handle=parties.create,
        words=f"Make one of the {words}.", asks=party_wire.PartyAsked, answers=view, status=201,
    )  # fmt: skip
    yield Operation(
        name=f"{plural}.read", method="GET", path=one, needs=read, handle=parties.read,
        words=f"One of the {words}.", answers=view,
    )  # fmt: skip
    yield Operation(
        name=f"{plural}.update", method="PATCH", path=one, needs=write, handle=parties.update,
        words=f"Change one of the {words}.", asks=party_wire.PartyPatch, answers=view, locks=True,
    )  # fmt: skip
    yield Operation(
        name=f"{plural}.remove", method="DELETE", path=one, needs=write, handle=parties.remove,
        words=f"Remove one of the {words}, with its keys; refused while others stand under it.", status=204, locks=True,
    )  # fmt: skip
    if kind is not PartyKind.ORGANISATION:
        yield Operation(
            name=f"{plural}.move", method="POST", path=f"{one}/move", needs=write, handle=parties.move,
            words=f"Put one of the {words} under another party, with all below it.", asks=party_wire.Move, answers=view, locks=True,
        )  # fmt: skip
    yield from _of_bounds(plural, one, read, BoundsOf[Party](parties))


def _of_bounds(plural: str, one: str, read: Scope, bounds: BoundsOf[Party] | BoundsOf[KeyRecord]) -> Iterator[Operation]:
    yield Operation(
        name=f"{plural}.bounds", method="GET", path=f"{one}/bounds", needs=read, handle=bounds.read,
        words="What it may do and use, as this level says.", answers=BoundsBody,
    )  # fmt: skip
    yield Operation(
        name=f"{plural}.bounds.replace", method="PUT", path=f"{one}/bounds", needs=Scope.BOUNDS_WRITE, handle=bounds.replace,
        words="Replace all that this level says.", asks=BoundsBody, answers=BoundsBody, locks=True,
    )  # fmt: skip
    for what, needs, asks, put, remove in (
        ("limits", Scope.BOUNDS_WRITE, LimitBody, bounds.put_limit, bounds.remove_limit),
        ("budgets", Scope.BUDGETS_WRITE, BudgetBody, bounds.put_budget, bounds.remove_budget),
    ):
        path = f"{one}/{what}/{{name}}"
        yield Operation(
            name=f"{plural}.{what}.put", method="PUT", path=path, needs=needs, handle=put,
            words=f"Set one of its {what}.", asks=asks, answers=BoundsBody, locks=True,
        )  # fmt: skip
        yield Operation(
            name=f"{plural}.{what}.remove", method="DELETE", path=path, needs=needs, handle=remove,
            words=f"Take one of its {what} away.", answers=BoundsBody, locks=True,
        )  # fmt: skip


OPERATIONS: tuple[Operation, ...] = (
    *_OWN,
    *(operation for kind in PartyKind for operation in _of_parties(kind)),
    *_OF_KEYS,
    *_of_bounds("keys", "/keys/{id}", Scope.KEYS_READ, BoundsOf[KeyRecord](_KEYS)),
    *_PEOPLE,
    *USAGE,
)
"""All there is, in the order of the documentation."""
