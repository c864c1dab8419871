"""Revisions of the configuration by number. Nothing has been kept in the tables that they replace."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Index

from headworks.stores.sql.schema.columns import identity, number, whole, words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """One table in place of two: the active revision is the last one."""
    op.drop_table("active_revision")
    op.drop_table("revisions")
    op.create_table(
        "revisions",
        number("number"),
        words("digest"),
        words("document"),
        words("author"),
        words("author_name"),
        words("comment"),
        whole("restores"),
        whole("at"),
    )


def downgrade() -> None:
    """As before; the revisions are lost."""
    op.drop_table("revisions")
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
