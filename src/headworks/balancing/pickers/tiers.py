"""Which targets a picker may choose among, before it compares anything."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.domain.target import Target
from headworks.ports.extension import Pulse


def foremost(targets: Sequence[Target], pulse: Pulse) -> Sequence[Target]:
    """Those of the lowest `order` that has one available, or of all where none is; of them a weight of 0 only where nothing else is left.
    At least one, in the order in which they came.
    """
    if len(targets) == 1:
        return targets
    fit = targets if pulse.calm else [target for target in targets if pulse.available(target)] or targets
    first = min(target.order for target in fit)
    tier = [target for target in fit if target.order == first]
    return [target for target in tier if target.weight] or tier
