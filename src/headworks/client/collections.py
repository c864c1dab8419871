"""Parties and keys. Changes take the `version` that was read; None changes whatever is there."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.keys import KeyAsked, KeyListing, KeyMade, KeyPatch, KeyView, Policy, Rotation
from headworks.domain.administration.wire.parties import Move, PartyAsked, PartyListing, PartyPatch, PartyView
from headworks.domain.administration.wire.standings import Standings
from headworks.domain.administration.wire.top_ups import TopUpAsked, TopUpListing, TopUpView


class Bounded:
    """What parties and keys have in common."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._path = f"/{name}"

    def bounds(self, id: str) -> BoundsBody:  # noqa: A002 - the field's name
        """What this level says."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}/bounds"), BoundsBody)

    def put_bounds(self, id: str, bounds: BoundsBody, *, version: int | None = None) -> BoundsBody:  # noqa: A002 - the field's name
        """Replace all that this level says."""
        return self._wire.ask(Request(method="PUT", path=f"{self._path}/{id}/bounds", body=bounds, version=version), BoundsBody)

    def put_limit(self, id: str, name: str, limit: LimitBody, *, version: int | None = None) -> BoundsBody:  # noqa: A002 - the field's name
        """Set one limit."""
        path = f"{self._path}/{id}/limits/{name}"
        return self._wire.ask(Request(method="PUT", path=path, body=limit, version=version), BoundsBody)

    def remove_limit(self, id: str, name: str, *, version: int | None = None) -> BoundsBody:  # noqa: A002 - the field's name
        """Take one limit away."""
        return self._wire.ask(Request(method="DELETE", path=f"{self._path}/{id}/limits/{name}", version=version), BoundsBody)

    def put_budget(self, id: str, name: str, budget: BudgetBody, *, version: int | None = None) -> BoundsBody:  # noqa: A002 - the field's name
        """Set one budget."""
        path = f"{self._path}/{id}/budgets/{name}"
        return self._wire.ask(Request(method="PUT", path=path, body=budget, version=version), BoundsBody)

    def remove_budget(self, id: str, name: str, *, version: int | None = None) -> BoundsBody:  # noqa: A002 - the field's name
        """Take one budget away."""
        return self._wire.ask(Request(method="DELETE", path=f"{self._path}/{id}/budgets/{name}", version=version), BoundsBody)

    def standings(self, id: str) -> Standings:  # noqa: A002 - the field's name
        """What is used, held and left of its limits and budgets."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}/standings"), Standings)

    def top_up(self, id: str, budget: str, asked: TopUpAsked, *, idempotency_key: str | None = None) -> TopUpView:  # noqa: A002 - the field's name
        """Add money to a budget for one period."""
        path = f"{self._path}/{id}/budgets/{budget}/top-ups"
        return self._wire.ask(Request(method="POST", path=path, body=asked, idempotency_key=idempotency_key), TopUpView)

    def top_ups(self, id: str, budget: str) -> Iterator[TopUpView]:  # noqa: A002 - the field's name
        """What was added to a budget, oldest first."""
        return self._wire.pages(f"{self._path}/{id}/budgets/{budget}/top-ups", TopUpListing)

    def remove(self, id: str, *, version: int | None = None) -> None:  # noqa: A002 - the field's name
        """Remove it."""
        self._wire.send(Request(method="DELETE", path=f"{self._path}/{id}", version=version))


class Parties(Bounded):
    """Parties of one kind."""

    def list(self, *, under: str | None = None, name: str | None = None) -> Iterator[PartyView]:
        """All of them."""
        return self._wire.pages(self._path, PartyListing, under=under, name=name)

    def create(self, asked: PartyAsked, *, idempotency_key: str | None = None) -> PartyView:
        """Make one."""
        return self._wire.ask(Request(method="POST", path=self._path, body=asked, idempotency_key=idempotency_key), PartyView)

    def read(self, id: str) -> PartyView:  # noqa: A002 - the field's name
        """One of them."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}"), PartyView)

    def update(self, id: str, patch: PartyPatch, *, version: int | None = None) -> PartyView:  # noqa: A002 - the field's name
        """Change some of its fields."""
        return self._wire.ask(Request(method="PATCH", path=f"{self._path}/{id}", body=patch, version=version), PartyView)

    def move(
        self,
        id: str,  # noqa: A002 - the field's name
        parent: str,
        *,
        version: int | None = None,
        idempotency_key: str | None = None,
    ) -> PartyView:
        """Put it under another party."""
        path, body = f"{self._path}/{id}/move", Move(parent=parent)
        request = Request(method="POST", path=path, body=body, version=version, locks=True, idempotency_key=idempotency_key)
        return self._wire.ask(request, PartyView)


class Keys(Bounded):
    """API keys."""

    def list(self, *, owner: str | None = None, under: str | None = None, prefix: str | None = None) -> Iterator[KeyView]:
        """All of them."""
        return self._wire.pages(self._path, KeyListing, owner=owner, under=under, prefix=prefix)

    def create(self, asked: KeyAsked, *, idempotency_key: str | None = None) -> KeyMade:
        """Make one. The answer holds the key, once."""
        return self._wire.ask(Request(method="POST", path=self._path, body=asked, idempotency_key=idempotency_key), KeyMade)

    def read(self, id: str) -> KeyView:  # noqa: A002 - the field's name
        """One of them."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}"), KeyView)

    def update(self, id: str, patch: KeyPatch, *, version: int | None = None) -> KeyView:  # noqa: A002 - the field's name
        """Change name or expiry."""
        return self._wire.ask(Request(method="PATCH", path=f"{self._path}/{id}", body=patch, version=version), KeyView)

    def rotate(self, id: str, *, overlap_seconds: int = 86_400, idempotency_key: str | None = None) -> KeyMade:  # noqa: A002 - the field's name
        """Another in its place; the old one stays good for the overlap."""
        body = Rotation(overlap_seconds=overlap_seconds)
        request = Request(method="POST", path=f"{self._path}/{id}/rotate", body=body, idempotency_key=idempotency_key)
        return self._wire.ask(request, KeyMade)

    def revoke(self, id: str, *, idempotency_key: str | None = None) -> KeyView:  # noqa: A002 - the field's name
        """Refuse it from now on."""
        request = Request(method="POST", path=f"{self._path}/{id}/revoke", idempotency_key=idempotency_key)
        return self._wire.ask(request, KeyView)

    def policy(self, id: str) -> Policy:  # noqa: A002 - the field's name
        """What it may do in effect."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}/policy"), Policy)
