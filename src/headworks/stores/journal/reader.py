"""Reads segments: forwards, backwards, and searching. A line counts once its line break is there; a torn or foreign one is skipped."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headworks.domain.exchange import SCHEMA, Record
from headworks.stores.journal.schema import Decode, decoder_for, read_header

CHUNK = 1 << 20
_HEADER_BYTES = 4096


class SegmentReader:
    """One segment, open for reading; it may still grow. Closed by whoever opened it. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Raises `FileNotFoundError`, and `NewerSchemaError` where a later version wrote it."""
        self.path = path
        self.skipped = 0
        """Lines that could not be read, so far."""
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._decode = self._find_decoder()
        except BaseException:
            os.close(self._fd)
            raise

    def _find_decoder(self) -> Decode:
        head = os.pread(self._fd, _HEADER_BYTES, 0)
        self.header = read_header(head.partition(b"\n")[0])
        # Where a power cut took the header, the records behind it are most likely today's.
        return decoder_for(self.header.schema if self.header is not None else SCHEMA)

    @property
    def size(self) -> int:
        """Bytes in the file by now."""
        return os.fstat(self._fd).st_size

    def lines(self, offset: int = 0, size: int = CHUNK) -> tuple[list[bytes], int]:
        """Complete lines from `offset` (the start of one) on, and the offset behind them: as many as `size` bytes hold, or the one that is longer.

        Nothing is remembered between calls: a writer may take back a torn line and put another in its place.
        """
        data = os.pread(self._fd, size, offset)
        end = data.rfind(b"\n") + 1
        while not end:
            if len(data) < size:
                return [], offset
            size *= 4
            data = os.pread(self._fd, size, offset)
            end = data.find(b"\n") + 1
        return data[: end - 1].split(b"\n"), offset + end

    def end(self, size: int = CHUNK) -> int:
        """The offset behind the last complete line."""
        start = self.size
        while start > 0:
            step = min(size, start)
            start -= step
            found = os.pread(self._fd, step, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
        return 0

    def lines_backwards(self, size: int = CHUNK) -> Iterator[bytes]:
        """Complete lines, the last one first."""
        start = self.size
        rest = b""
        torn = True  # what stands behind the last line break is no line
        while start > 0:
            step = min(size, start)
            start -= step
            rest, *lines = (os.pread(self._fd, step, start) + rest).split(b"\n")
            if torn and lines:
                lines.pop()
                torn = False
            yield from reversed(lines)
        if not torn:
            yield rest

    def lines_with(self, needle: bytes) -> Iterator[bytes]:
        """Complete lines that hold `needle` somewhere."""
        offset = 0
        while True:
            lines, offset = self.lines(offset)
            if not lines:
                return
            yield from (line for line in lines if needle in line)

    def decode(self, line: bytes) -> Record | None:
        """The record in a line, or None if it can't be read."""
        try:
            return self._decode(line)
        except msgspec.MsgspecError:
            self.skipped += 1
            return None

    def records(self, starts: tuple[bytes, ...] = ()) -> Iterator[Record]:
        """All records, in order; with `starts` only those whose lines start so."""
        offset = 0
        while True:
            lines, offset = self.lines(offset)
            if not lines:
                return
            for line in lines:
                if starts and not line.startswith(starts):
                    continue
                record = self.decode(line)
                if record is not None:
                    yield record

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)

    def __repr__(self) -> str:
        return f"<SegmentReader {self.path.name}>"


@contextmanager
def reading(path: Path) -> Generator[SegmentReader]:
    """A segment, open as long as the block runs."""
    reader = SegmentReader(path)
    try:
        yield reader
    finally:
        reader.close()
