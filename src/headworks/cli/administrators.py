"""`headworks administrators` and `grants`: who administers, and with which roles."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from msgspec import UNSET

from headworks.cli.administering import ASKING, LISTING, REMOVING, WRITING, Asking, Listing, Removing, Writing, administer
from headworks.cli.called import Called
from headworks.cli.naming import administrator_id, party_id
from headworks.cli.passwords import PasswordFile, read_password
from headworks.cli.removing import remove_one
from headworks.cli.telling import tell, tell_all, tell_whole
from headworks.client import Client
from headworks.domain.administration import EVERYTHING, Role
from headworks.domain.administration.wire.people import AdministratorAsked, AdministratorPatch, IdentityAsked

_COLUMNS = ("id", "name", "email", "disabled", "last_login_at")
_GRANTS = ("id", "administrator", "role", "party", "created_at")
Who = Annotated[str, Parameter(help="The name or the id.")]
On = Annotated[
    str, Parameter(help="The party that it is held on, with all below it: `team:NAME`, …, or its id; '*' for all there is.")
]


def list_all(*, listing: Listing = LISTING) -> int:
    """List those who have a role within your reach."""
    return administer(
        listing.url, lambda client: tell_all(listing.cut(client.administrators.list()), _COLUMNS, json=listing.json)
    )


def show(who: Who, *, asking: Asking = ASKING) -> int:
    """Show somebody."""

    def work(client: Client) -> None:
        tell_whole(client.administrators.read(administrator_id(client, who)), json=asking.json)

    return administer(asking.url, work)


def create(
    name: str, *, role: Role, on: On, email: str = "", password_file: PasswordFile = None, writing: Writing = WRITING
) -> int:
    """Make an administrator, with a first role.

    Args:
        name: To sign in under.
        role: One that you hold there yourself.
        email: Address.
    """

    def work(client: Client) -> None:
        party = _place(client, on)
        asked = AdministratorAsked(
            name=name, password=read_password(f"New password of {name}", password_file), role=role, party=party, email=email
        )
        made = client.administrators.create(asked, idempotency_key=writing.idempotency_key)
        tell(made, f"{made.name} is {made.id}, {role} on {party}.", json=writing.json)

    return administer(writing.url, work)


def change(  # noqa: PLR0913 - one parameter a flag
    who: Who,
    *,
    name: str | None = None,
    email: str | None = None,
    disabled: bool | None = None,
    password: Annotated[bool, Parameter(negative=())] = False,
    password_file: PasswordFile = None,
    asking: Asking = ASKING,
) -> int:
    """Change somebody who holds no more than you. What is left out stays.

    Args:
        name: Another name.
        email: Another address.
        disabled: Let them in no more, or (--no-disabled) again.
        password: Ask for a new password. All their sessions end.
    """

    def work(client: Client) -> None:
        wanted = password or password_file is not None
        patch = AdministratorPatch(
            name=UNSET if name is None else name,
            email=UNSET if email is None else email,
            disabled=UNSET if disabled is None else disabled,
            password=read_password(f"New password of {who}", password_file) if wanted else UNSET,
        )
        tell_whole(client.administrators.update(administrator_id(client, who), patch), json=asking.json)

    return administer(asking.url, work)


def remove(who: Who, *, removing: Removing = REMOVING) -> int:
    """Remove somebody who holds no more than you, with all roles, tokens and sessions."""

    def work(client: Client) -> None:
        removing.confirm(f"The administrator {who}")
        remove_one(client.administrators, administrator_id(client, who), removing)

    return administer(removing.url, work)


def create_identity(who: Who, *, provider: str, subject: str, asking: Asking = ASKING) -> int:
    """Say whom somebody, who holds no more than you, comes as through an identity provider.

    Args:
        provider: Its name in the configuration.
        subject: The `sub` claim there.
    """

    def work(client: Client) -> None:
        found = client.administrators.read(administrator_id(client, who))
        asked = IdentityAsked(provider=provider, subject=subject)
        made = client.administrators.put_identity(found.id, asked, version=found.version)
        tell(made, f"{made.name} comes as {subject} of {provider}.", json=asking.json)

    return administer(asking.url, work)


def remove_identity(who: Who, *, removing: Removing = REMOVING) -> int:
    """Let somebody, who holds no more than you, come through no identity provider any more."""

    def work(client: Client) -> None:
        removing.confirm(f"The identity of {who}")
        found = client.administrators.read(administrator_id(client, who))
        client.administrators.remove_identity(found.id, version=found.version)
        tell(found, f"{found.name} comes through no identity provider.", json=removing.json)

    return administer(removing.url, work)


def list_grants(*, administrator: str | None = None, on: str | None = None, listing: Listing = LISTING) -> int:
    """List roles on parties within your reach.

    Args:
        administrator: Of this one: the name or the id.
        on: On this party: `team:NAME`, …, or its id; '*' for those on all there is.
    """

    def work(client: Client) -> None:
        whose = administrator_id(client, administrator) if administrator else None
        party = _place(client, on) if on else None
        found, called = client.grants.list(administrator=whose, party=party), Called(client)
        shown = {"administrator": called.administrator, "party": called.party}
        tell_all(listing.cut(found), _GRANTS, json=listing.json, shown=shown)

    return administer(listing.url, work)


def create_grant(administrator: Who, role: Role, *, on: On, writing: Writing = WRITING) -> int:
    """Give somebody a role that you hold there yourself.

    Args:
        role: Which.
    """

    def work(client: Client) -> None:
        whose, party = administrator_id(client, administrator), _place(client, on)
        made = client.grants.create(whose, role, party, idempotency_key=writing.idempotency_key)
        tell(made, f"{administrator} is {role} on {party}: {made.id}.", json=writing.json)

    return administer(writing.url, work)


def remove_grant(grant: str, *, removing: Removing = REMOVING) -> int:
    """Take a role away.

    Args:
        grant: Its id, as `headworks grants list` tells it.
    """

    def work(client: Client) -> None:
        removing.confirm(f"The role {grant}")
        client.grants.remove(grant)
        if not removing.json:
            print(f"{grant} is taken away.")

    return administer(removing.url, work)


def _place(client: Client, named: str) -> str:
    return EVERYTHING if named == EVERYTHING else party_id(client, named)
