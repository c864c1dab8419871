"""Where revisions of the configuration are kept, and who can tell what a document means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from headworks.domain.revision import Applied, Difference, Finding, Revision
from headworks.ports.records import Page


class ActiveRevision(Protocol):
    """What gateways ask. Raises `OSError` where the database does not answer."""

    async def latest(self) -> tuple[int, str]:
        """Number and digest of the active revision; `(0, "")` where none has been applied yet."""
        ...

    async def active(self) -> Applied | None:
        """It, with its document."""
        ...


class Revisions(ActiveRevision, Protocol):
    """What administration asks. History is only ever added to."""

    async def add(self, revision: Revision, document: str, *, audit: Mapping[str, str]) -> Revision:
        """Make it the active one. It must be numbered one above the one that is active. Raises `Conflict` where another came first."""
        ...

    async def revision(self, number: int) -> Revision:
        """Raises `Missing`."""
        ...

    async def document(self, number: int) -> str:
        """Raises `Missing`."""
        ...

    async def revisions(self, page: Page) -> Sequence[Revision]:
        """Newest first; `page.after` is a number."""
        ...


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """On a document. With `problems` it cannot be used."""

    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Of two documents: their lines as a unified diff, and their meaning."""

    text: str
    differences: tuple[Difference, ...]


class Documents(Protocol):
    """Who reads documents as a gateway on this machine would."""

    @property
    def unfollowed(self) -> str:
        """Why no revision counts here; empty where gateways follow them."""
        ...

    async def judge(self, document: str) -> Verdict:
        """Whether it can be used here. Secrets that stand in it are problems, too: what is applied is kept and shown."""
        ...

    async def compare(self, before: tuple[str, str], after: tuple[str, str]) -> Comparison:
        """Each by its label and its text."""
        ...
