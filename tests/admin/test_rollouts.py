"""Rollouts through the admin API: started, looked at, moved by hand, and by nobody who may not."""

from __future__ import annotations

from typing import Any

from headworks.domain.administration import EVERYTHING, Role
from headworks.domain.ledger import Sums
from headworks.domain.names import Names, Numbered
from headworks.domain.rollout.outcomes import Outcomes
from headworks.stores.sql.ledger import LedgerTables
from tests.admin.conftest import Telling
from tests.admin.house import Caller, House

NAMES = Names(versions={"support": Numbered("11", ("11", "12", "13"))})
START = {"model": "support", "candidate": "12", "comment": "the new prompt"}


async def operator(house: House, known: Names = NAMES) -> Caller:
    async def names() -> Names:
        return known

    knowing = House(house.office._replace(names=names), house.clock, house.said)
    return await knowing.token((Role.OPERATOR, EVERYTHING))


async def moved(caller: Caller, id_: str, verb: str, **body: Any) -> Any:
    return await caller.made(f"POST /rollouts/{id_}/{verb}", body or {}, if_match="*")


async def a_life(house: House) -> None:
    caller = await operator(house)
    made = await caller.made("POST /rollouts", START)
    assert (made["baseline"], made["state"], made["share"], made["number"]) == ("11", "warming", 0.0, 1)
    id_ = made["id"]
    outcomes = Outcomes(outcomes=40, shares={"errors": 3}, means={"cost": [1.0] * 40})
    await LedgerTables(house.database, "i", house.clock).post([], Sums(outcomes={(id_, "12"): outcomes, (id_, "11"): outcomes}))

    assert (await moved(caller, id_, "pause", comment="wait"))["state"] == "paused"
    assert (await moved(caller, id_, "resume"))["state"] == "warming"
    assert (await moved(caller, id_, "freeze"))["frozen"]
    assert (await moved(caller, id_, "freeze"))["number"] == 4, "it is frozen already"
    assert not (await moved(caller, id_, "freeze", frozen=False))["frozen"]
    detail = await caller.made(f"GET /rollouts/{id_}")
    assert [(each["after"], each["outcomes"], each["failures"]) for each in detail["events"]] == [
        ("warming", 0, 0),
        ("paused", 40, 3),
        ("warming", 40, 3),
        ("warming", 40, 3),
        ("warming", 40, 3),
    ]
    assert detail["events"][0]["reason"] == "the new prompt"
    gates = {gate["of"]: gate for gate in detail["gates"]}
    assert (gates["errors"]["candidate"], gates["errors"]["candidate_failures"], gates["errors"]["finding"]) == (40, 3, "open")
    assert 0.1 < gates["errors"]["smallest"] < 1.0
    assert gates["first_token"]["smallest"] is None, "nothing is known of it"

    back = await moved(caller, id_, "rollback", comment="enough")
    assert back["state"] == "rolling_back"
    assert (await caller(f"POST /rollouts/{id_}/promote", {}, headers={"if-match": "*"})).problem == "conflict"
    assert [each["id"] for each in (await caller.made("GET /rollouts?model=support"))["data"]] == [id_]
    assert (await caller.made("GET /rollouts?model=other"))["data"] == []


def test_a_rollout_is_started_looked_at_and_moved_by_hand(tell: Telling) -> None:
    tell(a_life)


async def refused(house: House) -> None:
    caller = await operator(house)

    async def pointer(**changes: Any) -> str:
        reply = await caller("POST /rollouts", START | changes)
        assert (reply.status, reply.problem) == (422, "invalid"), reply
        return str(reply.body["errors"][0]["pointer"])

    assert await pointer(model="nobody") == "/model"
    assert await pointer(candidate="99") == "/candidate"
    assert await pointer(candidate="11") == "/candidate"
    assert await pointer(baseline="99") == "/baseline"
    assert await pointer(baseline="13") == "/baseline", "nobody is moved to it by a rollout of another"
    assert await pointer(steps=[]) == "/steps"
    assert await pointer(steps=[{"share": 0.5}]) == "/steps"
    assert await pointer(steps=[{"share": 0.5}, {"share": 0.2}, {"share": 1.0}]) == "/steps"
    assert await pointer(steps=[{"share": 1.0, "seconds": 9.0, "most": 8.0}]) == "/steps/0"
    assert await pointer(objective="cost") == "/objective"
    assert (await caller("POST /rollouts", START | {"gates": {"beauty": 0.1}})).problem == "invalid"
    assert await pointer(alpha=0.9) == "/alpha"
    assert await pointer(gates={"errors": 1.0}) == "/gates", "a hundred in a hundred is no bound: 1% was meant"
    await caller.made("POST /rollouts", START)
    assert (await caller("POST /rollouts", START | {"candidate": "13"})).problem == "conflict"


