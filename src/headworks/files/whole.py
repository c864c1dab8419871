"""Small files that are whole at any time: written beside their place, then put there in one step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from headworks.files.directory import sync_directory
from headworks.files.leftovers import UNFINISHED


def write_whole(path: Path, data: bytes) -> None:
    """Put the file there, for its owner alone, in place of any that was. Makes its folder. Raises `OSError`: then the old one stays."""
    with _written(path, data) as fresh:
        fresh.replace(path)
    sync_directory(path.parent)


def make_whole(path: Path, data: bytes) -> bool:
    """As `write_whole` where there is no such file yet. False where there is: of several who come at once, one makes it."""
    try:
        with _written(path, data) as fresh:
            path.hardlink_to(fresh)
    except FileExistsError:
        return False
    sync_directory(path.parent)
    return True


@contextmanager
def _written(path: Path, data: bytes) -> Generator[Path]:
    """The data on the disk, under a name of its own that is gone afterwards."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=UNFINISHED)  # made with mode 0600
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)
