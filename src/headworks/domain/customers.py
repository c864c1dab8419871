"""Customers of callers: named by them as they please, written down by reference alone."""

from __future__ import annotations

import re

CUSTOMER, SESSION = "cus_", "ses_"
"""How references begin."""
DIGITS = 24
"""Hex digits behind that: 96 bits, so that two of a thousand million customers meet once in a hundred thousand million installations."""
LONGEST_NAME = 256
"""Characters of a name that is kept."""
_REFERENCE = re.compile(f"({CUSTOMER}|{SESSION})[0-9a-f]{{{DIGITS}}}")


def is_reference(text: str) -> bool:
    """Whether it looks like a reference: then people who write it mean that, and no name."""
    return _REFERENCE.fullmatch(text) is not None