def test_a_plan_that_cannot_be_followed_is_refused_with_what_is_wrong(tell: Telling) -> None:
    tell(refused)


async def stale(house: House) -> None:
    caller = await operator(house)
    id_ = (await caller.made("POST /rollouts", START))["id"]
    read = await caller(f"GET /rollouts/{id_}")
    await moved(caller, id_, "pause")
    assert read.headers["etag"] == '"1"'
    assert (await caller(f"POST /rollouts/{id_}/rollback", {}, headers={"if-match": '"1"'})).problem == "stale"
    assert (await caller(f"POST /rollouts/{id_}/rollback", {})).problem == "unlocked"
    assert (await caller("GET /rollouts/roll_9")).status == 404


def test_what_was_decided_on_an_older_state_is_refused(tell: Telling) -> None:
    tell(stale)


async def afterwards(house: House) -> None:
    caller = await operator(house)
    first = await caller.made("POST /rollouts", START | {"steps": [{"share": 1.0}]})
    await moved(caller, first["id"], "pause")
    promoted = await moved(caller, first["id"], "promote")
    assert (promoted["state"], promoted["share"]) == ("promoted", 1.0)
    second = await caller.made("POST /rollouts", START | {"candidate": "13"})
    assert second["baseline"] == "12", "it serves now, whatever the configuration calls live"
    await moved(caller, second["id"], "rollback")
    assert (await moved(caller, first["id"], "rollback"))["state"] == "rolling_back"


def test_what_was_promoted_is_what_the_next_one_is_compared_with_and_can_be_taken_back(tell: Telling) -> None:
    tell(afterwards)


async def unknown(house: House) -> None:
    caller = await house.token((Role.OPERATOR, EVERYTHING))
    reply = await caller("POST /rollouts", START)
    assert (reply.problem, "cannot be read" in reply.body["detail"]) == ("conflict", True)


def test_without_a_configuration_to_go_by_nothing_is_started(tell: Telling) -> None:
    tell(unknown)


async def several(house: House) -> None:
    caller = await operator(house)
    asked = START | {"others": ["13"], "objective": "feedback", "gates": {"errors": 0.0}}
    for wrong, field in (
        (asked | {"others": ["12"]}, "/others"),
        (START | {"others": ["13"]}, "/others"),
        (asked | {"others": ["99"]}, "/others"),
    ):
        reply = await caller("POST /rollouts", wrong)
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, field)
    made = await caller.made("POST /rollouts", asked)
    assert made["others"] == ["13"]
    outcomes = Outcomes(outcomes=40, means={"feedback": [0.5] * 40})
    told = {(made["id"], version): outcomes for version in ("11", "12", "13")}
    await LedgerTables(house.database, "i", house.clock).post([], Sums(outcomes=told))
    arms = (await caller.made(f"GET /rollouts/{made['id']}"))["arms"]
    assert [(arm["version"], arm["observed"], arm["mean"]) for arm in arms] == [
        ("11", 40, 0.5),
        ("12", 40, 0.5),
        ("13", 40, 0.5),
    ]


def test_a_test_of_several_candidates_is_started_and_tells_each_arm(tell: Telling) -> None:
    tell(several)


async def another_content(house: House) -> None:
    def known(twelve: str) -> Names:
        return Names(versions={"support": Numbered("11", ("11", "12"), {"11": "a", "12": twelve})})

    first = await (await operator(house, known("b"))).made("POST /rollouts", START)
    caller = await operator(house, known("c"))
    await moved(caller, first["id"], "rollback")
    reply = await caller("POST /rollouts", START)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/candidate")
    assert f"is not what it was in rollout {first['id']}" in reply.body["detail"]


def test_a_number_that_meant_something_else_in_an_earlier_rollout_is_refused(tell: Telling) -> None:
    tell(another_content)
