"""A second target is asked where the first is slow to begin: the first content wins, and nothing is owed for the other but its cost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.body import Whole
from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.hedge import Hedge
from headworks.domain.money import PriceCard, Rate
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.testing import CollectingSink, Script, ScriptedUpstream, sample_call, sample_target

from .plain import KEY, House, Yielding
from .test_one_ending import GOOD_STREAM, LIMITED, Leaver, ended, in_a_loop, the_record, turns

ALWAYS = Hedge(after=1.0, budget=1.0)
MILLION = PriceCard(input=Rate(10**9), output=Rate(10**9))


def snapshot_with(hedge: Hedge, targets: int = 2, attempts: int = 3) -> Snapshot:
    model = Model(
        name=AskedModel("model"),
        targets=tuple(sample_target(f"t{number}/model", order=number, price=MILLION) for number in range(targets)),
        retry=RetryPolicy(attempts=attempts, base=0.0),
        hedge=hedge,
    )
    return Snapshot(revision="r", models={"model": model})


def a_call(snapshot: Snapshot, *, stream: bool = True) -> Call:
    body = Whole(msgspec.json.encode({"model": "model", "stream": stream, "max_tokens": 5}))
    return sample_call(snapshot=snapshot, body=body, headers={b"authorization": b"Bearer " + KEY}, principal=None, ask=None)


class Race:
    """One call at a house whose first target is asked with the first script, and the hedge with the second."""

    def __init__(self, scripts: Sequence[Script], hedge: Hedge = ALWAYS, targets: int = 2, attempts: int = 3) -> None:
        self.house = House(snapshot_with(hedge, targets, attempts), ScriptedUpstream(scripts), principal=LIMITED)

    async def run(self, seconds: float = 1.5, *, stream: bool = True) -> tuple[Call, CollectingSink]:
        call, sink = a_call(self.house.snapshot, stream=stream), CollectingSink()
        lines = self.house.upstream.lines
        place = len(lines)
        task = asyncio.create_task(self.house.serve(call))
        await turns(20)
        self.house.clock.advance(seconds)
        await turns(40)
        if not task.done():
            lines[place].push(b"data: late\n\n")
            lines[place].push(b"data: [DONE]\n\n")
            lines[place].finish()
        (await task).start(sink)
        await ended(call)
        return call, sink


def test_the_hedge_answers_and_the_first_is_given_up_at_its_own_cost() -> None:
    async def scenario() -> None:
        race = Race([Script.silent(), GOOD_STREAM])
        call, sink = await race.run()
        record = the_record(race.house, call)
        assert b"one" in sink.body
        assert (record.ending, record.target) == (Ending.FINISHED, "t1/model")
        assert [(line.target, line.fault, line.served) for line in record.tried] == [
            ("t0/model", "abandoned", False),
            ("t1/model", "", True),
        ]
        assert record.tried[1].why == "hedge: 't0/model' had not begun after 1.0 s"
        assert record.cost > record.price > 0
        assert record.price == record.tried[1].cost_exact // 10**6

    in_a_loop(scenario)


def test_the_first_may_still_win_and_stands_last() -> None:
    async def scenario() -> None:
        race = Race([Script.silent(), Script.silent()])
        call, sink = await race.run()
        record = the_record(race.house, call)
        assert b"late" in sink.body
        assert [(line.target, line.served) for line in record.tried] == [("t1/model", False), ("t0/model", True)]
        assert record.overhead < 1000.0

    in_a_loop(scenario)


def test_an_answer_that_begins_in_time_is_never_hedged() -> None:
    async def scenario() -> None:
        race = Race([GOOD_STREAM])
        call, _ = await race.run()
        assert [line.target for line in the_record(race.house, call).tried] == ["t0/model"]

    in_a_loop(scenario)


@pytest.mark.parametrize("stream", [False, True])
def test_whole_answers_and_only_targets_are_not_hedged(*, stream: bool) -> None:
    async def scenario() -> None:
        slow = Script(pieces=(), stays_open=True)
        race = Race([slow, GOOD_STREAM], targets=1 if stream else 2)
        call, _ = await race.run(stream=stream)
        assert len(the_record(race.house, call).tried) == 1

    in_a_loop(scenario)


def test_a_hedge_that_fails_leaves_it_to_the_first() -> None:
    async def scenario() -> None:
        race = Race([Script.silent(), Script(status=500)])
        call, sink = await race.run()
        assert b"late" in sink.body
        assert the_record(race.house, call).tried[-1].target == "t0/model"

    in_a_loop(scenario)


def test_where_both_fail_a_third_is_tried() -> None:
    async def scenario() -> None:
        race = Race([Script.silent(), Script(status=500), GOOD_STREAM], targets=3)
        call = a_call(race.house.snapshot)
        task = asyncio.create_task(race.house.serve(call))
        await turns(20)
        race.house.clock.advance(1.5)
        await turns(20)
        race.house.upstream.lines[0].fail(Fault("upstream_reset"))
        (await task).start(CollectingSink())
        await ended(call)
        assert [line.target for line in the_record(race.house, call).tried] == ["t0/model", "t1/model", "t2/model"]

    in_a_loop(scenario)


@pytest.mark.parametrize(("budget", "most"), [(0.02, 4), (0.1, 20)])
def test_hedges_stay_within_their_budget_however_slow_all_answers_are(budget: float, most: int) -> None:
    async def scenario() -> None:
        race = Race([Script.silent(), Script.silent()] * 400, Hedge(after=1.0, budget=budget))
        hedged = 0
        for _ in range(200):
            call = a_call(race.house.snapshot)
            task = asyncio.create_task(race.house.serve(call))
            await turns(12)
            race.house.clock.advance(1.5)
            await turns(12)
            hedged += len(call.tally.tried) - 1
            task.cancel("client_gone")
            await asyncio.wait([task])
        assert most - 1 <= hedged <= most

    in_a_loop(scenario)


def test_after_the_ninety_fifth_of_a_hundred_is_learnt_from_what_was_seen() -> None:
    async def scenario() -> None:
        race = Race([Script.silent()] * 100, Hedge(budget=1.0))
        for _ in range(20):
            await race.run(2.0)
        call = a_call(race.house.snapshot)
        task = asyncio.create_task(race.house.serve(call))
        await turns(20)
        for seconds, lines in ((1.9, 1), (0.2, 2)):
            race.house.clock.advance(seconds)
            await turns(20)
            assert len(call.tally.tried) == lines
        task.cancel("client_gone")
        await asyncio.wait([task])
        the_last = race.house.journal.ended[-1]
        assert the_last.tried[-1].why.startswith("hedge")

    in_a_loop(scenario)


PAIRS = {
    "both silent": [Script.silent(), Script.silent()],
    "silent, stream": [Script.silent(), GOOD_STREAM],
    "silent, stalls in the middle": [Script.silent(), Script.sse("one", stays_open=True)],
    "silent, 500": [Script.silent(), Script(status=500)],
    "silent, cut": [Script.silent(), Script.sse("one", fault=Fault("severed", "cut"))],
    "head only, stream": [Script(headers=GOOD_STREAM.headers, stays_open=True), GOOD_STREAM],
}


@settings(max_examples=250, deadline=None)
@given(name=st.sampled_from(sorted(PAIRS)), alarm=st.integers(2, 30), at=st.integers(1, 60), at_once=st.booleans())
def test_cancelled_at_any_turn_with_two_attempts_in_flight(name: str, alarm: int, at: int, *, at_once: bool) -> None:
    async def scenario() -> None:
        snapshot = snapshot_with(ALWAYS, 3)
        scripts = PAIRS[name] + [GOOD_STREAM, Script.silent()] * 3
        house = House(snapshot, ScriptedUpstream(scripts), principal=LIMITED, between=lambda _: Yielding())
        call = a_call(snapshot)
        task = asyncio.create_task(house.serve(call))
        await turns(alarm)
        house.clock.advance(2.0)
        if at_once and house.upstream.lines:  # the first begins in the turn in which the hedge does
            house.upstream.lines[0].push(b"data: one\n\n")
        await turns(at)
        task.cancel("client_gone")
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None:
            task.result().abandon(Outcome(Ending.CLIENT_GONE, 499, "client_gone"))
        await turns(5)
        record = the_record(house, call)
        assert sum(line.cost_exact for line in record.tried) // 10**6 == record.cost
        assert record.price <= record.cost

    in_a_loop(scenario)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(PAIRS)), frames=st.integers(1, 4))
def test_client_gone_at_any_frame_after_a_hedge(name: str, frames: int) -> None:
    async def scenario() -> None:
        snapshot = snapshot_with(ALWAYS)
        house = House(snapshot, ScriptedUpstream(PAIRS[name] * 3), principal=LIMITED)
        call = a_call(snapshot)
        task = asyncio.create_task(house.serve(call))
        await turns(20)
        house.clock.advance(2.0)
        await turns(40)
        if task.done() and task.exception() is None:
            reply = task.result()
            reply.start(Leaver(reply, frames))
            await turns(40)
            reply.abandon(Outcome(Ending.CLIENT_GONE, 499, "client_gone"))
        else:
            task.cancel("client_gone")
            await asyncio.wait([task])
        record = the_record(house, call)
        assert sum(line.served for line in record.tried) <= 2

    in_a_loop(scenario)
