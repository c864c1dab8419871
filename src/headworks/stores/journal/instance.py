"""Which data directory this is: process ids repeat in containers, and two directories may hold epochs of one name."""

from __future__ import annotations

import secrets
from pathlib import Path

from headworks.files import make_whole

NAME = "instance"
_BYTES = 16


def instance_of(directory: Path) -> str:
    """The directory's own random name, made at the first asking. Raises `OSError` where it can neither be read nor made."""
    path = directory / NAME
    if not path.exists():
        make_whole(path, secrets.token_hex(_BYTES).encode() + b"\n")  # where somebody else was first, theirs it is
    return path.read_text().strip()
