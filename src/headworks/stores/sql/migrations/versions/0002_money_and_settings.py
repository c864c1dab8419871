"""The ledger, what was added to budgets, and the installation's own settings and secrets."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Index, UniqueConstraint

from headworks.stores.sql.schema.columns import identity, number, octets, whole, words

revision = "0002"
down_revision = "0001"

TABLES = (
    *("grants", "alerts", "postings", "counter_spend", "places"),
    *("revisions", "active_revision", "secrets", "installation", "leases"),
)
SUMMED = (
    *("exchanges", "requests", "input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning"),
    *("input_audio", "cache_audio_read", "output_audio", "web_searches", "images", "citation", "cost", "price", "overrun"),
)


def upgrade() -> None:
    """Make them."""
    _allowances()
    _ledger()
    _settings()


def downgrade() -> None:
    """Drop them, and what they keep."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _allowances() -> None:
    op.create_table(
        "grants",
        identity(),
        words("owner"),
        words("budget"),
        words("group"),
        words("period"),
        words("kind"),
        whole("amount"),
        words("currency", default="USD"),
        words("once", default=None),
        words("actor"),
        whole("at"),
        UniqueConstraint("once"),
        Index(None, "owner", "budget", "period"),
    )
    op.create_table(
        "alerts",
        identity("owner"),
        identity("budget"),
        identity("group"),
        identity("period"),
        identity("threshold"),
        whole("at"),
        whole("sent_at"),
        whole("tries"),
        words("body", default="{}"),
    )


def _ledger() -> None:
    op.create_table(
        "postings",
        number("bucket"),
        identity("dimension"),
        words("organisation"),
        words("team"),
        words("project"),
        words("user"),
        words("key"),
        words("customer"),
        words("kind"),
        words("model"),
        words("provider"),
        words("currency", default="USD"),
        *map(whole, SUMMED),
        whole("posted_at"),
        Index(None, "organisation", "bucket"),
        Index(None, "key", "bucket"),
    )
    op.create_table(
        "counter_spend",
        identity("counter"),
        whole("units"),
        whole("ends_at", index=True),
        whole("updated_at"),
    )
    op.create_table(
        "places",
        identity("projection"),
        identity("instance"),
        identity("epoch"),
        whole("segment"),
        whole("offset"),
        whole("exchanges"),
        whole("cost"),
        whole("price"),
        whole("charged"),
        whole("through"),
        whole("updated_at"),
    )


def _settings() -> None:
    op.create_table(
        "revisions",
        identity(),
        words("parent"),
        words("document"),
        words("source"),
        words("author"),
        words("note"),
        whole("created_at"),
        Index(None, "created_at", "id"),
    )
    op.create_table(
        "active_revision",
        identity("name"),
        words("revision"),
        whole("version", default=1),
        words("author"),
        whole("at"),
    )
    op.create_table(
        "secrets",
        identity(),
        words("owner"),
        words("name"),
        whole("version", default=1),
        words("master"),
        octets("wrapped"),
        octets("sealed"),
        whole("created_at"),
        whole("updated_at"),
        whole("retired_at"),
        UniqueConstraint("owner", "name", "version"),
    )
    op.create_table(
        "installation",
        identity("name"),
        words("value"),
        whole("at"),
    )
    op.create_table(
        "leases",
        identity("name"),
        words("holder"),
        whole("fence"),
        whole("expires_at"),
    )
