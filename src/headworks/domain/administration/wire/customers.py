"""Customers of callers as the admin API tells them."""

from __future__ import annotations

import msgspec

from headworks.domain.administration.wire.values import When, when_of
from headworks.domain.customers import Customer


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """One customer. `name` is null where none is kept, or its key is not at hand."""

    id: str
    organisation: str
    name: str | None
    first_seen: When | None
    last_seen: When | None
    forgotten_at: When | None

    @classmethod
    def of(cls, customer: Customer, name: str) -> CustomerView:
        """As it is told."""
        return cls(
            id=customer.id,
            organisation=customer.organisation,
            name=name or None,
            first_seen=when_of(customer.first_seen),
            last_seen=when_of(customer.last_seen),
            forgotten_at=when_of(customer.forgotten_at),
        )

    def __repr__(self) -> str:
        return f"<CustomerView {self.id}>"


class CustomerListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is the cursor of the following one; null: there is none."""

    data: tuple[CustomerView, ...]
    next: str | None = None
