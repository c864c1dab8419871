"""Bringing a database from one version of the tables to another."""

from headworks.stores.sql.migrations.migrating import (
    NEWEST,
    OLDEST,
    UnknownVersion,
    differences,
    downgrade,
    newest_version,
    scripts,
    upgrade,
)

__all__ = ["NEWEST", "OLDEST", "UnknownVersion", "differences", "downgrade", "newest_version", "scripts", "upgrade"]
