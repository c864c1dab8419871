"""What postings count beside tokens of text: rankings, pages, pictures, speech. What was booked before is not told apart any more."""

from __future__ import annotations

from alembic import op

from headworks.stores.sql.schema.columns import whole

revision = "0008"
down_revision = "0007"

COUNTS = ("searches", "pages", "annotated_pages", "input_image", "output_image", "characters", "audio_seconds")


def upgrade() -> None:
    """Add the columns."""
    for name in COUNTS:
        op.add_column("postings", whole(name))


def downgrade() -> None:
    """Drop them: their sums are lost, the money stays."""
    for name in COUNTS:
        op.drop_column("postings", name)
