"""Pages of lists: keyset pagination, with cursors that are good for whoever got them, on the list they are of, and nowhere else."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from headworks.control.admin.operation import Act
from headworks.control.admin.problems import Refusal
from headworks.domain.administration.wire.problem import Mistake
from headworks.ports.records import Page

LARGEST = 200
_MAC = 16
Record = TypeVar("Record")


class ListQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=LARGEST, description="How many at most.")] = 100
    cursor: Annotated[str, Meta(max_length=1000, description="The `next` of the page before.")] = ""


def page_of(act: Act) -> Page:
    """What to ask the store for: one more than wanted tells whether there is a next page."""
    query = act.wanted(ListQuery)
    return Page(after=_opened(act, query.cursor) if query.cursor else "", size=query.limit + 1)


def cut(act: Act, found: Sequence[Record], place: str = "id") -> tuple[Sequence[Record], str | None]:
    """The page, and the cursor of the next one. `place`: the field that the list is in the order of."""
    query = act.wanted(ListQuery)
    if len(found) <= query.limit:
        return found, None
    shown = found[: query.limit]
    return shown, _sealed(act, str(getattr(shown[-1], place)))


def _sealed(act: Act, after: str) -> str:
    return base64.urlsafe_b64encode(_mac(act, after) + after.encode()).rstrip(b"=").decode()


def _opened(act: Act, cursor: str) -> str:
    try:
        sealed = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        after = sealed[_MAC:].decode()
    except (binascii.Error, UnicodeError):
        sealed, after = b"", ""
    if not hmac.compare_digest(sealed[:_MAC], _mac(act, after)):
        detail = "This cursor is not of this list, with these filters, for you. Begin again without one."
        raise Refusal("malformed", detail, errors=[Mistake(detail=detail, parameter="cursor")])
    return after


def _mac(act: Act, after: str) -> bytes:
    filters = msgspec.structs.asdict(act.query)
    said = msgspec.json.encode({name: filters[name] for name in sorted(filters) if name not in {"cursor", "limit"}}).decode()
    return act.office.sealed("cursor", act.actor.id, act.actor.token, act.operation.name, said, *act.path.values(), after)[
        :_MAC
    ]
