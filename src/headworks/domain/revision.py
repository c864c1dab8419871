"""A revision of the configuration: one whole document that was applied."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of it beside its document. Numbers begin with 1 and have no gaps; the highest is the active one."""

    number: int
    digest: str
    """SHA-256 of the document, in hex."""
    author: str
    """Id of the administrator."""
    author_name: str
    """As they were called then."""
    comment: str = ""
    restores: int = 0
    """The number of the revision whose document came back; 0: the document is new."""
    at: int = 0
    """Wall-clock nanoseconds."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A revision with its document, as it is handed to who runs it."""

    number: int
    digest: str
    document: str

    @property
    def label(self) -> str:
        """For messages."""
        return f"revision {self.number}"

    def __repr__(self) -> str:
        return f"<Applied {self.number} {self.digest[:12]}>"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One place in which two documents differ in what they mean, without the values."""

    change: Literal["added", "removed", "changed"]
    section: str
    """Of the document: `models`, `keys`, `server`, …"""
    name: str = ""
    """What it is called there, where the section is a map from name to rule."""
    field: str = ""
    """What of it, dotted: `limits.requests_per_minute`. Empty: all of it."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong or odd in a document, and where. `line` and `column` count from 1; 0: nowhere in particular."""

    message: str
    hint: str = ""
    path: str = ""
    """Dotted."""
    line: int = 0
    column: int = 0


def digest_of(document: str) -> str:
    """What tells one document from another."""
    return sha256(document.encode()).hexdigest()
