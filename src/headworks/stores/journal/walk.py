"""Walks through an epoch, a few lines at a time: so few that the processor still has at hand what one reader decoded when the next looks at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from headworks.domain.exchange import Exchange
from headworks.stores.journal.reader import SegmentReader, reading
from headworks.stores.journal.schema import END, NewerSchemaError
from headworks.stores.journal.segment import Place, Segment

_BLOCK = 256 << 10
_LINES = 32
_KNOWN = (b'{"t":"begin"', b'{"t":"mark"', b'{"t":"header"', b'{"t":"footer"')


class Flaw(NamedTuple):
    """What cannot be read: a line, or where a later version wrote it, a segment."""

    path: Path
    place: Place
    """Where it begins."""
    before: int
    """How many of its piece's exchanges ended before it."""
    words: str
    """For an operator."""


class Piece(NamedTuple):
    """Some lines."""

    after: Place
    """Behind the last of them."""
    size: int
    """Bytes."""
    exchanges: Sequence[Exchange] = ()
    """Those that ended there."""
    flaw: Flaw | None = None
    """The first."""
    skipped: int = 0
    """Lines that are no records."""


def walk(segments: Sequence[Segment], place: Place, size: int) -> Iterator[Piece]:
    """Piece by piece from a place on: about `size` bytes in all, at least a line unless there is none.

    A segment is left once it is read to its end and a later one had been found before: the writer adds no record to a segment after
    it has started the next.
    """
    for segment in segments:
        if segment.number < place[0]:
            continue
        try:
            for piece in _pieces(segment, place[1] if segment.number == place[0] else 0, size):
                yield piece
                size -= piece.size
        except FileNotFoundError:
            return  # it has become too old just now, or the directory is going away
        if size <= 0:
            return


def _pieces(segment: Segment, offset: int, size: int) -> Iterator[Piece]:
    whole = segment.path.stat().st_size
    if whole <= offset:
        return
    try:
        with reading(segment.path) as reader:
            while size > 0:
                lines, end = reader.lines(offset, min(size, _BLOCK))
                if not lines:
                    return
                size -= end - offset
                for first in range(0, len(lines), _LINES):
                    piece = _decoded(reader, (segment.number, offset), lines[first : first + _LINES])
                    yield piece
                    offset += piece.size
    except NewerSchemaError as newer:
        flaw = Flaw(segment.path, (segment.number, offset), 0, str(newer))
        yield Piece((segment.number, whole), whole - offset, flaw=flaw)


def _decoded(reader: SegmentReader, place: Place, lines: Sequence[bytes]) -> Piece:
    number, offset = place
    exchanges: list[Exchange] = []
    flaw: Flaw | None = None
    skipped = size = 0
    for line in lines:
        if line.startswith(END) and isinstance(record := reader.decode(line), Exchange):
            exchanges.append(record)
        elif not line.startswith(_KNOWN):
            skipped += 1
            flaw = flaw or Flaw(reader.path, (number, offset + size), len(exchanges), _words(line))
        size += len(line) + 1
    return Piece((number, offset + size), size, exchanges, flaw, skipped)


def _words(line: bytes) -> str:
    return (
        f"a line of {len(line)} bytes is no record of the journal. Restore that segment from a copy, or cut the line out of it."
    )
