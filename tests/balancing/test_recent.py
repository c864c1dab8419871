"""How soon targets answer: a mean that follows, a peak that rises at once, each kind of answer for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.recent import FORGOTTEN, Recent
from headworks.testing import FrozenClock, sample_target

TARGET = sample_target("a/m")


@given(st.lists(st.tuples(st.floats(0.0, 50.0), st.floats(0.0, 30.0)), min_size=1, max_size=40))
def test_mean_and_peak_stay_within_what_was_heard(readings: list[tuple[float, float]]) -> None:
    clock = FrozenClock()
    recent = Recent(clock)
    for seconds, passed in readings:
        clock.advance(passed)
        recent.hear(TARGET, seconds, streamed=True)
        mean, peak = recent.mean(TARGET, streamed=True), recent.peak(TARGET, streamed=True)
        heard = [each for each, _ in readings]
        assert mean is not None
        assert peak is not None
        assert min(heard) - 1e-9 <= mean <= max(heard) + 1e-9
        assert seconds - 1e-9 <= peak <= max(heard) + 1e-9


def test_the_mean_comes_near_to_what_is_heard_again_and_again() -> None:
    clock = FrozenClock()
    recent = Recent(clock)
    recent.hear(TARGET, 10.0, streamed=False)
    for _ in range(30):
        clock.advance(0.01)
        recent.hear(TARGET, 1.0, streamed=False)
    mean, peak = recent.mean(TARGET, streamed=False), recent.peak(TARGET, streamed=False)
    assert mean is not None
    assert peak is not None
    assert mean < 1.1
    assert peak > 9.0  # too little time has passed for it to sink


def test_streams_and_whole_answers_are_apart_and_old_readings_are_none() -> None:
    clock = FrozenClock()
    recent = Recent(clock)
    recent.hear(TARGET, 1.0, streamed=True)
    assert recent.mean(TARGET, streamed=False) is None
    clock.advance(FORGOTTEN + 1)
    assert recent.mean(TARGET, streamed=True) is None
    assert recent.peak(TARGET, streamed=True) is None
    recent.hear(TARGET, 3.0, streamed=True)
    assert recent.mean(TARGET, streamed=True) == 3.0


def test_names_that_callers_make_up_fill_no_memory() -> None:
    recent = Recent(FrozenClock())
    for number in range(5000):
        recent.hear(sample_target(f"a/{number}"), 1.0, streamed=True)
    assert recent.mean(sample_target("a/0"), streamed=True) is None
    assert recent.mean(sample_target("a/4999"), streamed=True) == 1.0
