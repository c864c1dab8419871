"""Parties and keys in SQL: what the data plane looks up (`lookups`), and what administration writes (`store`, `loading`), which a
gateway need not carry.
"""

from headworks.stores.sql.records.lookups import SqlLookups

__all__ = ["SqlLookups"]
