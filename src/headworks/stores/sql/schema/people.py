"""Administrators: who they are, how they come in, and what they may do."""

from __future__ import annotations

from sqlalchemy import Index, Table, UniqueConstraint

from headworks.stores.sql.schema.columns import METADATA, flag, identity, octets, whole, words

ADMINS = Table(
    "admins",
    METADATA,
    identity(),
    words("name"),
    words("email", index=True),
    words("password"),  # salted hash with its parameters; empty: no login by password
    flag("disabled"),
    whole("version", default=1),
    whole("created_at"),
    whole("updated_at"),
    whole("last_login_at"),
)

ADMIN_IDENTITIES = Table(  # who comes from an OpenID provider
    "admin_identities",
    METADATA,
    identity("issuer"),
    identity("subject"),
    words("admin", index=True),
    whole("created_at"),
)

ROLE_GRANTS = Table(
    "role_grants",
    METADATA,
    identity(),
    words("admin", index=True),
    words("role"),
    words("party", default="*", index=True),  # at and below; *: everywhere
    whole("created_at"),
    words("created_by"),
    UniqueConstraint("admin", "role", "party"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    identity(),
    octets("digest", unique=True),
    words("admin", index=True),
    words("csrf"),
    whole("created_at"),
    whole("expires_at", index=True),
    whole("seen_at"),
    words("peer"),
)

ADMIN_TOKENS = Table(
    "admin_tokens",
    METADATA,
    identity(),
    words("name"),
    words("prefix"),
    octets("digest", unique=True),
    words("admin", index=True),
    words("role"),
    words("scopes", default="[]"),
    words("party", default="*", index=True),
    whole("expires_at"),
    whole("revoked_at"),
    whole("version", default=1),
    whole("created_at"),
    words("created_by"),
)

INVITATIONS = Table(  # one-time links
    "invitations",
    METADATA,
    identity(),
    octets("digest", unique=True),
    words("admin"),
    words("role"),
    words("party", default="*"),
    whole("created_at"),
    whole("expires_at"),
    whole("used_at"),
)

REPEATS = Table(  # answers by idempotency key
    "repeats",
    METADATA,
    identity("actor"),
    identity("key"),
    words("request"),  # hash of method, path and body
    whole("status"),
    words("body"),
    whole("created_at"),
    whole("expires_at"),
    Index(None, "expires_at"),
)
