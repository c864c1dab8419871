"""Choosing by what is known of the targets, and learning of it from every attempt."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.bounds import Bounds
from headworks.balancing.follow import Follower, Together
from headworks.balancing.headroom import Headroom
from headworks.balancing.load import LoadBook
from headworks.balancing.pickers import Cheapest, Fastest, LeastBusy, PowerOfTwo
from headworks.balancing.prefix import PrefixIndex
from headworks.balancing.recent import Recent
from headworks.balancing.seconds import Seconds
from headworks.domain.dispatch import Choice
from headworks.domain.envelope import Envelope
from headworks.domain.snapshot import Model
from headworks.domain.target import Target
from headworks.ports.clock import Chance, Clock
from headworks.ports.extension import Picker, Pulse

HELD_UP = 0.5
"""Seconds of a target's barrier from which on others are taken, while there are any."""


class Informed:
    """What the gateway has seen of all targets, and the pickers that go by it. One per process."""

    def __init__(self, chance: Chance, pulse: Pulse, clock: Clock, headroom: Headroom, loads: LoadBook | None = None) -> None:
        self._pulse = pulse
        self._clock = clock
        self._headroom = headroom
        self._recent = Recent(clock)
        self._bounds = Bounds(self._recent)
        self.loads = loads or LoadBook(clock, PrefixIndex())
        self._seconds = Seconds(self.loads, chance, headroom)
        self.pickers: dict[str, Picker] = {
            "least_busy": LeastBusy(chance),
            "power_of_two": PowerOfTwo(chance, self._recent),
            "cheapest": Cheapest(chance),
            "fastest": Fastest(chance, self._recent),
        }

    def choose(self, picker: Picker, envelope: Envelope, model: Model, targets: Sequence[Target]) -> Choice:
        """As `picker` does, among those of `targets` that are well, have room, and keep to the bounds of the model."""
        free, why = self._narrowed(envelope, model, targets)
        target = picker.pick(envelope, free, self._pulse)
        return Choice(target, self._follow(target, envelope), why)

    def balanced(self, envelope: Envelope, model: Model, targets: Sequence[Target]) -> Choice:
        """The one of these that takes the fewest seconds."""
        free, why = self._narrowed(envelope, model, targets)
        choice = self._seconds.choose(envelope, free, self._pulse)
        assert choice.dispatch is not None
        both = Together(choice.dispatch, self._follow(choice.target, envelope))
        return Choice(choice.target, both, f"{why}, {choice.why}" if why and choice.why else why or choice.why)

    def _follow(self, target: Target, envelope: Envelope) -> Follower:
        return Follower(target, envelope, self._recent, self._headroom, self._clock)

    def _narrowed(self, envelope: Envelope, model: Model, targets: Sequence[Target]) -> tuple[Sequence[Target], str]:
        free = self._free(envelope, targets)
        return self._bounds.keep(model, envelope, free, self._pulse) if model.bounded else (free, "")

    def _free(self, envelope: Envelope, targets: Sequence[Target]) -> Sequence[Target]:
        """Those that are available and whose provider would let the request pass soon, as far as there are such; none that is to be
        the last resort of its order.
        """
        pulse = self._pulse
        fit = targets if pulse.calm else [target for target in targets if pulse.available(target)] or targets
        tokens, now, barrier = envelope.prompt_tokens + envelope.output_tokens, self._clock.now(), self._headroom.barrier
        if not self._headroom.quiet:
            fit = [target for target in fit if barrier(target.name, tokens, now) <= HELD_UP] or fit
        if all([target.weight for target in fit]):  # noqa: C419 - a generator takes twice as long
            return fit
        serving = {target.order for target in fit if target.weight}
        return [target for target in fit if target.weight or target.order not in serving]
