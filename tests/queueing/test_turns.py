"""Whose turn it is, and who is sent away."""

from __future__ import annotations

from typing import Any

import pytest

from headworks.domain.engine_load import EngineLoad
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.usage import Usage

from .waiting import Asked, Line


def order_of(line: Line, first: Asked, waiting: list[Asked], usage: Usage | None = None) -> list[Asked]:
    """In which order those who wait are served, one at a time."""
    order: list[Asked] = []
    running = first
    line.start(running)
    for _ in waiting:
        line.end(running, usage)
        running = next(one for one in waiting if one.admitted and one not in order)
        order.append(running)
        line.start(running)
    line.end(running)
    return order


def test_who_comes_while_there_is_room_goes_at_once() -> None:
    line = Line(concurrency=2)
    first, second, third = line.ask(), line.ask(), line.ask()
    assert (first.heard, second.heard, third.heard) == (["admitted"], ["admitted"], [])


def test_tenants_take_turns_however_many_one_of_them_sends() -> None:
    line = Line()
    first = line.ask("flood")
    flood = [line.ask("flood") for _ in range(4)]
    quiet = [line.ask("quiet") for _ in range(2)]
    assert [one.ticket.tenant for one in order_of(line, first, flood + quiet)] == [
        "quiet",
        "flood",
        "quiet",
        "flood",
        "flood",
        "flood",
    ]


def test_a_tenant_is_charged_for_what_it_used_and_no_more() -> None:
    line = Line()
    first = line.ask("long", prompt=100, output=1_000)
    waiting = [line.ask("long", prompt=100, output=1_000), line.ask("short", prompt=100, output=1_000)]
    assert [one.ticket.tenant for one in order_of(line, first, waiting, Usage(input=100, output=900))] == ["short", "long"]


def test_twice_the_share_is_served_twice_as_much() -> None:
    line = Line()
    first = line.ask("other")
    heavy = [line.ask("heavy", weight=2.0) for _ in range(6)]
    light = [line.ask("light") for _ in range(6)]
    served = [one.ticket.tenant for one in order_of(line, first, heavy + light)]
    assert served[:6].count("heavy") == 4


def test_of_one_tenant_the_earliest_deadline_goes_first_and_then_whoever_came_first() -> None:
    line = Line()
    now = line.clock.now()
    first = line.ask()
    waiting = [line.ask(), line.ask(deadline=now + 50), line.ask(deadline=now + 20), line.ask()]
    assert order_of(line, first, waiting) == [waiting[2], waiting[1], waiting[0], waiting[3]]


def test_a_warm_prompt_goes_before_cold_ones_that_came_in_the_same_half_second() -> None:
    line = Line()
    first = line.ask()
    waiting = [line.ask(), line.ask(hit=0.9)]
    line.clock.advance(1.0)
    waiting.append(line.ask(hit=1.0))
    assert order_of(line, first, waiting) == [waiting[1], waiting[0], waiting[2]]


def test_batch_yields_to_interactive() -> None:
    line = Line()
    first = line.ask(priority=Priority.BATCH)
    batch = [line.ask(priority=Priority.BATCH) for _ in range(3)]
    interactive = [line.ask(priority=Priority.INTERACTIVE) for _ in range(3)]
    assert order_of(line, first, batch + interactive) == interactive + batch


def test_one_that_waits_for_a_busy_target_holds_nobody_up_who_waits_for_another() -> None:
    line = Line(targets=2)
    busy, free = line.targets
    line.ask(targets=[busy])
    assert line.ask(targets=[busy]).heard == []
    assert line.ask(targets=[free]).heard == ["admitted"]


def test_a_place_that_was_left_is_nobodys() -> None:
    line = Line()
    first, second, third = line.ask(), line.ask(), line.ask()
    assert second.place is not None
    second.place.leave()
    line.start(first)
    line.end(first)
    assert (second.heard, third.heard) == ([], ["admitted"])


def test_one_that_was_admitted_and_never_sent_makes_room_for_the_next() -> None:
    line = Line()
    first, second = line.ask(), line.ask()
    assert first.place is not None
    first.place.leave()
    assert second.heard == ["admitted"]


def test_a_tenant_has_only_so_many_places_and_others_have_theirs() -> None:
    line = Line(size=2)
    for _ in range(3):
        line.ask("a")
    with pytest.raises(Fault, match="2 requests of yours wait") as refused:
        line.ask("a")
    assert (refused.value.code, refused.value.retry_after) == ("queue_full", 1.0)
    assert line.ask("b").heard == []
    assert line.ask("a", Priority.BATCH).heard == []


