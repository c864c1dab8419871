"""What was changed, for those who remember records; and who changed it, for ever."""

from __future__ import annotations

from sqlalchemy import Index, Table

from headworks.stores.sql.schema.columns import METADATA, number, octets, whole, words

CHANGE_HEAD = Table(
    "change_head",
    METADATA,
    number(),
    words("log"),  # random, made with the database: another log, another history
    whole("number"),
    whole("pruned_to"),
)

CHANGES = Table("changes", METADATA, number("number"), whole("at", index=True), words("entity"), words("entity_id"))

AUDIT_HEAD = Table("audit_head", METADATA, number(), whole("number"), octets("mac"))

AUDIT = Table(
    "audit",
    METADATA,
    number("number"),
    whole("at", index=True),
    words("actor"),
    words("operation"),
    words("outcome"),  # done, denied
    words("within"),  # the party that it happened to, or the owner of what it happened to: the auditor's reach
    words("body"),  # canonical JSON, as it was sealed: all of the above and the act's other facts
    words("seal"),  # which key sealed it
    octets("mac"),  # HMAC-SHA256 of the previous record's and the body
    Index(None, "actor", "number"),
    Index(None, "within", "number"),
)
