"""What providers' limits leave: by their headers, by time, and by what was sent since."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.headroom import FULLEST, LONGEST, TIGHT, Bucket, Headroom
from headworks.domain.reply import HeaderList
from headworks.providers.rate_headers import RATE_HEADERS

NAME = "a/m"
FULL = TIGHT * FULLEST / (1 - FULLEST)
"""The barrier of a limit that is used up, the wait left out."""


def told(**values: str) -> HeaderList:
    """Headers, the names with underscores for hyphens."""
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]


def heard(*headers: tuple[bytes, bytes]) -> Headroom:
    headroom = Headroom(RATE_HEADERS)
    headroom.heard(NAME, list(headers), 0.0)
    return headroom


def requests(limit: str, remaining: str, reset: str = "60s") -> HeaderList:
    return told(x_ratelimit_limit_requests=limit, x_ratelimit_remaining_requests=remaining, x_ratelimit_reset_requests=reset)


def bucket_of(limit: float, share: float, rate: float) -> Bucket:
    return Bucket(limit, limit * share, rate, 0.0)


BUCKETS = st.builds(bucket_of, st.floats(1.0, 1e7), st.floats(0.0, 1.0), st.floats(1e-3, 1e5))


@given(BUCKETS, st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 1e4), st.floats(0.0, 1e4))
def test_a_barrier_sinks_with_time_and_rises_with_need_and_with_what_was_sent(
    bucket: Bucket, need: float, sent: float, now: float, later: float
) -> None:
    barrier = bucket.barrier(need, sent, now)
    assert barrier >= 0.0
    assert bucket.barrier(need, sent, now + later) <= barrier + 1e-6
    assert bucket.barrier(need, sent + 1.0, now) >= barrier - 1e-6


@given(BUCKETS, st.floats(0.0, 1e6), st.floats(0.0, 1e4))
def test_after_the_wait_there_is_room(bucket: Bucket, need: float, now: float) -> None:
    wait = bucket.barrier(need, 0.0, now)
    room = bucket.left(0.0, now + wait) >= min(need, bucket.limit) * (1 - 1e-6) - 1e-6
    assert room or wait >= LONGEST


def test_a_target_that_says_nothing_has_no_barrier() -> None:
    assert Headroom(RATE_HEADERS).barrier(NAME, 10**9, 0.0) == 0.0
    assert heard((b"content-type", b"application/json")).barrier(NAME, 10**9, 0.0) == 0.0


def test_room_enough_is_fine_and_a_limit_that_is_nearly_reached_weighs() -> None:
    assert heard(*requests("600", "600")).barrier(NAME, 0, 0.0) == 0.0
    half, nearly = heard(*requests("600", "300")), heard(*requests("600", "60"))
    assert half.barrier(NAME, 0, 0.0) == pytest.approx(0.05)
    assert nearly.barrier(NAME, 0, 0.0) == pytest.approx(0.45)


def test_a_limit_that_is_used_up_is_a_wait_and_fills_at_the_pace_that_the_reset_tells() -> None:
    minute = heard(*requests("600", "0", "60s"))
    assert minute.barrier(NAME, 0, 0.0) == pytest.approx(FULL + 0.1)
    day = heard(*requests("14400", "14370", "2m59.56s"))  # 30 are used, and come back in three minutes: it is a day's limit
    for _ in range(14_370):
        day.sent(NAME, 0, 0.0)
    assert day.barrier(NAME, 0, 0.0) == pytest.approx(FULL + 5.985, rel=0.01)


def test_tokens_are_counted_beside_requests() -> None:
    headroom = heard(
        *requests("600", "600"),
        *told(x_ratelimit_limit_tokens="60000", x_ratelimit_remaining_tokens="1000", x_ratelimit_reset_tokens="59s"),
    )
    assert headroom.barrier(NAME, 500, 0.0) < 5.0
    assert headroom.barrier(NAME, 3_000, 0.0) == pytest.approx(FULL + 2.0)
    assert headroom.barrier(NAME, 10**9, 0.0) == pytest.approx(FULL + 59.0)  # more than ever fits waits until all is there


def test_what_was_sent_after_the_answered_attempt_is_taken_off() -> None:
    headroom = Headroom(RATE_HEADERS)
    first = headroom.sent(NAME, 10, 0.0)
    for _ in range(5):
        headroom.sent(NAME, 10, 0.0)
    headroom.heard(NAME, requests("60", "5"), 0.0, first)
    assert headroom.barrier(NAME, 10, 0.0) == pytest.approx(FULL + 60 / 55, rel=0.01)


def test_an_answer_to_an_older_attempt_does_not_replace_what_a_newer_one_told() -> None:
    headroom = Headroom(RATE_HEADERS)
    older, newer = headroom.sent(NAME, 0, 1.0), headroom.sent(NAME, 0, 2.0)
    headroom.heard(NAME, requests("60", "0", "60s"), 3.0, newer)
    headroom.heard(NAME, requests("60", "60"), 4.0, older)
    assert headroom.barrier(NAME, 0, 2.0) == pytest.approx(FULL + 1.0)


def test_what_was_told_long_ago_holds_nobody_up() -> None:
    headroom = heard(*requests("60", "1", "59s"))
    for _ in range(1000):
        headroom.sent(NAME, 0, 1.0)  # none of them answered
    assert headroom.barrier(NAME, 0, 1.0) > 100.0
    assert headroom.barrier(NAME, 0, 61.0) == 0.0


@pytest.mark.parametrize(
    "headers",
    [
        requests("-1", "-1"),
        requests("0", "0"),
        requests("100", "-1"),
        requests("100", "0", ""),
        requests("many", "some"),
        requests("nan", "inf"),
        told(x_ratelimit_remaining_requests="0"),
    ],
)
def test_what_is_not_known_is_no_barrier(headers: HeaderList) -> None:
    assert heard(*headers).barrier(NAME, 10, 0.0) == 0.0


def test_timestamps_count_from_the_answers_own_date_and_thousands_are_rounded() -> None:
    headroom = heard(
        *told(
            date="Sun, 22 Nov 2026 12:00:00 GMT",
            anthropic_ratelimit_tokens_limit="80000",
            anthropic_ratelimit_tokens_remaining="1000",
            anthropic_ratelimit_tokens_reset="2026-11-22T12:00:59Z",
        )
    )
    filling = (80_000 - 500) / 59  # half a thousand less than what is told
    assert headroom.barrier(NAME, 2_000, 0.0) == pytest.approx(FULL + 1_500 / filling)


def test_a_target_that_asks_for_peace_is_given_it() -> None:
    headroom = heard((b"retry-after", b"7"))
    assert headroom.barrier(NAME, 0, 2.0) == pytest.approx(5.0)
    assert headroom.barrier(NAME, 0, 7.5) == 0.0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([name for row in RATE_HEADERS for name in (row.limit, row.remaining, row.reset)]),
            st.binary(max_size=12),
        )
    )
)
def test_no_header_breaks_it(headers: list[tuple[bytes, bytes]]) -> None:
    assert heard(*headers, (b"retry-after", headers[0][1] if headers else b"x")).barrier(NAME, 7, 0.0) >= 0.0


def test_names_that_callers_make_up_fill_no_memory() -> None:
    headroom = Headroom(RATE_HEADERS)
    for number in range(5000):
        headroom.heard(f"a/{number}", requests("60", "0"), 0.0)
    assert headroom.barrier("a/0", 0, 0.0) == 0.0
    assert headroom.barrier("a/4999", 0, 0.0) > 0.5
