"""What the admin API answers when it does not do what was asked (RFC 9457)."""

from __future__ import annotations

import msgspec


class Mistake(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that is wrong with a request. `pointer`: where in the body (RFC 6901); `parameter`: in the query or a header; `line`
    and `column`: in the text that stands there, counted from 1.
    """

    detail: str
    pointer: str = ""
    parameter: str = ""
    line: int = 0
    column: int = 0


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`application/problem+json`. `detail` says what to do; `instance` is the request's id, as in the audit log."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[Mistake, ...] = ()
