"""Rollouts of model versions, with their events and evidence."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Index

from headworks.stores.sql.schema.columns import identity, number, whole, words

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rollouts",
        identity(),
        words("model"),
        words("state"),
        whole("number"),
        words("record"),
        Index(None, "model"),
        Index(None, "state"),
    )
    op.create_table(
        "rollout_events",
        identity("rollout"),
        number("number"),
        whole("at"),
        words("actor"),
        words("actor_name"),
        words("before"),
        words("after"),
        whole("step"),
        words("reason"),
        words("evidence"),
    )
    op.create_table("rollout_evidence", identity("rollout"), words("evidence"), whole("updated_at"))


def downgrade() -> None:
    """Drop them: every model is served by the version that its configuration calls live."""
    for name in ("rollout_evidence", "rollout_events", "rollouts"):
        op.drop_table(name)
