"""`headworks customers`: whom callers serve, by reference, and how a name is erased."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from headworks.cli.administering import ASKING, LISTING, REMOVING, Asking, Listing, Removing, administer
from headworks.cli.called import Called
from headworks.cli.naming import party_id
from headworks.cli.telling import tell_all, tell_whole
from headworks.client import Client
from headworks.domain.customers import is_reference
from headworks.domain.records import PartyKind

_COLUMNS = ("id", "name", "organisation", "first_seen", "last_seen", "forgotten_at")
Who = Annotated[str, Parameter(help="The reference, or with --organisation the name.")]
Whose = Annotated[
    str | None, Parameter(help="Whose customers: name or id. Left out, a name is one that callers of the configuration give.")
]


def list_all(*, organisation: Whose = None, name: str | None = None, listing: Listing = LISTING) -> int:
    """List customers that callers have named, within your reach.

    Args:
        name: Only the one of this name.
    """

    def work(client: Client) -> None:
        found = client.customers.list(organisation=_organisation(client, organisation), name=name)
        tell_all(listing.cut(found), _COLUMNS, json=listing.json, shown={"organisation": Called(client).name})

    return administer(listing.url, work)


def show(who: Who, *, organisation: Whose = None, asking: Asking = ASKING) -> int:
    """Show a customer."""

    def work(client: Client) -> None:
        tell_whole(client.customers.read(_reference(client, who, organisation)), json=asking.json)

    return administer(asking.url, work)


def forget(who: Who, *, organisation: Whose = None, removing: Removing = REMOVING) -> int:
    """Erase a customer's name, and never keep it again. What was booked stays, by reference."""

    def work(client: Client) -> None:
        removing.confirm("The name of this customer")
        reference = _reference(client, who, organisation)
        client.customers.forget(reference)
        tell_whole(client.customers.read(reference), json=removing.json)

    return administer(removing.url, work)


def _organisation(client: Client, named: str | None) -> str | None:
    return party_id(client, named, (PartyKind.ORGANISATION,)) if named else None


def _reference(client: Client, who: str, organisation: str | None) -> str:
    if is_reference(who):
        return who
    for customer in client.customers.list(organisation=_organisation(client, organisation), name=who):
        return customer.id
    raise ValueError(f"there is no customer {who!r} within your reach. See: headworks customers list")
