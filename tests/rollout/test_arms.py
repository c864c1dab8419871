"""A/B tests of several candidates: the worst are taken out one by one, the best is left, and equal ones are told apart as seldom as promised."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headworks.balancing.positions import ENOUGH, PositionBook
from headworks.domain.position import Position, assigned
from headworks.domain.rollout.decide import decide
from headworks.domain.rollout.gates import Arm, Evidence, MeanGate, ShareGate
from headworks.domain.rollout.means import Sums
from headworks.domain.rollout.outcomes import Outcomes, advanced
from headworks.domain.rollout.rollout import Move, Plan, Rollout, State, Step, moved
from headworks.testing import seeded

PLAN = Plan(
    steps=(Step(share=0.5), Step(share=1.0)), gates=(ShareGate("errors"),), objective=MeanGate("feedback"), horizon=20_000.0
)
TEST = Rollout(id="r", model="m", baseline="1", candidate="2", others=("3", "4"), plan=PLAN, state=State.AB, salt="s", number=1)
POSITION = TEST.position
LOOK, ASKED = 100.0, 40


def test_all_arms_serve_as_many_units_each() -> None:
    served = Counter(assigned(POSITION, f"unit {number}") for number in range(8_000))

    assert set(served) == {"1", "2", "3", "4"}
    assert max(served.values()) < 1.15 * min(served.values())


@given(st.text(max_size=20), st.sampled_from(("2", "3", "4")))
def test_one_that_is_taken_out_moves_nobody_but_its_own_units(unit: str, out: str) -> None:
    before = assigned(POSITION, unit)
    left = moved(TEST, Move(State.AB, 0, "", out=out), 0.0).position
    after = assigned(left, unit)

    assert before in (after, out)
    assert after != out


def test_who_has_failed_too_often_is_out_at_once_in_this_process_and_the_others_are_not() -> None:
    book = PositionBook({"m": POSITION})
    for _ in range(ENOUGH):
        book.saw(POSITION, "3", failed=True)
        book.saw(POSITION, "2", failed=False)

    position = book.of("m")
    assert position is not None
    assert (position.candidate, position.others) == ("2", ("4",))
    assert book.gauges()["m"].out == ("3",)
    assert "3" not in {assigned(position, f"unit {number}") for number in range(500)}


def played(scores: dict[str, float], seed: int, errors: dict[str, float] | None = None) -> tuple[Rollout, list[str]]:
    """Until one is left or somebody is asked; each arm's answers get scores around these."""
    chance, rollout, evidence, now, reasons = seeded(seed), TEST, Evidence(), 0.0, list[str]()
    while rollout.state is State.AB:
        now += LOOK
        told: dict[tuple[str, str], Outcomes] = {}
        for arm in (rollout.baseline, rollout.candidate, *rollout.others):
            failed = sum(chance.random() < (errors or {}).get(arm, 0.0) for _ in range(ASKED))
            values = [scores[arm] + chance.gauss(0.0, 0.5) for _ in range(ASKED)]
            told["r", arm] = Outcomes(outcomes=ASKED, shares={"errors": failed}, means={"feedback": values})
        evidence = advanced(rollout, evidence, told)
        move = decide(rollout, evidence, now)
        if move is not None:
            reasons.append(move.reason)
            rollout = moved(rollout, move, now, outcomes=evidence.candidate)
    return rollout, reasons


def test_the_best_of_several_is_left() -> None:
    ended, reasons = played({"1": 0.2, "2": 0.1, "3": 0.6, "4": 0.3}, 1)

    assert (ended.state, ended.candidate, ended.others) == (State.BAKE, "3", ())
    assert [reason.split(" is taken out")[0] for reason in reasons[:-1]] in (
        ["Version 2", "Version 4"],
        ["Version 4", "Version 2"],
    )


def test_where_the_baseline_is_best_all_are_taken_back() -> None:
    ended, _ = played({"1": 0.8, "2": 0.1, "3": 0.2, "4": 0.3}, 2)

    assert ended.state is State.ROLLING_BACK


def test_one_that_breaks_is_taken_out_although_people_like_it() -> None:
    ended, reasons = played({"1": 0.2, "2": 0.9, "3": 0.6, "4": 0.2}, 3, errors={"2": 0.7})

    assert "Version 2 is taken out" in reasons[0]
    assert ended.candidate == "3"


def test_equal_ones_are_put_to_somebody() -> None:
    ended, reasons = played(dict.fromkeys("1234", 0.3), 4)

    assert ended.state is State.PAUSED
    assert "No difference in feedback" in reasons[-1]


def told_apart(tests: int) -> int:
    """Of so many tests of equal arms, those in which one was taken for worse or better."""
    return sum(played(dict.fromkeys("1234", 0.3), seed)[0].state is not State.PAUSED for seed in range(tests))


def test_equal_ones_are_seldom_told_apart() -> None:
    assert told_apart(40) <= 4


@pytest.mark.long
def test_equal_ones_are_told_apart_no_more_often_than_promised() -> None:
    wrong = told_apart(500)
    print(f"of 500 tests of four equal arms {wrong} told some of them apart")

    assert wrong <= 0.05 * 500


def test_what_is_paused_stays_as_it_is() -> None:
    broken = Arm(outcomes=40, shares={"errors": 40}, means={"feedback": Sums()})
    evidence = replace(Evidence(), others={"3": Evidence().after(Arm(outcomes=40), broken, PLAN.gates)})
    paused = replace(TEST, state=State.PAUSED, before=State.AB)

    assert decide(paused, evidence, 10.0) is None


def test_a_position_of_two_arms_is_as_it_was() -> None:
    position = Position(id="r", model="m", baseline="1", candidate="2", share=0.5, salt="s")

    assert Counter(assigned(position, f"unit {number}") for number in range(4_000))["2"] == pytest.approx(2_000, abs=150)
