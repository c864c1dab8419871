"""Records, audit, ledger and settings in SQL: SQLite beside the journal, or PostgreSQL for several replicas. Off the hot path."""

from headworks.stores.sql.engine import Database, DatabaseUnusable, default_url, shown

__all__ = ["Database", "DatabaseUnusable", "default_url", "shown"]
