"""By chance, in proportion to weights."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class Weighted:
    """Lowest `order` first, and within one order by chance in proportion to `weight`. Targets that are cooling down only when
    nothing else is left; a weight of 0 only when nothing else of its order is.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:  # noqa: ARG002 - the same for every request
        """One of them."""
        if len(targets) == 1:
            return targets[0]
        fit = targets if pulse.calm else [target for target in targets if pulse.available(target)] or targets
        return drawn(fit, self._chance)


def drawn(targets: Sequence[Target], chance: Chance) -> Target:
    """One of those of the lowest `order`, by their weights. One loop to sum and one to draw: this is what most requests pay."""
    first, total = targets[0].order, 0
    for target in targets:
        order = target.order
        if order == first:
            total += target.weight
        elif order < first:
            first, total = order, target.weight
    left = chance.random() * total
    last = targets[0]
    for target in targets:
        if target.order == first:
            last = target
            left -= target.weight
            if left < 0.0:
                break
    return last
