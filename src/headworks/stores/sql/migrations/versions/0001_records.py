"""Who there is, who administers, what was changed, and the audit.

Until the first release that has them, tables are made here as they are declared.
"""

from __future__ import annotations

import secrets

from alembic import op

from headworks.stores.sql.schema import AUDIT_HEAD, CHANGE_HEAD, METADATA, THE_ROW

revision = "0001"
down_revision = None

TABLES = (
    *("parties", "party_paths", "keys", "change_head", "changes", "audit_head", "audit"),
    *("admins", "admin_identities", "role_grants", "sessions", "admin_tokens", "invitations", "repeats"),
)


def upgrade() -> None:
    """Make them, with the rows that must be there."""
    METADATA.create_all(op.get_bind(), [METADATA.tables[name] for name in TABLES])
    op.bulk_insert(CHANGE_HEAD, [{"id": THE_ROW, "log": secrets.token_hex(8), "number": 0, "pruned_to": 0}])
    op.bulk_insert(AUDIT_HEAD, [{"id": THE_ROW, "number": 0, "mac": bytes(32)}])


def downgrade() -> None:
    """Drop them."""
    METADATA.drop_all(op.get_bind(), [METADATA.tables[name] for name in TABLES])
