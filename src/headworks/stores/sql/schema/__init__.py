"""The tables, the same on SQLite and PostgreSQL. Times are wall-clock nanoseconds, 0 for never; money is nano-units; JSON is text.

    file              tables
    columns.py        types of columns, and METADATA
    parties.py        parties, party_paths (every party with itself and all above it), removed_paths, keys
    changes.py        change_head (one row: log, number, pruned_to), changes, audit_head (one row), audit
    allowances.py     grants (top-ups and what rolled over, per budget, group and period), alerts (sent once each)
    people.py         admins, admin_identities, role_grants, sessions, admin_tokens, invitations, repeats (idempotency keys)
    settings.py       revisions (the last one is active), secrets, installation (name → value), leases (jobs that run once)
    customers.py      customers (by reference, with sealed names)
    responses.py      responses (answers that gateways keep, sealed)
    rollouts.py       rollouts, rollout_events, rollout_evidence, rollout_answers and rollout_opinions (what is said of them)
    ledger.py         postings (sums per 15 minutes and dimension), counter_spend, places (how far the journal is booked)

One row that all writers share (`change_head`, `audit_head`) has `id` 1 and is there from the first migration on.
A table that is changed here needs a migration: `tests/sql/test_migrations.py` compares the two.
"""

from headworks.stores.sql.schema.allowances import ALERTS, GRANTS
from headworks.stores.sql.schema.changes import AUDIT, AUDIT_HEAD, CHANGE_HEAD, CHANGES
from headworks.stores.sql.schema.columns import METADATA, THE_ROW
from headworks.stores.sql.schema.customers import CUSTOMERS
from headworks.stores.sql.schema.ledger import COUNTER_SPEND, PLACES, POSTINGS
from headworks.stores.sql.schema.parties import KEYS, PARTIES, PARTY_PATHS, REMOVED_PATHS
from headworks.stores.sql.schema.people import (
    ADMIN_IDENTITIES,
    ADMIN_TOKENS,
    ADMINS,
    INVITATIONS,
    REPEATS,
    ROLE_GRANTS,
    SESSIONS,
)
from headworks.stores.sql.schema.responses import RESPONSES
from headworks.stores.sql.schema.rollouts import (
    ROLLOUT_ANSWERS,
    ROLLOUT_EVENTS,
    ROLLOUT_EVIDENCE,
    ROLLOUT_OPINIONS,
    ROLLOUTS,
)
from headworks.stores.sql.schema.settings import INSTALLATION, LEASES, REVISIONS, SECRETS

__all__ = [
    "ADMINS",
    "ADMIN_IDENTITIES",
    "ADMIN_TOKENS",
    "ALERTS",
    "AUDIT",
    "AUDIT_HEAD",
    "CHANGES",
    "CHANGE_HEAD",
    "COUNTER_SPEND",
    "CUSTOMERS",
    "GRANTS",
    "INSTALLATION",
    "INVITATIONS",
    "KEYS",
    "LEASES",
    "METADATA",
    "PARTIES",
    "PARTY_PATHS",
    "PLACES",
    "POSTINGS",
    "REMOVED_PATHS",
    "REPEATS",
    "RESPONSES",
    "REVISIONS",
    "ROLE_GRANTS",
    "ROLLOUTS",
    "ROLLOUT_ANSWERS",
    "ROLLOUT_EVENTS",
    "ROLLOUT_EVIDENCE",
    "ROLLOUT_OPINIONS",
    "SECRETS",
    "SESSIONS",
    "THE_ROW",
]
