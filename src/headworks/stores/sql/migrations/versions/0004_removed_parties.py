"""Where parties stood that were removed. Of those that are gone already nobody knows it any more."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column

from headworks.stores.sql.schema.columns import WORDS, identity

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table("removed_paths", identity("ancestor"), Column("descendant", WORDS, primary_key=True, index=True))


def downgrade() -> None:
    """Drop it: then the installation alone reads the audit of removed parties."""
    op.drop_table("removed_paths")
