"""Which data directory this is: process ids repeat in containers, and two directories may hold epochs of one name."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

NAME = "instance"
_BYTES = 16


def instance_of(directory: Path) -> str:
    """The directory's own random name, made at the first asking. Raises `OSError` where it can neither be read nor made."""
    path = directory / NAME
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        fresh = directory / f"{NAME}.{os.getpid()}.new"
        fresh.write_text(secrets.token_hex(_BYTES) + "\n")
        with suppress(FileExistsError):  # somebody else was first: theirs it is
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()
