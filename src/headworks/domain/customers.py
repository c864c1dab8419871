"""Customers of callers: named by them as they please, written down by reference alone."""

from __future__ import annotations

import re

import msgspec

CUSTOMER, SESSION = "cus_", "ses_"
"""How references begin."""
DIGITS = 24
"""Hex digits behind that, 96 bits: of a thousand million customers no two meet."""
LONGEST_NAME = 256
"""Characters of a name that are kept."""
_REFERENCE = re.compile(f"({CUSTOMER}|{SESSION})[0-9a-f]{{{DIGITS}}}")


def is_reference(text: str) -> bool:
    """Whether it looks like a reference: then people who write it mean that, and no name."""
    return _REFERENCE.fullmatch(text) is not None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one. Times are wall-clock nanoseconds, 0 for never."""

    id: str
    """The reference."""
    organisation: str
    """Whose customer; empty for callers of the configuration."""
    first_seen: int
    """To a quarter of an hour, as `last_seen`."""
    last_seen: int
    sealed: bytes = b""
    """The name, enciphered; empty where none is kept."""
    forgotten_at: int = 0
    """When the name was erased. It is not kept again."""


class NamedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """One whose name is to be kept."""

    id: str
    organisation: str
    name: str

    def __repr__(self) -> str:
        return f"<NamedCustomer {self.id}>"


class Introduced(msgspec.Struct, frozen=True):
    """What a gateway process tells the control process on the same machine."""

    customers: tuple[NamedCustomer, ...]
