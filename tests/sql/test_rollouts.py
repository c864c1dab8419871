"""Rollouts on real databases: changed one after the other, followed by gateways, and fed with what exchanges tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from headworks.domain.exchange import Exchange
from headworks.domain.ledger import Sums, fold
from headworks.domain.rollout.event import Event
from headworks.domain.rollout.gates import Evidence
from headworks.domain.rollout.outcomes import Outcomes
from headworks.domain.rollout.rollout import Plan, Rollout, State, Step
from headworks.ports.records import Conflict, Missing, Page
from headworks.stores.sql.leases import SqlLeases
from headworks.stores.sql.ledger import LedgerTables, PlacesMovedError
from headworks.stores.sql.ledger import Step as Booked
from headworks.stores.sql.rollouts.store import SqlRollouts
from headworks.stores.sql.schema import ROLLOUTS
from headworks.testing.clock import FrozenClock
from tests.sql.house import AUDIT, House, house

Story = Callable[[House, SqlRollouts], Awaitable[None]]
PLAN = Plan(steps=(Step(share=0.1), Step(share=1.0)))
STARTED = Rollout(
    id="roll_1", model="support", baseline="11", candidate="12", plan=PLAN, state=State.WARMING, number=1, salt="s"
)


def tell(url: str, story: Story) -> None:
    async def play() -> None:
        async with house(url) as there:
            await story(there, SqlRollouts(there.database, there.acts))

    asyncio.run(play())


def event(before: State | str = "", after: State = State.WARMING, **more: object) -> Event:
    return replace(Event(rollout="", number=0, before=str(before), after=str(after)), **more)


async def put(rollouts: SqlRollouts, before: Rollout, state: State, **more: object) -> Rollout:
    after = replace(before, state=state, number=before.number + 1, **more)
    return await rollouts.change(before, after, event(before.state, state, reason="because", actor="admin_1"), audit=AUDIT)


async def a_life(there: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    canary = await put(rollouts, STARTED, State.CANARY)
    assert await rollouts.rollout("roll_1") == canary
    assert [(each.before, each.after, each.number) for each in await rollouts.events("roll_1")] == [
        ("", "warming", 1),
        ("warming", "canary", 2),
    ]
    changes = [(change.entity, change.id) for change in await there.records.changes_after(0)]
    assert changes == [("rollout", "roll_1")] * 2
    with pytest.raises(Missing):
        await rollouts.rollout("roll_9")


def test_a_change_is_told_with_its_reason_and_reaches_the_change_log(tables: str) -> None:
    tell(tables, a_life)


async def at_once(_: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    tries = [put(rollouts, STARTED, state) for state in (State.CANARY, State.PAUSED, State.ROLLING_BACK)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, Rollout) for each in ended) == 1
    assert sum(isinstance(each, Conflict) for each in ended) == 2
    assert len(await rollouts.events("roll_1")) == 2
    assert (await rollouts.rollout("roll_1")).number == 2


def test_of_those_who_have_read_the_same_number_one_changes_it(tables: str) -> None:
    tell(tables, at_once)


async def one_each(_: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    second = replace(STARTED, id="roll_2", candidate="13")
    with pytest.raises(Conflict, match="roll_1, warming"):
        await rollouts.start(second, event(), audit=AUDIT)
    await rollouts.start(replace(second, model="other"), event(), audit=AUDIT)
    assert [each.id for each in await rollouts.rollouts(Page(size=5))] == ["roll_2", "roll_1"]
    assert [each.id for each in await rollouts.rollouts(Page(size=5, after="roll_2"))] == ["roll_1"]
    assert [each.id for each in await rollouts.rollouts(Page(size=5), model="other")] == ["roll_2"]


def test_a_model_has_one_rollout_at_a_time(tables: str) -> None:
    tell(tables, one_each)


async def followed(_: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    assert (await rollouts.positions())["support"].share == 0.0
    canary = await put(rollouts, STARTED, State.CANARY)
    assert (await rollouts.positions())["support"].share == 0.1
    promoted = await put(rollouts, canary, State.PROMOTED, step=1)
    assert (await rollouts.positions())["support"].candidate == "12"

    second = replace(STARTED, id="roll_2", baseline="12", candidate="13")
    await rollouts.start(second, event(), audit=AUDIT)
    assert (await rollouts.positions())["support"].candidate == "13"
    with pytest.raises(Conflict, match="roll_2 came after it, and is warming"):
        await put(rollouts, promoted, State.ROLLING_BACK)
    back = await put(rollouts, second, State.ROLLING_BACK)
    assert (await rollouts.positions())["support"] == promoted.position, "what was promoted before holds again, at once"
    await put(rollouts, back, State.ROLLED_BACK)
    assert (await rollouts.positions())["support"] == promoted.position
    await put(rollouts, promoted, State.ROLLED_BACK)
    assert await rollouts.positions() == {}


def test_the_newest_rollout_leads_and_what_was_promoted_before_it_when_it_is_taken_back(tables: str) -> None:
    tell(tables, followed)


async def back_twice(_: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    promoted = await put(rollouts, STARTED, State.PROMOTED, step=1)
    second = replace(STARTED, id="roll_2", baseline="12", candidate="13")
    await rollouts.start(second, event(), audit=AUDIT)
    await put(rollouts, second, State.ROLLING_BACK)
    first = await put(rollouts, promoted, State.ROLLING_BACK)

    assert (await rollouts.positions())["support"] == first.position, "the one before it does not wait for its drain"


def test_two_promotions_are_taken_back_one_after_the_other_without_waiting(tables: str) -> None:
    tell(tables, back_twice)


async def of_tomorrow(there: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    await rollouts.start(replace(STARTED, id="roll_2", model="other"), event(), audit=AUDIT)
    before = await rollouts.positions()
    async with there.database.writing() as connection:
        unknown = update(ROLLOUTS).where(ROLLOUTS.c.id == "roll_1").values(record='{"id": 7, "state": "dancing"}')
        await connection.execute(unknown)

    assert await rollouts.positions() == before, "it goes on as it was last understood"
    assert [each.id for each in await rollouts.under_way()] == ["roll_2"]
    assert [each.id for each in await rollouts.rollouts(Page(size=5))] == ["roll_2"]
    with pytest.raises(Conflict, match="another version of Headworks"):
        await rollouts.rollout("roll_1")
    told = {("roll_1", "12"): Outcomes(outcomes=5), ("roll_2", "12"): Outcomes(outcomes=5)}
    await LedgerTables(there.database, "here", there.clock).post([], Sums(outcomes=told))
    assert (await rollouts.evidence("roll_2")).candidate == 5


def test_a_record_that_another_version_wrote_stops_nobody(tables: str) -> None:
    tell(tables, of_tomorrow)


def exchanges(count: int, *, failed: int = 0, version: str = "12") -> list[Exchange]:
    merits = ["failed"] * failed + ["served"] * (count - failed)
    return [
        Exchange(
            id=str(number),
            at=0,
            kind="chat",
            ending="finished",
            status=200,
            rollout="roll_1",
            version=version,
            merit=merit,
            cost=10,
            lineage=("key_1",),
        )
        for number, merit in enumerate(merits)
    ]


async def booked(there: House, rollouts: SqlRollouts) -> None:
    await rollouts.start(STARTED, event(), audit=AUDIT)
    canary = await put(rollouts, STARTED, State.CANARY)
    one, other = (LedgerTables(there.database, name, there.clock) for name in ("here", "there"))
    batch = fold([*exchanges(20, failed=3), *exchanges(80, version="11")])
    step = Booked("e", (0, 0), (1, 100))
    await asyncio.gather(one.post([step], batch), other.post([step], batch))
    with pytest.raises(PlacesMovedError):
        await one.post([step], batch)
    found = await rollouts.evidence("roll_1")
    assert (found.baseline, found.candidate) == (160, 40)
    assert (found.shares["errors"].candidate_failures, found.shares["errors"].baseline_failures) == (6, 0)
    assert found.means["cost"][0].count == 160

    back = await put(rollouts, canary, State.ROLLING_BACK)
    await put(rollouts, back, State.ROLLED_BACK)
    await one.post([Booked("e", (1, 100), (1, 200))], batch)
    assert await rollouts.evidence("roll_1") == found, "what is over learns nothing more"
    assert await rollouts.evidence("roll_9") == Evidence()


def test_evidence_moves_with_the_ledger_once_for_each_exchange(tables: str) -> None:
    tell(tables, booked)


async def leases(there: House, rollouts: SqlRollouts) -> None:
    clock = FrozenClock()
    a, b = SqlLeases(there.database, "a", clock), SqlLeases(there.database, "b", clock)
    first = await a.take("job", 5.0)
    assert first is not None
    assert await b.take("job", 5.0) is None
    clock.advance(4.0)
    assert await a.take("job", 5.0) == first, "kept"
    clock.advance(4.0)
    assert await b.take("job", 5.0) is None
    clock.advance(2.0)
    second = await b.take("job", 5.0)
    assert second is not None
    assert second.fence == first.fence + 1

    await rollouts.start(STARTED, event(), audit=AUDIT)
    there.clock.advance(10.0)
    after = replace(STARTED, state=State.CANARY, number=2)
    with pytest.raises(Conflict, match="lease"):
        await rollouts.change(STARTED, after, event(), audit=AUDIT, lease=first)
    await b.give_back(second)
    assert await a.take("job", 5.0) is not None


def test_an_old_holder_of_a_lease_changes_nothing(tables: str) -> None:
    tell(tables, leases)


async def both(there: House, _: SqlRollouts) -> None:
    names = [f"holder {number}" for number in range(6)]
    taken = await asyncio.gather(*(SqlLeases(there.database, name, there.clock).take("job", 5.0) for name in names))
    assert sum(lease is not None for lease in taken) == 1


def test_of_many_who_want_a_lease_one_has_it(tables: str) -> None:
    tell(tables, both)
