"""Sums that may pass 64 bits. SQLite fails to answer those, so the halves of the numbers are summed up each for itself, on every database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Column, ColumnElement, RowMapping, func, literal_column

_BITS = 32
_LOWER = (1 << _BITS) - 1


def halves_of(columns: Iterable[Column[int]]) -> Iterator[ColumnElement[int]]:
    """What to select for the sum of each column: two columns a sum."""
    for column in columns:
        yield func.sum(column.bitwise_rshift(literal_column(str(_BITS)))).label(f"{column.name}_upper")
        yield func.sum(column.bitwise_and(literal_column(str(_LOWER)))).label(f"{column.name}_lower")


def sums_of(row: RowMapping, names: Iterable[str]) -> dict[str, int]:
    """The columns' sums, by name; of no rows, nought."""
    return {name: (int(row[f"{name}_upper"] or 0) << _BITS) + int(row[f"{name}_lower"] or 0) for name in names}
