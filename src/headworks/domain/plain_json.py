"""JSON that every reader reads alike: some keep the first of two members of one name, some the last."""

from __future__ import annotations

import json
from typing import Any

from headworks.domain.errors import Fault

_SHOWN = 60


def read_plain(text: str) -> Any:
    """Raises `Fault` `duplicate_field` where a name stands twice at any depth; `ValueError` and `RecursionError` for what is no JSON."""
    return _DECODE(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise Fault(
            "duplicate_field", f"The field {name[:_SHOWN]!r} stands twice in one object. Send it once.", param=name[:_SHOWN]
        )
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODE = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant).decode
