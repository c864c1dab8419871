"""How commands that administer tell what came of it: for people in lines and columns, for programs as JSON."""

from __future__ import annotations

import json as stdlib_json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from headworks.domain.administration.wire.bounds import BoundsBody

Row = Mapping[str, object]
Shown = Mapping[str, Callable[[str], str]]
"""How a column's values are shown where not as they are: ids by name."""
AS_IT_IS: Shown = {}


def tell(answer: msgspec.Struct, words: str, *, json: bool) -> None:
    """One answer."""
    print(msgspec.json.encode(answer).decode() if json else words)


def tell_secret(answer: msgspec.Struct, secret: str, words: str, *, json: bool) -> None:
    """What is shown once: alone on standard output, for `KEY=$(headworks keys create …)`; what is to be said of it on standard error."""
    tell(answer, secret, json=json)
    if not json:
        print(words, file=sys.stderr)


def tell_whole(answer: msgspec.Struct, *, json: bool) -> None:
    """One record, a line for each of its fields that says something."""
    lines = dict(_flat("", msgspec.to_builtins(answer)))
    width = max(map(len, lines), default=0)
    tell(answer, "\n".join(f"{name.ljust(width)}  {cell}" for name, cell in lines.items()), json=json)


def warn(bounds: BoundsBody) -> None:
    """What was told of bounds that were just written, on standard error."""
    for warning in bounds.warnings:
        where = f" ({warning.pointer})" if warning.pointer else ""
        print(f"headworks: warning: {warning.detail}{where}", file=sys.stderr)


def tell_all(answers: Iterable[msgspec.Struct], columns: Sequence[str], *, json: bool, shown: Shown = AS_IT_IS) -> None:
    """A list: a line for each, as JSON lines or in columns."""
    if json:
        for answer in answers:
            print(msgspec.json.encode(answer).decode())
        return
    tell_rows(
        ({column: _shown(getattr(answer, column), shown.get(column)) for column in columns} for answer in answers), columns
    )


def tell_rows(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """In columns, the names of which stand above them."""
    cells = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _shown(value: object, how: Callable[[str], str] | None) -> object:
    return how(value) if how is not None and isinstance(value, str) else value


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType] - what JSON is made of
            yield from _flat(f"{name}.{key}" if name else str(key), inner)  # pyright: ignore[reportUnknownArgumentType] - likewise
    elif value is not None and value not in ("", [], ()):
        yield name, _cell(value)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return " ".join(map(_cell, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - what JSON is made of
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else stdlib_json.dumps(value, default=str).strip('"')
