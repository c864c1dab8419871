"""One's own admin tokens, and the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from headworks.control.admin.expiry import checked_expiry
from headworks.control.admin.gate import TOKEN_BEGINNING
from headworks.control.admin.operation import Act, Answer
from headworks.control.admin.paging import ListQuery, cut, page_of
from headworks.control.admin.problems import Refusal
from headworks.control.admin.sessions import digest_of, random_text
from headworks.domain.administration import EVERYTHING, AdminToken, AuditFilter, Scope
from headworks.domain.administration.wire.people import (
    AuditListing,
    AuditView,
    TokenAsked,
    TokenListing,
    TokenMade,
    TokenView,
)
from headworks.domain.administration.wire.values import When, wall_of
from headworks.ports.records import Missing

_SHOWN = len(TOKEN_BEGINNING) + 8


async def list_tokens(act: Act) -> Answer:
    """One's own."""
    shown, cursor = cut(act, await act.office.people.tokens(page_of(act), administrator=act.actor.id))
    return Answer(TokenListing(data=tuple(map(TokenView.of, shown)), next=cursor))


async def create_token(act: Act) -> Answer:
    """A token made with a token is narrowed at least as much, and ends no later."""
    asked = act.asked(TokenAsked)
    if act.actor.foreign:
        raise Refusal("not_allowed", "A token of an identity provider makes none here. Ask the provider for another one.")
    scopes = asked.scopes if asked.scopes is not None else act.actor.scopes
    party = asked.party if asked.party != EVERYTHING else act.actor.party or EVERYTHING
    await _refuse_wider(act, scopes, party)
    secret = TOKEN_BEGINNING + random_text(act.office)
    token = AdminToken(
        id=act.office.new_id("tok"),
        administrator=act.actor.id,
        name=asked.name,
        prefix=secret[:_SHOWN],
        digest=digest_of(secret),
        scopes=scopes,
        party=party,
        expires_at=min((at for at in (checked_expiry(act, asked.expires_at), act.actor.expires_at) if at), default=0),
        created_at=act.now(),
        created_by=act.actor.token or act.actor.id,
    )
    try:
        made = await act.office.people.add_token(token, audit=act.facts())
    except Missing:
        raise Refusal("not_signed_in", "The token that asks for this has just been revoked. Sign in again.") from None
    return Answer(TokenMade(token=TokenView.of(made), secret=secret))


async def _refuse_wider(act: Act, scopes: tuple[Scope, ...] | None, party: str) -> None:
    """What its administrator holds at the time is looked at whenever it is used; here, that it is not wider than a token that makes it."""
    lineage: tuple[str, ...] = ()
    if party != EVERYTHING:
        parties, _ = await act.office.records.lineage(party)
        lineage = tuple(each.id for each in parties)
        if not act.actor.powers.scopes_at(lineage) or act.actor.party not in {"", EVERYTHING, *lineage}:
            raise Missing(party)
    held = act.actor.powers.scopes_at(lineage) if lineage else act.actor.powers.anywhere()
    if lacking := frozenset(scopes or ()) - held:
        raise Refusal("beyond_your_powers", f"You do not hold {', '.join(sorted(lacking))} there yourself. Leave them out.")


async def revoke_token(act: Act) -> Answer:
    """One's own, at once, and whatever was made with it: whoever found it may have made others."""
    token = await act.office.people.revoke_token(act.id, administrator=act.actor.id, now=act.now(), audit=act.facts())
    return Answer(TokenView.of(token))


class AuditQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines of the audit log, and which part of them."""

    actor: Annotated[str, Meta(max_length=256, description="Of this administrator only: id or name.")] = ""
    operation: Annotated[str, Meta(max_length=64, description="Of this only: `keys.revoke`, or `keys` for all of keys.")] = ""
    object: Annotated[
        str, Meta(max_length=256, description="What was done to this only: id or name, or the id of the party it belongs to.")
    ] = ""
    outcome: Annotated[Literal["", "done", "denied"], Meta(description="Of these only.")] = ""
    since: Annotated[When | None, Meta(description="What happened then or later.")] = None
    until: Annotated[When | None, Meta(description="What happened before.")] = None


async def list_audit(act: Act) -> Answer:
    """Newest first: what happened within reach."""
    query = act.wanted(AuditQuery)
    only = AuditFilter(
        actor=query.actor,
        operation=query.operation,
        object=query.object,
        outcome=query.outcome,
        since=wall_of(query.since),
        until=wall_of(query.until),
    )
    shown, cursor = cut(act, await act.office.people.audit_entries(page_of(act), reach=act.reach, only=only), "number")
    return Answer(AuditListing(data=tuple(map(AuditView.of, shown)), next=cursor))
