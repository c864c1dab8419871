"""Where the journal's files lie, what they are called, and how one that is being written takes whole lines or nothing.

    <process>-<epoch>-<number>.jsonl    a segment: a header, then a line a record, then a footer once it is sealed
    <process>-<epoch>.lock              held (flock) as long as the process lives

An epoch is one life of one process. All records of an exchange lie in segments of one epoch, whoever wrote them.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import msgspec

from headworks.domain.exchange import Footer, Header
from headworks.files import sync_directory

Place = tuple[int, int]
"""How far an epoch has been read: segment number, and offset in it."""
START: Place = (0, 0)
_SUFFIX = ".jsonl"
_NUMBER_DIGITS = 6


class Epoch(NamedTuple):
    """One life of one process. `born` is its beginning in nanoseconds since 1970; epochs sort by it."""

    born: int
    process: str

    @property
    def stem(self) -> str:
        """What its files' names start with."""
        return f"{self.process}-{self.born}"

    def lock_path(self, directory: Path) -> Path:
        """The file it keeps locked while it lives."""
        return directory / f"{self.stem}.lock"


class Segment(NamedTuple):
    """One file of an epoch. Numbers rise by one and begin at 1."""

    epoch: Epoch
    number: int
    path: Path

    @classmethod
    def named(cls, directory: Path, epoch: Epoch, number: int) -> Segment:
        """The segment of that number, whether or not it is there."""
        return cls(epoch, number, directory / f"{epoch.stem}-{number:0{_NUMBER_DIGITS}d}{_SUFFIX}")


def find_epochs(directory: Path) -> dict[Epoch, list[Segment]]:
    """All epochs that have segments, oldest first, each with its segments in order. Empty if the directory is not there."""
    found: dict[Epoch, list[Segment]] = defaultdict(list)
    try:
        names = os.listdir(directory)  # noqa: PTH208 - names are enough, and this runs several times a second
    except FileNotFoundError:
        return {}
    for name in names:
        if name.endswith(_SUFFIX) and (segment := _read_name(directory, name)) is not None:
            found[segment.epoch].append(segment)
    return {epoch: sorted(found[epoch]) for epoch in sorted(found)}


def _read_name(directory: Path, name: str) -> Segment | None:
    parts = name.removesuffix(_SUFFIX).rsplit("-", 2)
    if len(parts) != 3 or not parts[1].isdigit() or not parts[2].isdigit():  # noqa: PLR2004 - process, epoch, number
        return None
    return Segment(Epoch(int(parts[1]), parts[0]), int(parts[2]), directory / name)


class OpenSegment:
    """A segment being written by the process that holds its epoch. Not thread-safe, but for `sync`."""

    __slots__ = ("began_ns", "fd", "segment", "size", "synced", "torn")

    def __init__(self, segment: Segment, header: Header) -> None:
        """Creates the file with its header. Raises `OSError` and leaves nothing behind where that fails."""
        self.segment = segment
        self.began_ns = header.wall_ns
        self.size = 0
        self.synced = 0
        self.torn = False
        """A piece of a line is stuck at the end: nothing may be written behind it."""
        self.fd = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self.write(encoded_line(header))
        except OSError:
            self.close()
            segment.path.unlink(missing_ok=True)
            raise

    def write(self, lines: bytearray) -> None:
        """Append whole lines and take them out of `lines`. Raises `OSError`; what is left in `lines` then is not in the file."""
        try:
            written = os.write(self.fd, lines)
        except OSError:
            self._cut()
            raise
        if written == len(lines):
            self.size += written
            lines.clear()
            return
        # A reader may have seen the lines that are complete, so they stay; the torn one goes.
        whole = lines.rfind(b"\n", 0, written) + 1
        self.size += whole
        del lines[:whole]
        self._cut()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.segment.path))

    def _cut(self) -> None:
        try:
            os.ftruncate(self.fd, self.size)
        except OSError:
            self.torn = True

    def seal(self, footer: Footer) -> None:
        """Write the last line. Raises `OSError`; a segment without a footer is as good, only less informative."""
        self.write(encoded_line(footer))

    def sync(self) -> None:
        """Wait until the disk has what was written. Safe in another thread. Raises `OSError`."""
        size = self.size
        _datasync(self.fd)
        if not self.synced:
            sync_directory(self.segment.path.parent)
        self.synced = size

    def vanished(self) -> bool:
        """Whether somebody deleted the file while it was being written."""
        return os.fstat(self.fd).st_nlink == 0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.fd)

    def __repr__(self) -> str:
        return f"<OpenSegment {self.segment.path.name} · {self.size} bytes>"


def encoded_line(record: Header | Footer) -> bytearray:
    """A record as a line of its own."""
    line = bytearray(msgspec.json.encode(record))
    line.append(0x0A)
    return line


_datasync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
