"""Parties and keys in SQL: what the data plane looks up, and what administration writes."""

from headworks.stores.sql.records.loading import load
from headworks.stores.sql.records.lookups import SqlLookups
from headworks.stores.sql.records.store import SqlRecords

__all__ = ["SqlLookups", "SqlRecords", "load"]
