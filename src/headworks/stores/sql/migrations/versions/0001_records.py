"""Parties, keys, changes, audit, allowances, administrators, settings, ledger.

Until the first release that has them, the tables are made as they are declared.
"""

from __future__ import annotations

import secrets

from alembic import op

from headworks.stores.sql.schema import AUDIT_HEAD, CHANGE_HEAD, METADATA, THE_ROW

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them, with the rows that must be there."""
    METADATA.create_all(op.get_bind())
    op.bulk_insert(CHANGE_HEAD, [{"id": THE_ROW, "log": secrets.token_hex(8), "number": 0, "pruned_to": 0}])
    op.bulk_insert(AUDIT_HEAD, [{"id": THE_ROW, "number": 0, "mac": bytes(32)}])


def downgrade() -> None:
    """Drop them."""
    METADATA.drop_all(op.get_bind())
