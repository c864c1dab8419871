"""The pickers by the names that operators give them, and the choice of one target by its model's."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.envelopes import envelope_of, hash_key, leads_of
from headworks.balancing.headroom import Headroom
from headworks.balancing.informed import Informed
from headworks.balancing.load import LoadBook
from headworks.balancing.pickers import Hashed, Ordered, Sticky, Weighted
from headworks.domain.call import Call
from headworks.domain.dispatch import Choice
from headworks.domain.envelope import Envelope
from headworks.domain.plan import Plan
from headworks.domain.target import Target
from headworks.ports.clock import Chance, Clock
from headworks.ports.extension import Picker, Pulse

BALANCED = "balanced"
_ANY = Envelope()
"""For pickers that don't look at it."""


class Strategies:
    """`ports.balancing.Balancer` for one gateway process. Simple strategies pay for nothing that they do not use: those in `_plain` for no
    envelope, those in `_keyed` for nobody who follows the attempt.
    """

    def __init__(self, chance: Chance, pulse: Pulse, clock: Clock, headroom: Headroom, loads: LoadBook | None = None) -> None:
        self._pulse = pulse
        self._plain: dict[str, Picker] = {"weighted": Weighted(chance), "ordered": Ordered()}
        self._keyed: dict[str, Picker] = {"sticky": Sticky(), "hashed": Hashed()}
        self._informed = Informed(chance, pulse, clock, headroom, loads)

    @property
    def loads(self) -> LoadBook:
        """For those who hear of engines, and of other gateways."""
        return self._informed.loads

    def choose(self, call: Call, plan: Plan, targets: Sequence[Target]) -> Choice:
        """See `Balancer`."""
        model, strategy = plan.model, plan.strategy or plan.model.strategy
        if len(targets) == 1 and (strategy != BALANCED or len(plan.targets) == 1):
            return Choice(targets[0])
        plain = self._plain.get(strategy)
        if plain is not None and not model.bounded:
            return Choice(plain.pick(_ANY, targets, self._pulse))
        envelope = envelope_of(call, plan, hash_key(call, plan) if strategy == "hashed" else None)
        if strategy == BALANCED:
            envelope.leads = leads_of(call)
            return self._informed.balanced(envelope, model, targets)
        simple = plain or self._keyed.get(strategy)
        if simple is not None and not model.bounded:
            return Choice(simple.pick(envelope, targets, self._pulse))
        return self._informed.choose(simple or self._informed.pickers[strategy], envelope, model, targets)
