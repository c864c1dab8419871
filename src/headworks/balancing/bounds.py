"""What a model's targets have to keep to: its time to the first token, and a price. Narrowed by before a strategy chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headworks.balancing.pickers.cheapest import price_of
from headworks.balancing.recent import Recent
from headworks.domain.envelope import Envelope
from headworks.domain.money import PER_MILLION, Money
from headworks.domain.snapshot import Model
from headworks.domain.target import Target
from headworks.ports.extension import Pulse


class Kept(NamedTuple):
    """Those of the targets that keep to the bounds, or the nearest to it; and in words where none does."""

    targets: Sequence[Target]
    why: str = ""


class Bounds:
    """Price first, then time: where nobody keeps to one of them, whoever comes nearest is left, and it is said."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent

    def keep(self, model: Model, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Kept:
        """At least one of `targets`."""
        whys: list[str] = []
        if model.below is not None:
            targets, why = _affordable(targets, envelope, model.below)
            whys += why
        if model.within is not None:
            targets, why = self._quick(targets, model.within, pulse)
            whys += why
        return Kept(targets, ", ".join(whys))

    def _quick(self, targets: Sequence[Target], seconds: float, pulse: Pulse) -> tuple[Sequence[Target], list[str]]:
        """Those whose first token came within `seconds` lately. One that was not heard of is given a request, one at a time."""
        paces = [(self._recent.mean(target, streamed=True), target) for target in targets]
        quick = [target for pace, target in paces if (not pulse.inflight(target) if pace is None else pace <= seconds)]
        if quick:
            return quick, []
        known = [(pace, target) for pace, target in paces if pace is not None]
        if not known:
            return targets, []  # all are being tried
        pace, nearest = min(known, key=lambda each: each[0])
        return [nearest], [f"none within {seconds:g} s, the fastest takes {pace:.2f} s"]


def _affordable(targets: Sequence[Target], envelope: Envelope, nanos: int) -> tuple[Sequence[Target], list[str]]:
    """Those where the request costs no more than that."""
    prices = [(price_of(envelope, target), target) for target in targets]
    affordable = [target for price, target in prices if price <= nanos * PER_MILLION]
    if affordable:
        return affordable, []
    least = min(price for price, _ in prices)
    cheapest = [target for price, target in prices if price == least]
    return cheapest, [f"none below {Money(nanos)}, the cheapest takes up to {Money.of_exact(least)}"]
