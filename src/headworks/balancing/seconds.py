"""The target that would take the fewest seconds: waiting, reading what is not remembered, and what else stands in for seconds."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import msgspec

from headworks.balancing.blocks import chained
from headworks.balancing.headroom import Headroom
from headworks.balancing.load import Load, LoadBook
from headworks.domain.dispatch import Choice
from headworks.domain.envelope import Envelope, Priority
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the choice weighs. Seconds, unless it says otherwise."""

    pressure: float = 0.15
    """At half of a memory in use."""
    failure: float = 2.0
    """What a failed attempt costs its caller."""
    warm: float = 0.8
    """Share of a prompt that a target must remember to be kept to."""
    patience: float = 6.0
    """How much longer than elsewhere one waits for a target that remembers."""
    patience_of_batch: float = 18.0
    steepest: float = 8.0
    """The most by which a pool's being busy makes new work dearer, in times of itself."""
    explore: float = 0.01
    """Share of requests that go where nothing was sent for `forgotten`."""
    forgotten: float = 10.0


_KAPPA = {Priority.SYSTEM: 0.0, Priority.INTERACTIVE: 0.0, Priority.DEFAULT: 500.0}
_PATIENT = 5_000.0
"""Seconds that a dollar is worth: by class, and of all that can wait."""
_FULL = 0.95
_TIE = 0.001
_ALIKE = 1.5
"""How much slower or faster than the median a target has to be to be called so."""
_LIKELY_OUTPUT = 256
"""Tokens of an answer at the most, where targets are compared by price."""
_DOLLAR = 10**15
_FEW = 2


class Cost(msgspec.Struct, gc=False):
    """Of one target, in seconds."""

    target: Target
    total: float
    wait: float
    """Until it begins with this prompt."""
    reads: float
    """Tokens of the prompt that it does not remember."""
    ahead: float
    """Tokens that it has to read before."""
    seconds_reading: float
    besides: float
    """Memory, failures, limits, price."""


