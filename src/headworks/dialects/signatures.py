"""Opaque reasoning of one provider, on its way through the language of another: stamped with the dialect that it was made in.

A client gives back what it was given, perhaps to another model. Only the makers can read it, and others refuse the whole request for it.
"""

from __future__ import annotations

import re

MARK = b'"hw1.'
"""How a stamped value begins in a body: what has none of these needs no second look."""
_IN_BODY = re.compile(rb'"hw1\.([a-z_]+)\.[sr]\.')
_STAMPED = re.compile(r"hw1\.([a-z_]+)\.([sr])\.(.*)", re.DOTALL)


def stamped(dialect: str, signature: str) -> str:
    """A signature with its maker's name; one that bears a name keeps it."""
    return _stamp(dialect, "s", signature)


def stamped_redacted(dialect: str, data: str) -> str:
    """The same for reasoning that is opaque altogether."""
    return _stamp(dialect, "r", data)


def is_redacted(value: str) -> bool:
    """Whether a stamped value is reasoning itself instead of a signature beside it."""
    found = _STAMPED.fullmatch(value)
    return found is not None and found[2] == "r"


def bare(dialect: str, value: str) -> str:
    """The value as its maker `dialect` gave it, stamped or not; empty where it is another's."""
    found = _STAMPED.fullmatch(value)
    if found is None:
        return value
    return found[3] if found[1] == dialect else ""


def holds_foreign(dialect: str, body: bytes) -> bool:
    """Whether a body holds what another than `dialect` has stamped."""
    return any(found[1] != dialect.encode() for found in _IN_BODY.finditer(body))


def _stamp(dialect: str, kind: str, value: str) -> str:
    return value if not value or _STAMPED.fullmatch(value) else f"hw1.{dialect}.{kind}.{value}"
