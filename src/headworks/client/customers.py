"""Customers of callers."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.client.wire import Request, Wire
from headworks.domain.administration.wire.customers import CustomerListing, CustomerView


class Customers:
    """By reference, with their names where these are kept."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, *, organisation: str | None = None, name: str | None = None) -> Iterator[CustomerView]:
        """All of them. `name`: a name among those of `organisation`, or a reference."""
        return self._wire.pages("/customers", CustomerListing, organisation=organisation, name=name)

    def read(self, id: str) -> CustomerView:  # noqa: A002 - the field's name
        """One of them."""
        return self._wire.ask(Request(method="GET", path=f"/customers/{id}"), CustomerView)

    def forget(self, id: str) -> None:  # noqa: A002 - the field's name
        """Erase the name, for good."""
        self._wire.send(Request(method="DELETE", path=f"/customers/{id}"))
