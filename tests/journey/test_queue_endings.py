"""Whatever happens to those who wait for a model, nobody's place or permit is left behind."""

from __future__ import annotations

import asyncio

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.body import Whole
from headworks.domain.call import Call
from headworks.domain.hedge import Hedge
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.queue_rules import QueueRules
from headworks.domain.reply import Reply
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House, Yielding
from .test_one_ending import LIMITED, SCRIPTS, in_a_loop, turns

GONE = Outcome(Ending.CLIENT_GONE, 499, "client_gone")
CALLS = 4


def snapshot_with(targets: int, hedge: Hedge | None = None) -> Snapshot:
    """One request at a time at each target; batches wait five seconds, and everybody else two."""
    model = Model(
        name=AskedModel("model"),
        targets=tuple(sample_target(f"t{number}/model") for number in range(targets)),
        retry=RetryPolicy(attempts=3, base=0.0),
        queue=QueueRules(name="model", concurrency=1, waits=(2.0, 2.0, 2.0, 5.0, 5.0)),
        hedge=hedge,
    )
    return Snapshot(revision="r", models={"model": model})


def call_number(snapshot: Snapshot, number: int, *, stream: bool = True) -> Call:
    body = Whole(msgspec.json.encode({"model": "model", "stream": stream, "max_tokens": 5}))
    headers = {b"authorization": b"Bearer " + KEY}
    return sample_call(id=f"{number:032x}", snapshot=snapshot, body=body, headers=headers, principal=None, ask=None)


def settle(task: asyncio.Task[Reply]) -> None:
    """Whoever asked is gone: the edge gives up an answer that nobody is there for."""
    if not task.cancelled() and task.exception() is None:
        task.result().abandon(GONE)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(SCRIPTS)),
    leaving=st.lists(st.tuples(st.integers(0, CALLS - 1), st.integers(2, 40)), max_size=CALLS),
    seconds=st.sampled_from((0.0, 1.0, 3.0)),
    targets=st.integers(1, 2),
    hedged=st.booleans(),
    stream=st.booleans(),
)
def test_nothing_is_left_of_those_who_wait_whoever_hangs_up_when(
    name: str, leaving: list[tuple[int, int]], seconds: float, targets: int, *, hedged: bool, stream: bool
) -> None:
    async def scenario() -> None:
        snapshot = snapshot_with(targets, Hedge(after=0.5, budget=1.0) if hedged else None)
        house = House(snapshot, ScriptedUpstream(SCRIPTS[name] * 3), principal=LIMITED, between=lambda _: Yielding())
        calls = [call_number(snapshot, number, stream=stream) for number in range(CALLS)]
        tasks = [asyncio.create_task(house.serve(call)) for call in calls]
        for number, after in leaving:
            await turns(after)
            tasks[number].cancel("client_gone")
        await house.clock.run(seconds)
        for task in tasks:
            if task.done() and not task.cancelled() and task.exception() is None:
                task.result().start(CollectingSink())
        await turns(60)
        for task in tasks:
            task.cancel("client_gone")
        await asyncio.wait(tasks)
        for task in tasks:
            settle(task)
        await house.clock.run(1.0)
        assert all(call.closing.closed for call in calls)
        assert sorted(record.id for record in house.journal.ended) == [call.id for call in calls]
        assert house.account() == (0, 0, 0)
        assert house.complaints == []

    in_a_loop(scenario)


def test_one_who_waited_goes_when_the_one_before_has_ended_and_its_record_says_how_long() -> None:
    async def scenario() -> None:
        snapshot = snapshot_with(1)
        house = House(
            snapshot, ScriptedUpstream([Script.sse("one", stays_open=True), Script.sse("two", "[DONE]")]), principal=LIMITED
        )
        first, second = (call_number(snapshot, number) for number in range(2))
        before = asyncio.create_task(house.serve(first))
        await turns(20)
        waiting = asyncio.create_task(house.serve(second))
        await turns(20)
        await house.clock.run(1.0)
        assert (len(house.upstream.lines), waiting.done()) == (1, False)
        (await before).abandon(GONE)
        (await waiting).start(CollectingSink())
        await turns(20)
        record = next(record for record in house.journal.ended if record.id == second.id)
        assert (record.queued, record.overhead) == (1_000.0, 0.0)
        assert record.notes["queue"] == "default, behind 0, waited 1000 ms"
        await house.clock.run(1.0)

    in_a_loop(scenario)


def test_one_who_waits_too_long_is_told_so_and_nothing_was_sent_for_it() -> None:
    async def scenario() -> None:
        snapshot = snapshot_with(1)
        house = House(snapshot, ScriptedUpstream([Script.sse("one", stays_open=True)]), principal=LIMITED)
        before = asyncio.create_task(house.serve(call_number(snapshot, 0)))
        await turns(20)
        waiting = asyncio.create_task(house.serve(call_number(snapshot, 1)))
        await house.clock.run(2.1)
        await asyncio.wait([waiting])
        assert getattr(waiting.exception(), "code", "") == "queue_timeout"
        (await before).abandon(GONE)
        record = next(record for record in house.journal.ended if record.id == f"{1:032x}")
        assert (record.fault, record.status, record.tried) == ("queue_timeout", 503, ())
        assert house.account() == (0, 0, 0)
        await house.clock.run(1.0)

    in_a_loop(scenario)


def test_one_who_hangs_up_while_it_waits_has_left_the_queue_at_once() -> None:
    async def scenario() -> None:
        snapshot = snapshot_with(1)
        house = House(snapshot, ScriptedUpstream([Script.sse("one", stays_open=True)]), principal=LIMITED)
        before = asyncio.create_task(house.serve(call_number(snapshot, 0)))
        await turns(20)
        waiting = asyncio.create_task(house.serve(call_number(snapshot, 1)))
        await turns(20)
        model = snapshot.models["model"]
        assert house.queues.waiting_for(model) == 1
        waiting.cancel("client_gone")
        await asyncio.wait([waiting])
        assert house.queues.waiting_for(model) == 0
        (await before).abandon(GONE)
        assert house.account() == (0, 0, 0)
        await house.clock.run(1.0)

    in_a_loop(scenario)
