"""Makes text that strangers wrote fit for a log or a terminal."""

from __future__ import annotations

import re

_LONGEST_TEXT = 300
_SECRET = re.compile(r"\b(?:[Bb]earer\s+\S{8,}|(?:sk|hw|gsk|xai|pplx)[-_](?=[\w-]*\d)[\w-]{16,}|AIza[\w-]{30,})")
"""Keys as providers and we ourselves shape them."""


def clean(text: str) -> str:
    """The text without control characters and without what looks like a key, and not endless."""
    if not text:
        return text
    text = text[:_LONGEST_TEXT]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return _SECRET.sub("***", text)
