"""How many requests a target is given at once is learnt from how it answers."""

from __future__ import annotations

import heapq

import pytest

from headworks.balancing.concurrency import LEAST, MOST, START, Permits
from headworks.domain.engine_load import EngineLoad
from headworks.domain.errors import FaultClass
from headworks.domain.target import Target
from headworks.domain.usage import Usage
from headworks.testing import FrozenClock, sample_target, seeded

TARGET = sample_target()


class Engine:
    """Begins `slots` answers at once, each after a tenth of a second, and writes for a second; more than that wait. Always asked for more."""

    def __init__(
        self, permits: Permits, clock: FrozenClock, slots: int, *, throttles: bool = False, streamed: bool = True
    ) -> None:
        self.permits = permits
        self.clock = clock
        self.slots = slots
        self.throttles = throttles
        self.streamed = streamed
        self.free_at = [0.0] * slots
        self.chance = seeded(5)
        self.events: list[tuple[float, int, str, float]] = []
        self.sent = 0

    def run(self, requests: int) -> list[int]:
        """How many were under way at once, at each request."""
        seen: list[int] = []
        while len(seen) < requests:
            while self.permits.free(TARGET, None) > 0:
                self.permits.take(TARGET)
                self.send()
            at, _, what, sent_at = heapq.heappop(self.events)
            self.clock.advance(at - self.clock.now())
            if what == "began":
                self.permits.began(TARGET, 100, sent_at)
                continue
            seen.append(self.permits.out)
            if what == "throttled":
                self.permits.failed(TARGET, FaultClass.THROTTLED, sent_at)
            elif not self.streamed:
                self.permits.finished(TARGET, Usage(output=100), sent_at)
            self.permits.give_back(TARGET)
        return seen

    def send(self) -> None:
        now, busy = self.clock.now(), sum(at > self.clock.now() for at in self.free_at)
        if self.throttles and busy >= self.slots:
            self.later(now + 0.01, "throttled")
            return
        starts = max(heapq.heappop(self.free_at), now)
        ends = starts + 0.1 + 0.8 + 0.4 * self.chance.random()
        heapq.heappush(self.free_at, ends)
        if self.streamed:
            self.later(starts + 0.08 + 0.04 * self.chance.random(), "began")
        self.later(ends, "ended")

    def later(self, at: float, what: str) -> None:
        self.sent += 1
        heapq.heappush(self.events, (at, self.sent, what, self.clock.now()))


def settled(slots: int, *, throttles: bool = False, streamed: bool = True, requests: int = 3_000) -> float:
    """How many such an engine is given at once, on the mean, once that is learnt."""
    clock = FrozenClock()
    seen = Engine(Permits(clock), clock, slots, throttles=throttles, streamed=streamed).run(requests)
    last = seen[len(seen) // 2 :]
    return sum(last) / len(last)


@pytest.mark.parametrize("slots", [8, 16, 64])
def test_an_engine_is_given_about_as_many_as_it_begins_at_once(slots: int) -> None:
    assert 0.7 * slots <= settled(slots) <= 1.5 * slots


@pytest.mark.parametrize("slots", [8, 16])
def test_whole_answers_tell_it_too_less_sharply(slots: int) -> None:
    assert 0.7 * slots <= settled(slots, streamed=False) <= 2.5 * slots


@pytest.mark.parametrize("slots", [8, 64])
def test_a_provider_that_refuses_what_is_too_much_is_given_nearly_all_that_it_takes(slots: int) -> None:
    assert 0.8 * slots <= settled(slots, throttles=True) <= slots


def test_a_burst_of_refusals_counts_once() -> None:
    clock = FrozenClock()
    permits = Permits(clock)
    for _ in range(20):
        permits.take(TARGET)
    sent_at = clock.now()
    clock.advance(1.0)
    for _ in range(20):
        permits.failed(TARGET, FaultClass.THROTTLED, sent_at)
    assert permits.limits() == {TARGET.name: pytest.approx(START * 0.9)}


def test_failures_of_other_kinds_say_nothing_of_how_many_are_too_many() -> None:
    permits = Permits(FrozenClock())
    for kind in set(FaultClass) - {FaultClass.THROTTLED}:
        permits.failed(TARGET, kind, 0.0)
    assert permits.free(TARGET, None) == START


def test_no_more_than_an_engine_says_that_it_runs_at_once() -> None:
    def said(_target: Target) -> EngineLoad:
        return EngineLoad(at=0.0, most_running=6)

    assert Permits(FrozenClock(), said).free(TARGET, None) == 6


def test_a_number_is_a_number() -> None:
    permits = Permits(FrozenClock())
    permits.take(TARGET)
    assert permits.free(TARGET, 3) == 2


def test_a_limit_that_nobody_comes_near_is_not_tried() -> None:
    clock = FrozenClock()
    permits = Permits(clock)
    for _ in range(200):
        permits.take(TARGET)
        sent_at = clock.now()
        clock.advance(0.1)
        permits.began(TARGET, 10, sent_at)
        permits.give_back(TARGET)
    assert permits.limits() == {TARGET.name: START}


def test_limits_stay_between_the_least_and_the_most() -> None:
    assert settled(1) >= LEAST
    assert settled(500, requests=8_000) <= MOST
