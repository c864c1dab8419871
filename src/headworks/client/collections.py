"""The collections of the admin API. Changes take the `version` that was read; None changes whatever is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from headworks.client.wire import Request, Wire
from headworks.domain.administration import Role, Scope
from headworks.domain.administration.wire.bounds import BoundsBody, BudgetBody, LimitBody
from headworks.domain.administration.wire.keys import KeyAsked, KeyListing, KeyMade, KeyPatch, KeyView, Policy, Rotation
from headworks.domain.administration.wire.parties import Move, PartyAsked, PartyListing, PartyPatch, PartyView
from headworks.domain.administration.wire.people import (
    AdministratorAsked,
    AdministratorListing,
    AdministratorPatch,
    AdministratorView,
    GrantAsked,
    GrantListing,
    GrantView,
    TokenAsked,
    TokenListing,
    TokenMade,
    TokenView,
)
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

    def top_up(self, id: str, budget: str, asked: TopUpAsked) -> TopUpView:  # noqa: A002 - the field's name
        """Add money to a budget for one period."""
        return self._wire.ask(Request(method="POST", path=f"{self._path}/{id}/budgets/{budget}/top-ups", body=asked), TopUpView)

    def top_ups(self, id: str, budget: str) -> Iterator[TopUpView]:  # noqa: A002 - the field's name
        """What was added to a budget, oldest first, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            request = Request(
                method="GET", path=f"{self._path}/{id}/budgets/{budget}/top-ups", query={"cursor": cursor or None}
            )
            page = self._wire.ask(request, TopUpListing)
            yield from page.data
            cursor = page.next

    def remove(self, id: str, *, version: int | None = None) -> None:  # noqa: A002 - the field's name
        """Remove it."""
        self._wire.send(Request(method="DELETE", path=f"{self._path}/{id}", version=version))


class Parties(Bounded):
    """Parties of one kind."""

    def list(self, *, under: str | None = None, name: str | None = None) -> Iterator[PartyView]:
        """All of them, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            query = {"under": under, "name": name, "cursor": cursor or None}
            page = self._wire.ask(Request(method="GET", path=self._path, query=query), PartyListing)
            yield from page.data
            cursor = page.next

    def create(self, asked: PartyAsked) -> PartyView:
        """Make one."""
        return self._wire.ask(Request(method="POST", path=self._path, body=asked), PartyView)

    def read(self, id: str) -> PartyView:  # noqa: A002 - the field's name
        """One of them."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}"), PartyView)

    def update(self, id: str, patch: PartyPatch, *, version: int | None = None) -> PartyView:  # noqa: A002 - the field's name
        """Change some of its fields."""
        return self._wire.ask(Request(method="PATCH", path=f"{self._path}/{id}", body=patch, version=version), PartyView)

    def move(self, id: str, parent: str, *, version: int | None = None) -> PartyView:  # noqa: A002 - the field's name
        """Put it under another party."""
        body = Move(parent=parent)
        request = Request(method="POST", path=f"{self._path}/{id}/move", body=body, version=version, locks=True)
        return self._wire.ask(request, PartyView)


