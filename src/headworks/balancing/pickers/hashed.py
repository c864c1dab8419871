"""Equal beginnings go to equal places, as far as these can bear it: consistent hashing with bounded loads."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from headworks.balancing.pickers.rendezvous import ranked
from headworks.balancing.pickers.tiers import foremost
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.extension import Pulse

BOUND = 1.25
"""How many times its fair share of all own attempts under way a target is given."""


class Hashed:
    """The first in the ranking of the envelope's `affinity` that has not more than its bounded share to do."""

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:
        """One of them."""
        candidates = foremost(targets, pulse)
        if len(candidates) == 1:
            return candidates[0]
        inflight = {target.name: pulse.inflight(target) for target in candidates}
        fair = BOUND * (sum(inflight.values()) + 1) / sum(target.weight or 1 for target in candidates)
        ranking = ranked(envelope, candidates)
        return next((target for target in ranking if inflight[target.name] < ceil(fair * (target.weight or 1))), ranking[0])
