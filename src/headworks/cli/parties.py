"""`headworks organisations`, `teams`, `projects`, `users` and `service-accounts`: who there is. The verbs are the same for all kinds."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from msgspec import UNSET

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
from headworks.cli.commands import PARTY_VERBS
from headworks.cli.naming import parties_of, party_id, spoken
from headworks.cli.removing import remove_one
from headworks.cli.spans import NEVER, instant_after
from headworks.cli.telling import tell, tell_all, tell_whole, warn
from headworks.client import Client
from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.parties import PartyAsked, PartyPatch
from headworks.domain.records import PARENTS, PartyKind

_COLUMNS = ("id", "name", "parent", "disabled", "expires_at")
Which = Annotated[str, Parameter(help="Its name, or its id.")]
Above = Annotated[str, Parameter(help="What it stands under: its name or id, or `team:NAME` where several kinds can be meant.")]


class Verbs:
    """What is done with parties of one kind."""

    def __init__(self, kind: PartyKind) -> None:
        self._kind = kind

    def list_all(self, *, under: str | None = None, name: str | None = None, listing: Listing = LISTING) -> int:
        """List those within your reach.

        Args:
            under: A party above them: `organisation:NAME`, `team:NAME`, …, or its id.
            name: Called exactly this.
        """

        def work(client: Client) -> None:
            above = party_id(client, under) if under else None
            found = parties_of(client, self._kind).list(under=above, name=name)
            tell_all(listing.cut(found), _COLUMNS, json=listing.json, shown={"parent": Called(client).party})

        return administer(listing.url, work)

    def show(self, which: Which, *, asking: Asking = ASKING) -> int:
        """Show one."""

        def work(client: Client) -> None:
            tell_whole(parties_of(client, self._kind).read(self._id(client, which)), json=asking.json)

        return administer(asking.url, work)

    def create(  # noqa: PLR0913 - one parameter a flag
        self,
        name: str,
        *,
        parent: Above = "",
        email: str = "",
        models: Names = None,
        features: Names = None,
        expires_in: str = NEVER,
        writing: Writing = WRITING,
    ) -> int:
        """Make one.

        Args:
            name: Unique among those that stand under the same.
            email: Address, of people.
            models: Names or patterns that may be used; '*' for all. An organisation has to say so; elsewhere, left out: as above it.
            features: Features that may be used; '*' for all. Of an organisation, left out: no governed one; elsewhere: as above it.
            expires_in: 90d, 12h, 30m, 45s, or never.
        """

        def work(client: Client) -> None:
            asked = PartyAsked(
                name=name,
                parent=party_id(client, parent, PARENTS[self._kind]) if parent else None,
                email=email,
                expires_at=instant_after(expires_in),
                bounds=BoundsBody(models=models, features=features),
            )
            made = parties_of(client, self._kind).create(asked, idempotency_key=writing.idempotency_key)
            tell(made, f"{made.name} is {made.id}.", json=writing.json)
            warn(made.bounds)

        return administer(writing.url, work)

    def change(
        self,
        which: Which,
        *,
        name: str | None = None,
        email: str | None = None,
        disabled: bool | None = None,
        expires_in: str | None = None,
        asking: Asking = ASKING,
    ) -> int:
        """Change some of it. What is left out stays.

        Args:
            name: Another name.
            email: Another address.
            disabled: Refuse all keys at and below it, or (--no-disabled) let them through again.
            expires_in: 90d, 12h, 30m, 45s, or never.
        """

        def work(client: Client) -> None:
            patch = PartyPatch(
                name=UNSET if name is None else name,
                email=UNSET if email is None else email,
                disabled=UNSET if disabled is None else disabled,
                expires_at=UNSET if expires_in is None else instant_after(expires_in),
            )
            tell_whole(parties_of(client, self._kind).update(self._id(client, which), patch), json=asking.json)

        return administer(asking.url, work)

    def move(self, which: Which, parent: Above, *, writing: Writing = WRITING) -> int:
        """Put it under another party, with all below it."""

        def work(client: Client) -> None:
            above = party_id(client, parent, PARENTS[self._kind])
            of_kind, party = parties_of(client, self._kind), self._id(client, which)
            moved = of_kind.move(party, above, idempotency_key=writing.idempotency_key)
            tell(moved, f"{moved.name} stands under {moved.parent}.", json=writing.json)

        return administer(writing.url, work)

    def remove(self, which: Which, *, removing: Removing = REMOVING) -> int:
        """Remove it with its keys. Refused while others stand under it; `change --disabled` is what can be undone."""

        def work(client: Client) -> None:
            removing.confirm(f"The {spoken(self._kind)} {which} with its keys")
            remove_one(parties_of(client, self._kind), self._id(client, which), removing)

        return administer(removing.url, work)

    def _id(self, client: Client, which: str) -> str:
        return party_id(client, which, (self._kind,))


def _app(kind: PartyKind) -> App:
    verbs, app = Verbs(kind), App(name=f"{spoken(kind)}s")
    for place, (name, verb, words) in enumerate(PARTY_VERBS):
        if PARENTS[kind] or name != "move":
            app.command(getattr(verbs, verb), name=name, help=words, sort_key=place)
    return app


ORGANISATIONS, TEAMS, PROJECTS, USERS, SERVICE_ACCOUNTS = map(_app, PartyKind)
