"""What is set aside of counters for requests under way, as the journals of living processes tell it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from headworks.stores.journal.carried import Followed, follow
from headworks.stores.journal.lock import is_held
from headworks.stores.journal.recovery import oldest_needed
from headworks.stores.journal.segment import Epoch, find_epochs

_ENDLESS = (sys.maxsize, 0)
"""All that has ended is somebody else's to count."""


class UnderWay:
    """Reads on from where it was. The first look reads a segment or two, which takes a moment: never on the loop. Any thread may look."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._epochs: dict[Epoch, Followed] = {}
        self._lock = Lock()

    def look(self) -> Mapping[str, int]:
        """Counter → units held by requests that have begun in this directory's journals and not ended."""
        held: Counter[str] = Counter()
        with self._lock:
            self._epochs = dict(self._read())
            for followed in self._epochs.values():
                for charges in followed.open.values():
                    for charge in charges:
                        held[charge.counter] += charge.units
        return held

    def _read(self) -> list[tuple[Epoch, Followed]]:
        alive: list[tuple[Epoch, Followed]] = []
        for epoch, segments in find_epochs(self._directory).items():
            if is_held(self._directory, epoch):
                followed = self._epochs.get(epoch) or Followed((oldest_needed(segments), 0), _ENDLESS)
                follow(followed, segments, Counter())
                alive.append((epoch, followed))
        return alive
