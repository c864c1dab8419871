"""Databases, as the tests of SQL have them."""

from tests.sql.conftest import postgres_server, ready, tables, templates

__all__ = ["postgres_server", "ready", "tables", "templates"]
