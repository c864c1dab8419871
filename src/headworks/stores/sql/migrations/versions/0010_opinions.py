"""What callers and judges say of answers that rollouts led."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Index

from headworks.stores.sql.schema.columns import flag, identity, whole, words

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rollout_answers",
        identity("exchange"),
        words("tenant"),
        words("rollout"),
        words("version"),
        whole("at"),
        Index(None, "rollout"),
    )
    op.create_table(
        "rollout_opinions",
        identity("exchange"),
        identity("tenant"),
        identity("gate"),
        whole("score"),
        whole("at"),
        flag("counted"),
        Index(None, "counted"),
    )


def downgrade() -> None:
    """Drop them: opinions that wait for their answers are lost."""
    for name in ("rollout_opinions", "rollout_answers"):
        op.drop_table(name)
