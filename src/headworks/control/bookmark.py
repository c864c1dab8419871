"""Where a projection was, kept in a small file from one life of the process to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from headworks.files import write_whole
from headworks.stores.journal import Place

FOLDER = "bookmarks"


class Bookmark:
    """One file, replaced as a whole, so that it is never half written."""

    def __init__(self, directory: Path, name: str, say: Callable[[str], None]) -> None:
        """`directory` is the journal's."""
        self._path = directory / FOLDER / f"{name}.json"
        self._say = say
        self._failing = False

    def load(self) -> dict[str, Place] | None:
        """The places, or None where there are none yet or they can't be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Place])
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as trouble:
            self._say(f"{self._path} cannot be read ({trouble}): that projection starts again from the present")
            return None

    def save(self, places: Mapping[str, Place]) -> None:
        """Keep the places; waits for the disk. On a full one this is said once, and the last ones saved stay."""
        try:
            write_whole(self._path, msgspec.json.encode(places))
        except OSError as trouble:
            if not self._failing:
                self._say(
                    f"{self._path} cannot be written ({trouble.strerror}): after a restart some exchanges may be told twice"
                )
            self._failing = True
        else:
            self._failing = False
