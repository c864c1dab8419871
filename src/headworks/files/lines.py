"""Files that grow line by line, each on the disk before its writer goes on."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path

from headworks.files.directory import sync_directory


def append_line(path: Path, line: bytes) -> None:
    """Add a line, which holds no line break. By one process at a time. Raises `OSError`: then nothing is added.

    A last line that was torn is taken away: whoever wrote it never went on from it, and will write it again.
    """
    with FileIO(path, "a+", opener=_for_its_owner) as file:
        end = _end_of_lines(file)
        file.truncate(end)
        try:
            _write(file, line + b"\n")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise
    sync_directory(path.parent)


def read_lines(path: Path) -> list[bytes]:
    """The lines that are whole: a torn last one is left out. None where there is no such file. Raises `OSError`."""
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def _write(file: FileIO, line: bytes) -> None:
    if file.write(line) != len(line):  # the disk took a piece: the next one would tell why
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file.name))


def _end_of_lines(file: FileIO) -> int:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return 0
    file.seek(-1, os.SEEK_END)
    if file.read(1) == b"\n":
        return size
    file.seek(0)
    return file.readall().rfind(b"\n") + 1


def _for_its_owner(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
