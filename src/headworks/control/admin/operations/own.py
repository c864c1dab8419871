"""Rows: what everybody does for themselves."""

from __future__ import annotations

from headworks.control.admin import setup, signing_in, tokens
from headworks.control.admin.document import read_document
from headworks.control.admin.operation import Access, Operation
from headworks.control.admin.paging import ListQuery
from headworks.control.admin.row import row
from headworks.domain.administration.wire import people as people_wire

OWN: tuple[Operation, ...] = (
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
