"""What one period leaves over may be used in the next, and nothing of it twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.limits import Calendar, Exceeded, Limit, Periods, Reason, Unit, mistakes_in
from headworks.testing import FrozenClock

from .making import limit
from .rolling import DAY, START, Life, daily, day

Step = tuple[int, int, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from((0, 0, 0, 1, 1, 2)), st.integers(1, 40), st.integers(0, 40), st.integers(0, 6)),
    min_size=1,
    max_size=40,
)
"""Days that pass, what is asked, what of it is used in the end, and after how many further steps that is known."""
AMOUNT = 20


def lived(budget: Limit, steps: Sequence[Step]) -> tuple[Life, list[bool]]:
    """A life of these steps up to its quiet end, and which of the requests passed."""
    life, passed = Life(budget), list[bool]()
    due: list[tuple[int, int]] = []
    for number, (days, asked, used, later) in enumerate(steps):
        life.turn(days)
        try:
            life.call(asked)
        except Exceeded:
            passed.append(False)
        else:
            passed.append(True)
            due.append((number + later, min(used, asked)))
        _end(life, due, number)
    _end(life, due, len(steps) + 10)
    return life, passed


def _end(life: Life, due: list[tuple[int, int]], number: int) -> None:
    """Those that are over by now. Calls and what is due of them stand in the same order."""
    for place in reversed(range(len(due))):
        when, used = due[place]
        if when <= number:
            del due[place]
            life.end(life.calls[place], used)


def runs(spent: Sequence[int]) -> list[tuple[int, int]]:
    """Of all periods in a row: how many, and what they come to."""
    sums = [0, *accumulate(spent)]
    return [(end - start, sums[end] - sums[start]) for start in range(len(spent)) for end in range(start + 1, len(spent) + 1)]


@settings(deadline=None)
@given(STEPS, st.integers(1, 60))
def test_periods_use_no_more_than_they_were_given_and_once_what_is_carried(steps: list[Step], most: int) -> None:
    """One at most `amount + most`; k in a row at most `k · amount + most`; the first k at most `k · amount`."""
    life, _ = lived(daily(AMOUNT, most), steps)
    spent = life.by_day()
    assert max(spent) <= AMOUNT + most
    assert all(total <= count * AMOUNT + most for count, total in runs(spent))
    assert all(total <= count * AMOUNT for count, total in enumerate(accumulate(spent), start=1))


@settings(deadline=None)
@given(STEPS, st.integers(1, 60))
def test_two_periods_in_a_row_never_use_more_than_both_were_given_and_what_the_first_of_them_got(
    steps: list[Step], most: int
) -> None:
    """Not compounding: what is carried into a period is no more than the one before has left of its own amount."""
    spent = lived(daily(AMOUNT, most), steps)[0].by_day()
    for before, here in pairwise(spent):
        assert here <= AMOUNT + min(most, max(0, AMOUNT - before))


@settings(deadline=None)
@given(STEPS)
def test_carrying_nothing_is_the_same_as_no_rollover(steps: list[Step]) -> None:
    with_none, without = lived(daily(AMOUNT, 0), steps), lived(daily(AMOUNT, None), steps)
    assert (with_none[1], with_none[0].by_day()) == (without[1], without[0].by_day())


@settings(deadline=None)
@given(STEPS, st.integers(1, 60), st.dictionaries(st.integers(0, 12), st.integers(1, 30), max_size=5))
def test_top_ups_add_to_their_periods_and_do_not_roll_over(steps: list[Step], most: int, added: dict[int, int]) -> None:
    extra = tuple(("", day(number), more) for number, more in added.items())
    spent = lived(daily(AMOUNT, most, extra=extra), steps)[0].by_day()
    for number, (before, here) in enumerate(pairwise([AMOUNT, *spent])):
        assert here <= AMOUNT + added.get(number, 0) + min(most, max(0, AMOUNT - before))
    topped = sum(added.values())
    assert all(total <= count * AMOUNT + most + topped for count, total in runs(spent))


@settings(deadline=None)
@given(STEPS, st.integers(1, 60))
def test_who_has_a_rollover_is_never_refused_what_passes_without_one(steps: list[Step], most: int) -> None:
    """Of calls that end at once: what would pass of the amount alone passes where more is free."""
    at_once = [(days, asked, asked, 0) for days, asked, *_ in steps]
    life, used = Life(daily(AMOUNT, most)), 0
    for days, asked, *_ in at_once:
        life.turn(days)
        used = 0 if days else used
        fits = asked <= AMOUNT - used
        try:
            life.spend(asked)
        except Exceeded:
            assert not fits
        else:
            used += asked


def test_what_is_left_over_is_there_in_the_next_period_and_in_no_later_one() -> None:
    life = Life(daily(10, 10))
    life.spend(4)
    life.turn()
    assert life.free() == 16
    life.turn()
    assert life.free() == 20  # the day before was given ten and used nothing of them
    life.spend(20)
    life.turn()
    assert life.free() == 10


def test_no_more_is_carried_than_is_allowed_to_be() -> None:
    life = Life(daily(10, 3))
    life.turn()
    assert life.free() == 13


def test_nothing_is_carried_into_the_period_in_which_it_was_set() -> None:
    noon = START + 5 * DAY * 10**9 + DAY * 10**9 // 2
    life = Life(daily(10, 10, since=noon))
    life.turn(5)
    assert life.free() == 10
    life.turn()
    assert life.free() == 20


@pytest.mark.parametrize("number", [4, 5])
def test_a_period_that_begins_with_the_instant_is_the_first_that_leaves_anything_over(number: int) -> None:
    life = Life(daily(10, 10, since=START + 5 * DAY * 10**9))
    life.turn(number + 1)
    assert life.free() == (20 if number == 5 else 10)


def test_what_is_set_aside_in_the_period_before_counts_as_used_until_it_is_known() -> None:
    life = Life(daily(10, 10))
    late = life.call(8)
    life.turn()
    assert life.free() == 12
    with pytest.raises(Exceeded) as refused:
        life.spend(15)
    assert (refused.value.code, refused.value.reason) == ("spend_set_aside", Reason.HELD)
    life.end(late, 5)
    assert life.free() == 15
    life.spend(15)


def test_a_request_belongs_to_the_period_in_which_it_began_whatever_it_comes_to() -> None:
    life = Life(daily(10, 10))
    late = life.call(1)
    life.turn()
    life.end(late, 7)  # more than was set aside: no bound was known
    assert life.free() == 13


def test_the_period_before_is_known_to_the_end_of_this_one() -> None:
    """A month later, after many looks at what may be forgotten."""
    life = Life(daily(10, 10))
    life.spend(10)
    life.turn()
    life.clock.advance(DAY - 1)
    for _ in range(1000):
        life.end(life.call(1), 0)
    assert life.free() == 10
    assert len(life.counters) == 2


def test_what_is_over_for_good_is_forgotten() -> None:
    life = Life(daily(10, 10))
    life.spend(10)
    life.turn(5)
    for _ in range(1000):
        life.end(life.call(1), 0)
    assert len(life.counters) == 1


def test_each_group_carries_its_own() -> None:
    life = Life(daily(10, 10, group_by=("customer",)))
    life.spend(10, "ann")
    life.spend(3, "zoe")
    life.turn()
    assert (life.free("ann"), life.free("zoe"), life.free("new")) == (10, 17, 20)


def test_groups_beyond_the_most_carry_what_they_left_of_what_they_share() -> None:
    """Also the one that has a counter of its own by now: nobody knows what of the shared one was its own."""
    life = Life(daily(10, 10, group_by=("customer",), most_groups=1))
    life.spend(1, "ann")
    life.spend(4, "zoe")
    life.spend(2, "zig")
    life.turn()
    assert life.free("zoe") == 14
    assert life.free("zig") == 14
    assert life.free("ann") == 14  # it had one of its own, but comes too late for another


def test_a_refusal_tells_what_was_carried_over_and_when_there_is_more() -> None:
    life = Life(daily(10 * 10**9, 6 * 10**9))
    life.spend(7 * 10**9)
    life.turn()
    life.clock.advance(DAY - 60)
    life.spend(12 * 10**9)
    with pytest.raises(Exceeded) as refused:
        life.spend(2 * 10**9)
    told = refused.value
    assert (told.code, told.reason, told.retry_after) == ("project_spend_limit_exceeded", Reason.SPENT, 60.0)
    assert told.message.startswith(
        "The limit 'key/k/cost' allows 10 USD a day, and up to 6 USD left over by the one before; "
        "1 USD are left with the 3 USD carried over, and this request needs 2 USD."
    )


@pytest.mark.parametrize(("asked", "reason"), [(16, Reason.SPENT), (17, Reason.NEVER)])
def test_only_what_no_period_could_cover_never_passes(asked: int, reason: Reason) -> None:
    """Ten, and six from the one before, is the most there ever is."""
    life = Life(daily(10, 6))
    with pytest.raises(Exceeded) as refused:
        life.spend(asked)
    assert refused.value.reason is reason


def test_a_budget_without_a_rollover_keeps_to_the_short_way() -> None:
    with_one, without = daily(10, 10), daily(10, None)
    assert (without.plain, without.varies) == (True, False)
    assert (with_one.plain, with_one.simple, with_one.varies) == (False, False, True)
    (claimed,) = Life(without).claims(1)
    assert claimed.rolling is None
    assert claimed.ends_at == START + DAY * 10**9


def test_only_budgets_with_periods_roll_over() -> None:
    rolls = daily().rollover
    assert list(mistakes_in(daily())) == []
    assert Life(limit(Unit.COST, 10, budget=True, rollover=rolls)).free() == 10
    for wrong in (limit(rollover=rolls), limit(budget=True, rollover=rolls), daily(most=0)):
        assert "rollover" in {place[0] for place, _ in mistakes_in(wrong)}


@settings(deadline=None, max_examples=60)
@given(STEPS, STEPS, st.integers(1, 60))
def test_a_restart_changes_nothing(before: list[Step], after: list[Step], most: int) -> None:
    """What the journal notes of each call, and the ledger sums up for as long as it says, gives a new life what the old one had."""
    budget = daily(AMOUNT, most)
    life, _ = lived(budget, before)
    reborn = Life(budget, FrozenClock(wall_ns=life.clock.wall_ns()))
    reborn.counters.restore(life.known())
    assert reborn.free() == life.free()
    for days, asked, *_ in after:
        for each in (life, reborn):
            each.turn(days)
        assert reborn.free() == life.free()
        if asked <= life.free():
            life.spend(asked)
            reborn.spend(asked)


def test_a_claim_names_the_period_before_and_how_long_its_own_counter_must_be_known() -> None:
    life = Life(daily(10, 6, group_by=("customer",)))
    life.turn(3)
    (claim,) = life.claims(1, "zoe")
    assert claim.rolling is not None
    assert claim.counter.replace(day(3), day(2)) == claim.rolling.counter
    assert claim.overflow.replace(day(3), day(2)) == claim.rolling.overflow
    assert (claim.rolling.turns_at, claim.ends_at) == (START + 4 * DAY * 10**9, START + 5 * DAY * 10**9)
    around = Periods().around(Calendar.DAY, "UTC", life.clock.wall_ns())
    assert [each.name for each in (around.before, around.here, around.after)] == [day(2), day(3), day(4)]
