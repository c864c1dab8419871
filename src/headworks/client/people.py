"""Those who administer: their roles, tokens and sessions. Changes take the `version` that was read; None changes whatever is there."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.client.wire import Request, Wire
from headworks.domain.administration import Role
from headworks.domain.administration.wire.people import (
    AdministratorAsked,
    AdministratorListing,
    AdministratorPatch,
    AdministratorView,
    GrantAsked,
    GrantListing,
    GrantView,
    IdentityAsked,
    SessionListing,
    SessionView,
    TokenAsked,
    TokenListing,
    TokenMade,
    TokenView,
)


class Administrators:
    """Administrators."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[AdministratorView]:
        """All within reach."""
        return self._wire.pages("/administrators", AdministratorListing)

    def create(self, asked: AdministratorAsked, *, idempotency_key: str | None = None) -> AdministratorView:
        """Make one, with a first role."""
        request = Request(method="POST", path="/administrators", body=asked, idempotency_key=idempotency_key)
        return self._wire.ask(request, AdministratorView)

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

    def put_identity(self, id: str, identity: IdentityAsked, *, version: int | None = None) -> AdministratorView:  # noqa: A002 - the field's name
        """Say whom they come as through an identity provider, instead of what was said before."""
        request = Request(method="PUT", path=f"/administrators/{id}/identity", body=identity, version=version)
        return self._wire.ask(request, AdministratorView)

    def remove_identity(self, id: str, *, version: int | None = None) -> None:  # noqa: A002 - the field's name
        """Let them come through none any more."""
        self._wire.send(Request(method="DELETE", path=f"/administrators/{id}/identity", version=version))


class Grants:
    """Roles on parties."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, *, administrator: str | None = None, party: str | None = None) -> Iterator[GrantView]:
        """All within reach."""
        return self._wire.pages("/grants", GrantListing, administrator=administrator, party=party)

    def create(self, administrator: str, role: Role, party: str, *, idempotency_key: str | None = None) -> GrantView:
        """Give a role."""
        body = GrantAsked(administrator=administrator, role=role, party=party)
        return self._wire.ask(Request(method="POST", path="/grants", body=body, idempotency_key=idempotency_key), GrantView)

    def remove(self, id: str) -> None:  # noqa: A002 - the field's name
        """Take it away."""
        self._wire.send(Request(method="DELETE", path=f"/grants/{id}"))


class Tokens:
    """One's own admin tokens."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[TokenView]:
        """All of them."""
        return self._wire.pages("/tokens", TokenListing)

    def create(self, asked: TokenAsked, *, idempotency_key: str | None = None) -> TokenMade:
        """The answer holds the token, once. It acts as the caller, and with no more."""
        return self._wire.ask(Request(method="POST", path="/tokens", body=asked, idempotency_key=idempotency_key), TokenMade)

    def revoke(self, id: str, *, idempotency_key: str | None = None) -> TokenView:  # noqa: A002 - the field's name
        """At once."""
        request = Request(method="POST", path=f"/tokens/{id}/revoke", idempotency_key=idempotency_key)
        return self._wire.ask(request, TokenView)


class Sessions:
    """One's own sessions."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self) -> Iterator[SessionView]:
        """All of them."""
        return self._wire.pages("/sessions", SessionListing)

    def remove(self, id: str) -> None:  # noqa: A002 - the field's name
        """End one at once."""
        self._wire.send(Request(method="DELETE", path=f"/sessions/{id}"))
