"""Targets that do worse than their peers are left alone, never more than half of a model's, and come back slowly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.balancing.health import HealthBook
from headworks.domain.errors import Fault
from headworks.domain.snapshot import Breaker
from headworks.domain.target import SentModel, Target
from headworks.testing import FrozenClock, sample_target

BROKEN = Fault("upstream_error")
GARBAGE = Fault("upstream_garbage")
CREDENTIALS = Fault("upstream_credentials")
GONE = Fault("client_gone")
THROTTLED = Fault("upstream_throttled", retry_after=1.0)


class Pool:
    """A book over replicas of one model."""

    def __init__(self, size: int, breaker: Breaker | None = None) -> None:
        self.clock = FrozenClock()
        self.told: list[str] = []
        settings = breaker or Breaker()
        self.book = HealthBook(self.clock, lambda: settings, self.told.append)
        self.targets = [sample_target(f"r{number}/m", model=SentModel("m")) for number in range(size)]

    def attempt(self, target: Target, fault: Fault | None = None, first: float | None = None) -> None:
        self.book.began(target)
        self.book.ended(target, fault, first)

    def fit(self) -> list[str]:
        return [target.name for target in self.book.fit("m", self.targets)]


def erring(pool: Pool, target: Target, attempts: int = 20) -> None:
    """Two of three attempts fail: never five in a row."""
    for number in range(attempts):
        pool.attempt(target, GARBAGE if number % 3 else None)


def test_who_fails_more_often_than_not_is_left_alone_without_failing_five_times_in_a_row() -> None:
    pool = Pool(3)
    erring(pool, pool.targets[0])
    assert pool.fit() == ["r1/m", "r2/m"]
    assert "r0/m" in pool.told[0]
    assert "upstream_garbage" in pool.told[0]


def test_fewer_attempts_than_are_needed_to_judge_eject_nobody() -> None:
    pool = Pool(3)
    erring(pool, pool.targets[0], attempts=9)
    assert len(pool.fit()) == 3


def test_each_ejection_lasts_longer_until_it_does_well_for_a_while() -> None:
    pool, lasted = Pool(3), []
    for _ in range(3):
        erring(pool, pool.targets[0], attempts=11)
        assert len(pool.fit()) == 2
        began = pool.clock.now()
        while len(pool.fit()) == 2:
            pool.clock.advance(1.0)
        lasted.append(pool.clock.now() - began)
    assert lasted == [30.0, 60.0, 90.0]
    for _ in range(10):
        pool.attempt(pool.targets[0])
    erring(pool, pool.targets[0], attempts=40)
    pool.clock.advance(30.0)
    assert len(pool.fit()) == 3


def test_where_more_than_half_look_bad_nobody_is_ejected_and_the_operator_hears_of_it() -> None:
    pool = Pool(4)
    for target in pool.targets[:2]:
        erring(pool, target)
    assert pool.fit() == ["r2/m", "r3/m"]
    assert pool.book.panics() == ()
    erring(pool, pool.targets[2])
    assert len(pool.fit()) == 4
    assert pool.book.panics() == ("m",)
    pool.fit()
    assert sum("model 'm'" in words for words in pool.told) == 1


def test_the_only_target_of_a_model_is_never_ejected() -> None:
    pool = Pool(1)
    erring(pool, pool.targets[0])
    assert pool.fit() == ["r0/m"]


def test_where_all_circuits_are_open_each_target_is_probed_once_a_second() -> None:
    pool = Pool(2, Breaker(failures=1, open_for=60.0))
    for target in pool.targets:
        pool.attempt(target, BROKEN)
    assert pool.fit() == []
    pool.clock.advance(1.0)
    assert len(pool.fit()) == 2
    pool.attempt(pool.targets[0], BROKEN)
    assert pool.fit() == ["r1/m"]
    assert pool.book.reopens_in(pool.targets[0]) == 59.0
    pool.attempt(pool.targets[1])
    assert pool.fit() == ["r1/m"]


def test_who_is_behind_an_open_circuit_is_probed_beside_healthy_peers_when_its_time_is_up() -> None:
    pool = Pool(2, Breaker(failures=1, open_for=10.0))
    pool.attempt(pool.targets[0], BROKEN)
    assert not pool.book.available(pool.targets[0])
    pool.clock.advance(10.0)
    assert pool.book.available(pool.targets[0])
    pool.book.began(pool.targets[0])
    assert not pool.book.available(pool.targets[0])


def test_a_credential_that_is_refused_takes_that_target_out_and_no_other() -> None:
    pool = Pool(3)
    for _ in range(2):
        pool.attempt(pool.targets[0], CREDENTIALS)
    assert pool.fit() == ["r1/m", "r2/m"]
    assert "upstream_credentials" in pool.told[0]


def test_asking_for_peace_is_no_failure() -> None:
    pool = Pool(2)
    for _ in range(30):
        pool.attempt(pool.targets[0], THROTTLED)
    assert len(pool.fit()) == 2
    assert not pool.book.available(pool.targets[0])


def test_who_says_its_first_word_five_times_later_than_its_peers_is_left_alone() -> None:
    pool = Pool(3)
    for _ in range(11):
        for target in pool.targets:
            pool.attempt(target, first=2.0 if target is pool.targets[0] else 0.2)
    assert pool.fit() == ["r1/m", "r2/m"]
    assert "first words" in pool.told[0]


@pytest.mark.parametrize("slow", [0.9, 0.09])
def test_who_is_less_than_five_times_slower_or_quick_anyhow_stays(slow: float) -> None:
    pool = Pool(2)
    for _ in range(20):
        pool.attempt(pool.targets[0], first=slow)
        pool.attempt(pool.targets[1], first=0.2 if slow > 0.1 else 0.001)
    assert len(pool.fit()) == 2


def test_targets_that_are_sent_other_models_are_no_peers() -> None:
    pool = Pool(2)
    thinker = sample_target("t/thinker", model=SentModel("thinker"))
    for _ in range(20):
        pool.attempt(thinker, first=20.0)
        pool.attempt(pool.targets[0], first=0.2)
    assert thinker in pool.book.fit("m", [thinker, *pool.targets])


def test_those_who_gave_up_waiting_count_as_slow() -> None:
    pool = Pool(3)
    for _ in range(10):
        pool.attempt(pool.targets[1], first=0.2)
        pool.attempt(pool.targets[0], GONE, 5.0)
    assert pool.fit() == ["r1/m", "r2/m"]


def test_a_share_rises_for_thirty_seconds_after_a_circuit_has_closed() -> None:
    pool = Pool(2, Breaker(failures=1, open_for=10.0))
    target = pool.targets[0]
    pool.attempt(target, BROKEN)
    pool.clock.advance(10.0)
    pool.attempt(target)
    shares = []
    for _ in range(4):
        shares.append(pool.book.share(target))
        pool.clock.advance(10.0)
    assert shares == pytest.approx([0.1, 1 / 3, 2 / 3, 1.0])
    pool.attempt(target)
    assert pool.book.calm


def test_who_joins_peers_at_work_begins_with_a_small_share_and_who_is_there_from_the_start_does_not() -> None:
    pool = Pool(4)
    for _ in range(10):
        for target in pool.targets[:2]:
            pool.attempt(target)
    pool.attempt(pool.targets[2])
    assert pool.book.calm
    pool.clock.advance(31.0)
    pool.attempt(pool.targets[3])
    assert pool.book.share(pool.targets[3]) == 0.1
    assert pool.book.share(pool.targets[2]) == 1.0


ENDINGS = st.sampled_from([None, BROKEN, GARBAGE, CREDENTIALS, GONE, THROTTLED])
STEPS = st.lists(st.tuples(st.integers(0, 4), ENDINGS, st.floats(0.0, 20.0), st.floats(0.0, 10.0)), max_size=120)


@settings(max_examples=200, deadline=None)
@given(size=st.integers(1, 5), steps=STEPS)
def test_laws_of_ejection(size: int, steps: list[tuple[int, Fault | None, float, float]]) -> None:
    """At least half of the targets stay, whatever fails; every pause ends; nothing stays in flight; shares stay above 0."""
    pool = Pool(size)
    book = pool.book
    for number, fault, first, pause in steps:
        pool.attempt(pool.targets[number % size], fault, first)
        pool.clock.advance(pause)
        behind = sum(book.reopens_in(target) > 0.0 for target in pool.targets)
        fit = pool.fit()
        if behind < size:
            assert len(fit) >= min(size - behind, -(-size // 2))
        assert all(0.0 < book.share(target) <= 1.0 for target in pool.targets)
    assert all(condition.inflight == 0 for _, condition in book.conditions())
    pool.clock.advance(301.0)
    assert len(pool.fit()) == size
    for target in pool.targets:
        pool.attempt(target)
    pool.clock.advance(30.1)
    for target in pool.targets:
        pool.attempt(target)
    assert all(book.share(target) == 1.0 for target in pool.targets)
