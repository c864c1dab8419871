"""Who answers soonest."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers.tiers import foremost
from headworks.balancing.recent import Recent
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse

EXPLORED = 0.05
"""The share of requests that goes to whoever was heard of least recently: one that has become fast again is found out."""


class Fastest:
    """The shortest recent time to the first token (of whole answers: to the end). One that has not been heard of lately is tried before
    all others, by one request at a time.
    """

    def __init__(self, chance: Chance, recent: Recent) -> None:
        self._chance = chance
        self._recent = recent

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:
        """One of them."""
        candidates = foremost(targets, pulse)
        if len(candidates) == 1:
            return candidates[0]
        known: list[tuple[float, int, Target]] = []
        unknown: list[tuple[int, int, Target]] = []
        for number, target in enumerate(candidates):
            seconds = self._recent.mean(target, streamed=envelope.streamed)
            if seconds is None:
                unknown.append((pulse.inflight(target), number, target))
            else:
                known.append((seconds, number, target))
        if unknown:
            busy, _, quietest = min(unknown)
            if not busy or not known:
                return quietest
        if self._chance.random() < EXPLORED:
            return min(candidates, key=lambda target: self._recent.heard_at(target, streamed=envelope.streamed))
        return min(known)[2]