def test_a_tenant_has_only_so_many_bytes_but_one_request_always_has_a_place() -> None:
    line = Line(bytes=100)
    line.ask()
    line.ask(bytes=150)
    with pytest.raises(Fault, match="150 bytes wait") as refused:
        line.ask(bytes=1)
    assert refused.value.code == "queue_full"


def test_who_has_waited_as_long_as_its_class_may_is_sent_away() -> None:
    line = Line(waits=(1.0, 1.0, 2.0, 5.0, 5.0))
    line.ask()
    waiting, batch = line.ask(), line.ask(priority=Priority.BATCH)
    line.clock.advance(2.0)
    assert line.queues.tick()
    assert (waiting.heard, batch.heard, line.waiting) == (["queue_timeout"], [], 1)


def paced(seconds: float, **rules: Any) -> Line:
    """A queue of which it is known that one is admitted every so many seconds. One is admitted, and two wait."""
    line = Line(**rules)
    queue = [line.ask() for _ in range(3)]
    for _ in range(50):
        running = queue.pop(0)
        line.start(running)
        line.clock.advance(seconds)
        line.end(running)
        queue.append(line.ask())
    return line


def test_a_deadline_that_cannot_be_met_is_refused_at_once() -> None:
    line = paced(2.0)
    now = line.clock.now()
    with pytest.raises(Fault, match="after the deadline") as refused:
        line.ask(deadline=now + 5.0)
    assert refused.value.code == "deadline_unreachable"
    assert refused.value.retry_after == pytest.approx(6.0, rel=0.01)
    assert line.ask(deadline=now + 7.0).heard == []


def test_who_is_refused_is_told_when_there_will_be_room() -> None:
    line = paced(2.0, size=2)
    with pytest.raises(Fault) as refused:
        line.ask()
    assert refused.value.retry_after == pytest.approx(6.0, rel=0.01)


def test_one_whose_deadline_passes_while_it_waits_is_sent_away() -> None:
    line = Line()
    line.ask()
    waiting = line.ask(deadline=line.clock.now() + 3.0)
    line.clock.advance(3.0)
    assert not line.queues.tick()
    assert waiting.heard == ["queue_timeout"]


def shed(line: Line, priority: Priority, tries: int = 1_000) -> int:
    """How many of so many are shed."""
    return sum(refusal(line, priority) == "shed" for _ in range(tries))


def refusal(line: Line, priority: Priority) -> str:
    """Why one more request would be refused; empty where it would not."""
    try:
        asked = line.ask("other", priority)
    except Fault as fault:
        return fault.code
    assert asked.place is not None
    asked.place.leave()
    return ""


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.1, 0, 5), (0.5, 500, 950), (0.6, 1_000, 1_000)])
def test_the_fuller_the_more_of_what_may_be_shed_is(seconds: float, least: int, most: int) -> None:
    line = paced(seconds)  # three turns until its own: saturation is 3 · seconds / 2
    assert least <= shed(line, Priority.SHEDDABLE) <= most


def test_nothing_else_is_ever_shed() -> None:
    line = paced(10.0)
    assert [shed(line, priority, 50) for priority in Priority if priority is not Priority.SHEDDABLE] == [0] * 4


def test_what_may_be_shed_is_where_engines_say_that_they_are_full() -> None:
    line = Line(concurrency=100)
    line.loads.report(line.targets[0].name, EngineLoad(at=line.clock.now(), memory=0.95, running=10, waiting=0))
    assert (shed(line, Priority.SHEDDABLE, 50), shed(line, Priority.BATCH, 50)) == (50, 0)


def test_nobody_is_given_to_an_engine_whose_own_queue_is_long() -> None:
    line = Line(targets=2, concurrency=10)
    now = line.clock.now()
    line.loads.report(line.targets[0].name, EngineLoad(at=now, queued_tokens=60_000, running=10, waiting=40))
    line.loads.report(line.targets[1].name, EngineLoad(at=now, queued_tokens=0, running=10, waiting=0))
    admitted = [line.ask() for _ in range(12)]
    assert [line.start(one).name for one in admitted if one.admitted] == [line.targets[1].name] * 10
    assert line.waiting == 2


def test_models_that_share_a_target_take_turns() -> None:
    line = Line()
    first = line.ask()
    here = [line.ask() for _ in range(2)]
    line.rules = type(line.rules)(name="other", concurrency=1)
    there = [line.ask() for _ in range(2)]
    served = order_of(line, first, here + there)
    assert {one in here for one in served[:2]} == {True, False}
