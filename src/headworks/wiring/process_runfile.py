"""The run file: who runs on this data directory. It is the lock that keeps a second supervisor out, and where `headworks restart` looks."""

from __future__ import annotations

import os
from pathlib import Path

from headworks.files import is_locked, take_lock

NAME = "headworks.run"
SIZE = 512


class DirectoryUnusableError(Exception):
    """We may not run on this data directory: it is another supervisor's, or cannot be written. The message says which, and what to do."""


class RunFile:
    """Held as long as the process lives: the lock goes with the file descriptor, however the process ends."""

    def __init__(self, directory: Path) -> None:
        """Take the directory, making it if need be. Raises `DirectoryUnusableError`."""
        self.path = directory / NAME
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = take_lock(self.path)
        except OSError as trouble:
            raise DirectoryUnusableError(
                f"{directory} cannot be used for the journal: {trouble.strerror}. Give it to this user, or set journal.directory to one that is."
            ) from None
        if fd is None:
            pid = read(directory).get("supervisor", "?")
            raise DirectoryUnusableError(
                f"{directory} is in use by another Headworks (pid {pid}). "
                f"Stop that one (kill {pid}), or give this one its own journal.directory."
            )
        self._fd = fd

    def write(self, facts: dict[str, int]) -> None:
        """Tell what runs now: one `name number` a line."""
        text = "".join(f"{name} {number}\n" for name, number in facts.items())
        os.pwrite(
            self._fd, text.ljust(SIZE - 1).encode() + b"\n", 0
        )  # one write of one size: who reads meanwhile sees no mixture


def read(directory: Path) -> dict[str, str]:
    """What the run file says; empty if there is none."""
    try:
        lines = (directory / NAME).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {name: number for name, _, number in (line.partition(" ") for line in lines if line.strip())}


def is_held(directory: Path) -> bool:
    """Whether the supervisor that wrote the run file is alive."""
    return is_locked(directory / NAME)
