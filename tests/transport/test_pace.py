"""Handshakes follow one another at a pace that leaves the loop to the answers under way."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from headworks.transport.pace import BURST, GAP, LONGEST, Pace


class Ledger:
    """A clock that stands still, and notes for how long each was put off."""

    def __init__(self) -> None:
        self.at = 100.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    def wall_ns(self) -> int:
        return 0

    async def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)


def put_off(pauses: list[float]) -> tuple[list[float], list[float]]:
    """When each of several handshakes, so many seconds after one another, was asked for and when it began."""
    clock = Ledger()
    pace = Pace(clock)
    asked, began = list[float](), list[float]()

    async def all_of_them() -> None:
        for pause in pauses:
            clock.at += pause
            clock.waits.clear()
            await pace.turn()
            asked.append(clock.at)
            began.append(clock.at + sum(clock.waits))

    asyncio.run(all_of_them())
    return asked, began


def test_a_few_begin_at_once() -> None:
    asked, began = put_off([0.0] * BURST)
    assert began == asked


def test_the_others_follow_one_by_one() -> None:
    _, began = put_off([0.0] * (BURST + 10))
    gaps = [later - sooner for sooner, later in zip(began[BURST - 1 :], began[BURST:], strict=False)]
    assert all(abs(gap - GAP) < 1e-9 for gap in gaps)


def test_nobody_is_put_off_for_long() -> None:
    asked, began = put_off([0.0] * 2000)
    assert max(later - sooner for sooner, later in zip(asked, began, strict=True)) <= LONGEST + 1e-9


@given(st.lists(st.floats(0, 0.01), min_size=1, max_size=200))
def test_no_stretch_of_time_sees_more_than_a_burst_beyond_the_pace(pauses: list[float]) -> None:
    _, began = put_off(pauses)
    assert began == sorted(began)
    for first in range(len(began)):
        for last in range(first, len(began)):
            assert last - first + 1 <= BURST + (began[last] - began[first]) / GAP + 1e-6
