"""The last revision that this machine could use, kept beside its journal: it starts with it while the database is gone."""

from __future__ import annotations

from pathlib import Path

import msgspec

from headworks.domain.revision import Applied
from headworks.files import write_whole

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
        write_whole(self.path, msgspec.json.encode(revision))
