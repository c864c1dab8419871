"""Types of columns, and the metadata that all tables belong to. Migrations are written in them, too: what one of them makes stays as it is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, MetaData, String, false

THE_ROW = 1
"""The `id` of the row of a table that has one."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

WORDS = String().with_variant(String(collation="C"), "postgresql")
"""Text in the order of its bytes, on every database and under every locale: pages and prefixes depend on it."""


def words(name: str, *, default: str | None = "", index: bool = False) -> Column[str]:
    """A column of text that is never null."""
    return Column(name, WORDS, nullable=False, server_default=default, index=index)


def whole(name: str, *, default: int = 0, index: bool = False) -> Column[int]:
    """A column of 64-bit integers: times, money, counts."""
    return Column(name, BigInteger, nullable=False, server_default=str(default), index=index)


def flag(name: str) -> Column[bool]:
    """A column of truths, false to begin with."""
    return Column(name, Boolean, nullable=False, server_default=false())


def octets(name: str, *, unique: bool = False) -> Column[bytes]:
    """A column of bytes."""
    return Column(name, LargeBinary, nullable=False, unique=unique)


def identity(name: str = "id") -> Column[str]:
    """A primary key of text, or a part of one."""
    return Column(name, WORDS, primary_key=True)


def number(name: str = "id") -> Column[int]:
    """A primary key that we count ourselves, or a part of one."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False)
