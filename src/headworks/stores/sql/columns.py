"""Records from their columns."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlalchemy import RowMapping

Record = TypeVar("Record", bound=msgspec.Struct)


def record_of(kind: type[Record], row: RowMapping, **made: object) -> Record:
    """Each field is the column of the same name, but for those that are `made` otherwise. What has no column keeps its default.

    For what is read one by one. Parties and keys, of which a hundred thousand are loaded at a start, are written out: that is several
    times as fast.
    """
    columns = dict(row) | made
    return kind(**{field: columns[field] for field in kind.__struct_fields__ if field in columns})
