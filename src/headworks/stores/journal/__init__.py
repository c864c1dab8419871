"""The journal: what happened, line by line, in files that outlive every process.

SegmentedJournal, Upkeep    the gateway writes
Tail                        projections follow
newest_first, find          people look back
recover                     what a dead process left open is ended
forget_old                  what is old is deleted
audit                       begun = ended + in flight, none twice
"""

from __future__ import annotations

from headworks.stores.journal.audit import Audit, audit
from headworks.stores.journal.history import Story, ended_at, find, newest_first
from headworks.stores.journal.recovery import Recoverer, recover
from headworks.stores.journal.retention import forget_old
from headworks.stores.journal.schema import NewerSchemaError
from headworks.stores.journal.segment import Place
from headworks.stores.journal.tail import Tail, unread_bytes
from headworks.stores.journal.upkeep import Upkeep
from headworks.stores.journal.writer import SegmentedJournal

__all__ = [
    "Audit",
    "NewerSchemaError",
    "Place",
    "Recoverer",
    "SegmentedJournal",
    "Story",
    "Tail",
    "Upkeep",
    "audit",
    "ended_at",
    "find",
    "forget_old",
    "newest_first",
    "recover",
    "unread_bytes",
]
