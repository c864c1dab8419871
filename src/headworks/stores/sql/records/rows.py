"""Records as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import RowMapping

from headworks.domain.records import NO_BOUNDS, Bounds, KeyRecord, Party, PartyKind

Row = dict[str, str | int | bytes]
"""Columns by name."""
_EMPTY = "{}"
_TAKEN_ONCE = ',"rollover":true'
"""Of a budget: it was taken before there was any rollover, and had no effect."""


def bounds_text(bounds: Bounds) -> str:
    """As JSON."""
    return _EMPTY if bounds is NO_BOUNDS else msgspec.json.encode(bounds).decode()


def bounds_of(text: str) -> Bounds:
    """Back from JSON. Raises `msgspec.ValidationError` for bounds that this version does not know: allowing too much would be worse."""
    return NO_BOUNDS if text == _EMPTY else msgspec.json.decode(text.replace(_TAKEN_ONCE, ""), type=Bounds)


def _columns(record: Party | KeyRecord) -> Row:
    columns = msgspec.structs.asdict(record)
    del columns["top_ups"]  # they have a table of their own
    return columns


def party_row(party: Party) -> Row:
    """The columns of a party."""
    return _columns(party) | {
        "kind": party.kind.value,
        "path": "/".join(party.path),
        "bounds": bounds_text(party.bounds),
    }


def party_of(row: RowMapping) -> Party:
    """A party of its columns."""
    return Party(
        id=row["id"],
        kind=PartyKind(row["kind"]),
        name=row["name"],
        parent=row["parent"],
        path=path_of(row["path"]),
        bounds=bounds_of(row["bounds"]),
        email=row["email"],
        disabled=row["disabled"],
        expires_at=row["expires_at"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def path_of(text: str) -> tuple[str, ...]:
    """Ids from the organisation down."""
    return tuple(text.split("/")) if text else ()


def key_row(key: KeyRecord, organisation: str) -> Row:
    """The columns of a key."""
    return _columns(key) | {"organisation": organisation, "bounds": bounds_text(key.bounds)}


def key_of(row: RowMapping) -> KeyRecord:
    """A key of its columns."""
    return KeyRecord(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        prefix=row["prefix"],
        digest=bytes(row["digest"]),
        pepper=row["pepper"],
        imported=row["imported"],
        bounds=bounds_of(row["bounds"]),
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        replaced_by=row["replaced_by"],
        origin=row["origin"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def changed_fields(before: Party | KeyRecord, after: Party | KeyRecord) -> str:
    """Names of the fields that differ, for the audit: what was changed, not to what."""
    own: Sequence[str] = ("version", "updated_at")
    names = [name for name in before.__struct_fields__ if name not in own and getattr(before, name) != getattr(after, name)]
    return ",".join(names)
