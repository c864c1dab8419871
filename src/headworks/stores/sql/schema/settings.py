"""The installation's own: configuration revisions, secrets, and who does the jobs that run once."""

from __future__ import annotations

from sqlalchemy import Table, UniqueConstraint

from headworks.stores.sql.schema.columns import METADATA, identity, number, octets, whole, words

REVISIONS = Table(
    "revisions",
    METADATA,
    number("number"),  # from 1, without gaps; the highest is the active one
    words("digest"),  # SHA-256 of the document
    words("document"),
    words("author"),
    words("author_name"),
    words("comment"),
    whole("restores"),  # whose document came back; 0: it is new
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
