"""The installation's own: configuration revisions, secrets, and who does the jobs that run once."""

from __future__ import annotations

from sqlalchemy import Index, Table, UniqueConstraint

from headworks.stores.sql.schema.columns import METADATA, identity, octets, whole, words

REVISIONS = Table(
    "revisions",
    METADATA,
    identity(),  # hash of the content
    words("parent"),
    words("document"),
    words("source"),  # file, api, console, rollback
    words("author"),
    words("note"),
    whole("created_at"),
    Index(None, "created_at", "id"),
)

ACTIVE_REVISION = Table(
    "active_revision",
    METADATA,
    identity("name"),  # "active"
    words("revision"),
    whole("version", default=1),
    words("author"),
    whole("at"),
)

SECRETS = Table(
    "secrets",
    METADATA,
    identity(),
    words("owner"),
    words("name"),
    whole("version", default=1),
    words("master"),  # which master key wraps the data key
    octets("wrapped"),  # the data key
    octets("sealed"),  # nonce and ciphertext
    whole("created_at"),
    whole("updated_at"),
    whole("retired_at"),
    UniqueConstraint("owner", "name", "version"),
)

INSTALLATION = Table("installation", METADATA, identity("name"), words("value"), whole("at"))

LEASES = Table(
    "leases",
    METADATA,
    identity("name"),
    words("holder"),
    whole("fence"),  # rises with every holder: what an old one still writes is refused
    whole("expires_at"),
)