class Seconds:
    """One per gateway process."""

    def __init__(
        self, book: LoadBook, chance: Chance, headroom: Headroom | None = None, settings: Settings | None = None
    ) -> None:
        self._book = book
        self._chance = chance
        self._headroom = headroom or Headroom()
        self._settings = settings or Settings()

    def choose(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Choice:
        """One of the available targets of the lowest order; of the others where none is."""
        fit = targets if pulse.calm else [target for target in targets if pulse.available(target)] or targets
        first = min([target.order for target in fit])
        fit = [target for target in fit if target.order == first]
        now = self._book.now()
        costs = self._costs(envelope, fit, now)
        if not pulse.calm:
            for cost in costs:  # who is new, or comes back, begins with little
                cost.total += (cost.wait + cost.seconds_reading) * (1.0 / pulse.share(cost.target) - 1.0)
        best = self._best(envelope, costs, now)
        remembered = envelope.prompt_tokens - best.reads
        dispatch = self._book.follow(best.target.name, envelope, remembered, best.ahead)
        return Choice(best.target, dispatch, _words(best, costs, envelope) if len(costs) > 1 else "")

    def _costs(self, envelope: Envelope, fit: Sequence[Target], now: float) -> list[Cost]:
        settings, tokens = self._settings, envelope.prompt_tokens
        barrier, quiet = self._headroom.barrier, self._headroom.quiet
        owed = tokens + envelope.output_tokens
        if envelope.blocks is None:
            envelope.blocks = chained(envelope.leads, envelope.tenant.encode())
        blocks = envelope.blocks
        matches = self._book.index.matches(blocks, [target.name for target in fit])
        a_block = tokens / len(blocks) if blocks else 0.0
        loads = [self._book.of(target.name) for target in fit]
        speeds = _speeds(loads)
        dearer = self._dearer(loads, speeds, now)
        pressures = _pressures(loads, now)
        prices = self._prices(envelope, fit)
        costs: list[Cost] = []
        for place, target in enumerate(fit):
            load = loads[place]
            base, per_token = speeds[place]
            ahead = load.queue(now)
            reads = max(tokens - matches[place] * a_block, 1.0)
            wait = base + per_token * ahead
            reading = per_token * reads
            full = min(pressures[place], _FULL)
            besides = (
                settings.pressure * full / (1.0 - full)
                + load.errors * settings.failure
                + (0.0 if quiet else barrier(target.name, owed, now))
                + prices[place]
            )
            costs.append(Cost(target, wait + reading + dearer * reads + besides, wait, reads, ahead, reading, besides))
        return costs

    def _best(self, envelope: Envelope, costs: list[Cost], now: float) -> Cost:
        settings, chance = self._settings, self._chance.random()
        if len(costs) == 1:
            return costs[0]
        if chance < settings.explore:
            forgotten = [cost for cost in costs if now - self._book.of(cost.target.name).last > settings.forgotten]
            if forgotten:
                return forgotten[int(chance / settings.explore * len(forgotten))]
        costs = self._warm(envelope, costs) or costs
        least = min([cost.total for cost in costs]) + _TIE
        ties = [cost for cost in costs if cost.total <= least]
        return ties[int(chance * len(ties))]

    def _warm(self, envelope: Envelope, costs: list[Cost]) -> list[Cost]:
        """Those that remember most of it, unless waiting for them takes too long."""
        settings = self._settings
        bound = (1.0 - settings.warm) * envelope.prompt_tokens
        warm = [cost for cost in costs if cost.reads <= bound]
        if not warm or len(warm) == len(costs):
            return warm
        patience = settings.patience_of_batch if envelope.priority >= Priority.BATCH else settings.patience
        longer = min([cost.wait + cost.besides for cost in warm]) - min([cost.wait + cost.besides for cost in costs])
        return warm if longer <= patience else []

    def _dearer(self, loads: Sequence[Load], speeds: Sequence[tuple[float, float]], now: float) -> float:
        """Seconds that a token to be read costs everybody behind, wherever it is read: the more, the busier all of them are."""
        able = sum([1.0 / per_token for _, per_token in speeds])
        busy = sum([load.rate(now) for load in loads]) / able
        steep = min(1.0 / (1.0 - busy), self._settings.steepest) if busy < 1.0 else self._settings.steepest
        return (steep - 1.0) * len(loads) / able

    def _prices(self, envelope: Envelope, fit: Sequence[Target]) -> list[float]:
        usual = fit[0].price
        if all(target.price is usual or target.price == usual for target in fit):
            return [0.0] * len(fit)
        cards = {id(target.price): target.price for target in fit}
        kappa = _KAPPA.get(envelope.priority, _PATIENT)
        usage = Usage(input=envelope.prompt_tokens, output=min(envelope.output_tokens, _LIKELY_OUTPUT))
        seconds = {key: kappa * card.exact(usage) / _DOLLAR if card is not None else 0.0 for key, card in cards.items()}
        return [seconds[id(target.price)] for target in fit]


def _speeds(loads: Sequence[Load]) -> list[tuple[float, float]]:
    """Base and seconds a token of each. Those that are about as fast as most are taken to be equal: else chance would be followed."""
    if len(loads) < _FEW:
        return [(load.latency.base, load.latency.per_token) for load in loads]
    usual = sum([load.mean_own for load in loads]) / len(loads)
    times = [load.latency.base + load.latency.per_token * usual for load in loads]
    order = sorted(range(len(loads)), key=times.__getitem__)
    middle = loads[order[len(order) // 2]].latency
    time = times[order[len(order) // 2]]
    same = (middle.base, middle.per_token)
    return [
        same if time / _ALIKE < each < time * _ALIKE else (load.latency.base, load.latency.per_token)
        for each, load in zip(times, loads, strict=True)
    ]


def _pressures(loads: Sequence[Load], now: float) -> list[float]:
    """Where one does not say, it is taken to be as its peers are."""
    told = [load.pressure(now) for load in loads]
    known = [each for each in told if each is not None]
    mean = sum(known) / len(known) if known else 0.0
    return [mean if each is None else each for each in told]


def _words(best: Cost, costs: Sequence[Cost], envelope: Envelope) -> str:
    other, total = "", inf
    for cost in costs:
        if cost is not best and cost.total < total:
            other, total = cost.target.name, cost.total
    return (
        f"{best.total:.2f} s: waits {best.wait:.2f}, reads {best.reads:.0f} of {envelope.prompt_tokens} tokens in "
        f"{best.seconds_reading:.2f}, besides {best.besides:.2f}; next {other} {total:.2f} s"
    )
