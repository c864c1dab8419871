"""Where rollouts stand in this process, and the circuit that takes a candidate out at once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.gauges import RolloutGauges
from headworks.domain.position import Position

ENOUGH = 20
"""Outcomes of a step from which on a candidate is judged here."""
WORST = 0.5
"""The part of them that may not fail."""
REJECTIONS = 7
"""Rejected requests of one unit that count: three units are enough for `ENOUGH`."""
_MOST_UNITS = 4096
_OTHERS = 2
"""Units that were served, of which any other has one that is not itself."""


class _Count(msgspec.Struct):
    """What has become of a candidate's requests since the step began."""

    outcomes: int = 0
    failures: int = 0
    tripped: bool = False


class _Units(msgspec.Struct):
    """Who has asked a version since the step began: hashes of units."""

    rejected: dict[int, int] = {}
    served: set[int] = set()


class PositionBook:
    """One per process, a `ports.rollouts.Positions`. Whoever follows the records swaps positions; a circuit lasts as long as its step.

    It judges by what this process has seen: the rollout's own gates see all gateways, and decide what becomes of it.
    """

    def __init__(self, positions: Mapping[str, Position] | None = None) -> None:
        self._positions: Mapping[str, Position] = {}
        self._counts: dict[tuple[str, int, str], _Count] = {}
        self._units: dict[tuple[str, int, str], _Units] = {}
        self.swap(positions or {})

    def swap(self, positions: Mapping[str, Position]) -> None:
        """By model: from now on these count."""
        places = [(each.id, each.step, version) for each in positions.values() for version in (each.candidate, *each.others)]
        self._counts = {place: self._counts.get(place) or _Count() for place in places}
        places += [(each.id, each.step, each.baseline) for each in positions.values()]
        self._units = {place: self._units.get(place) or _Units() for place in places}
        self._positions = {model: self._judged(position) for model, position in positions.items()}

    def of(self, model: str) -> Position | None:
        """See `Positions.of`."""
        return self._positions.get(model)

    def tells(self, position: Position, version: str, unit: str, *, rejected: bool) -> bool:
        """See `Positions.tells`."""
        units = self._units.get((position.id, position.step, version))
        if units is None:
            return True
        who = hash(unit)
        if not rejected:
            if len(units.served) < _OTHERS:
                units.served.add(who)
            return True
        times = units.rejected.get(who, 0) + 1
        if times > 1 or len(units.rejected) < _MOST_UNITS:
            units.rejected[who] = times
        return times <= REJECTIONS or units.served <= {who}

    def saw(self, position: Position, version: str, *, failed: bool) -> str:
        """See `Positions.saw`. What comes late, of a step that is over, counts for nothing."""
        count = self._counts.get((position.id, position.step, version))
        if count is None:
            return ""
        count.outcomes += 1
        count.failures += failed
        if count.tripped or count.outcomes < ENOUGH or count.failures < WORST * count.outcomes:
            return ""
        count.tripped = True
        self._positions = {model: self._judged(each) for model, each in self._positions.items()}
        return f"{count.failures} of {count.outcomes} requests to version {version} have failed: it gets no more here"

    def gauges(self) -> dict[str, RolloutGauges]:
        """By model."""
        return {model: self._gauges(position) for model, position in self._positions.items()}

    def _judged(self, position: Position) -> Position:
        """Of several candidates those that have not failed too often; of one the share."""
        left = [version for version in (position.candidate, *position.others) if not self._count(position, version).tripped]
        if not left:
            return msgspec.structs.replace(position, share=0.0, shadow=0.0)
        return msgspec.structs.replace(position, candidate=left[0], others=tuple(left[1:]))

    def _count(self, position: Position, version: str) -> _Count:
        return self._counts[position.id, position.step, version]

    def _gauges(self, position: Position) -> RolloutGauges:
        count = self._count(position, position.candidate)
        out = [
            version
            for (id_, step, version), each in self._counts.items()
            if each.tripped and (id_, step) == (position.id, position.step)
        ]
        return RolloutGauges(
            rollout=position.id,
            candidate=position.candidate,
            step=position.step,
            share=position.share,
            outcomes=count.outcomes,
            failures=count.failures,
            tripped=count.tripped,
            out=tuple(sorted(out)),
        )
