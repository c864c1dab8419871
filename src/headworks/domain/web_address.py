"""Addresses that anybody may ask, told from those that a provider asks with the account's own rights."""

from __future__ import annotations

import re

_PUBLIC = re.compile(r"https?://((?:[a-z0-9_-]+\.)*[a-z0-9_-]+)\.?(?::[0-9]{1,5})?(?:[/?#][^\s\\]*)?", re.IGNORECASE)
"""No user, no escapes, no letters that are taken for others: two readers find the same host."""
_OF_ACCOUNTS = ("googleapis.com", "cloud.google.com")
"""Where Google keeps files, Gemini's own and those of its storage."""


def on_the_web(uri: str) -> bool:
    """Whether everybody finds the same there."""
    found = _PUBLIC.fullmatch(uri)
    host = found[1].lower() if found is not None else ""
    return found is not None and not any(host == kept or host.endswith(f".{kept}") for kept in _OF_ACCOUNTS)
