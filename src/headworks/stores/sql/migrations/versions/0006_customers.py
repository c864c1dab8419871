"""Customers by reference. Those of postings are taken over, without names."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Index, String, column, func, insert, literal, select, table

from headworks.stores.sql.schema.columns import identity, octets, whole, words

revision = "0006"
down_revision = "0005"

_POSTINGS = table("postings", column("customer", String), column("organisation", String), column("bucket", BigInteger))
_NS = 10**9


def upgrade() -> None:
    """Make the table, and fill it with what postings tell."""
    made = op.create_table(
        "customers",
        identity(),
        words("organisation"),
        octets("sealed"),
        whole("first_seen"),
        whole("last_seen"),
        whole("forgotten_at"),
        Index(None, "organisation", "id"),
    )
    posted = _POSTINGS.c
    seen = (
        select(
            posted.customer,
            func.min(posted.organisation),
            literal(b""),
            func.min(posted.bucket) * _NS,
            func.max(posted.bucket) * _NS,
        )
        .where(posted.customer.startswith("cus_", autoescape=True), func.length(posted.customer) == len("cus_") + 24)
        .group_by(posted.customer)
    )
    op.execute(insert(made).from_select(["id", "organisation", "sealed", "first_seen", "last_seen"], seen))


def downgrade() -> None:
    """Drop it: names are lost, and which were to be forgotten. Postings stay."""
    op.drop_table("customers")
