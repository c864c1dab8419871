"""Bringing a database from one version of the tables to another."""

from headworks.stores.sql.migrations.migrating import NEWEST, Behind, check, downgrade, upgrade, version_of

__all__ = ["NEWEST", "Behind", "check", "downgrade", "upgrade", "version_of"]
