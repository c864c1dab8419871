"""The report of an import: what became of each thing that was found. Nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What became of something."""

    MAPPED = "mapped"
    """It does the same here."""
    APPROXIMATED = "approximated"
    """It does nearly the same; the note says where it differs."""
    UNSUPPORTED = "not supported"
    """It is not taken over; the note says what to do instead."""


class Note(msgspec.Struct, frozen=True):
    """One line of the report. `line` counts from 1; 0 where there are no lines, as in a database."""

    verdict: Verdict
    place: str
    """The file or table."""
    line: int
    what: str
    told: str

    @property
    def where(self) -> str:
        """As an editor can jump to it."""
        return f"{self.place}:{self.line}" if self.line else self.place


class Notes:
    """Notes on one file or table."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.all: list[Note] = []

    def mapped(self, line: int, what: str, into: str) -> None:
        """`into`: what it is here."""
        self.add(Verdict.MAPPED, line, what, into)

    def approximated(self, line: int, what: str, how: str) -> None:
        """`how`: what is different."""
        self.add(Verdict.APPROXIMATED, line, what, how)

    def unsupported(self, line: int, what: str, instead: str) -> None:
        """`instead`: what to do about it."""
        self.add(Verdict.UNSUPPORTED, line, what, instead)

    def add(self, verdict: Verdict, line: int, what: str, told: str) -> None:
        """A note of any kind."""
        self.all.append(Note(verdict, self.place, line, what, told))


class Tally:
    """The same said of many rows: told once, with how many."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Verdict, str, str]] = Counter()

    def add(self, verdict: Verdict, what: str, told: str) -> None:
        """One more row of which this is to be said."""
        self._counts[verdict, what, told] += 1

    def approximated(self, what: str, how: str) -> None:
        """As `Notes.approximated`."""
        self.add(Verdict.APPROXIMATED, what, how)

    def unsupported(self, what: str, instead: str) -> None:
        """As `Notes.unsupported`."""
        self.add(Verdict.UNSUPPORTED, what, instead)

    def into(self, notes: Notes) -> None:
        """Tell them."""
        for (verdict, what, told), count in self._counts.items():
            notes.add(verdict, 0, what if count == 1 else f"{what} ({count} rows)", told)


def told(notes: list[Note]) -> Iterator[str]:
    """The report for people: what needs a look first, each part in the order of the document."""
    for verdict in (Verdict.UNSUPPORTED, Verdict.APPROXIMATED, Verdict.MAPPED):
        part = [note for note in notes if note.verdict is verdict]
        if part:
            yield f"{verdict.upper()} ({len(part)})"
            yield from (f"  {note.where}  {note.what}\n      → {note.told}" for note in sorted(part, key=_order))
            yield ""


def _order(note: Note) -> tuple[str, int]:
    return note.place, note.line
