"""Whether the database is lost, or only could not answer this one question."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

_OF_A_QUESTION = ("22", "23", "42")
"""SQLSTATE's classes: a value, a rule of the tables, the statement. asyncpg's errors come without a class of their own."""


def is_lost(trouble: SQLAlchemyError) -> bool:
    """False: the question failed for what it says, and another may be answered."""
    if isinstance(trouble, NoConnectionFree):
        return True
    if not isinstance(trouble, DBAPIError) or isinstance(
        trouble, DataError | IntegrityError | NotSupportedError | ProgrammingError
    ):
        return False
    if trouble.connection_invalidated:
        return True
    if isinstance(trouble.orig and trouble.orig.__cause__, ValueError):  # asyncpg could not write a value
        return False
    return not str(getattr(trouble.orig, "pgcode", None) or "").startswith(_OF_A_QUESTION)
