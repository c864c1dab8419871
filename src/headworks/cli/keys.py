"""`headworks keys`: API keys of parties."""

from __future__ import annotations

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
from headworks.cli.keys_policy import lines_of, usable
from headworks.cli.naming import key_id, party_id
from headworks.cli.removing import remove_one
from headworks.cli.spans import NEVER, instant_after, seconds_of
from headworks.cli.telling import tell, tell_all, tell_secret, tell_whole, warn
from headworks.client import Client
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody
from headworks.domain.administration.wire.keys import KeyAsked, KeyPatch
from headworks.domain.limits import Calendar

_COLUMNS = ("id", "prefix", "name", "owner", "expires_at", "revoked_at")


def list_all(
    *, owner: str | None = None, under: str | None = None, prefix: str | None = None, listing: Listing = LISTING
) -> int:
    """List keys within your reach: never the keys themselves.

    Args:
        owner: Of this party itself: `team:NAME`, `service-account:NAME`, …, or its id.
        under: Of parties below this one, too.
        prefix: That begin like this.
    """

    def work(client: Client) -> None:
        whose = party_id(client, owner) if owner else None
        above = party_id(client, under) if under else None
        found = client.keys.list(owner=whose, under=above, prefix=prefix)
        tell_all(listing.cut(found), _COLUMNS, json=listing.json, shown={"owner": Called(client).party})

    return administer(listing.url, work)


def show(key: str, *, asking: Asking = ASKING) -> int:
    """Show a key: what is known of it, never itself, and why it is refused if it is.

    Args:
        key: Its id, or its beginning.
    """

    def work(client: Client) -> None:
        found = client.keys.read(key_id(client, key))
        tell_whole(found, json=asking.json)
        if not asking.json:
            print(f"usable  {usable(client.keys.policy(found.id))}")

    return administer(asking.url, work)


def create(  # noqa: PLR0913 - one parameter a flag
    name: str,
    *,
    owner: str,
    models: Names = None,
    features: Names = None,
    budget: str = "",
    expires_in: str = NEVER,
    writing: Writing = WRITING,
) -> int:
    """Make a key. It is printed once and never again.

    Args:
        name: What it is for.
        owner: The party that it belongs to: `team:NAME`, `service-account:NAME`, …, or its id.
        models: Names or patterns that it may use. Left out: what its owner may.
        features: Features that it may use. Left out: what its owner may.
        budget: US dollars a calendar month: 12.50. Other budgets, and limits: headworks budgets create, headworks limits create.
        expires_in: 90d, 12h, 30m, 45s, or never.
    """

    def work(client: Client) -> None:
        bounds = BoundsBody(
            models=models,
            features=features,
            budgets={"monthly": BudgetBody(amount=budget, calendar=Calendar.MONTH)} if budget else {},
        )
        whose = party_id(client, owner)
        asked = KeyAsked(owner=whose, name=name, bounds=bounds, expires_at=instant_after(expires_in))
        made = client.keys.create(asked, idempotency_key=writing.idempotency_key)
        tell_secret(made, made.secret, f"This is the key {made.key.id}. It is not shown again.", json=writing.json)
        warn(made.key.bounds)

    return administer(writing.url, work)


def change(key: str, *, name: str | None = None, expires_in: str | None = None, asking: Asking = ASKING) -> int:
    """Change a key's name or expiry. What it may do: headworks bounds change.

    Args:
        key: Its id, or its beginning.
        name: Another name.
        expires_in: 90d, 12h, 30m, 45s, or never.
    """

    def work(client: Client) -> None:
        expires_at = UNSET if expires_in is None else instant_after(expires_in)
        patch = KeyPatch(name=UNSET if name is None else name, expires_at=expires_at)
        tell_whole(client.keys.update(key_id(client, key), patch), json=asking.json)

    return administer(asking.url, work)


def remove(key: str, *, removing: Removing = REMOVING) -> int:
    """Remove a key. Its usage stays in the ledger. To refuse it, `revoke` is enough, and leaves a trace in lists.

    Args:
        key: Its id, or its beginning.
    """

    def work(client: Client) -> None:
        removing.confirm(f"The key {key}")
        remove_one(client.keys, key_id(client, key), removing)

    return administer(removing.url, work)


def rotate(key: str, *, overlap: str = "1d", writing: Writing = WRITING) -> int:
    """Make another key in the place of one.

    Args:
        key: Its id, or its beginning.
        overlap: For how long the old one stays good: 1d, 12h, 0s.
    """

    def work(client: Client) -> None:
        old = key_id(client, key)
        made = client.keys.rotate(old, overlap_seconds=seconds_of(overlap), idempotency_key=writing.idempotency_key)
        tell_secret(made, made.secret, f"This is the key {made.key.id}; {old} is good for {overlap} more.", json=writing.json)

    return administer(writing.url, work)


def revoke(key: str, *, writing: Writing = WRITING) -> int:
    """Refuse a key from now on, on all gateways within a second.

    Args:
        key: Its id, or its beginning.
    """

    def work(client: Client) -> None:
        revoked = client.keys.revoke(key_id(client, key), idempotency_key=writing.idempotency_key)
        tell(revoked, f"{revoked.name} ({revoked.id}) is revoked.", json=writing.json)

    return administer(writing.url, work)


def policy(key: str, *, asking: Asking = ASKING) -> int:
    """Say what a key may do in effect.

    Args:
        key: Its id, or its beginning.
    """

    def work(client: Client) -> None:
        found = client.keys.policy(key_id(client, key))
        tell(found, "\n".join(lines_of(found)), json=asking.json)

    return administer(asking.url, work)
