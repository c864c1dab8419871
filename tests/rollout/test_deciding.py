"""What becomes of a rollout: on, back, or a question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from headworks.domain.rollout.decide import DRAIN, WARM, decide
from headworks.domain.rollout.gates import Arm, Evidence, MeanGate
from headworks.domain.rollout.means import Sums
from headworks.domain.rollout.rollout import ALLOWED, Move, Plan, Rollout, State, Step, moved

from .trials import Quality, play

STEPS = (Step(share=0.1, least=100, seconds=60.0, most=600.0), Step(share=1.0, least=100, seconds=60.0, most=600.0))
PLAN = Plan(steps=STEPS, gates=(MeanGate("cost"),))


def canary(**changes: object) -> Rollout:
    return structs.replace(Rollout(id="r", model="m", baseline="1", candidate="2", plan=PLAN, state=State.CANARY), **changes)


def known(candidate: int, *, costs: int = 100) -> Evidence:
    sums = Sums.of([float(number % 5) for number in range(costs)])
    arm = Arm(outcomes=candidate, means={"cost": sums})
    return Evidence().after(arm, arm, PLAN.gates)


def state_after(rollout: Rollout, evidence: Evidence, now: float) -> State | None:
    move = decide(rollout, evidence, now)
    return move.state if move is not None else None


def test_a_step_is_left_when_it_has_lasted_and_enough_has_come_of_it() -> None:
    assert state_after(canary(), known(100), 59.0) is None
    assert state_after(canary(), known(99), 61.0) is None
    assert state_after(canary(), known(100), 61.0) is State.BAKE
    assert state_after(canary(outcomes=50), known(100), 61.0) is None
    assert state_after(canary(state=State.BAKE, step=1), known(100), 61.0) is State.PROMOTED


def test_no_data_is_never_success() -> None:
    assert state_after(canary(), Evidence(), 10_000.0) is State.PAUSED
    assert state_after(canary(), known(100, costs=10), 61.0) is None
    move = decide(canary(), known(100, costs=10), 601.0)
    assert move is not None
    assert (move.state, "Too little is known of cost" in move.reason) == (State.PAUSED, True)


def told(*, baseline: int, candidate: int) -> Evidence:
    """So many costs of each, of a hundred outcomes of each."""
    arms = [Arm(outcomes=100, means={"cost": Sums.of([1.0] * costs)}) for costs in (baseline, candidate)]
    return Evidence().after(arms[0], arms[1], PLAN.gates)


def test_a_gate_that_is_not_needed_is_none_where_neither_version_tells_of_it() -> None:
    unasked = canary(plan=structs.replace(PLAN, gates=(MeanGate("cost", needed=False),)))

    assert state_after(unasked, told(baseline=0, candidate=0), 61.0) is State.BAKE
    assert state_after(canary(), told(baseline=0, candidate=0), 601.0) is State.PAUSED
    assert state_after(unasked, told(baseline=100, candidate=0), 601.0) is State.PAUSED
    assert state_after(unasked, Evidence(), 10_000.0) is State.PAUSED


def test_half_of_twenty_failing_takes_it_back_at_once_even_where_it_is_frozen_or_paused() -> None:
    gates = Plan().gates
    bad = Evidence().after(Arm(outcomes=200, shares={"errors": 2}), Arm(outcomes=20, shares={"errors": 10}), gates)
    for rollout in (canary(), canary(frozen=True), canary(state=State.PAUSED, before=State.CANARY)):
        assert state_after(rollout, bad, 1.0) is State.ROLLING_BACK
    assert state_after(canary(outcomes=20, failures=10), bad, 1.0) is None  # that was before this step


def test_a_frozen_one_stays_where_it_is() -> None:
    assert state_after(canary(frozen=True), known(100), 10_000.0) is None


def test_a_life_from_warming_to_the_end() -> None:
    plan = structs.replace(PLAN, shadow=Step(share=0.1, least=10, seconds=10.0))
    rollout = canary(plan=plan, state=State.WARMING)
    assert decide(rollout, Evidence(), WARM - 1.0) is None
    assert decide(rollout, Evidence(), WARM, ready=False) is None
    seen: list[tuple[State, float, float]] = []
    now = WARM
    for _ in range(4):
        move = decide(rollout, known(1_000 * (len(seen) + 1)), now)
        assert move is not None
        rollout = moved(rollout, move, now, outcomes=1_000 * len(seen))
        seen.append((rollout.state, rollout.position.share, rollout.position.shadow))
        now += 61.0
    assert seen == [(State.SHADOW, 0.0, 0.1), (State.CANARY, 0.1, 0.0), (State.BAKE, 1.0, 0.0), (State.PROMOTED, 1.0, 0.0)]


def test_what_is_taken_back_is_given_time_to_end() -> None:
    rollout = canary(state=State.ROLLING_BACK)
    assert rollout.position.share == 0.0
    assert state_after(rollout, Evidence(), DRAIN - 1.0) is None
    assert state_after(rollout, Evidence(), DRAIN) is State.ROLLED_BACK


@pytest.mark.parametrize(("better", "state"), [(True, State.BAKE), (False, State.ROLLING_BACK), (None, State.PAUSED)])
def test_an_ab_test_ends_with_the_better_arm_or_with_a_question(better: bool | None, state: State) -> None:  # noqa: FBT001 - a test's parameter
    plan = structs.replace(PLAN, objective=MeanGate("feedback"), gates=(), horizon=100.0)
    shift = {True: 1.0, False: -1.0, None: 0.0}[better]
    values = [float(number % 3) for number in range(300)]
    arms = [Arm(outcomes=300, means={"feedback": Sums.of([value + by for value in values])}) for by in (0.0, shift)]
    evidence = Evidence().after(arms[0], arms[1], (MeanGate("feedback"),))

    assert state_after(canary(plan=plan, state=State.AB), evidence, 100.0) is state


@given(st.sampled_from(State), st.sampled_from(State))
def test_nothing_follows_what_may_not_follow(before: State, after: State) -> None:
    rollout, move = canary(state=before), Move(after, 0, "")
    if after in ALLOWED[before]:
        assert moved(rollout, move, 5.0).number == rollout.number + 1
    else:
        with pytest.raises(ValueError, match="cannot become"):
            moved(rollout, move, 5.0)


@given(st.sampled_from(State), st.integers(0, 1), st.floats(0.0, 1e6), st.integers(0, 400), st.integers(0, 400), st.booleans())
def test_every_decision_is_allowed(state: State, step: int, now: float, outcomes: int, failed: int, frozen: bool) -> None:  # noqa: FBT001 - drawn
    plan = structs.replace(PLAN, shadow=STEPS[0], objective=MeanGate("feedback"))
    rollout = canary(plan=plan, state=state, step=step, frozen=frozen, before=State.CANARY if state is State.PAUSED else None)
    arm = Arm(outcomes=outcomes, shares={"errors": min(failed, outcomes)}, means={"cost": Sums.of([1.0] * outcomes)})
    move = decide(rollout, Evidence().after(arm, arm, Plan().gates), now)
    if move is not None:
        assert move.state in ALLOWED[state]
        assert move.reason


def test_a_canary_that_fails_is_taken_back_a_slower_one_too_and_an_equal_one_goes_live() -> None:
    failing = play(Quality(), Quality(errors=0.06), 1)
    slower = play(Quality(), Quality(first_token=0.7), 1)
    equal = play(Quality(), Quality(), 1)

    assert (failing.state, slower.state, equal.state) == (State.ROLLED_BACK, State.ROLLED_BACK, State.PROMOTED)
    assert "errors" in failing.reason
    assert "first_token" in slower.reason


def test_few_of_a_hundred_equal_candidates_are_taken_back() -> None:
    assert (
        sum(play(Quality(errors=0.02), Quality(errors=0.02), seed, rate=2.0).state is State.ROLLED_BACK for seed in range(40))
        <= 4
    )


@pytest.mark.long
def test_of_a_thousand_equal_candidates_at_most_fifty_are_taken_back_and_bad_ones_are_found() -> None:
    equal = [play(Quality(errors=0.02), Quality(errors=0.02), seed, rate=2.0).state for seed in range(1_000)]
    failing = [play(Quality(), Quality(errors=0.05), seed, rate=2.0) for seed in range(200)]
    slower = [play(Quality(), Quality(first_token=0.625), seed, rate=2.0) for seed in range(200)]
    broken = [play(Quality(), Quality(errors=1.0), seed, rate=2.0) for seed in range(50)]
    false, found, caught = (
        equal.count(State.ROLLED_BACK),
        [each for each in failing if each.state is State.ROLLED_BACK],
        [each for each in slower if each.state is State.ROLLED_BACK],
    )
    hurt, seconds = sorted(each.hurt for each in found), sorted(each.seconds for each in found)
    late = sorted(each.seconds for each in caught)
    print(f"equal: {false} of 1,000 taken back, {equal.count(State.PROMOTED)} promoted, {equal.count(State.PAUSED)} paused")
    print(
        f"5 % errors against 1 %: {len(found)} of 200 taken back; hurt, median {hurt[len(hurt) // 2]}, most {hurt[-1]}; after "
        f"{seconds[len(seconds) // 2]:.0f} s, at the latest {seconds[-1]:.0f} s, of 2 requests a second"
    )
    print(f"25 % slower: {len(caught)} of 200 taken back, median after {late[len(late) // 2]:.0f} s")
    print(
        f"all broken: hurt at the most {max(each.hurt for each in broken)}, after {max(each.seconds for each in broken):.0f} s"
    )

    assert false <= 50
    assert equal.count(State.PROMOTED) >= 900
    assert len(found) >= 196
    assert len(caught) >= 190
    assert max(each.hurt for each in broken) <= 40
