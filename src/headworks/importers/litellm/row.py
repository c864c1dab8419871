"""One row of their database, by names of columns: what versions lack counts as empty, and what nobody asked for is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**63 - 1
"""What a column of our times holds at most: the year 2262. Whoever wrote 2999 meant never."""
_BLANKS: tuple[object, ...] = (None, "", "{}", "[]", 0, False)


class Row:
    """Arrays and JSON come as values from one database, and as text from another: both are read."""

    def __init__(self, columns: Mapping[str, object]) -> None:
        self._columns = columns
        self._taken: set[str] = set()

    def text(self, name: str) -> str:
        """Empty where there is none."""
        value = self._value(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> Decimal | None:
        """Exactly what a float's shortest form says."""
        value = self._value(name)
        return None if value is None or isinstance(value, bool) else _decimal(value)

    def flag(self, name: str) -> bool:
        """False where there is none."""
        value = self._value(name)
        return value in (True, 1) or str(value).lower() == "true"

    def texts(self, name: str) -> tuple[str, ...]:
        """A list's texts."""
        value = _parsed(self._value(name))
        return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()

    def table(self, name: str) -> dict[str, object]:
        """A JSON object."""
        value = _parsed(self._value(name))
        return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}

    def moment(self, name: str) -> int:
        """Wall-clock nanoseconds; 0 where there is none. Times without a zone are UTC, as they store them."""
        value = self._value(name)
        if isinstance(value, str) and value:
            value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            return 0
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return min((aware - _EPOCH) // timedelta(microseconds=1) * 1000, _LATEST)

    def untaken(self) -> Iterator[str]:
        """Columns that hold something and that nobody has asked for."""
        return (name for name, value in self._columns.items() if name not in self._taken and not _is_blank(value))

    def skip(self, *names: str) -> None:
        """These are of no interest."""
        self._taken.update(names)

    def skip_all(self) -> None:
        """None of it is of interest."""
        self._taken.update(self._columns)

    def _value(self, name: str) -> object:
        self._taken.add(name)
        return self._columns.get(name)


def decimal_of(value: object) -> Decimal | None:
    """A number inside a JSON value."""
    return None if value is None or isinstance(value, bool) else _decimal(value)


def _decimal(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("{") and not value.startswith(('{"', "{}")):  # PostgreSQL's own way to write an array
        return [part.strip('"') for part in value[1:-1].split(",") if part]
    try:
        return json.loads(value)
    except ValueError:
        return None


def _is_blank(value: object) -> bool:
    return value in _BLANKS or (isinstance(value, list | dict | tuple) and not value)
