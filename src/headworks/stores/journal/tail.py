"""Follows the segments of all epochs as they grow, from places that can be saved and gone back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from headworks.domain.exchange import Record
from headworks.stores.journal.lock import is_held
from headworks.stores.journal.reader import reading
from headworks.stores.journal.schema import NewerSchemaError
from headworks.stores.journal.segment import Segment, find_epochs
from headworks.stores.journal.writer import Say

Place = tuple[int, int]
"""How far an epoch has been read: segment number, and offset in it."""
BATCH = 256 << 10


class Tail:
    """One per projection; each record comes once. Keeps no file open. Not thread-safe.

    Without `places` it starts with what living processes are writing now: their current segment from its start, and nothing of the dead.
    """

    def __init__(
        self, directory: Path, say: Say, places: Mapping[str, Place] | None = None, starts: tuple[bytes, ...] = ()
    ) -> None:
        """`starts` are the beginnings of the lines wanted (see `schema.END`); none means all."""
        self._directory = directory
        self._say = say
        self._starts = starts
        self._places = _present_places(directory) if places is None else dict(places)
        self.caught_up = False
        """The last `poll` left nothing unread."""
        self.skipped = 0
        """Lines that could not be read."""
        self._left_out: set[Path] = set()

    @classmethod
    def from_now(cls, directory: Path, say: Say, starts: tuple[bytes, ...] = ()) -> Tail:
        """A tail that sees only what is written from now on."""
        return cls(
            directory, say, {epoch.stem: _end(segments[-1]) for epoch, segments in find_epochs(directory).items()}, starts
        )

    def poll(self, size: int = BATCH) -> list[Record]:
        """What has come since, in the order in which each epoch wrote it. Stops after about `size` bytes of an epoch."""
        found = find_epochs(self._directory)
        stems = {epoch.stem for epoch in found}
        for gone in self._places.keys() - stems:
            del self._places[gone]
        records: list[Record] = []
        self.caught_up = True
        for epoch, segments in found.items():
            records += self._follow(epoch.stem, segments, size)
        return records

    def _follow(self, stem: str, segments: Sequence[Segment], size: int) -> list[Record]:
        """Read on in one epoch. A segment is left once it is read to its end and a later one had been found before: the writer adds no
        record to a segment after it has started the next.
        """
        records: list[Record] = []
        for segment in segments:
            number, offset = self._places.get(stem, (0, 0))
            if segment.number < number:
                continue
            if segment.number > number:
                offset = 0
            fresh, end = self._read(segment, offset, size)
            self._places[stem] = (segment.number, end)
            records += fresh
            size -= end - offset
            if size <= 0:
                self.caught_up = False
                break
        return records

    def _read(self, segment: Segment, offset: int, size: int) -> tuple[list[Record], int]:
        """Records from `offset` on, and the offset behind them."""
        whole = _size(segment)
        if whole <= offset:
            return [], offset
        records: list[Record] = []
        try:
            with reading(segment.path) as reader:
                end = offset
                while end - offset < size:
                    lines, end = reader.lines(end, size)
                    if not lines:
                        break
                    wanted = [line for line in lines if line.startswith(self._starts)] if self._starts else lines
                    records += [record for record in map(reader.decode, wanted) if record is not None]
                self.skipped += reader.skipped
        except FileNotFoundError:
            return [], offset
        except NewerSchemaError as newer:
            if segment.path not in self._left_out:
                self._left_out.add(segment.path)
                self._say(f"{segment.path} is left out: {newer}")
            return [], whole
        return records, end

    def places(self) -> dict[str, Place]:
        """How far it has come, to start again from there."""
        return dict(self._places)

    def lag_bytes(self) -> int:
        """Bytes written and not yet read."""
        lag = 0
        for epoch, segments in find_epochs(self._directory).items():
            number, offset = self._places.get(epoch.stem, (0, 0))
            for segment in segments:
                if segment.number >= number:
                    lag += _size(segment) - (offset if segment.number == number else 0)
        return max(0, lag)


def _present_places(directory: Path) -> dict[str, Place]:
    """The current segment's start of living epochs, the end of dead ones."""
    places: dict[str, Place] = {}
    for epoch, segments in find_epochs(directory).items():
        places[epoch.stem] = (segments[-1].number, 0) if is_held(directory, epoch) else _end(segments[-1])
    return places


def _end(segment: Segment) -> Place:
    try:
        with reading(segment.path) as reader:
            return segment.number, reader.end()
    except (FileNotFoundError, NewerSchemaError):
        return segment.number, _size(segment)


def _size(segment: Segment) -> int:
    try:
        return segment.path.stat().st_size
    except FileNotFoundError:
        return 0
