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
        if pulse.calm:
            return drawn(targets, self._chance)
        return self._rising([target for target in targets if pulse.available(target)] or targets, pulse)

    def _rising(self, fit: Sequence[Target], pulse: Pulse) -> Target:
        """The same where some are to get less than their share."""
        first = min([target.order for target in fit])
        fit = [target for target in fit if target.order == first]
        weights = [target.weight * pulse.share(target) for target in fit]
        left = self._chance.random() * sum(weights)
        for target, weight in zip(fit, weights, strict=True):
            left -= weight
            if left < 0.0:
                return target
        return fit[-1]


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