class Keys(Bounded):
    """API keys."""

    def list(self, *, owner: str | None = None, under: str | None = None, prefix: str | None = None) -> Iterator[KeyView]:
        """All of them, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            query = {"owner": owner, "under": under, "prefix": prefix, "cursor": cursor or None}
            page = self._wire.ask(Request(method="GET", path=self._path, query=query), KeyListing)
            yield from page.data
            cursor = page.next

    def create(self, asked: KeyAsked) -> KeyMade:
        """Make one. The answer holds the key, once."""
        return self._wire.ask(Request(method="POST", path=self._path, body=asked), KeyMade)

    def read(self, id: str) -> KeyView:  # noqa: A002 - the field's name
        """One of them."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}"), KeyView)

    def update(self, id: str, patch: KeyPatch, *, version: int | None = None) -> KeyView:  # noqa: A002 - the field's name
        """Change name or expiry."""
        return self._wire.ask(Request(method="PATCH", path=f"{self._path}/{id}", body=patch, version=version), KeyView)

    def rotate(self, id: str, *, overlap_seconds: int = 86_400) -> KeyMade:  # noqa: A002 - the field's name
        """Another in its place; the old one stays good for the overlap."""
        body = Rotation(overlap_seconds=overlap_seconds)
        return self._wire.ask(Request(method="POST", path=f"{self._path}/{id}/rotate", body=body), KeyMade)

    def revoke(self, id: str) -> KeyView:  # noqa: A002 - the field's name
        """Refuse it from now on."""
        return self._wire.ask(Request(method="POST", path=f"{self._path}/{id}/revoke"), KeyView)

    def policy(self, id: str) -> Policy:  # noqa: A002 - the field's name
        """What it may do in effect."""
        return self._wire.ask(Request(method="GET", path=f"{self._path}/{id}/policy"), Policy)


class Administrators:
    """Administrators."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[AdministratorView]:
        """All within reach, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            query = {"cursor": cursor or None}
            page = self._wire.ask(Request(method="GET", path="/administrators", query=query), AdministratorListing)
            yield from page.data
            cursor = page.next

    def create(self, asked: AdministratorAsked) -> AdministratorView:
        """Make one, with a first role."""
        return self._wire.ask(Request(method="POST", path="/administrators", body=asked), AdministratorView)

    def read(self, id: str) -> AdministratorView:  # noqa: A002 - the field's name
        """One of them."""
        return self._wire.ask(Request(method="GET", path=f"/administrators/{id}"), AdministratorView)

    def update(self, id: str, patch: AdministratorPatch, *, version: int | None = None) -> AdministratorView:  # noqa: A002 - the field's name
        """Change some of the fields."""
        request = Request(method="PATCH", path=f"/administrators/{id}", body=patch, version=version)
        return self._wire.ask(request, AdministratorView)

    def remove(self, id: str, *, version: int | None = None) -> None:  # noqa: A002 - the field's name
        """With all roles, tokens and sessions."""
        self._wire.send(Request(method="DELETE", path=f"/administrators/{id}", version=version))


class Grants:
    """Roles on parties."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, *, administrator: str | None = None, party: str | None = None) -> Iterator[GrantView]:
        """All within reach, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            query = {"administrator": administrator, "party": party, "cursor": cursor or None}
            page = self._wire.ask(Request(method="GET", path="/grants", query=query), GrantListing)
            yield from page.data
            cursor = page.next

    def create(self, administrator: str, role: Role, party: str) -> GrantView:
        """Give a role."""
        body = GrantAsked(administrator=administrator, role=role, party=party)
        return self._wire.ask(Request(method="POST", path="/grants", body=body), GrantView)

    def remove(self, id: str) -> None:  # noqa: A002 - the field's name
        """Take it away."""
        self._wire.send(Request(method="DELETE", path=f"/grants/{id}"))


class Tokens:
    """One's own admin tokens."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[TokenView]:
        """All of them, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self._wire.ask(Request(method="GET", path="/tokens", query={"cursor": cursor or None}), TokenListing)
            yield from page.data
            cursor = page.next

    def create(
        self, name: str, *, scopes: Sequence[Scope] | None = None, party: str = "*", expires_at: datetime | None = None
    ) -> TokenMade:
        """The answer holds the token, once. It acts as the caller, and with no more."""
        wanted = tuple(scopes) if scopes is not None else None
        body = TokenAsked(name=name, scopes=wanted, party=party, expires_at=expires_at)
        return self._wire.ask(Request(method="POST", path="/tokens", body=body), TokenMade)

    def revoke(self, id: str) -> TokenView:  # noqa: A002 - the field's name
        """At once."""
        return self._wire.ask(Request(method="POST", path=f"/tokens/{id}/revoke"), TokenView)
