"""As they are written."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers.tiers import foremost
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.extension import Pulse


class Ordered:
    """Lowest `order` first, and within one order the first as written: the others are for when it is not available."""

    def pick(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Target:  # noqa: ARG002 - the same for every request
        """The first."""
        return foremost(targets, pulse)[0]
