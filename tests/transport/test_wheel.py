"""The timer wheel: nobody early, nobody forgotten, at most one tick late, and one alarm for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.transport.wheel import NEVER, TICK, Deadline, Wheel
from tests.transport.looped import looped


class Loop:
    """Alarms that ring when time passes them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.alarms: list[Alarm] = []
        self.asked = 0

    def later(self, seconds: float, ring: Callable[[], None]) -> asyncio.TimerHandle:
        self.asked += 1
        alarm = Alarm(self, self.now + seconds, ring)
        self.alarms.append(alarm)
        return cast("asyncio.TimerHandle", cast("Any", alarm))

    def move(self, to: float) -> None:
        while self.alarms and min(alarm.at for alarm in self.alarms) <= to:
            alarm = min(self.alarms, key=lambda alarm: alarm.at)
            self.alarms.remove(alarm)
            self.now = max(self.now, alarm.at)
            alarm.ring()
        self.now = to


class Alarm:
    def __init__(self, loop: Loop, at: float, ring: Callable[[], None]) -> None:
        self.loop, self.at, self.ring = loop, at, ring

    def cancel(self) -> None:
        if self in self.loop.alarms:
            self.loop.alarms.remove(self)


class Noted:
    """Writes down when it was looked at, and asks to be looked at again at each of `again`."""

    def __init__(self, *again: float) -> None:
        self.due = self.visit = NEVER
        self.looks: list[float] = []
        self.again = list(again)

    def on_time(self, now: float) -> float | None:
        self.looks.append(now)
        return self.again.pop(0) if self.again else None


def loud(trouble: Exception) -> None:
    raise trouble


def made() -> tuple[Loop, Wheel, list[Exception]]:
    loop, troubles = Loop(), list[Exception]()
    return loop, Wheel(lambda: loop.now, loop.later, troubles.append), troubles


def turned(wheel: Wheel, loop: Loop, seconds: float, step: float) -> None:
    """Let time pass for a wheel that rings no alarm of its own."""
    for _ in range(round(seconds / step)):
        loop.now += step
        wheel.turn()


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 9.9, 63.0, 64.0, 200.0, 900.0])
def test_a_wheel_that_its_owner_turns_keeps_a_deadline_to_the_tick_and_never_early(seconds: float) -> None:
    loop, timer = Loop(), Noted()
    wheel = Wheel(lambda: loop.now, None, loud, tick=0.5)

    wheel.watch(timer, loop.now + seconds)
    turned(wheel, loop, seconds + 1.5, 0.5)

    (look,) = timer.looks
    assert 0 <= look - (100.0 + seconds) <= 1.0


def test_a_wheel_that_stood_still_for_long_looks_at_everybody_once() -> None:
    loop, timers = Loop(), [Noted() for _ in range(500)]
    wheel = Wheel(lambda: loop.now, None, loud, tick=0.5)

    for number, timer in enumerate(timers):
        wheel.watch(timer, 100.0 + number)
    turned(wheel, loop, 2_000.0, 1_000.0)

    assert all(len(timer.looks) == 1 for timer in timers)


@given(st.lists(st.floats(100.0, 200.0), min_size=1, max_size=30), st.lists(st.floats(0.0, 20.0), max_size=20))
def test_everybody_is_looked_at_once_and_in_time(wishes: list[float], steps: list[float]) -> None:
    loop, wheel, _ = made()
    timers = [Noted() for _ in wishes]
    for timer, wish in zip(timers, wishes, strict=True):
        wheel.watch(timer, wish)
    for step in steps:
        loop.move(loop.now + step)
    loop.move(max(loop.now, 201.0))

    for timer, wish in zip(timers, wishes, strict=True):
        assert len(timer.looks) == 1
        assert wish <= timer.looks[0] <= wish + TICK * 1.001
        assert timer.due == timer.visit == NEVER
    assert len(wheel) == 0
    assert not loop.alarms


def test_one_alarm_for_all_and_none_for_nobody() -> None:
    loop, wheel, _ = made()
    for number in range(1000):
        wheel.watch(Noted(), 110.0 + number / 10_000)
    assert len(loop.alarms) == 1
    assert loop.asked == 1
    loop.move(120.0)
    assert not loop.alarms


