"""Who there is, and the keys they hold."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, UniqueConstraint, text

from headworks.stores.sql.schema.columns import METADATA, WORDS, flag, identity, octets, whole, words

PARTIES = Table(
    "parties",
    METADATA,
    identity(),
    words("kind"),
    words("name", index=True),
    words("parent"),
    words("path"),  # ids from the organisation down to the parent, joined by "/"
    words("bounds", default="{}"),
    words("email", index=True),
    flag("disabled"),
    whole("expires_at"),
    whole("version", default=1),
    whole("created_at"),
    whole("updated_at"),
    UniqueConstraint("parent", "name"),
)

PARTY_PATHS = Table(
    "party_paths",
    METADATA,
    Column("ancestor", WORDS, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True),
    Column("descendant", WORDS, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("depth", BigInteger, nullable=False),  # steps between them; every party is its own descendant at 0
    sqlite_with_rowid=False,
)

REMOVED_PATHS = Table(  # of parties that are gone, as they were: by them others read what was done to these
    "removed_paths",
    METADATA,
    identity("ancestor"),
    Column("descendant", WORDS, primary_key=True, index=True),
)

KEYS = Table(
    "keys",
    METADATA,
    identity(),
    Column("owner", WORDS, ForeignKey("parties.id"), nullable=False),
    words("organisation"),  # the root of the owner's tree: a tenant's lists never walk another's keys
    words("name"),
    words("prefix", index=True),
    octets("digest", unique=True),
    words("pepper"),
    flag("imported"),
    words("bounds", default="{}"),
    whole("expires_at"),
    whole("revoked_at"),
    words("replaced_by"),
    words("origin"),  # the key whose counters it goes on with; empty: its own
    whole("version", default=1),
    whole("created_at"),
    whole("updated_at"),
    Index(None, "owner", "id"),
    Index(None, "organisation", "id"),
    Index(None, "origin", sqlite_where=text("origin <> ''"), postgresql_where=text("origin <> ''")),
)
