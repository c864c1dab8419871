"""Checks the journal against itself: every exchange begun has ended or is under way, and none ended twice."""

from __future__ import annotations

from pathlib import Path

import msgspec

from headworks.domain.exchange import Begin, Exchange
from headworks.domain.outcome import Ending
from headworks.stores.journal.lock import is_held
from headworks.stores.journal.reader import reading
from headworks.stores.journal.segment import find_epochs


class Audit(msgspec.Struct, kw_only=True):
    """Counts of distinct exchanges, and the ids of those that break the rule."""

    segments: int = 0
    begun: int = 0
    """With a begin-mark: a byte may have gone upstream."""
    ended: int = 0
    """With an end-record: all of them, begun or refused before."""
    unbegun: int = 0
    """Ended without having begun: refused, answered from memory, or local. Also those whose begin is past `keep_days`."""
    inflight: int = 0
    """Begun and not ended, in a living process."""
    killed: int = 0
    """Of those ended: by recovery."""
    orphans: list[str] = []
    """Begun and not ended, in a dead process: a recovery is due."""
    twice_begun: list[str] = []
    twice_ended: list[str] = []
    skipped: int = 0
    """Lines that could not be read."""

    @property
    def sound(self) -> bool:
        """Begun = ended + in flight, none twice."""
        return not (self.orphans or self.twice_begun or self.twice_ended)


def audit(directory: Path) -> Audit:
    """Read everything. Takes memory in proportion to the number of exchanges (about 100 bytes each). Raises `NewerSchemaError`."""
    found = Audit()
    ended: set[str] = set()
    for epoch, segments in find_epochs(directory).items():
        alive = is_held(directory, epoch)  # before reading: what ends meanwhile is seen
        begun: set[str] = set()
        for segment in segments:
            found.segments += 1
            with reading(segment.path) as reader:
                for record in reader.records():
                    _count(found, record, begun, ended)
                found.skipped += reader.skipped
        still_open = begun - ended
        found.begun += len(begun)
        if alive:
            found.inflight += len(still_open)
        else:
            found.orphans += sorted(still_open)
    return found


def _count(found: Audit, record: object, begun: set[str], ended: set[str]) -> None:
    if isinstance(record, Begin):
        if record.id in begun:
            found.twice_begun.append(record.id)
        begun.add(record.id)
    elif isinstance(record, Exchange):
        if record.id in ended:
            found.twice_ended.append(record.id)
            return
        ended.add(record.id)
        found.ended += 1
        found.unbegun += record.id not in begun
        found.killed += record.ending == Ending.KILLED
