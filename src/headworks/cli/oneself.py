"""`headworks whoami`, `tokens` and `sessions`: what everybody administers for themselves."""

from __future__ import annotations

from headworks.cli.administering import (
    ASKING,
    LISTING,
    REMOVING,
    WRITING,
    Asking,
    Listing,
    Names,
    Removing,
    Writing,
    administer,
)
from headworks.cli.called import Called
from headworks.cli.naming import party_id
from headworks.cli.spans import NEVER, instant_after
from headworks.cli.telling import tell, tell_all, tell_secret
from headworks.client import Client
from headworks.domain.administration import EVERYTHING, Scope
from headworks.domain.administration.wire.people import TokenAsked

_TOKENS = ("id", "prefix", "name", "scopes", "party", "expires_at", "revoked_at")
_SESSIONS = ("id", "peer", "seen_at", "created_at", "expires_at")


def whoami(*, asking: Asking = ASKING) -> int:
    """Say who you are there, and what you may do."""

    def work(client: Client) -> None:
        me = client.me()
        powers = [f"on {power.party}: {' '.join(power.scopes)}" for power in me.powers]
        tell(me, "\n".join([f"{me.name} ({me.id})", *powers]), json=asking.json)

    return administer(asking.url, work)


def list_tokens(*, listing: Listing = LISTING) -> int:
    """List your admin tokens: never the tokens themselves."""

    def work(client: Client) -> None:
        tell_all(listing.cut(client.tokens.list()), _TOKENS, json=listing.json, shown={"party": Called(client).party})

    return administer(listing.url, work)


def create_token(
    name: str, *, scopes: Names = None, on: str = EVERYTHING, expires_in: str = NEVER, writing: Writing = WRITING
) -> int:
    """Make an admin token. It acts as you, and is printed once.

    Args:
        name: What it is for.
        scopes: What it may do: keys:read keys:write. Left out: what you may.
        on: Where it may do it: `team:NAME`, …, or an id. Left out: where you may.
        expires_in: 90d, 12h, 30m, 45s, or never.
    """

    def work(client: Client) -> None:
        asked = TokenAsked(
            name=name,
            scopes=None if scopes is None else tuple(map(_scope, scopes)),
            party=on if on == EVERYTHING else party_id(client, on),
            expires_at=instant_after(expires_in),
        )
        made = client.tokens.create(asked, idempotency_key=writing.idempotency_key)
        tell_secret(made, made.secret, f"This is the token {made.token.id}. It is not shown again.", json=writing.json)

    return administer(writing.url, work)


def revoke_token(token: str, *, writing: Writing = WRITING) -> int:
    """Refuse a token, and those made with it, from now on.

    Args:
        token: Its id.
    """

    def work(client: Client) -> None:
        tell(client.tokens.revoke(token, idempotency_key=writing.idempotency_key), f"{token} is revoked.", json=writing.json)

    return administer(writing.url, work)


def list_sessions(*, listing: Listing = LISTING) -> int:
    """List where you are signed in with a browser."""
    return administer(listing.url, lambda client: tell_all(listing.cut(client.sessions.list()), _SESSIONS, json=listing.json))


def remove_session(session: str, *, removing: Removing = REMOVING) -> int:
    """End a session at once.

    Args:
        session: Its id, as `headworks sessions list` tells it.
    """

    def work(client: Client) -> None:
        removing.confirm(f"The session {session}")
        client.sessions.remove(session)
        if not removing.json:
            print(f"{session} has ended.")

    return administer(removing.url, work)


def _scope(written: str) -> Scope:
    if written not in set(Scope):
        raise ValueError(f"{written!r} is no scope. There are: {', '.join(Scope)}.")
    return Scope(written)
