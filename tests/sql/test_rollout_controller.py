"""Who moves rollouts on: once, whoever looks, and on from wherever somebody was killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import log

import pytest
from msgspec.structs import replace

from headworks.control.rollouts import HELD, RolloutController, tripped
from headworks.domain.gauges import Gauges, RolloutGauges
from headworks.domain.ledger import Sums
from headworks.domain.rollout.event import Event
from headworks.domain.rollout.gates import MeanGate
from headworks.domain.rollout.outcomes import Outcomes
from headworks.domain.rollout.rollout import ALLOWED, Plan, Rollout, State, Step
from headworks.ports.records import Conflict
from headworks.stores.sql.leases import SqlLeases
from headworks.stores.sql.ledger import LedgerTables
from headworks.stores.sql.rollouts.store import SqlRollouts
from tests.sql.house import AUDIT, House, house

STEPS = (Step(share=0.1, least=100, seconds=60.0, most=600.0), Step(share=1.0, least=100, seconds=60.0, most=600.0))
PLAN = Plan(steps=STEPS, gates=(MeanGate("cost"),))


class Scene:
    """Controllers over one database, and gateways that tell what they are told to."""

    def __init__(self, there: House) -> None:
        self.there = there
        self.rollouts = SqlRollouts(there.database, there.acts)
        self.ledger = LedgerTables(there.database, "here", there.clock)
        self.said: list[str] = []
        self.gateways: Sequence[Gauges] = (gateway(),)

    def controller(self, name: str) -> RolloutController:
        async def ask() -> Sequence[Gauges]:
            return self.gateways

        leases = SqlLeases(self.there.database, name, self.there.clock)
        return RolloutController(self.rollouts, leases, ask, self.there.clock, self.said.append)

    async def begin(self, **more: object) -> Rollout:
        rollout = Rollout(id="roll_1", model="m", baseline="1", candidate="2", plan=PLAN, state=State.WARMING, number=1)
        rollout = replace(rollout, since=self.there.clock.wall_ns() / 1e9, **more)
        return await self.rollouts.start(rollout, Event(rollout="", number=0), audit=AUDIT)

    async def book(self, candidate: int, failed: int = 0, baseline: int = 100) -> None:
        told = {("roll_1", "1"): outcomes(baseline, 0), ("roll_1", "2"): outcomes(candidate, failed)}
        await self.ledger.post([], Sums(outcomes=told))

    async def state(self) -> State:
        return (await self.rollouts.rollout("roll_1")).state

    async def after(self, seconds: float, controller: RolloutController) -> State:
        self.there.clock.advance(seconds)
        await controller.look()
        return await self.state()


def outcomes(count: int, failed: int) -> Outcomes:
    return Outcomes(
        outcomes=count, shares={"errors": failed}, means={"cost": [log(5.0 + number % 3) for number in range(count)]}
    )


def gateway(**more: object) -> Gauges:
    return Gauges(process="g", rollouts={"m": replace(RolloutGauges(rollout="roll_1", candidate="2"), **more)})


def tell(url: str, story: Callable[[Scene], Awaitable[None]]) -> None:
    async def play() -> None:
        async with house(url) as there:
            await story(Scene(there))

    asyncio.run(play())


async def to_the_end(scene: Scene) -> None:
    await scene.begin()
    controller, seen = scene.controller("a"), list[State]()
    for seconds in (6.0, 61.0, 61.0):
        seen.append(await scene.after(seconds, controller))
        await scene.book(150)
    assert seen == [State.CANARY, State.BAKE, State.PROMOTED]
    events = await scene.rollouts.events("roll_1")
    assert [each.after for each in events[1:]] == ["canary", "bake", "promoted"]
    assert [each.evidence.candidate for each in events[1:]] == [0, 150, 300]
    assert all(each.reason and each.at for each in events[1:])
    assert len(scene.said) == 3


def test_a_good_candidate_goes_live_step_by_step_and_every_step_tells_what_was_known(tables: str) -> None:
    tell(tables, to_the_end)


async def broken(scene: Scene) -> None:
    await scene.begin(state=State.CANARY)
    await scene.book(20, failed=10)
    controller = scene.controller("a")
    assert await scene.after(1.0, controller) is State.ROLLING_BACK
    assert (await scene.rollouts.positions())["m"].share == 0.0
    assert await scene.after(61.0, controller) is State.ROLLED_BACK
    assert await scene.rollouts.positions() == {}


def test_a_broken_candidate_is_taken_back_at_the_next_look(tables: str) -> None:
    tell(tables, broken)


async def told_by_a_gateway(scene: Scene) -> None:
    await scene.begin(state=State.CANARY)
    scene.gateways = (gateway(), gateway(tripped=True, outcomes=20, failures=12))
    assert await scene.after(1.0, scene.controller("a")) is State.ROLLING_BACK
    assert "12 of 20 requests" in (await scene.rollouts.events("roll_1"))[-1].reason


def test_a_gateways_circuit_takes_the_rollout_back(tables: str) -> None:
    tell(tables, told_by_a_gateway)


async def told_by_a_gateway_elsewhere(scene: Scene) -> None:
    await scene.begin(state=State.CANARY)
    assert await scene.after(1.0, scene.controller("holds the lease")) is State.CANARY
    await scene.book(150)
    scene.gateways = (gateway(tripped=True, outcomes=20, failures=12),)
    assert await scene.after(1.0, scene.controller("beside the gateway")) is State.ROLLING_BACK


def test_a_circuit_counts_wherever_its_gateway_is(tables: str) -> None:
    tell(tables, told_by_a_gateway_elsewhere)


async def waiting_for_the_holder(scene: Scene) -> None:
    await scene.begin(state=State.CANARY)
    await scene.controller("holds the lease").look()
    await scene.book(20, failed=20)
    assert await scene.after(1.0, scene.controller("does not")) is State.CANARY


def test_the_evidence_is_judged_by_who_has_the_lease(tables: str) -> None:
    tell(tables, waiting_for_the_holder)


def test_a_circuit_of_another_step_or_of_what_is_over_counts_no_more() -> None:
    rollout = Rollout(id="roll_1", model="m", baseline="1", candidate="2", state=State.CANARY, step=1)
    seen = RolloutGauges(rollout="roll_1", candidate="2", step=0, tripped=True)
    assert tripped(rollout, [seen]) is None
    assert tripped(rollout, [replace(seen, step=1)]) is not None
    assert tripped(replace(rollout, state=State.ROLLING_BACK), [replace(seen, step=1)]) is None


async def no_gateway(scene: Scene) -> None:
    await scene.begin()
    scene.gateways = ()
    controller = scene.controller("a")
    assert await scene.after(30.0, controller) is State.WARMING
    assert await scene.after(600.0, controller) is State.PAUSED


def test_what_no_gateway_has_taken_up_never_begins(tables: str) -> None:
    tell(tables, no_gateway)


async def many(scene: Scene) -> None:
    await scene.begin()
    controllers = [scene.controller(name) for name in "abcd"]
    for seconds in (6.0, 61.0, 61.0, 61.0):
        scene.there.clock.advance(seconds)
        await asyncio.gather(*(each.look() for each in controllers))
        await scene.book(150)
    numbers = [event.number for event in await scene.rollouts.events("roll_1")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(scene.said) == len(numbers) - 1


def test_of_many_controllers_one_decides_and_each_thing_once(tables: str) -> None:
    tell(tables, many)


async def usurped(scene: Scene) -> None:
    rollout = await scene.begin(state=State.CANARY)
    await scene.book(20, failed=20)
    first, second = scene.controller("a"), scene.controller("b")
    await first.look()
    assert await scene.state() is State.ROLLING_BACK
    stale = replace(rollout, state=State.PROMOTED, number=2)
    with pytest.raises(Conflict):
        await scene.rollouts.change(rollout, stale, Event(rollout="", number=0), audit=AUDIT)
    assert await scene.after(61.0, second) is State.ROLLED_BACK, "the first one's lease has run out"


def test_another_goes_on_when_the_holder_of_the_lease_is_gone(tables: str) -> None:
    tell(tables, usurped)


async def anew(scene: Scene, state: State) -> None:
    before = State.CANARY if state is State.PAUSED else None
    plan = replace(PLAN, shadow=STEPS[0], objective=MeanGate("cost") if state is State.AB else None)
    began = await scene.begin(state=state, before=before, plan=plan)
    await scene.book(50)
    assert await scene.rollouts.rollout("roll_1") == began
    for name in ("killed", "its successor"):
        scene.there.clock.advance(HELD + 1.0)
        await scene.controller(name).look()
    after = await scene.rollouts.rollout("roll_1")
    assert after == began or after.state in ALLOWED[state]
    assert (await scene.rollouts.evidence("roll_1")).candidate == 50 * (state not in {State.PROMOTED, State.ROLLED_BACK})


@pytest.mark.parametrize("state", State)
def test_every_state_survives_those_who_look_after_it(tables: str, state: State) -> None:
    tell(tables, lambda scene: anew(scene, state))
