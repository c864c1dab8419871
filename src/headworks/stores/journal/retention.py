"""Forgets segments that are old enough."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headworks.ports.clock import Clock
from headworks.stores.journal.lock import EpochLock, is_held
from headworks.stores.journal.recovery import is_closed, oldest_needed
from headworks.stores.journal.segment import Place, Segment, find_epochs

_NS_PER_DAY = 86_400 * 10**9


def forget_old(directory: Path, keep_days: float, clock: Clock, projected: Mapping[str, Place] | None = None) -> list[Path]:
    """Delete segments that nobody has written for `keep_days`, and return their paths.

    Kept whatever their age: the segments of a living process from its oldest open exchange on, those of a dead one that has not been
    recovered, and, where `projected` tells how far the ledger has come in each epoch, those that it has not read to their end.
    """
    before = clock.wall_ns() - int(keep_days * _NS_PER_DAY)
    deleted: list[Path] = []
    for epoch, segments in find_epochs(directory).items():
        booked = segments if projected is None else _booked(segments, projected.get(epoch.stem, (0, 0)))
        if is_held(directory, epoch):
            needed = oldest_needed(segments)
            deleted += _delete([segment for segment in segments[:-1] if segment.number < needed and segment in booked], before)
        elif is_closed(segments) and (lock := EpochLock.take(directory, epoch)) is not None:
            deleted += _delete(booked, before)
            lock.release(forget=True)  # it is closed: whoever locks it next has nothing to do
    return deleted


def _booked(segments: list[Segment], place: Place) -> list[Segment]:
    """Those that lie wholly before a place."""
    number, offset = place
    return [
        segment
        for segment in segments
        if segment.number < number or (segment.number == number and offset >= segment.path.stat().st_size)
    ]


def _delete(segments: list[Segment], before: int) -> list[Path]:
    """Delete those last written before that instant, oldest first, up to the first that was written later."""
    deleted: list[Path] = []
    for segment in segments:
        if segment.path.stat().st_mtime_ns >= before:
            break
        segment.path.unlink()
        deleted.append(segment.path)
    return deleted
