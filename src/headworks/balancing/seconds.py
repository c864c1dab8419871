"""The target that would take the fewest seconds: waiting, reading what is not remembered, and what else stands in for seconds."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

import msgspec

from headworks.balancing.answering import ALIKE, answering_times
from headworks.balancing.blocks import chained, tokens_a_block
from headworks.balancing.headroom import Headroom
from headworks.balancing.load import STALE, Load, LoadBook, flow_of
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
    adapter: float = 0.5
    """Until an adapter is loaded that another has in its memory."""
    warm: float = 0.8
    """Share of a prompt that a target must remember to be kept to."""
    patience: float = 6.0
    """How much longer than elsewhere one waits for a target that remembers."""
    unreliable: float = 0.15
    """The share of failed attempts, beyond that of the best, from which on a target is not kept to for what it remembers."""
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
_TIE = 0.01
"""Seconds that say nothing: gateways that think alike, and don't hear of each other in time, would all go to one."""
_LIKELY_OUTPUT = 256
"""Tokens of an answer at the most, where targets are compared by price."""
_DOLLAR = 10**15
_FEW = 2


class Costs:
    """Of all targets that may be had, in their order. Seconds, but where it says tokens."""

    __slots__ = ("aheads", "answers", "besides", "failing", "reads", "speeds", "targets", "totals")

    def __init__(self, targets: Sequence[Target], speeds: Sequence[tuple[float, float]]) -> None:
        self.targets = targets
        self.speeds = speeds
        """Base, and what a token takes."""
        self.totals: list[float] = []
        self.reads: list[float] = []
        """Tokens of the prompt that each does not remember."""
        self.aheads: list[float] = []
        """Tokens that it has to read before."""
        self.failing: list[float] = []
        """The share of attempts that fail."""
        self.besides: list[float] = []
        """Memory, failures, limits, price."""
        self.answers: list[float] = []
        """Until the end of a whole answer, from when the prompt is read; empty where the first token is waited for."""

    def wait(self, place: int) -> float:
        """Until it begins with this prompt."""
        base, per_token = self.speeds[place]
        return base + per_token * self.aheads[place]

    def held(self, place: int) -> float:
        """All but reading the prompt."""
        return self.wait(place) + self.besides[place] + self.answer(place)

    def answer(self, place: int) -> float:
        """From when the prompt is read until nobody waits any more."""
        return self.answers[place] if self.answers else 0.0

    def reading(self, place: int) -> float:
        """What it does not remember."""
        return self.speeds[place][1] * self.reads[place]


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
        orders = [target.order for target in fit]
        first = min(orders)
        if max(orders) > first:
            fit = [target for target in fit if target.order == first]
        now = self._book.now()
        costs = self._costs(envelope, fit, now)
        if not pulse.calm:
            _ramp(costs, pulse)
        best = self._best(envelope, costs, now)
        target = fit[best]
        remembered = max(envelope.prompt_tokens - costs.reads[best], 0.0)
        dispatch = self._book.follow(target.name, envelope, remembered, costs.aheads[best])
        return Choice(target, dispatch, _words(best, costs, envelope) if len(fit) > 1 else "")

    def _costs(self, envelope: Envelope, fit: Sequence[Target], now: float) -> Costs:
        settings, tokens, book = self._settings, envelope.prompt_tokens, self._book
        if envelope.blocks is None:
            envelope.blocks = chained(envelope.leads, envelope.tenant.encode())
        blocks = envelope.blocks
        names = [target.name for target in fit]
        matches = book.index.matches(blocks, names)
        a_block = tokens_a_block(envelope.leads, len(blocks), tokens)
        loads = book.all(names)
        speeds = _speeds(loads)
        dearer = self._dearer(loads, speeds, now)
        costs = Costs(fit, speeds)
        costs.failing = [load.errors and load.failing(now) for load in loads]
        costs.besides = [
            settings.pressure * full / (1.0 - full) + failing * settings.failure + more
            for failing, full, more in zip(costs.failing, _pressures(loads, now), self._more(envelope, fit, now), strict=True)
        ]
        if book.adapters_told:
            costs.besides = list(map(add, costs.besides, self._adapting(fit, loads, now)))
        costs.aheads = [load.queue(now) for load in loads]
        left = {match: max(tokens - match * a_block, 1.0) for match in set(matches)}
        costs.reads = [left[match] for match in matches]
        costs.totals = [
            base + per_token * (ahead + reads) + dearer * reads + besides
            for (base, per_token), ahead, reads, besides in zip(speeds, costs.aheads, costs.reads, costs.besides, strict=True)
        ]
        if not envelope.streamed:
            costs.answers = answering_times([load.answering for load in loads], [load.under_way(now) for load in loads])
            costs.totals = list(map(add, costs.totals, costs.answers))
        return costs

    def _best(self, envelope: Envelope, costs: Costs, now: float) -> int:
        """Its place."""
        settings, totals = self._settings, costs.totals
        if len(totals) == 1:
            return 0
        chance = self._chance.random()
        places: Sequence[int] = range(len(totals))
        if chance < settings.explore:
            forgotten = [each for each in places if now - self._book.of(costs.targets[each].name).last > settings.forgotten]
            if forgotten:
                return forgotten[int(chance / settings.explore * len(forgotten))]
        warm = self._warm(envelope, costs)
        if warm:
            places, totals = warm, [totals[place] for place in warm]
        least = min(totals) + _TIE
        ties = [place for place, total in zip(places, totals, strict=True) if total <= least]
        return ties[int(chance * len(ties))]

    def _warm(self, envelope: Envelope, costs: Costs) -> list[int]:
        """Places of those that remember most of it, unless waiting for them takes too long."""
        settings = self._settings
        bound = (1.0 - settings.warm) * envelope.prompt_tokens
        reliable = min(costs.failing) + settings.unreliable
        warm = [
            place
            for place, (reads, failing) in enumerate(zip(costs.reads, costs.failing, strict=True))
            if reads <= bound and failing <= reliable
        ]
        if not warm or len(warm) == len(costs.reads):
            return warm
        patience = settings.patience_of_batch if envelope.priority >= Priority.BATCH else settings.patience
        held = [costs.held(place) for place in range(len(costs.reads))]
        longer = min([held[place] for place in warm]) - min(held)
        return warm if longer <= patience else []

    def _dearer(self, loads: Sequence[Load], speeds: Sequence[tuple[float, float]], now: float) -> float:
        """Seconds that a token to be read costs everybody behind, wherever it is read: the more, the busier all of them are."""
        able = sum([1.0 / per_token for _, per_token in speeds])
        busy = flow_of(loads, now) / able
        steep = min(1.0 / (1.0 - busy), self._settings.steepest) if busy < 1.0 else self._settings.steepest
        return (steep - 1.0) * len(loads) / able

    def _adapting(self, fit: Sequence[Target], loads: Sequence[Load], now: float) -> list[float]:
        """That a model is an adapter is known where an engine has it: one that tells of its own, and not of this one, has to load it."""
        told = [load.adapters if load.heard_at >= now - STALE else None for load in loads]
        loaded = frozenset[str]().union(*[each for each in told if each is not None])
        return [
            self._settings.adapter if each is not None and target.model in loaded and target.model not in each else 0.0
            for target, each in zip(fit, told, strict=True)
        ]

    def _more(self, envelope: Envelope, fit: Sequence[Target], now: float) -> list[float]:
        """Providers' limits, and prices."""
        prices = self._prices(envelope, fit)
        if self._headroom.quiet:
            return prices
        owed, barrier = envelope.prompt_tokens + envelope.output_tokens, self._headroom.barrier
        return [price + barrier(target.name, owed, now) for target, price in zip(fit, prices, strict=True)]

    def _prices(self, envelope: Envelope, fit: Sequence[Target]) -> list[float]:
        usual = fit[0].price
        others = [target.price for target in fit if target.price is not usual]
        if not others or all([each == usual for each in others]):  # noqa: C419 - a generator takes twice as long
            return [0.0] * len(fit)
        cards = {id(target.price): target.price for target in fit}
        kappa = _KAPPA.get(envelope.priority, _PATIENT)
        usage = Usage(input=envelope.prompt_tokens, output=min(envelope.output_tokens, _LIKELY_OUTPUT))
        seconds = {key: kappa * card.exact(usage) / _DOLLAR if card is not None else 0.0 for key, card in cards.items()}
        return [seconds[id(target.price)] for target in fit]


