"""Counters in memory: as exact as the arithmetic they stand for, all or nothing, and forgetful of what time has restored."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.errors import Fault
from headworks.domain.limits import Calendar, Claim, Counter, Exceeded, Limit, Reason, Unit
from headworks.domain.limits.counter import free, granted, settle, take
from headworks.domain.usage import Usage
from headworks.stores.memory import MemoryCounters
from headworks.testing import FrozenClock

from .making import claim, limit, run

LIMITS: tuple[Limit, ...] = (
    limit(Unit.REQUESTS, 5, seconds=60.0),
    limit(Unit.TOKENS, 300, seconds=60.0),
    limit(Unit.CONCURRENT, 4),
    limit(Unit.COST, 500, seconds=90.0),
    limit(Unit.COST, 900, budget=True, rule="budget"),
)
USAGE = st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(0, 200))
STEPS = st.lists(st.tuples(st.floats(0, 40), USAGE, USAGE, st.integers(0, 3), st.booleans()), min_size=1, max_size=30)


def claims(tokens: int, cost: int) -> tuple[Claim, ...]:
    amounts = (1, tokens, 1, cost, cost)
    return tuple(claim(each, amount) for each, amount in zip(LIMITS, amounts, strict=True))


def state(counters: MemoryCounters) -> dict[str, tuple[int, int, int]]:
    """Of counters that nothing leaves by itself."""
    return {
        account.claim.counter: (account.at, account.spent, account.held)
        for account in counters.accounts()
        if account.slots is None
    }


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_many_limits_at_once_are_counted_as_each_by_itself(
    steps: list[tuple[float, tuple[int, int, int], tuple[int, int, int], int, bool]],
) -> None:
    """The store beside the pure arithmetic, driven by the same steps: the same grants, the same sums, and no refused call burns anything."""

    async def scenario() -> None:
        clock = FrozenClock()
        counters = MemoryCounters(clock)
        pure = [Counter() for _ in LIMITS]
        under_way: list[tuple[int, Any, tuple[Claim, ...], int, tuple[int, int, int], bool]] = []
        for number, (passed, asked, used, later, counts) in enumerate(steps):
            clock.advance(passed)
            now = int(clock.now() * 1e6)
            wanted = claims(asked[0] + asked[1], asked[2])
            fits = min([granted(each, free(each.limit, counter, now)) for each, counter in zip(wanted, pure, strict=True)]) >= 0
            before = state(counters)
            try:
                hold = await counters.reserve(str(number), wanted)
            except Exceeded:
                assert not fits
                assert {name: was for name, was in state(counters).items() if name in before} == before
            else:
                assert fits
                for each, counter in zip(wanted, pure, strict=True):
                    take(each.limit, counter, each.amount, now)
                under_way.append((number + later, hold, wanted, now, used, counts))
            for due in [each for each in under_way if each[0] <= number]:
                under_way.remove(due)
                _, hold, wanted, at, (read, written, cost), counted = due
                hold.settle(Usage(read, written), cost, counts=counted)
                hold.settle(Usage(read, written), cost, counts=counted)
                spent = (int(counted), read + written, 0, cost, cost)
                for each, counter, units in zip(wanted, pure, spent, strict=True):
                    settle(each.limit, counter, each.amount, at, units, now)
            for account in counters.accounts():
                other = pure[[each.stem for each in LIMITS].index(account.claim.counter)]
                assert (account.at, account.spent, account.held) == (other.at, other.spent, other.held)
        for _, hold, *_ in under_way:
            hold.release()
        assert counters.open_holds == 0
        assert {account.held for account in counters.accounts()} <= {0}

    run(scenario())


def test_the_limit_that_refuses_longest_is_told_with_how_all_stand() -> None:
    async def scenario() -> None:
        fast, slow = limit(Unit.REQUESTS, 60, seconds=60.0), limit(Unit.TOKENS, 60, seconds=60.0)
        counters = MemoryCounters(FrozenClock())
        for number in range(60):
            await counters.reserve(str(number), (claim(fast), claim(slow)))
        with pytest.raises(Exceeded) as refused:
            await counters.reserve("x", (claim(fast), claim(slow, 30)))
        assert (refused.value.code, refused.value.reason, refused.value.retry_after) == (
            "token_limit_exceeded",
            Reason.SPENT,
            30.0,
        )
        assert [(each.limit.unit, each.remaining, each.resets_in) for each in refused.value.standings] == [
            (Unit.REQUESTS, 0, 60.0),
            (Unit.TOKENS, 0, 60.0),
        ]

    run(scenario())


@pytest.mark.parametrize(
    ("spent", "held", "amount", "code", "hint", "waits"),
    [
        (100, 0, 10, "project_spend_limit_exceeded", "no", False),
        (0, 95, 10, "spend_set_aside", "yes", True),
        (0, 0, 101, "project_spend_limit_exceeded", "no", False),
    ],
)
def test_a_budget_refuses_by_what_is_true_of_it(
    spent: int,
    held: int,
    amount: int,
    code: str,
    hint: str,
    waits: bool,  # noqa: FBT001 - a column
) -> None:
    """Spent: asking again is of no use. Only set aside: it is, soon. More than the budget: never."""

    async def scenario() -> None:
        budget = limit(Unit.COST, 100, budget=True)
        counters = MemoryCounters(FrozenClock())
        counters.restore({budget.stem: spent})
        if held:
            await counters.reserve("other", (claim(budget, held),))
        with pytest.raises(Fault) as refused:
            await counters.reserve("x", (claim(budget, amount),))
        assert (refused.value.code, refused.value.row.retry, refused.value.retry_after is not None) == (code, hint, waits)

    run(scenario())


def test_what_is_claimed_twice_by_one_call_is_charged_once() -> None:
    async def scenario() -> None:
        budget = limit(Unit.COST, 100)
        counters = MemoryCounters(FrozenClock())
        hold = await counters.reserve("x", (claim(budget, 10),))
        await hold.extend((claim(budget, 30),))
        with pytest.raises(Exceeded):
            await hold.extend((claim(budget, 101),))
        (account,) = counters.accounts()
        assert account.held == 30
        hold.settle(Usage(), 25, counts=True)
        assert (account.held, account.spent) == (0, 25)

    run(scenario())


def test_groups_beyond_the_most_share_one_counter() -> None:
    """Made-up names neither void the limit nor fill the memory."""

    async def scenario() -> None:
        of = limit(Unit.REQUESTS, 2, seconds=60.0, group_by=("customer",), most_groups=3)
        counters = MemoryCounters(FrozenClock())
        passed = 0
        for number in range(100):
            try:
                await counters.reserve(str(number), (claim(of, counter=f"{of.stem}{number}", overflow=f"{of.stem}…"),))
            except Exceeded:
                continue
            passed += 1
        assert (passed, len(counters)) == (3 + 2, 4)

    run(scenario())


def test_what_time_has_restored_is_forgotten() -> None:
    async def scenario() -> None:
        clock = FrozenClock()
        counters = MemoryCounters(clock)
        rate = limit(Unit.REQUESTS, 10, seconds=60.0, group_by=("customer",), most_groups=10_000)
        day = limit(Unit.REQUESTS, 10, calendar=Calendar.DAY)
        ends_at = clock.wall_ns() + 3600 * 10**9
        for number in range(500):
            each = claim(rate, counter=f"{rate.stem}{number}", overflow=f"{rate.stem}…")
            hold = await counters.reserve(str(number), (each, claim(day, counter=f"day{number}", ends_at=ends_at)))
            hold.settle(Usage(), 0, counts=True)
        assert len(counters) == 1000
        clock.advance(49 * 3600 + 3600)
        for number in range(10_000):
            (await counters.reserve(f"again{number}", (claim(rate),))).release()
            if len(counters) == 1:
                break
        assert len(counters) == 1

    run(scenario())


def test_a_call_under_way_keeps_its_counter() -> None:
    async def scenario() -> None:
        clock = FrozenClock()
        counters = MemoryCounters(clock)
        budget = limit(Unit.COST, 100, calendar=Calendar.MONTH)
        hold = await counters.reserve("x", (claim(budget, 60, ends_at=clock.wall_ns() + 1),))
        clock.advance(60 * 24 * 3600)
        other = limit(Unit.CONCURRENT, 10)
        for number in range(200):
            (await counters.reserve(str(number), (claim(other),))).release()
        hold.settle(Usage(), 50, counts=True)
        assert [account.spent for account in counters.accounts() if account.claim.limit is budget] == [50]

    run(scenario())


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("seconds", [0.0, 1e-300, 1.0, 60.0, 7200.0])
def test_a_limit_of_nothing_lets_nothing_pass_whatever_its_period(unit: Unit, seconds: float) -> None:
    async def scenario() -> None:
        counters = MemoryCounters(FrozenClock())
        nothing = limit(unit, 0, seconds=seconds)
        with pytest.raises(Exceeded) as refused:
            await counters.reserve("call", (claim(nothing, 1),))
        assert refused.value.reason is Reason.NEVER
        assert counters.open_holds == 0

    run(scenario())
