"""Who has the least to do."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers.tiers import foremost
from headworks.balancing.pickers.weighted import drawn
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class LeastBusy:
    """The fewest own attempts under way for its `weight`; among equals by weight."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:  # noqa: ARG002 - the same for every request
        """One of them."""
        candidates = foremost(targets, pulse)
        if len(candidates) == 1:
            return candidates[0]
        shares = [(pulse.inflight(target) + 1) / (target.weight or 1) for target in candidates]
        least = min(shares)
        return drawn([target for target, share in zip(candidates, shares, strict=True) if share == least], self._chance)
