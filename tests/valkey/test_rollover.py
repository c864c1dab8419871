"""Gateways that share counters carry on what a period has left, as one in memory does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from headworks.domain.errors import Fault
from headworks.domain.limits import Calendar, Claim, Demand, Exceeded, Limit, Periods, Reason, Rollover, Unit, claims_of
from headworks.domain.usage import NO_USAGE
from headworks.ports.stores import Counters, Hold, Spent
from headworks.stores.memory import MemoryCounters
from headworks.stores.valkey.allowance import Allowance
from headworks.testing.clock import FrozenClock
from headworks.testing.valkey import Server
from tests.valkey.plain import Plain
from tests.valkey.rig import CLOCK, counters, run, until

DAY = 86_400 * 10**9
TODAY = CLOCK.wall_ns() // DAY * DAY
"""The server forgets by its own clock."""


def budget(most: int = 10, **changes: Any) -> Limit:
    """Ten a day."""
    fields: dict[str, Any] = {"id": "team/daily", "owner": "team", "rule": "daily", "unit": Unit.COST, "amount": 10}
    rollover = Rollover(most=most, since=TODAY - 100 * DAY)
    return Limit(**fields, calendar=Calendar.DAY, budget=True, rollover=rollover, **changes)


def claims(of: Limit, cost: int, day: int = 0, customer: str = "", least: int = -1) -> tuple[Claim, ...]:
    """What a request claims so many days after today."""
    demand = Demand(
        models=("m",), value_of=lambda _: customer, input=0, output=0, cost=cost, least_cost=least, least_output=min(least, 0)
    )
    return claims_of((of,), demand, TODAY + day * DAY, Periods())


async def spend(store: Counters, cost: int, wanted: tuple[Claim, ...]) -> None:
    held = await store.reserve(f"{wanted[0].counter}-{cost}", wanted)
    held.settle(NO_USAGE, cost, counts=True)


async def free(store: Counters, of: Limit, day: int, customer: str = "") -> int:
    """The most that passes; nothing is left of having asked."""
    try:
        held = await store.reserve("free", claims(of, 10**6, day, customer, least=1))
    except Exceeded:
        return 0
    held.settle(NO_USAGE, 0, counts=False)
    return held.claims[0].amount


def test_one_gateway_uses_what_others_left_over(server: Server) -> None:
    async def scene() -> None:
        of = budget()
        async with counters(server, "one") as one, counters(server, "two") as two:
            late = await one.reserve("late", claims(of, 3))
            await spend(one, 4, claims(of, 4))
            assert await free(two, of, 1) == 13
            with pytest.raises(Exceeded) as refused:
                await two.reserve("more", claims(of, 15, 1))
            assert refused.value.reason is Reason.HELD
            late.settle(NO_USAGE, 1, counts=True)
            await _until_free(two, of, 15)
            await spend(two, 15, claims(of, 15, 1))
            assert await free(two, of, 1) == 0  # told behind what was spent
            with pytest.raises(Exceeded, match=r"with the 0\.000000005 USD carried over") as refused:
                await one.reserve("again", claims(of, 1, 1))
            assert refused.value.reason is Reason.SPENT
            assert await free(one, of, 2) == 10

    run(scene())


async def _until_free(store: Counters, of: Limit, amount: int) -> None:
    for _ in range(200):
        if await free(store, of, 1) == amount:
            return
        await CLOCK.sleep(0.01)
    raise AssertionError(await free(store, of, 1))


async def _a_day_of_groups(store: Counters) -> list[int]:
    """What three customers may use on the second day where only one of them has a counter of its own."""
    of = budget(group_by=("customer",), most_groups=1)
    for customer, cost in (("ann", 1), ("zoe", 4), ("zig", 2)):
        await spend(store, cost, claims(of, cost, 0, customer))
    return [await free(store, of, 1, customer) for customer in ("ann", "zoe", "zig")]


def test_groups_beyond_the_most_share_what_they_left(server: Server) -> None:
    """The server forgets groups later than a process does: the first of the next day shares the counter too, and carries no more."""

    async def scene() -> None:
        assert await _a_day_of_groups(MemoryCounters(FrozenClock())) == [19, 14, 14]
        async with counters(server, "one") as one:
            assert await _a_day_of_groups(one) == [14, 14, 14]

    run(scene())


def test_the_server_knows_a_period_to_the_end_of_the_next(server: Server) -> None:
    async def scene() -> None:
        of = budget(group_by=("customer",))
        (wanted,) = claims(of, 4, 0, "ann")
        async with counters(server, "one") as one:
            await spend(one, 4, (wanted,))
            await until(lambda: _kept(server, f"c:{wanted.counter}", "PTTL") > 0)
            left = (TODAY + 2 * DAY - CLOCK.wall_ns()) // 10**6 + 48 * 3_600_000
            assert abs(_kept(server, f"c:{wanted.counter}", "PTTL") - left) < 60_000
            assert wanted.rolling is not None
            counted = _kept(server, f"g:{of.stem}", "ZSCORE", wanted.counter) - 48 * 3_600_000
            assert abs(counted - max(wanted.rolling.turns_at // 10**6, CLOCK.wall_ns() // 10**6 + 3_600_000)) < 60_000

    run(scene())


def _kept(server: Server, name: str, command: str, *more: str) -> int:
    with closing(Plain(server.path)) as ask:
        generation = ask("HGET", "hw:generation", "id").decode()
        return int(float(ask(command, f"hw:{generation}:{name}", *more) or 0))


def test_a_server_that_has_lost_its_counters_is_told_of_the_period_before(server: Server) -> None:
    async def scene() -> None:
        of = budget()
        known = Spent(units={claims(of, 1)[0].counter: 7, claims(of, 1, 1)[0].counter: 2})
        async with counters(server, "one", spent=known) as one:
            assert await free(one, of, 1) == 11

    run(scene())


def test_what_a_call_holds_in_the_period_before_is_declared_again(server: Server) -> None:
    async def scene() -> None:
        of = budget()
        async with counters(server, "one") as one:
            await one.reserve("long", claims(of, 6))
            server.stop()
            await until(lambda: not one.status.reachable)
            server.start()
            await until(lambda: one.status.reachable)
            assert await free(one, of, 1) == 14

    run(scene())


def test_a_gateway_that_is_alone_admits_its_share_of_the_amount_and_nothing_carried_over() -> None:
    async def scene() -> None:
        told: list[Mapping[str, int]] = []
        alone = Allowance(FrozenClock(wall_ns=TODAY), 0.5, lambda _, used, amounts: told.append(_by_name(used, amounts)))
        held: Hold = await alone.reserve("a", claims(budget(), 5, 1))
        with pytest.raises(Fault, match="can't be checked"):
            await alone.reserve("b", claims(budget(), 1, 1))
        held.settle(NO_USAGE, 5, counts=True)
        assert told == [{claims(budget(), 5, 1)[0].counter: 5}]

    run(scene())


def _by_name(used: tuple[Claim, ...], amounts: tuple[int, ...]) -> Mapping[str, int]:
    return {claim.counter: amount for claim, amount in zip(used, amounts, strict=True)}
