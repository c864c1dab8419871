"""How a row of the table is written."""

from __future__ import annotations

from typing import TypedDict, Unpack

import msgspec

from headworks.control.admin.operation import Access, Handler, Operation
from headworks.domain.administration import Scope


class Rest(TypedDict, total=False):
    """What of a row has a default."""

    asks: type[msgspec.Struct]
    answers: type[msgspec.Struct]
    query: type[msgspec.Struct]
    status: int
    locks: bool
    session_only: bool
    everywhere: bool
    largest: int
    html: bool


def row(what: str, needs: Scope | Access, handle: Handler, words: str, **rest: Unpack[Rest]) -> Operation:
    """One row. `what`: name, method and path, as in `teams.list GET /teams`."""
    name, method, path = what.split()
    return Operation(name=name, method=method, path=path, needs=needs, handle=handle, words=words, **rest)
