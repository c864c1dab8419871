"""Orders of targets."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.domain.call import Call
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class Weighted:
    """By `order`, and within one order by chance in proportion to `weight`; targets that are cooling down come last.

    A weight of 0 takes a target out of the draw but leaves it as a last resort of its order.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def order(self, call: Call, targets: Sequence[Target], pulse: Pulse) -> Sequence[Target]:  # noqa: ARG002 - a picker may look at the call
        """Best first."""
        if len(targets) == 1:
            return targets
        keyed = [(self._key(target, pulse), target) for target in targets]
        keyed.sort(key=lambda pair: pair[0])
        return [target for _, target in keyed]

    def _key(self, target: Target, pulse: Pulse) -> tuple[bool, int, float]:
        # Efraimidis and Spirakis: sorting by -u^(1/w) draws without replacement in proportion to the weights.
        draw = self._chance.random()
        place = -(draw ** (1.0 / target.weight)) if target.weight > 0 else 1.0
        return (not pulse.available(target), target.order, place)
