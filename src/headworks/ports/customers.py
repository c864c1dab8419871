"""Where it is kept which customers callers have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from headworks.domain.customers import Customer
from headworks.ports.records import Page, Reach


class Customers(Protocol):
    """By reference. The ledger adds them with the postings; who is outside of one's reach is not there."""

    async def customers(
        self, page: Page, *, reach: Reach, organisation: str = "", only: Sequence[str] = ()
    ) -> Sequence[Customer]:
        """By reference; of one organisation, and these references alone, where they are given."""
        ...

    async def customer(self, id: str, *, reach: Reach) -> Customer:  # noqa: A002 - the field's name
        """Raises `Missing`."""
        ...

    async def keep_names(self, named: Sequence[Customer]) -> None:
        """Keep the sealed names of these, but of those whose name is known or was forgotten."""
        ...

    async def forget(self, id: str, *, reach: Reach, audit: Mapping[str, str]) -> None:  # noqa: A002 - the field's name
        """Erase the name, and the answers that are kept of the customer, for good. One transaction with its audit record. Raises `Missing`."""
        ...
