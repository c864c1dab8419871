"""Customers of callers, by reference."""

from __future__ import annotations

from sqlalchemy import Index, Table

from headworks.stores.sql.schema.columns import METADATA, identity, octets, whole, words

CUSTOMERS = Table(
    "customers",
    METADATA,
    identity(),  # the reference
    words("organisation"),
    octets("sealed"),  # the name: nonce and ciphertext; empty where none is kept
    whole("first_seen"),
    whole("last_seen"),
    whole("forgotten_at"),
    Index(None, "organisation", "id"),
)