def _ramp(costs: Costs, pulse: Pulse) -> None:
    """Who is new, or comes back, begins with little."""
    for place, target in enumerate(costs.targets):
        costs.totals[place] += (costs.wait(place) + costs.reading(place) + costs.answer(place)) * (
            1.0 / pulse.share(target) - 1.0
        )


def _speeds(loads: Sequence[Load]) -> list[tuple[float, float]]:
    """Base and seconds a token of each. Those that are about as fast as most are taken to be equal: else chance would be followed."""
    latencies = [load.latency for load in loads]
    if len(loads) < _FEW:
        return [(latency.base, latency.per_token) for latency in latencies]
    usual = sum([load.mean_own for load in loads]) / len(loads)
    times = [latency.base + latency.per_token * usual for latency in latencies]
    time = sorted(times)[len(times) // 2]
    middle = latencies[times.index(time)]
    same, low, high = (middle.base, middle.per_token), time / ALIKE, time * ALIKE
    return [
        same if low < each < high else (latency.base, latency.per_token) for each, latency in zip(times, latencies, strict=True)
    ]


def _pressures(loads: Sequence[Load], now: float) -> list[float]:
    """Where one does not say, it is taken to be as its peers are."""
    fresh = now - STALE
    told = [load.full if load.heard_at >= fresh else None for load in loads]
    known = [each for each in told if each is not None]
    if not known:
        return [0.0] * len(loads)
    mean = sum(known) / len(known)
    return [min(mean if each is None else each, _FULL) for each in told]


def _words(best: int, costs: Costs, envelope: Envelope) -> str:
    totals = costs.totals
    total = min(totals[:best] + totals[best + 1 :])
    other = totals.index(total)
    if other == best:
        other = totals.index(total, best + 1)
    answers = f"answers in {costs.answers[best]:.2f}, " if costs.answers else ""
    return (
        f"{totals[best]:.2f} s: waits {costs.wait(best):.2f}, reads {costs.reads[best]:.0f} of {envelope.prompt_tokens} tokens in "
        f"{costs.reading(best):.2f}, {answers}besides {costs.besides[best]:.2f}; next {costs.targets[other].name} {total:.2f} s"
    )
