"""The last revision that this machine could use, kept beside its journal: it starts with it while the database is gone."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from headworks.domain.revision import Applied

FILE = "revision.json"


class KeptRevision:
    """One file, replaced as a whole and readable by its owner only."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE

    def read(self) -> Applied | None:
        """None where there is none, or it is no longer what was written."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Applied)
        except (OSError, msgspec.MsgspecError):
            return None

    def write(self, revision: Applied) -> None:
        """Keep this one instead. Raises `OSError`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{FILE}.{os.getpid()}")  # a gateway and the one that replaces it may write at once
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(revision))
            os.fsync(file.fileno())
        fresh.replace(self.path)
