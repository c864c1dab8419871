"""What exchanges say of versions, and what people may do to a rollout."""

from __future__ import annotations

from math import isclose, log
from typing import Any

import pytest
from msgspec import structs

from headworks.domain.exchange import Exchange
from headworks.domain.ledger import fold
from headworks.domain.position import Position
from headworks.domain.rollout.by_hand import NotNowError, Wish, wanted
from headworks.domain.rollout.gates import Evidence, MeanGate, ShareGate
from headworks.domain.rollout.outcomes import advanced, watched
from headworks.domain.rollout.rollout import ALLOWED, Plan, Rollout, State
from headworks.domain.usage import Usage

ROLLOUT = Rollout(id="r", model="m", baseline="1", candidate="2", state=State.CANARY)


def told(version: str = "2", **fields: Any) -> Exchange:
    said: dict[str, Any] = {
        "ending": "finished",
        "merit": "served",
        "usage": Usage(input=5, output=9),
        "cost": 100,
        "duration": 30.0,
        "first_token_at": 10.0,
        "gaps": 4,
    }
    return Exchange(id="x", at=0, kind="chat", status=200, version=version, rollout="r", **said | fields)


def evidence_of(*exchanges: Exchange) -> Evidence:
    return advanced(ROLLOUT, Evidence(), fold(exchanges).outcomes)


def test_an_answer_counts_for_its_version_with_its_times_and_its_cost() -> None:
    found = evidence_of(told("1"), told(), told(cost=200))
    assert (found.baseline, found.candidate) == (1, 2)
    assert found.shares["errors"].candidate_failures == 0
    cost, first = found.means["cost"][1], found.means["first_token"][1]
    assert (cost.count, isclose(cost.total, log(100) + log(200))) == (2, True)
    assert isclose(first.total, 2 * log(10.0))


def test_failures_blocks_and_empty_answers_are_told_apart() -> None:
    failed = told(merit="failed", ending="failed", usage=Usage())
    blocked = told(merit="", ending="refused", fault="guard_blocked", usage=Usage())
    empty, rejected = told(usage=Usage(input=5)), told(ending="refused", merit="failed")
    rollout = structs.replace(ROLLOUT, plan=Plan(gates=tuple(map(ShareGate, ("errors", "empty", "refusals", "guard_events")))))
    found = advanced(rollout, Evidence(), fold([failed, blocked, empty, rejected]).outcomes)
    assert found.candidate == 4
    assert {name: each.candidate_failures for name, each in found.shares.items()} == {
        "errors": 2,
        "empty": 1,
        "refusals": 1,
        "guard_events": 1,
    }


def test_what_no_version_is_to_blame_for_says_nothing() -> None:
    assert (
        evidence_of(told(merit="", ending="client_gone"), told(merit="", ending="refused", fault="rate_limited")).candidate == 0
    )
    assert fold([structs.replace(told(), rollout="")]).outcomes == {}


def test_errors_are_watched_whatever_the_plan_says() -> None:
    plan = Plan(gates=(MeanGate("cost"),), objective=MeanGate("first_token"))
    assert {gate.of for gate in watched(structs.replace(ROLLOUT, plan=plan))} == {"cost", "first_token", "errors"}
    own = ShareGate("errors", margin=0.01)
    assert own in watched(structs.replace(ROLLOUT, plan=Plan(gates=(own,))))


EVERY = [(wish, state) for wish in Wish for state in State]
POSSIBLE = {
    Wish.PROMOTE: {State.CANARY, State.AB, State.BAKE, State.PAUSED},
    Wish.PAUSE: {State.WARMING, State.SHADOW, State.CANARY, State.AB, State.BAKE},
    Wish.RESUME: {State.PAUSED},
    Wish.ROLL_BACK: set(State) - {State.ROLLING_BACK, State.ROLLED_BACK},
}


@pytest.mark.parametrize(("wish", "state"), [(wish, state) for wish, state in EVERY if state in POSSIBLE[wish]])
def test_what_may_follow_is_done_by_hand(wish: Wish, state: State) -> None:
    move = wanted(standing(state), wish, "because")
    assert move.state in ALLOWED[state]
    assert move.reason == "because"


@pytest.mark.parametrize(("wish", "state"), [(wish, state) for wish, state in EVERY if state not in POSSIBLE[wish]])
def test_what_may_not_follow_is_refused_with_what_may(wish: Wish, state: State) -> None:
    with pytest.raises(NotNowError, match=state):
        wanted(standing(state), wish, "")


def standing(state: State) -> Rollout:
    return structs.replace(ROLLOUT, state=state, before=State.CANARY if state is State.PAUSED else None)


def test_a_paused_rollout_goes_on_where_it_was() -> None:
    paused = structs.replace(ROLLOUT, state=State.PAUSED, before=State.CANARY, step=2)
    assert (wanted(paused, Wish.RESUME, "").state, wanted(paused, Wish.RESUME, "").step) == (State.CANARY, 2)
    assert wanted(paused, Wish.PROMOTE, "").step == len(paused.plan.steps) - 1


def test_what_was_promoted_leads_until_the_configuration_moves_on() -> None:
    position = Position(id="r", model="m", baseline="1", candidate="2", share=1.0, state="promoted")
    assert position.leads("1")
    assert not position.leads("2")
    assert not position.leads("3")
    assert structs.replace(position, state="canary").leads("3")
