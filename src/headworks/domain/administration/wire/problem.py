"""What the admin API answers when it does not do what was asked (RFC 9457)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Mistake(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that is wrong with a request."""

    detail: Annotated[str, Meta(description="What to do about it.")]
    pointer: Annotated[str, Meta(description="Where in the body (RFC 6901).")] = ""
    parameter: Annotated[str, Meta(description="Where in the query or among the headers.")] = ""
    line: Annotated[int, Meta(description="In the text that stands there, counted from 1.")] = 0
    column: Annotated[int, Meta(description="Likewise.")] = 0


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`application/problem+json`. `detail` says what to do; `instance` is the request's id, as in the audit log."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[Mistake, ...] = ()
