"""What earlier lives of the process, and those that are just leaving, have taken of counters, for one that keeps its counters in memory.

booked          a projection has it: known from elsewhere, up to a place in each epoch
ended since     the end-records behind that place
open            begins without an end in a living epoch: what is set aside for them counts until they end
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from headworks.domain.exchange import Begin, Charge, Exchange
from headworks.stores.journal.lock import is_held
from headworks.stores.journal.reader import CHUNK, reading
from headworks.stores.journal.recovery import oldest_needed
from headworks.stores.journal.schema import END, NewerSchemaError
from headworks.stores.journal.segment import Epoch, Place, Segment, find_epochs

_WANTED = (b'{"t":"begin"', END)


class Followed(msgspec.Struct):
    """How far one epoch is read, and what is open in it."""

    place: Place
    booked: Place
    open: dict[str, tuple[Charge, ...]] = {}


class Carried:
    """Made once a process has an epoch of its own; `poll` until `settled`. Not thread-safe, and may be called in any one thread at a time."""

    def __init__(self, directory: Path, own: Epoch, booked: Mapping[str, Place]) -> None:
        """Follows the epochs that are there now; those that come later do not belong to the past."""
        self._directory = directory
        self._epochs: dict[Epoch, Followed] = {}
        for epoch, segments in find_epochs(directory).items():
            if epoch != own:
                place = booked.get(epoch.stem, (0, 0))
                self._epochs[epoch] = Followed(_start(directory, epoch, segments, place), place)

    @property
    def settled(self) -> bool:
        """No process of an earlier life is alive, and none has left anything open."""
        return not any(followed.open or is_held(self._directory, epoch) for epoch, followed in self._epochs.items())

    def poll(self) -> dict[str, int]:
        """By how many units each counter has changed since the last call."""
        changes: Counter[str] = Counter()
        for epoch, segments in find_epochs(self._directory).items():
            followed = self._epochs.get(epoch)
            if followed is not None:
                follow(followed, segments, changes)
        return {name: units for name, units in changes.items() if units}


def _start(directory: Path, epoch: Epoch, segments: Sequence[Segment], booked: Place) -> Place:
    """Behind what is booked, or before it where a begin of a living process may be open there."""
    if not is_held(directory, epoch):
        return booked
    return min(booked, (oldest_needed(segments), 0))


def follow(followed: Followed, segments: Sequence[Segment], changes: Counter[str]) -> None:
    """Read on. `changes`: by how much each counter has changed by it."""
    for segment in segments:
        number, offset = followed.place
        if segment.number < number:
            continue
        offset = offset if segment.number == number else 0
        try:
            with reading(segment.path) as reader:
                while True:
                    lines, end = reader.lines(offset, CHUNK)
                    if not lines:
                        break
                    for line in lines:
                        if line.startswith(_WANTED):
                            _take(followed, reader.decode(line), (segment.number, offset), changes)
                        offset += len(line) + 1
                    offset = end
        except (FileNotFoundError, NewerSchemaError):  # the ledger raises the alarm of the latter
            return
        followed.place = (segment.number, offset)


def _take(followed: Followed, record: object, at: Place, changes: Counter[str]) -> None:
    if isinstance(record, Begin):
        followed.open[record.id] = record.counters
        _add(changes, record.counters, 1)
    elif isinstance(record, Exchange):
        _add(changes, followed.open.pop(record.id, ()), -1)
        if at >= followed.booked:
            _add(changes, record.counters, 1)


def _add(changes: Counter[str], charges: Iterable[Charge], sign: int) -> None:
    for charge in charges:
        changes[charge.counter] += sign * charge.units