def test_an_earlier_wish_pulls_the_alarm_forward() -> None:
    loop, wheel, _ = made()
    late, early = Noted(), Noted()
    wheel.watch(late, 150.0)
    wheel.watch(early, 101.0)
    loop.move(102.0)
    assert len(early.looks) == 1
    assert not late.looks


def test_a_new_wish_replaces_the_old_one() -> None:
    loop, wheel, _ = made()
    timer = Noted()
    wheel.watch(timer, 101.0)
    wheel.watch(timer, 105.0)
    loop.move(104.0)
    assert not timer.looks
    loop.move(106.0)
    assert len(timer.looks) == 1


def test_a_wish_can_be_moved_either_way_while_its_tick_goes_by() -> None:
    """What is found too early goes where it belongs; a neighbour of the same tick may still be moved or taken back."""
    loop, wheel, _ = made()
    later, sooner, off = Noted(), Noted(), Noted()

    class Meddler(Noted):
        def on_time(self, now: float) -> float | None:
            wheel.watch(later, 130.0)
            wheel.watch(sooner, 120.0)
            wheel.forget(off)
            return super().on_time(now)

    for timer in (Meddler(), later, sooner, off):
        wheel.watch(timer, 110.0)
    wheel.watch(sooner, 105.0)
    wheel.watch(sooner, 110.0)
    loop.move(200.0)

    assert later.looks == pytest.approx([130.1])
    assert sooner.looks == pytest.approx([120.1])
    assert off.looks == []


def test_moving_a_wish_later_again_and_again_asks_for_no_new_alarm() -> None:
    loop, wheel, _ = made()
    timer = Noted()

    for number in range(1_000):
        wheel.watch(timer, 110.0 + number)

    assert loop.asked == 1


def test_who_asks_for_the_past_is_looked_at_in_the_next_tick() -> None:
    loop, wheel, _ = made()

    class Hasty(Noted):
        def on_time(self, now: float) -> None:
            wheel.watch(self, 1.0)
            super().on_time(now)

    timer = Hasty()
    wheel.watch(timer, 110.0)
    loop.move(110.55)

    assert timer.looks == pytest.approx([110.1, 110.2, 110.3, 110.4, 110.5])


def test_who_asks_is_looked_at_again() -> None:
    loop, wheel, _ = made()
    timer = Noted(105.0, 103.0)
    wheel.watch(timer, 101.0)
    loop.move(110.0)
    assert timer.looks == pytest.approx([101.1, 105.1, 105.2])


def test_the_forgotten_are_not_looked_at_even_by_a_neighbour_in_the_same_tick() -> None:
    loop, wheel, _ = made()
    victim = Noted()

    class Killer(Noted):
        def on_time(self, now: float) -> float | None:
            wheel.forget(victim)
            return super().on_time(now)

    wheel.watch(Killer(), 101.0)
    wheel.watch(victim, 101.0)
    loop.move(110.0)
    assert not victim.looks


def test_one_timers_failure_stops_no_other() -> None:
    loop, wheel, troubles = made()

    class Failing(Noted):
        def on_time(self, now: float) -> float | None:
            raise RuntimeError(str(now))

    timer = Noted()
    wheel.watch(Failing(), 101.0)
    wheel.watch(timer, 101.0)
    loop.move(110.0)
    assert len(timer.looks) == 1
    assert len(troubles) == 1


def real_wheel() -> Wheel:
    loop = asyncio.get_running_loop()
    return Wheel(loop.time, loop.call_later, lambda _trouble: None, tick=0.01)


@looped
async def test_a_deadline_turns_its_own_cancel_into_a_timeout() -> None:
    wheel = real_wheel()
    with pytest.raises(TimeoutError):
        async with Deadline(wheel, asyncio.get_running_loop().time() + 0.01):
            await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert len(wheel) == 0


@looped
async def test_a_deadline_lets_somebody_elses_cancel_through() -> None:
    wheel = real_wheel()

    async def guarded() -> None:
        async with Deadline(wheel, asyncio.get_running_loop().time() + 10.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(guarded())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(wheel) == 0


@looped
async def test_a_deadline_that_is_met_leaves_nothing() -> None:
    wheel = real_wheel()
    async with Deadline(wheel, asyncio.get_running_loop().time() + 10.0):
        await asyncio.sleep(0)
    assert len(wheel) == 0
