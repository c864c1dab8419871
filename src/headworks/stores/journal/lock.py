"""Who is alive: every process keeps its epoch's lock file locked, and the kernel lets go of it however the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

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
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            os.close(fd)
            if isinstance(taken, BlockingIOError):
                return None
            raise
        return cls(fd, path)

    def release(self, *, forget: bool = False) -> None:
        """Let go. With `forget` the file goes too: only for an epoch that is closed or gone, whose next holder has nothing to do."""
        if forget:
            self._path.unlink(missing_ok=True)
        os.close(self._fd)


def is_held(directory: Path, epoch: Epoch) -> bool:
    """Whether the epoch's process (or a recovery of it) is alive. Changes nothing, and needs only the right to read."""
    try:
        fd = os.open(epoch.lock_path(directory), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
