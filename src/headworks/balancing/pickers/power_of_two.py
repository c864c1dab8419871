"""The better of two, drawn by chance: what is known of load is always a little old, and where all follow it they meet at one target."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers.tiers import foremost
from headworks.balancing.recent import Recent
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class PowerOfTwo:
    """Of two, the one with less of: highest recent time to answer × own attempts under way, for its `weight`. Where one of the two has
    not been heard of lately, attempts alone are compared: not to know is not to be fast.
    """

    def __init__(self, chance: Chance, recent: Recent) -> None:
        self._chance = chance
        self._recent = recent

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:
        """One of them."""
        candidates = foremost(targets, pulse)
        if len(candidates) == 1:
            return candidates[0]
        one, other = self._two(candidates)
        mine, theirs = _share(one, pulse), _share(other, pulse)
        slow = self._recent.peak(one, streamed=envelope.streamed)
        slower = self._recent.peak(other, streamed=envelope.streamed)
        if slow is not None and slower is not None:
            mine, theirs = mine * slow, theirs * slower
        return one if mine <= theirs else other

    def _two(self, candidates: Sequence[Target]) -> tuple[Target, Target]:
        """Two different ones, every pair and every order of it as likely."""
        first = int(self._chance.random() * len(candidates))
        second = int(self._chance.random() * (len(candidates) - 1))
        return candidates[first], candidates[second + (second >= first)]


def _share(target: Target, pulse: Pulse) -> float:
    return (pulse.inflight(target) + 1) / (target.weight or 1)
