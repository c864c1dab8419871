"""Records, audit, ledger and settings in SQL: SQLite beside the journal, or PostgreSQL for several replicas. Off the hot path.

Importing it loads none of the libraries that speak SQL: which database is meant, and whether there is anything in it, is told without.
"""
