"""Cooldown, circuit, probes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.health import KNOWN, HealthBook
from headworks.domain.errors import Fault
from headworks.domain.snapshot import Breaker
from headworks.testing import FrozenClock, sample_target

TARGET = sample_target("t/m")
BROKEN = Fault("upstream_error", "broken")
GONE = Fault("client_gone", "gone")


def a_book(**breaker: float) -> tuple[HealthBook, FrozenClock]:
    clock = FrozenClock()
    settings = Breaker(**breaker)  # pyright: ignore[reportArgumentType] - counts and seconds are both numbers
    return HealthBook(clock, lambda: settings), clock


def attempt(book: HealthBook, fault: Fault | None) -> None:
    book.began(TARGET)
    book.ended(TARGET, fault, 0.1)


def test_a_throttled_target_is_passed_over_for_as_long_as_it_asked() -> None:
    book, clock = a_book()
    attempt(book, Fault("upstream_throttled", "later", retry_after=5.0))
    assert not book.available(TARGET)
    assert book.reopens_in(TARGET) == 0.0
    clock.advance(5.1)
    assert book.available(TARGET)


def test_only_one_probe_goes_through_a_half_open_circuit() -> None:
    book, clock = a_book(failures=1, open_for=10.0)
    attempt(book, BROKEN)
    assert book.reopens_in(TARGET) == 10.0
    clock.advance(10.0)
    assert book.reopens_in(TARGET) == 0.0
    book.began(TARGET)
    assert book.reopens_in(TARGET) > 0.0


def test_a_failed_probe_doubles_the_pause_up_to_its_cap() -> None:
    book, clock = a_book(failures=1, open_for=10.0, open_cap=30.0)
    pauses: list[float] = []
    for _ in range(4):
        attempt(book, BROKEN)
        pauses.append(book.reopens_in(TARGET))
        clock.advance(pauses[-1])
    assert pauses == [10.0, 20.0, 30.0, 30.0]


def test_a_probe_whose_caller_hung_up_lets_another_one_go() -> None:
    book, clock = a_book(failures=1, open_for=10.0)
    attempt(book, BROKEN)
    clock.advance(10.0)
    attempt(book, GONE)
    assert book.reopens_in(TARGET) == 0.0


def test_a_callers_own_mistake_shows_that_the_target_lives() -> None:
    book, clock = a_book(failures=1, open_for=10.0)
    attempt(book, BROKEN)
    clock.advance(10.0)
    attempt(book, Fault("upstream_rejected", "bad request"))
    assert book.available(TARGET)


@given(st.lists(st.sampled_from([None, BROKEN, GONE, Fault("upstream_throttled", "later")]), max_size=40), st.data())
def test_nothing_stays_in_flight_and_every_pause_ends(faults: list[Fault | None], data: st.DataObject) -> None:
    book, clock = a_book(failures=3)
    for fault in faults:
        if book.reopens_in(TARGET) <= 0.0:
            attempt(book, fault)
        clock.advance(data.draw(st.floats(0.0, 200.0)))
    assert [condition.inflight for _, condition in book.conditions()] in ([], [0])
    clock.advance(121.0)
    assert book.reopens_in(TARGET) == 0.0


def test_attempts_that_were_under_way_when_the_circuit_opened_do_not_lengthen_the_pause() -> None:
    book, _ = a_book(failures=5, open_for=10.0)
    for _ in range(30):
        book.began(TARGET)
    for _ in range(30):
        book.ended(TARGET, BROKEN, 0.1)
    assert book.reopens_in(TARGET) == 10.0


def test_waiting_for_our_own_pool_says_nothing_about_the_target() -> None:
    book, _ = a_book(failures=1)
    attempt(book, Fault("pool_timeout", "full"))
    assert book.available(TARGET)


def test_names_that_callers_make_up_are_forgotten() -> None:
    book, _ = a_book()
    for number in range(3 * KNOWN):
        target = sample_target(f"open/{number}")
        book.began(target)
        book.ended(target, None, 0.1)
    assert len(list(book.conditions())) <= KNOWN
