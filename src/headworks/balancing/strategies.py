"""The pickers by the names that operators give them, and the choice of one target by its model's."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.pickers import Weighted
from headworks.domain.call import Call
from headworks.domain.dispatch import Choice
from headworks.domain.envelope import Envelope
from headworks.domain.plan import Plan
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Picker, Pulse

_ANY = Envelope()
"""For pickers that don't look at it."""


class Strategies:
    """`ports.balancing.Balancer` for one gateway process."""

    def __init__(self, chance: Chance, pulse: Pulse) -> None:
        self._pulse = pulse
        self._simple: dict[str, Picker] = {"weighted": Weighted(chance)}

    def choose(self, call: Call, plan: Plan, targets: Sequence[Target]) -> Choice:  # noqa: ARG002 - other strategies look at the call
        """See `Balancer`."""
        return Choice(self._simple[plan.model.strategy].pick(_ANY, targets, self._pulse))
