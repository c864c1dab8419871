"""The principals that are known without asking, bounded, and what came over the change feed about them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from math import inf

import msgspec

from headworks.domain.principal import Principal
from headworks.ports.records import Change


class Known(msgspec.Struct, gc=False):
    """One remembered answer."""

    principal: Principal
    proven: float
    """Monotonic seconds: when the look-up that found it was sent."""
    as_of: int
    """Of which change."""
    until: float = inf
    """Monotonic seconds: of a token, how long its judgement may be remembered."""
    revision: str = ""
    """Of a token, the configuration that judged it: under another it is judged anew."""
    marked: bool = False
    """Something that it rests on has changed: it must be looked up again."""


class PrincipalCache:
    """Digest of what was presented → who it is. The least recently used goes first."""

    def __init__(self, most: int) -> None:
        self.entries: OrderedDict[bytes, Known] = OrderedDict()
        self._digests: dict[str, bytes] = {}
        self._most = most

    def put(self, digest: bytes, known: Known) -> None:
        """Remember it."""
        self.entries[digest] = known
        self.entries.move_to_end(digest)
        self._digests[known.principal.id] = digest
        if len(self.entries) > self._most:
            _, oldest = self.entries.popitem(last=False)
            self._digests.pop(oldest.principal.id, None)

    def drop(self, digest: bytes) -> None:
        """Forget it, if it is known."""
        known = self.entries.pop(digest, None)
        if known is not None:
            self._digests.pop(known.principal.id, None)

    def mark(self, changes: Sequence[Change]) -> None:
        """Mark whatever rests on what was changed. One walk for all parties together: an organisation may have all entries below it."""
        for change in changes:
            known = self.entries.get(self._digests.get(change.id, b""))
            if known is not None and known.as_of < change.number:
                known.marked = True
        parties = {change.id: change.number for change in changes if change.entity == "party"}
        if parties:
            self._mark_below(parties)

    def _mark_below(self, parties: dict[str, int]) -> None:
        for known in self.entries.values():
            lineage = known.principal.lineage
            # a token found its party by name: any party may be the one that it should find now
            if known.revision or any(parties.get(party, 0) > known.as_of for party in lineage if party in parties):
                known.marked = True

    def mark_all(self) -> None:
        """Nothing is known for sure any more."""
        for known in self.entries.values():
            known.marked = True

    def mark_tokens(self) -> None:
        """What signatures vouch for is to be judged again."""
        for known in self.entries.values():
            if known.revision:
                known.marked = True


class Recent:
    """What was changed of late, so that an answer read before a change is not remembered after it."""

    def __init__(self, most: int = 4_096) -> None:
        self._latest: OrderedDict[str, int] = OrderedDict()
        self._party = 0
        self._floor = 0
        self._most = most

    def restart(self, number: int) -> None:
        """Of changes up to this one nothing is known."""
        self._latest.clear()
        self._party = self._floor = number

    def note(self, changes: Iterable[Change]) -> None:
        """In order."""
        for change in changes:
            self._latest[change.id] = change.number
            self._latest.move_to_end(change.id)
            if change.entity == "party":
                self._party = change.number
        while len(self._latest) > self._most:
            self._floor = self._latest.popitem(last=False)[1]

    def outdates(self, principal: Principal, as_of: int, *, by_name: bool = False) -> bool:
        """Whether something that it rests on was changed after `as_of`, or may have been. `by_name`: a party was found by its name, so
        that any party may matter.
        """
        if as_of < self._floor or (by_name and as_of < self._party):
            return True
        latest = self._latest
        return any(latest.get(id_, 0) > as_of for id_ in principal.lineage)
