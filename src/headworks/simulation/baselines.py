"""What others choose by, to compare with. They see what ours sees: their own requests under way, and the engines' words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from headworks.balancing.load import STALE, Load, LoadBook
from headworks.balancing.seconds import Seconds
from headworks.domain.dispatch import Choice
from headworks.domain.envelope import Envelope
from headworks.domain.target import Target
from headworks.ports.clock import Chance
from headworks.ports.extension import Pulse


class Chooser(Protocol):
    """Chooses for one gateway."""

    def choose(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Choice:
        """One of them."""
        ...


class _Baseline:
    def __init__(self, book: LoadBook, chance: Chance) -> None:
        self._book = book
        self._chance = chance

    def choose(self, envelope: Envelope, targets: Sequence[Target], pulse: Pulse) -> Choice:
        """See `Chooser`."""
        fit = [target for target in targets if pulse.available(target)] or list(targets)
        chosen = self._pick(envelope, fit)
        return Choice(chosen, self._book.follow(chosen.name, envelope, 0.0, 0.0))

    def _pick(self, envelope: Envelope, fit: list[Target]) -> Target:
        raise NotImplementedError

    def _load(self, target: Target) -> Load:
        return self._book.of(target.name)

    def _fullness(self, target: Target, now: float) -> float:
        load = self._load(target)
        return (load.full or 0.0) if now - load.heard_at <= STALE else 0.0

    def _requests(self, target: Target) -> float:
        load = self._load(target)
        engine = load.engine
        if engine is None or engine.waiting is None or engine.running is None:
            return len(load.sent)
        since = sum([each.at > engine.at for each in load.sent])
        return max(len(load.sent), engine.waiting + engine.running + since)

    def _least(self, fit: list[Target], cost: Callable[[Target], float]) -> Target:
        costs = [cost(target) for target in fit]
        least = min(costs)
        ties = [target for target, each in zip(fit, costs, strict=True) if each <= least]
        return ties[int(self._chance.random() * len(ties))]


class RoundRobin(_Baseline):
    """One after the other."""

    def __init__(self, book: LoadBook, chance: Chance) -> None:
        super().__init__(book, chance)
        self._turn = count(int(chance.random() * 1_000))

    def _pick(self, envelope: Envelope, fit: list[Target]) -> Target:
        del envelope
        return fit[next(self._turn) % len(fit)]


class LeastRequest(_Baseline):
    """The fewest requests under way."""

    def _pick(self, envelope: Envelope, fit: list[Target]) -> Target:
        del envelope
        return self._least(fit, self._requests)


class LeastTokens(_Baseline):
    """The fewest prompt tokens to be read."""

    def _pick(self, envelope: Envelope, fit: list[Target]) -> Target:
        del envelope
        now = self._book.now()
        return self._least(fit, lambda target: self._load(target).queue(now))


class TwoChoices(_Baseline):
    """Two by chance, and of them the one with fewer requests."""

    def _pick(self, envelope: Envelope, fit: list[Target]) -> Target:
        del envelope
        first = int(self._chance.random() * len(fit))
        second = (first + 1 + int(self._chance.random() * (len(fit) - 1))) % len(fit)
        return self._least([fit[first], fit[second]], self._requests)


class Blend(_Baseline):
    """Queue, memory and prefix, each between 0 and 1, weighted 2 : 2 : 3, as llm-d's router publishes it."""

    def _pick(self, envelope: Envelope, fit: list[Target]) -> Target:
        now = self._book.now()
        blocks = envelope.blocks or ()
        matches = self._book.index.matches(blocks, [target.name for target in fit])
        queues = [self._waiting(target) for target in fit]
        most, least = max(queues), min(queues)
        scores = {
            target.name: -(
                2.0 * ((most - queue) / (most - least) if most > least else 1.0)
                + 2.0 * (1.0 - min(self._fullness(target, now), 1.0))
                + 3.0 * match / max(len(blocks), 1)
            )
            for target, queue, match in zip(fit, queues, matches, strict=True)
        }
        return self._least(fit, lambda target: scores[target.name])

    def _waiting(self, target: Target) -> float:
        """Requests that have not begun: by the engine's word and our own since, or by our own."""
        load = self._load(target)
        unread = sum([not each.read for each in load.sent])
        engine = load.engine
        if engine is None or engine.waiting is None:
            return unread
        return max(unread, engine.waiting + sum([each.at > engine.at and not each.read for each in load.sent]))


CHOOSERS: dict[str, Callable[[LoadBook, Chance], Chooser]] = {
    "round robin": RoundRobin,
    "least request": LeastRequest,
    "two choices": TwoChoices,
    "least tokens": LeastTokens,
    "blend": Blend,
    "balanced": Seconds,
}
"""By the names in tables; the last is ours."""
