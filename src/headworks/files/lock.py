"""Files that say who is alive: a process keeps its own locked, and the kernel lets go of it however the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def take_lock(path: Path) -> int | None:
    """The file's descriptor, locked until it is closed, or None if somebody holds it. Raises `OSError` where the file can't be made."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        os.close(fd)
        if isinstance(taken, BlockingIOError):
            return None
        raise
    return fd


def is_locked(path: Path) -> bool:
    """Whether whoever made it is alive. Changes nothing, and needs only the right to read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
