"""On to the next order of targets while one is full, and back when it has had room for a while."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Protocol

import msgspec

from headworks.domain.call import Call
from headworks.domain.dispatch import Choice
from headworks.domain.plan import Plan
from headworks.domain.spill import Spill
from headworks.domain.target import Target
from headworks.ports.balancing import Balancer
from headworks.ports.clock import Clock
from headworks.ports.extension import Pulse

KNOWN = 4096
"""Orders of models that are remembered: names may be made up by callers."""


class Saturation(Protocol):
    """How full targets are together."""

    def of(self, spill: Spill, tier: Sequence[Target]) -> float:
        """0 idle, 1 and more full."""
        ...


class InFlight:
    """`Saturation` by our own attempts under way at the targets that are available."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse

    def of(self, spill: Spill, tier: Sequence[Target]) -> float:
        """See `Saturation`. Where none is available, it is full."""
        pulse = self._pulse
        fit = tier if pulse.calm else [target for target in tier if pulse.available(target)]
        return sum(map(pulse.inflight, fit)) / (len(fit) * spill.concurrency) if fit else inf


class Spilling:
    """A `ports.balancing.Balancer` that lets another one choose among the targets of the first order that has room."""

    def __init__(self, chooser: Balancer, saturation: Saturation, clock: Clock) -> None:
        self._chooser = chooser
        self._saturation = saturation
        self._clock = clock
        self._full: dict[tuple[str, int], float | None] = {}
        """Orders that are full → since when they have had room again."""

    def choose(self, call: Call, plan: Plan, targets: Sequence[Target]) -> Choice:
        """See `Balancer`. Where all orders are full, the first one has the choice."""
        spill = plan.model.spill
        if spill is None or len(targets) == 1:
            return self._chooser.choose(call, plan, targets)
        why = ""
        for order in sorted({target.order for target in targets}):
            tier = [target for target in targets if target.order == order]
            if not self._left_out(spill, (plan.model.name, order), tier):
                choice = self._chooser.choose(call, plan, tier)
                return msgspec.structs.replace(choice, why="; ".join(filter(None, (why, choice.why)))) if why else choice
            why = f"order {order} is full"
        return self._chooser.choose(call, plan, targets)

    def _left_out(self, spill: Spill, order: tuple[str, int], tier: Sequence[Target]) -> bool:
        """Whether this order is full, or has not had room for long enough."""
        saturation = self._saturation.of(spill, tier)
        if saturation >= 1.0:
            if len(self._full) >= KNOWN:
                self._full.clear()
            self._full[order] = None
            return True
        if order not in self._full:
            return False
        now, since = self._clock.now(), self._full[order]
        if saturation >= spill.back:
            self._full[order] = None
            return True
        if since is None:
            self._full[order] = since = now
        if now - since < spill.hold:
            return True
        del self._full[order]
        return False
