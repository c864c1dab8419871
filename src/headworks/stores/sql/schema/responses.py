"""Answers that gateways keep, by digests of tenant and id."""

from __future__ import annotations

from sqlalchemy import Index, Table

from headworks.stores.sql.schema.columns import METADATA, identity, octets, whole, words

RESPONSES = Table(
    "responses",
    METADATA,
    identity(),
    words("customer"),  # a reference
    whole("until"),
    octets("sealed"),
    Index(None, "customer"),
    Index(None, "until"),
)
