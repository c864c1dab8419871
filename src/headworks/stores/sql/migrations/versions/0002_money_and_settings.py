"""The ledger, what was added to budgets, and the installation's own settings and secrets.

Until the first release that has them, tables are made here as they are declared.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Table

from headworks.stores.sql.schema import METADATA

revision = "0002"
down_revision = "0001"

BEFORE = frozenset(
    (
        *("parties", "party_paths", "keys", "change_head", "changes", "audit_head", "audit"),
        *("admins", "admin_identities", "role_grants", "sessions", "admin_tokens", "invitations", "repeats"),
    )
)


def upgrade() -> None:
    """Make them."""
    METADATA.create_all(op.get_bind(), _tables())


def downgrade() -> None:
    """Drop them, and what they keep."""
    METADATA.drop_all(op.get_bind(), _tables())


def _tables() -> list[Table]:
    return [table for name, table in METADATA.tables.items() if name not in BEFORE]
