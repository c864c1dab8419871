"""Answers that gateways keep."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Index

from headworks.stores.sql.schema.columns import identity, octets, whole, words

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "responses",
        identity(),
        words("customer"),
        whole("until"),
        octets("sealed"),
        Index(None, "customer"),
        Index(None, "until"),
    )


def downgrade() -> None:
    """Drop it: who goes on from an answer has to send its turns."""
    op.drop_table("responses")
