"""Who comes back is served where it was."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers.rendezvous import ranked
from headworks.balancing.pickers.tiers import foremost
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.extension import Pulse


class Sticky:
    """The home of the envelope's `affinity`: another one only while that is not available, and then always the same."""

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:
        """One of them."""
        candidates = foremost(targets, pulse)
        return candidates[0] if len(candidates) == 1 else ranked(envelope, candidates)[0]
