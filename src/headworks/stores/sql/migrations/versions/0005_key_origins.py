"""Whose counters a key goes on with that came in the place of another. Of those that did so before, nobody knows it any more."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from headworks.stores.sql.schema.columns import words

revision = "0005"
down_revision = "0004"

_INDEX = "ix_keys_origin"
_REPLACING = text("origin <> ''")


def upgrade() -> None:
    """Add the column."""
    op.add_column("keys", words("origin"))
    op.create_index(_INDEX, "keys", ["origin"], sqlite_where=_REPLACING, postgresql_where=_REPLACING)


def downgrade() -> None:
    """Drop it: then keys that came in the place of others begin to count anew."""
    op.drop_index(_INDEX, "keys")
    op.drop_column("keys", "origin")
