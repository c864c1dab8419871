"""The document that runs, wherever it stands, and what other processes than the gateway read of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from headworks.ports.revisions import ActiveRevision
from headworks.wiring.load import read_text, signature_of

Value = TypeVar("Value")


class Document(Protocol):
    """Where the configuration stands. Both raise `OSError`."""

    async def mark(self) -> object:
        """Another one after each change."""
        ...

    async def text(self) -> str | None:
        """It; None where nothing can be read there now."""
        ...


class FileDocument:
    """In a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def mark(self) -> object:
        """See above."""
        return signature_of(self._path)

    async def text(self) -> str | None:
        """See above."""
        try:
            return await asyncio.to_thread(read_text, str(self._path))
        except (OSError, UnicodeDecodeError):  # the gateway says so
            return None


class ActiveDocument:
    """In the database: the revision that is active."""

    def __init__(self, revisions: ActiveRevision) -> None:
        self._revisions = revisions

    async def mark(self) -> object:
        """See above."""
        return await self._revisions.latest()

    async def text(self) -> str:
        """See above."""
        active = await self._revisions.active()
        return active.document if active is not None else ""


class Reread(Generic[Value]):
    """What is read of a document, and read again after each change. A document that cannot be read changes nothing, as in the gateways."""

    def __init__(self, document: Document, read: Callable[[str], Value | None], first: Value) -> None:
        """`read` works in a thread, and answers None where anything is wrong with the document."""
        self._document = document
        self._read = read
        self._mark: object = None
        self._found = first

    async def now(self) -> Value:
        """As it stands there. Raises `OSError` where it cannot be asked for."""
        mark = await self._document.mark()
        if mark != self._mark and (text := await self._document.text()) is not None:
            found = await asyncio.to_thread(self._read, text)
            self._found = self._found if found is None else found
            self._mark = mark
        return self._found
