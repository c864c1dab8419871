"""Reads on from places that somebody else keeps, and leaves out nothing: what cannot be read stops its epoch.

A `Tail` moves its own places as it reads and skips what it cannot read, which is right for looking at things. Who books money must be
able to go back to where the last transaction was committed, and must not pass over a line that may hold some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from headworks.domain.exchange import Exchange
from headworks.stores.journal.reader import SegmentReader, reading
from headworks.stores.journal.schema import END, NewerSchemaError
from headworks.stores.journal.segment import Segment, find_epochs
from headworks.stores.journal.tail import Place

BATCH = 2 << 20
_PIECE = 256 << 10
"""Bytes read and decoded at once."""
START: Place = (0, 0)
_KNOWN = (b'{"t":"begin"', b'{"t":"mark"', b'{"t":"header"', b'{"t":"footer"')


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one epoch: the exchanges that ended between two places."""

    epoch: str
    """The epoch's stem."""
    before: Place
    after: Place
    exchanges: Sequence[Exchange] = ()
    more: bool = False
    """There was more than fitted."""
    stopped: str = ""
    """Why nothing behind `after` can be read, in words for an operator."""


class _UnreadableError(Exception):
    """A line that is no record."""


def read_on(directory: Path, places: Mapping[str, Place], size: int = BATCH) -> list[Stretch]:
    """What each epoch has added behind its place, about `size` bytes of each: those that have something new, and those that are stopped."""
    stretches: list[Stretch] = []
    for epoch, segments in find_epochs(directory).items():
        stretch = _read_epoch(epoch.stem, segments, places.get(epoch.stem, START), size)
        if stretch.after != stretch.before or stretch.stopped:
            stretches.append(stretch)
    return stretches


def _read_epoch(stem: str, segments: Sequence[Segment], before: Place, size: int) -> Stretch:
    exchanges: list[Exchange] = []
    after, left = before, size
    for segment in segments:
        if segment.number < after[0]:
            continue
        offset = after[1] if segment.number == after[0] else 0
        try:
            with reading(segment.path) as reader:
                for found, end in _ends(reader, offset, left):
                    exchanges += found
                    left -= end - offset
                    offset = end
                    after = (segment.number, end)
        except FileNotFoundError:
            break  # it has become too old just now, or the directory is going away
        except (_UnreadableError, NewerSchemaError) as trouble:
            words = f"{segment.path} is read up to byte {offset} and no further: {trouble}"
            return Stretch(epoch=stem, before=before, after=after, exchanges=exchanges, stopped=words)
        if left <= 0:
            return Stretch(epoch=stem, before=before, after=after, exchanges=exchanges, more=True)
    return Stretch(epoch=stem, before=before, after=after, exchanges=exchanges)


def _ends(reader: SegmentReader, offset: int, size: int) -> Iterator[tuple[list[Exchange], int]]:
    """Piece by piece: the end-records, and the offset behind them. What was yielded is good whatever follows."""
    while size > 0:
        lines, end = reader.lines(offset, min(size, _PIECE))
        if not lines:
            return
        found: list[Exchange] = []
        for place, line in enumerate(lines):
            if line.startswith(END) and isinstance(record := reader.decode(line), Exchange):
                found.append(record)
            elif not line.startswith(_KNOWN):
                yield found, offset + sum(len(read) + 1 for read in lines[:place])
                raise _UnreadableError(_words(line))
        size -= end - offset
        offset = end
        yield found, end


def _words(line: bytes) -> str:
    return (
        f"a line of {len(line)} bytes is no record of the journal. Restore that segment from a copy, or cut the line out of it."
    )


def read_up_to(directory: Path, stem: str, place: Place) -> tuple[list[Exchange], bool]:
    """The exchanges that ended in an epoch before a place, and whether the epoch is still there from its first segment on."""
    segments = next((found for epoch, found in find_epochs(directory).items() if epoch.stem == stem), [])
    exchanges: list[Exchange] = []
    for segment in segments:
        if segment.number > place[0]:
            break
        with reading(segment.path) as reader:
            end = place[1] if segment.number == place[0] else reader.size
            for found, _ in _ends(reader, 0, end):
                exchanges += found
    return exchanges, bool(segments) and segments[0].number == 1
