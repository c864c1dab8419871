"""Follows the segments of all epochs as they grow, from places that can be saved and gone back to, and skips what it cannot read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from headworks.domain.exchange import Exchange
from headworks.stores.journal.lock import is_held
from headworks.stores.journal.reader import reading
from headworks.stores.journal.schema import NewerSchemaError
from headworks.stores.journal.segment import START, Place, Segment, find_epochs
from headworks.stores.journal.walk import Piece, walk
from headworks.stores.journal.writer import Say

BATCH = 256 << 10


class Tail:
    """One per projection; each exchange comes once: by `poll`, or handed on (`take`) by who reads for several. Keeps no file open. Not
    thread-safe.

    Without `places` it starts with what living processes are writing now: their current segment from its start, and nothing of the dead.
    """

    def __init__(self, directory: Path, say: Say, places: Mapping[str, Place] | None = None) -> None:
        self._directory = directory
        self._say = say
        self._places = present_places(directory) if places is None else dict(places)
        self.caught_up = False
        """The last `poll` left nothing unread."""
        self.skipped = 0
        """Lines that could not be read."""
        self._left_out: set[Path] = set()

    @classmethod
    def from_now(cls, directory: Path, say: Say) -> Tail:
        """A tail that sees only what is written from now on."""
        return cls(directory, say, {epoch.stem: _end(segments[-1]) for epoch, segments in find_epochs(directory).items()})

    def poll(self, size: int = BATCH) -> list[Exchange]:
        """The exchanges that have ended since, in the order in which each epoch wrote them. Stops after about `size` bytes of an epoch."""
        found = find_epochs(self._directory)
        self.begin(epoch.stem for epoch in found)
        self.caught_up = True
        exchanges: list[Exchange] = []
        for epoch, segments in found.items():
            read = 0
            for piece in walk(segments, self.place(epoch.stem), size):
                self.take(epoch.stem, piece)
                exchanges += piece.exchanges
                read += piece.size
            self.caught_up = self.caught_up and read < size
        return exchanges

    def begin(self, stems: Iterable[str]) -> None:
        """A look at these epochs begins; others are gone."""
        for gone in self._places.keys() - set(stems):
            del self._places[gone]

    def place(self, stem: str) -> Place:
        """Where it goes on in an epoch."""
        return self._places.get(stem, START)

    def take(self, stem: str, piece: Piece) -> None:
        """Go behind a piece that begins there."""
        self._places[stem] = piece.after
        self.skipped += piece.skipped
        flaw = piece.flaw
        if flaw is not None and not piece.skipped and flaw.path not in self._left_out:
            self._left_out.add(flaw.path)
            self._say(f"{flaw.path} is left out: {flaw.words}")

    def places(self) -> dict[str, Place]:
        """How far it has come, to start again from there."""
        return dict(self._places)

    def lag_bytes(self) -> int:
        """Bytes written and not yet read."""
        return unread_bytes(self._directory, self._places)


def unread_bytes(directory: Path, places: Mapping[str, Place]) -> int:
    """Bytes of the journal behind these places."""
    unread = 0
    for epoch, segments in find_epochs(directory).items():
        number, offset = places.get(epoch.stem, START)
        for segment in segments:
            if segment.number >= number:
                unread += _size(segment) - (offset if segment.number == number else 0)
    return max(0, unread)


def present_places(directory: Path) -> dict[str, Place]:
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
