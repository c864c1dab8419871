"""What is passed through to a provider, as an operator writes it."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.price import PriceRule
from headworks.domain.config.written import Written


class PassThroughRule(Written, frozen=True):
    """One method and path. What is left out is as the catalogue's row of the same line says, if it has one."""

    price: PriceRule | Literal["free", "model"] | None = None
    """What a request costs; `model`: what its model costs. Left out, only what is asked of one thing by its id (GET, DELETE) is free."""
    ids: tuple[str, ...] | None = None
    """Members of bodies and answers, and parameters of the query, that hold ids which the provider makes."""
    query: tuple[str, ...] | None = None
    """Parameters that travel on; all others are refused."""
    headers: tuple[str, ...] | None = None
    """Headers of the client's that travel on."""
    content_types: tuple[str, ...] | None = None
    """What a body may be beside JSON. In such a one nothing is looked for: no model, no id."""
    shared: bool | None = None
    """What it names and tells is for all callers who may use it, whatever their tenant."""
    reserve: str | int | float | None = None
    """Set aside with each request of a key that has a budget, for what cannot be bounded. `0.50 USD`."""
