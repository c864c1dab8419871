"""Who costs least."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers.tiers import foremost
from headworks.balancing.pickers.weighted import drawn
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class Cheapest:
    """The lowest price of this request's tokens by the target's card; among equals by weight."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:
        """One of them."""
        candidates = foremost(targets, pulse)
        if len(candidates) == 1:
            return candidates[0]
        prices = [price_of(envelope, target) for target in candidates]
        least = min(prices)
        return drawn([target for target, price in zip(candidates, prices, strict=True) if price == least], self._chance)


def price_of(envelope: Envelope, target: Target) -> int:
    """What the request would cost there, 10⁻¹⁵ units: its prompt, and the most that it may be answered with. What has no price costs
    nothing.
    """
    if target.price is None:
        return 0
    return target.price.exact(Usage(input=envelope.prompt_tokens, output=envelope.output_tokens))
