"""Who administers, in SQL: implements `ports.administration.Administration`."""

from headworks.stores.sql.administration.store import SqlAdministration

__all__ = ["SqlAdministration"]
