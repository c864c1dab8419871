"""Who is alive: every process keeps its epoch's lock file locked, and the kernel lets go of it however the process ends."""

from __future__ import annotations

import os
from pathlib import Path

from headworks.files import is_locked, take_lock
from headworks.stores.journal.segment import Epoch


class EpochLock:
    """The right to write an epoch's segments: its own process's, or after its death one recovery's."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path

    @classmethod
    def take(cls, directory: Path, epoch: Epoch) -> EpochLock | None:
        """The lock, or None if somebody holds it. Raises `OSError` where the file can't be made."""
        path = epoch.lock_path(directory)
        fd = take_lock(path)
        return None if fd is None else cls(fd, path)

    def release(self, *, forget: bool = False) -> None:
        """Let go. With `forget` the file goes too: only for an epoch that is closed or gone, whose next holder has nothing to do."""
        if forget:
            self._path.unlink(missing_ok=True)
        os.close(self._fd)


def is_held(directory: Path, epoch: Epoch) -> bool:
    """Whether the epoch's process (or a recovery of it) is alive. Changes nothing, and needs only the right to read."""
    return is_locked(epoch.lock_path(directory))
