"""End-records that the disk would not take, kept in memory until it does."""

from __future__ import annotations

from collections import deque

from headworks.stores.journal.schema import END
from headworks.stores.journal.segment import OpenSegment

LARGEST = 16 << 20
"""Bytes kept at most: some 15,000 records."""
_BATCH = 64 << 10


class Backlog:
    """Belongs to one writer. When it is full, the newest record is lost: its exchange stays open, and a recovery will charge it
    by its last checkpoint.
    """

    __slots__ = ("_largest", "_lines", "_size", "lost")

    def __init__(self, largest: int = LARGEST) -> None:
        self._lines: deque[bytes] = deque()
        self._largest = largest
        self._size = 0
        self.lost = 0

    def __len__(self) -> int:
        return len(self._lines)

    def keep_ends(self, lines: bytearray) -> None:
        """Take the end-records out of what could not be written; the other marks are worth nothing later and are let go."""
        for line in bytes(lines).splitlines(keepends=True):
            if not line.startswith(END):
                continue
            if self._size + len(line) > self._largest:
                self.lost += 1
            else:
                self._lines.append(line)
                self._size += len(line)
        lines.clear()

    def drain(self, segment: OpenSegment) -> None:
        """Write what waits, oldest first. Raises `OSError`; what is not in the file then still waits."""
        while self._lines:
            batch = bytearray()
            while self._lines and len(batch) < _BATCH:
                batch += self._lines.popleft()
            before = len(batch)
            try:
                segment.write(batch)
            finally:
                self._size -= before - len(batch)
                self._lines.extendleft(reversed(bytes(batch).splitlines(keepends=True)))
