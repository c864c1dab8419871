"""A PostgreSQL server, as the tests of SQL have it."""

from tests.sql.conftest import postgres_server

__all__ = ["postgres_server"]
