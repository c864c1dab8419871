"""What the journal's exchanges sum up to."""

from __future__ import annotations

from sqlalchemy import Index, Table

from headworks.domain.ledger import SUMMED
from headworks.stores.sql.schema.columns import METADATA, identity, number, whole, words

POSTINGS = Table(
    "postings",
    METADATA,
    number("bucket"),  # start of the 15 minutes, UTC, seconds since the epoch
    identity("dimension"),  # hash of the columns that follow, down to `currency`
    words("organisation"),
    words("team"),
    words("project"),
    words("user"),
    words("key"),
    words("customer"),
    words("kind"),
    words("model"),
    words("provider"),
    words("currency", default="USD"),
    *(whole(name) for name in SUMMED),
    whole("posted_at"),
    Index(None, "organisation", "bucket"),
    Index(None, "key", "bucket"),
)

COUNTER_SPEND = Table(  # what counters are restored from
    "counter_spend",
    METADATA,
    identity("counter"),
    whole("units"),
    whole("ends_at", index=True),  # nanoseconds; 0: never
    whole("updated_at"),
)

PLACES = Table(  # never deleted; moved in the transaction of what was booked
    "places",
    METADATA,
    identity("projection"),
    identity("instance"),
    identity("epoch"),
    whole("segment"),
    whole("offset"),
    whole("exchanges"),  # booked of this epoch so far, and what they came to
    whole("cost"),
    whole("price"),
    whole("charged"),  # units of all counters together
    whole("through"),  # when the last exchange booked ended: none that the epoch ended later is in the books
    whole("updated_at"),
)
