"""Reads on from places that somebody else keeps, and leaves out nothing: what cannot be read stops its epoch.

A `Tail` moves its own places as it reads and skips what it cannot read, which is right for looking at things. Who books money must be
able to go back to where the last transaction was committed, and must not pass over a line that may hold some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from headworks.domain.exchange import Exchange
from headworks.stores.journal.segment import START, Place, Segment, find_epochs
from headworks.stores.journal.walk import Piece, walk

BATCH = 2 << 20


class Stretch(msgspec.Struct, kw_only=True):
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
    after, read, stopped = before, 0, ""
    for piece in walk(segments, before, size):
        read += piece.size
        after, ended, stopped = sound_part(piece, after)
        exchanges += ended
        if stopped:
            break
    return Stretch(
        epoch=stem, before=before, after=after, exchanges=exchanges, more=not stopped and read >= size, stopped=stopped
    )


def sound_part(piece: Piece, before: Place) -> tuple[Place, Sequence[Exchange], str]:
    """What of a piece can be relied on: up to where (from `before` on), what ended there, and why it is not all of it."""
    flaw = piece.flaw
    if flaw is None:
        return piece.after, piece.exchanges, ""
    offset = flaw.place[1]
    stopped = f"{flaw.path} is read up to byte {offset} and no further: {flaw.words}"
    return (flaw.place if offset else before), piece.exchanges[: flaw.before], stopped


def read_up_to(directory: Path, stem: str, place: Place) -> tuple[list[Exchange], bool]:
    """The exchanges that ended in an epoch before a place, and whether the epoch is still there from its first segment on."""
    segments = next((found for epoch, found in find_epochs(directory).items() if epoch.stem == stem), [])
    exchanges: list[Exchange] = []
    for segment in segments:
        if segment.number > place[0]:
            break
        end = place[1] if segment.number == place[0] else segment.path.stat().st_size
        for piece in walk([segment], START, end):
            exchanges += piece.exchanges
    return exchanges, bool(segments) and segments[0].number == 1
