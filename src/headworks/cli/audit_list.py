"""`headworks audit list`: what was done and denied, as the control plane tells it."""

from __future__ import annotations

from headworks.cli.administering import LISTING, Listing, administer
from headworks.cli.telling import tell_all, tell_rows
from headworks.client import Client

_FACTS = ("by", "operation", "peer", "request")


def list_all(*, listing: Listing = LISTING) -> int:
    """List acts and denials within your reach, newest first. `headworks audit export` writes the whole chain, signed."""

    def work(client: Client) -> None:
        found = listing.cut(client.audit())
        if listing.json:
            tell_all(found, (), json=True)
            return
        rows = ({"number": each.number, "at": each.at} | {fact: each.facts.get(fact) for fact in _FACTS} for each in found)
        tell_rows(rows, ("number", "at", *_FACTS))

    return administer(listing.url, work)
