"""Who there is, who administers, what was changed, and the audit."""

from __future__ import annotations

import secrets

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Index, UniqueConstraint

from headworks.stores.sql.schema.columns import WORDS, flag, identity, number, octets, whole, words

revision = "0001"
down_revision = None

TABLES = (
    *("parties", "party_paths", "keys", "change_head", "changes", "audit_head", "audit"),
    *("admins", "admin_identities", "role_grants", "sessions", "admin_tokens", "invitations", "repeats"),
)


def upgrade() -> None:
    """Make them, with the rows that must be there."""
    _parties()
    _changes()
    _people()
    _credentials()


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _parties() -> None:
    op.create_table(
        "parties",
        identity(),
        words("kind"),
        words("name", index=True),
        words("parent"),
        words("path"),
        words("bounds", default="{}"),
        words("email", index=True),
        flag("disabled"),
        whole("expires_at"),
        whole("version", default=1),
        whole("created_at"),
        whole("updated_at"),
        UniqueConstraint("parent", "name"),
    )
    op.create_table(
        "party_paths",
        Column("ancestor", WORDS, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True),
        Column("descendant", WORDS, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True, index=True),
        Column("depth", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "keys",
        identity(),
        Column("owner", WORDS, ForeignKey("parties.id"), nullable=False),
        words("organisation"),
        words("name"),
        words("prefix", index=True),
        octets("digest", unique=True),
        words("pepper"),
        flag("imported"),
        words("bounds", default="{}"),
        whole("expires_at"),
        whole("revoked_at"),
        words("replaced_by"),
        whole("version", default=1),
        whole("created_at"),
        whole("updated_at"),
        Index(None, "owner", "id"),
        Index(None, "organisation", "id"),
    )


def _changes() -> None:
    head = op.create_table(
        "change_head",
        number(),
        words("log"),
        whole("number"),
        whole("pruned_to"),
    )
    log = secrets.token_hex(8)
    op.bulk_insert(head, [{"id": 1, "log": log, "number": 0, "pruned_to": 0}])
    op.create_table(
        "changes",
        number("number"),
        whole("at", index=True),
        words("entity"),
        words("entity_id"),
    )
    head = op.create_table(
        "audit_head",
        number(),
        whole("number"),
        octets("mac"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "mac": bytes(32)}])
    op.create_table(
        "audit",
        number("number"),
        whole("at", index=True),
        words("actor"),
        words("operation"),
        words("outcome"),
        words("within"),
        words("body"),
        words("seal"),
        octets("mac"),
        Index(None, "actor", "number"),
        Index(None, "within", "number"),
    )


def _people() -> None:
    op.create_table(
        "admins",
        identity(),
        words("name"),
        words("email", index=True),
        words("password"),
        flag("disabled"),
        whole("version", default=1),
        whole("created_at"),
        whole("updated_at"),
        whole("last_login_at"),
    )
    op.create_table(
        "admin_identities",
        identity("issuer"),
        identity("subject"),
        words("admin", index=True),
        whole("created_at"),
    )
    op.create_table(
        "role_grants",
        identity(),
        words("admin", index=True),
        words("role"),
        words("party", default="*", index=True),
        whole("created_at"),
        words("created_by"),
        UniqueConstraint("admin", "role", "party"),
    )
    op.create_table(
        "invitations",
        identity(),
        octets("digest", unique=True),
        words("admin"),
        words("role"),
        words("party", default="*"),
        whole("created_at"),
        whole("expires_at"),
        whole("used_at"),
    )


def _credentials() -> None:
    op.create_table(
        "sessions",
        identity(),
        octets("digest", unique=True),
        words("admin", index=True),
        words("csrf"),
        whole("created_at"),
        whole("expires_at", index=True),
        whole("seen_at"),
        words("peer"),
    )
    op.create_table(
        "admin_tokens",
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
    op.create_table(
        "repeats",
        identity("actor"),
        identity("key"),
        words("request"),
        whole("status"),
        words("body"),
        whole("created_at"),
        whole("expires_at"),
        Index(None, "expires_at"),
    )
