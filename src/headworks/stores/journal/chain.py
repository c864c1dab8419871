"""The segments of one living epoch: the one being written, those sealed and not yet on the disk, and the lock over all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from headworks import __version__
from headworks.domain.exchange import SCHEMA, Footer, Header
from headworks.ports.clock import Clock
from headworks.stores.journal.lock import EpochLock
from headworks.stores.journal.segment import Epoch, OpenSegment, Segment


class SegmentChain:
    """Made at the process's start, closed at its end. Belongs to the loop's thread, but for `OpenSegment.sync`."""

    def __init__(self, directory: Path, process: str, clock: Clock) -> None:
        """Takes a new epoch, locks it and starts its first segment. Raises `OSError`."""
        self.directory = directory
        self._clock = clock
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.epoch, self._lock = self._take_epoch(process)
        self._number = 0
        self._retired: list[OpenSegment] = []
        self._retired_bytes = 0
        self.oldest = 1
        """Number of the oldest segment with a begin still open when the current one was started."""
        try:
            self.current = self._start(oldest=1)
        except OSError:
            self._lock.release(forget=True)
            raise

    def _take_epoch(self, process: str) -> tuple[Epoch, EpochLock]:
        born = self._clock.wall_ns()
        while True:
            epoch = Epoch(born, process)
            first = Segment.named(self.directory, epoch, 1)
            taken = first.path.exists() or epoch.lock_path(self.directory).exists()
            if not taken and (lock := EpochLock.take(self.directory, epoch)) is not None:
                return epoch, lock
            born += 1

    def _start(self, oldest: int) -> OpenSegment:
        self._number += 1  # also after a failure: a name is never used twice
        header = Header(
            schema=SCHEMA,
            process=self.epoch.process,
            epoch=self.epoch.born,
            wall_ns=self._clock.wall_ns(),
            mono_ns=int(self._clock.now() * 1e9),
            segment=self._number,
            version=__version__,
            oldest=oldest,
        )
        return OpenSegment(Segment.named(self.directory, self.epoch, self._number), header)

    @property
    def number(self) -> int:
        """The number of the segment being written: how many there have been."""
        return self._number

    @property
    def bytes(self) -> int:
        """Written in this epoch."""
        return self._retired_bytes + self.current.size

    def age(self) -> float:
        """Seconds since the current segment was started."""
        return (self._clock.wall_ns() - self.current.began_ns) / 1e9

    def advance(self, oldest: int | None, footer: Footer) -> None:
        """Start the next segment, then seal the one before it with `footer`. Raises `OSError`: then the current one goes on.

        `oldest` is the number of the segment with the oldest open begin, None if none is open.
        """
        former = self.current
        oldest = oldest if oldest is not None else self._number + 1
        self.current = self._start(oldest)
        self.oldest = oldest
        self._retired.append(former)
        self._retired_bytes += former.size
        if not former.torn:
            with suppress(OSError):  # full: the next segment's header tells all that the footer would
                former.seal(footer)

    def unsynced(self) -> list[OpenSegment]:
        """The segments that have something the disk may not have, in order."""
        current = [self.current] if self.current.size > self.current.synced else []
        return [*self._retired, *current]

    def synced(self, segments: list[OpenSegment]) -> None:
        """The disk has these: close those that are no longer written."""
        for segment in segments:
            if segment in self._retired:
                self._retired.remove(segment)
                segment.close()

    def footer(self, *, begins: int, ends: int, last: bool = False) -> Footer:
        """The last line of a segment with so many begins and ends."""
        return Footer(wall_ns=self._clock.wall_ns(), begins=begins, ends=ends, last=last)

    def close(self, footer: Footer) -> None:
        """Seal, sync and let go of everything. Raises `OSError` where the end could not be written; the files are closed all the same."""
        try:
            if not self.current.torn:
                self.current.seal(footer)
            for segment in self.unsynced():
                segment.sync()
        finally:
            for segment in (*self._retired, self.current):
                segment.close()
            self._retired.clear()
            self._lock.release(forget=footer.last and not self.current.torn)

    def __repr__(self) -> str:
        return f"<SegmentChain {self.epoch.stem} · segment {self._number} · {self.bytes} bytes>"
