"""What was added to budgets, and of which a budget's people have been told."""

from __future__ import annotations

from sqlalchemy import Index, Table, UniqueConstraint

from headworks.stores.sql.schema.columns import METADATA, identity, whole, words

GRANTS = Table(
    "grants",
    METADATA,
    identity(),
    words("owner"),  # party, key, or config:key/NAME
    words("budget"),
    words("group"),  # values of group_by, as in the counter's name; empty: ungrouped
    words("period"),  # as in the counter's name; empty: a budget without one
    words("kind"),  # top_up
    whole("amount"),
    words("currency", default="USD"),
    words("once", default=None),  # idempotency key: a grant is given once
    words("actor"),
    whole("at"),
    UniqueConstraint("once"),
    Index(None, "owner", "budget", "period"),
)

ALERTS = Table(
    "alerts",
    METADATA,
    identity("owner"),
    identity("budget"),
    identity("group"),
    identity("period"),
    identity("threshold"),
    whole("at"),
    whole("sent_at"),
    whole("tries"),
    words("body", default="{}"),
)
