"""The pure arithmetic of limits: what is admitted never exceeds the limit, whatever is taken, kept and given back when."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from headworks.domain.limits import Counter, Limit, Reason, Unit
from headworks.domain.limits.counter import SLOTS, free, granted, idle, refused, resets_in, settle, slot_width, take

from .making import claim, limit

MINUTE = 60_000_000
STEPS = st.lists(
    st.tuples(st.integers(0, 40_000_000), st.integers(1, 150), st.integers(0, 150), st.integers(0, 5)), min_size=1, max_size=40
)
"""Time that passes, what is asked, what is used in the end, and after how many further steps that is known."""
SHAPES = {
    "rate": limit(seconds=60.0),
    "sliding tokens": limit(seconds=7200.0),
    "sliding money": limit(Unit.COST, seconds=60.0),
    "count": limit(),
    "rate that does not divide": limit(amount=97, seconds=7.0),
}


class Driven:
    """One counter, driven by steps; remembers what was admitted when, and what it came to."""

    def __init__(self, of: Limit) -> None:
        self.limit = of
        self.counter = Counter()
        self.now = 1_000_000_000_000
        self.admitted: list[tuple[int, int]] = []
        self._open: list[tuple[int, int, int, int]] = []

    def step(self, passed: int, asked: int, used: int, later: int) -> None:
        self.now += passed
        self._close(at_least=False)
        least = free(self.limit, self.counter, self.now)
        amount = granted(claim(self.limit, asked), least)
        if amount < 0:
            return
        take(self.limit, self.counter, amount, self.now)
        self._open.append((later, amount, self.now, min(used, amount)))

    def quiet(self) -> None:
        self._close(at_least=True)

    def under_way(self) -> int:
        return sum(amount for _, amount, _, _ in self._open)

    def _close(self, *, at_least: bool) -> None:
        left: list[tuple[int, int, int, int]] = []
        for later, amount, at, used in self._open:
            if later == 0 or at_least:
                settle(self.limit, self.counter, amount, at, used, self.now)
                self.admitted.append((at, used))
            else:
                left.append((later - 1, amount, at, used))
        self._open = left

    def most_within(self, stretch: int) -> int:
        """The most units admitted within any stretch of time, by the instant they were admitted."""
        return max(
            (sum(used for at, used in self.admitted if start <= at < start + stretch) for start, _ in self.admitted), default=0
        )


@given(STEPS, st.sampled_from(sorted(SHAPES)), st.integers(1, 10_800))
@example([(0, 100, 0, 1), (60_000_000, 100, 100, 9), (0, 100, 100, 0), (0, 100, 100, 0)], "rate", 1)
def test_what_is_admitted_never_exceeds_the_limit(steps: list[tuple[int, int, int, int]], name: str, seconds: int) -> None:
    """A rate admits its amount and what flows in meanwhile; a sliding limit its amount within any period; a count its amount."""
    driven = Driven(SHAPES[name])
    for step in steps:
        driven.step(*step)
    driven.quiet()
    of = driven.limit
    if name.startswith("rate"):
        assert driven.most_within(seconds * 1_000_000) <= of.amount + of.amount * seconds * 1_000_000 // of.micros
    elif name.startswith("sliding"):
        assert driven.most_within(of.micros) <= of.amount
    else:
        assert sum(used for _, used in driven.admitted) <= of.amount


def test_a_late_refund_does_not_erase_what_others_have_taken_since() -> None:
    """One call holds the whole rate, streams for ten minutes and gives it all back: whoever has filled the rate since keeps it filled."""
    of, counter = limit(seconds=60.0), Counter()
    take(of, counter, 100, 0)
    take(of, counter, 100, 10 * MINUTE)
    settle(of, counter, 100, 0, 0, 10 * MINUTE)
    assert free(of, counter, 10 * MINUTE) == 0


@given(STEPS, st.sampled_from(sorted(SHAPES)))
def test_after_quiet_nothing_is_held_and_in_time_all_is_free_again(steps: list[tuple[int, int, int, int]], name: str) -> None:
    driven = Driven(SHAPES[name])
    for step in steps:
        driven.step(*step)
    driven.quiet()
    of, counter = driven.limit, driven.counter
    assert counter.held == 0
    if name == "count":
        assert counter.spent == sum(used for _, used in driven.admitted)
        return
    later = driven.now + int(resets_in(claim(of), counter, driven.now, 0) * 1e6) + 1
    assert free(of, counter, later) == of.amount
    assert idle(of, counter, later)


@given(STEPS, st.sampled_from(sorted(SHAPES)), st.integers(1, 100))
def test_a_refusal_says_honestly_how_long_to_wait(steps: list[tuple[int, int, int, int]], name: str, asked: int) -> None:
    """What is told to wait passes after the wait, if nobody else asks; and what could pass is not told to wait."""
    driven = Driven(SHAPES[name])
    for step in steps:
        driven.step(*step)
    driven.quiet()
    of, counter, now = driven.limit, driven.counter, driven.now
    wanted = claim(of, min(asked, of.amount))
    if granted(wanted, free(of, counter, now)) >= 0:
        return
    reason, wait = refused(wanted, counter, now, 0)
    assert reason is Reason.SPENT
    if name == "count":
        assert wait == 0.0
        return
    assert wait > 0.0
    assert granted(wanted, free(of, counter, now + round(wait * 1e6))) == wanted.amount


@given(STEPS, st.sampled_from(sorted(SHAPES)))
def test_looking_changes_nothing(steps: list[tuple[int, int, int, int]], name: str) -> None:
    driven = Driven(SHAPES[name])
    for step in steps:
        driven.step(*step)
        first = free(driven.limit, driven.counter, driven.now)
        assert free(driven.limit, driven.counter, driven.now) == first
        assert first <= driven.limit.amount


def test_more_than_the_limit_never_passes() -> None:
    of, counter = limit(seconds=60.0), Counter()
    assert granted(claim(of, 101), free(of, counter, 0)) == -1
    assert refused(claim(of, 101), counter, 0, 0) == (Reason.NEVER, 0.0)


def test_what_others_only_hold_is_worth_asking_for_again_soon() -> None:
    of, counter = limit(Unit.COST), Counter()
    take(of, counter, 90, 0)
    assert refused(claim(of, 20), counter, 0, 0)[0] is Reason.HELD
    settle(of, counter, 90, 0, 90, 0)
    assert refused(claim(of, 20), counter, 0, 0)[0] is Reason.SPENT


def test_a_claim_that_can_do_with_less_gets_what_there_is() -> None:
    of, counter = limit(Unit.COST), Counter()
    take(of, counter, 70, 0)
    assert granted(claim(of, 100, least=30), free(of, counter, 0)) == 30
    assert granted(claim(of, 100, least=31), free(of, counter, 0)) == -1


def test_a_sliding_counter_keeps_few_slots() -> None:
    of, counter = limit(Unit.COST, 10**9, seconds=2_592_000.0), Counter()
    for number in range(1000):
        now = number * slot_width(of) // 3
        free(of, counter, now)
        take(of, counter, 1, now)
    assert len(counter.slots or {}) <= SLOTS


def test_billions_of_nano_units_are_counted_to_the_last_one() -> None:
    of, counter = limit(Unit.COST, 10**19), Counter()
    take(of, counter, 10**19 - 1, 0)
    assert free(of, counter, 0) == 1
    take(of, counter, 1, 0)
    assert free(of, counter, 0) == 0
