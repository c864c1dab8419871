"""The server stopped, restarted empty, or unfit: what callers see, and what passes that should not have."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter as Tally

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.limits import Claim, Exceeded, Limit, Unit
from headworks.domain.usage import NO_USAGE
from headworks.ports.stores import Spent
from headworks.stores.valkey import ValkeyCounters, read_address
from headworks.stores.valkey.server import Unfit, inspect, skew
from headworks.stores.valkey.wire import dial
from headworks.testing.valkey import Server
from headworks.wiring.clock import SystemClock
from tests.valkey.plain import claim
from tests.valkey.rig import AT_ONCE, BUDGET, OPEN, OPEN_BUDGET, RATE, at_once, counters, look, run, until

SHARE = 0.05


def test_a_stopped_server_refuses_what_fails_closed_beyond_this_processs_share(server: Server) -> None:
    async def scene() -> None:
        async with counters(server, share=SHARE) as one:
            server.stop()
            await until(lambda: not one.status.reachable)
            passed = 0
            seen: set[tuple[str, float | None]] = set()
            for number in range(100):
                try:
                    hold = at_once(one.reserve(str(number), (claim(BUDGET, BUDGET.amount // 100),)))
                except Fault as refusal:
                    seen.add((refusal.code, refusal.retry_after))
                else:
                    hold.settle(NO_USAGE, BUDGET.amount // 100, counts=True)
                    passed += 1
            assert passed == 5
            assert seen == {("counters_unavailable", 1.0)}

            server.start()
            await until(lambda: one.status.reachable)
            await until(lambda: look(server, BUDGET) == (5 * BUDGET.amount // 100, 0))

    run(scene())


def test_what_fails_open_is_counted_by_the_process_alone_and_told_later(server: Server) -> None:
    async def scene() -> None:
        async with counters(server, share=0.0) as one:
            server.stop()
            await until(lambda: not one.status.reachable)
            for number in range(10):
                hold = await one.reserve(str(number), (claim(OPEN, 10**9),))
                hold.settle(NO_USAGE, 10**9, counts=True)
            with pytest.raises(Exceeded):
                await one.reserve("more", (claim(OPEN, 1),))
            server.start()
            await until(lambda: look(server, OPEN) == (10**10, 0))

    run(scene())


def test_a_soft_budget_holds_nobody_back_while_the_server_is_away_and_counts_there_later(server: Server) -> None:
    soft = msgspec.structs.replace(BUDGET, soft=True, amount=1)
    assert soft.endless is not None
    watched = soft.endless

    async def scene() -> None:
        async with counters(server, share=0.0) as one:
            before = await one.reserve("before", (claim(watched, 10**9),))
            server.stop()
            await until(lambda: not one.status.reachable)
            during = await one.reserve("during", (claim(watched, 10**9),))
            for hold in (before, during):
                await hold.extend((claim(watched, 2 * 10**9),))
                hold.settle(NO_USAGE, 2 * 10**9, counts=True)
            server.start()
            await until(lambda: look(server, BUDGET) == (4 * 10**9, 0))
            await until(lambda: one.status.reachable)
            hard = msgspec.structs.replace(BUDGET, amount=4 * 10**9 + 5)
            with pytest.raises(Exceeded):
                await one.reserve("hard", (claim(hard, 6),))
            await one.reserve("fits", (claim(hard, 5),))

    run(scene())


@pytest.mark.parametrize(("budget", "alone"), [(BUDGET, 10**10 // 20), (OPEN_BUDGET, 10**10)])
def test_each_gateway_overspends_a_budget_by_no_more_than_its_own_part_and_all_of_it_is_known_later(
    server: Server, budget: Limit, alone: int
) -> None:
    """Of one that fails closed that part is the share, of one that fails open the amount itself, and that only while nobody answers."""
    step = 10**8

    async def spend(one: ValkeyCounters, name: str) -> tuple[int, str]:
        """Until it is refused: how much that was, and the code."""
        spent = 0
        while True:
            try:
                hold = await one.reserve(f"{name}-{spent}", (claim(budget, step),))
            except Fault as refusal:
                return spent, refusal.code
            hold.settle(NO_USAGE, step, counts=True)
            spent += step

    async def scene() -> None:
        async with counters(server, "one", share=SHARE) as one, counters(server, "two", share=SHARE) as two:
            before, code = await spend(one, "before")
            assert (before, code) == (budget.amount, "project_spend_limit_exceeded")
            server.stop()
            await until(lambda: not (one.status.reachable or two.status.reachable))
            passed = [await spend(each, "alone") for each in (one, two)]
            refused = "counters_unavailable" if budget is BUDGET else "project_spend_limit_exceeded"
            assert passed == [(alone, refused)] * 2

            server.start()
            await until(lambda: one.status.reachable and two.status.reachable)
            await until(lambda: look(server, budget) == (before + 2 * alone, 0))
            assert await spend(two, "after") == (0, "project_spend_limit_exceeded")

    run(scene())


def test_counters_are_made_anew_from_the_ledger_and_from_what_is_held(server: Server) -> None:
    """Restarted empty. What the ledger has is not counted again; what it has not, is; holds are declared; rates begin full."""

    async def scene() -> None:
        now = time.time_ns
        ledger = Spent(units={BUDGET.stem: 4 * 10**9})
        async with counters(server, "one", spent=ledger) as one, counters(server, "two", spent=ledger) as two:
            assert look(server, BUDGET) == (4 * 10**9, 0)
            first = await one.reserve("known to the ledger", (claim(BUDGET, 10**9),))
            first.settle(NO_USAGE, 10**9, counts=True)
            ledger.units[BUDGET.stem] += 10**9  # pyright: ignore[reportIndexIssue] - the test's own dict
            ledger.through["one"] = now()  # pyright: ignore[reportIndexIssue] - likewise
            late = await one.reserve("not yet", (claim(BUDGET, 10**9), claim(RATE)))
            late.settle(NO_USAGE, 3, counts=True)
            running = await two.reserve("running", (claim(BUDGET, 10**9), claim(AT_ONCE)))

            server.stop()
            await until(lambda: not (one.status.reachable or two.status.reachable))
            server.start()
            await until(lambda: one.status.reachable and two.status.reachable)
            assert look(server, BUDGET) == (5 * 10**9 + 3, 10**9)
            assert look(server, AT_ONCE) == (0, 1)
            with pytest.raises(Exceeded):
                await one.reserve("a rate that was taken, for all that is known", (claim(RATE, 2),))

            running.settle(NO_USAGE, 4, counts=True)
            await until(lambda: look(server, BUDGET) == (5 * 10**9 + 7, 0) and look(server, AT_ONCE) == (0, 0))
            assert (one.status.losses, two.status.losses) == (1, 1)

    run(scene())


class Load:
    """Callers of one gateway, one after the other each, and what became of them."""

    def __init__(self, one: ValkeyCounters, seed: int) -> None:
        self.one = one
        self.chance = random.Random(seed)  # noqa: S311 - the same load each time
        self.saw: Tally[str] = Tally()
        self.spent = 0
        self.slowest = 0.0
        self.going = True

    async def caller(self, name: str, claims: tuple[Claim, ...]) -> None:
        number = 0
        while self.going:
            number += 1
            began = time.perf_counter()
            try:
                hold = await self.one.reserve(f"{name}-{number}", claims)
            except Fault as refusal:
                self.saw[refusal.code] += 1
                await asyncio.sleep(0.001)
            else:
                self.saw["passed"] += 1
                self.slowest = max(self.slowest, time.perf_counter() - began)
                await asyncio.sleep(self.chance.random() * 0.005)
                used = self.chance.randrange(claims[0].amount)
                self.spent += used
                hold.settle(NO_USAGE, used, counts=True)


def test_a_restart_under_load_over_admits_no_more_than_the_shares(server: Server) -> None:
    """Two gateways, sixteen callers, one budget that is used up after the restart; the ledger is the sum of what was settled."""
    budget = Limit(id="x", owner="x", rule="x", unit=Unit.COST, amount=3 * 10**9, budget=True)
    at_once = Limit(id="y", owner="y", rule="y", unit=Unit.CONCURRENT, amount=6)
    claims = (claim(budget, 2 * 10**6), claim(at_once))

    async def scene() -> None:
        async with counters(server, "one", share=SHARE) as one, counters(server, "two", share=SHARE) as two:
            loads = [Load(one, 1), Load(two, 2)]
            callers = [asyncio.create_task(load.caller(str(number), claims)) for load in loads for number in range(8)]
            await until(lambda: sum(load.spent for load in loads) > budget.amount // 10)
            server.stop()
            await until(lambda: not one.status.reachable)
            server.start()
            await until(lambda: one.status.reachable and two.status.reachable)
            await until(lambda: any(load.saw["project_spend_limit_exceeded"] for load in loads), 30)
            for load in loads:
                load.going = False
            await asyncio.gather(*callers)
            await until(lambda: look(server, at_once) == (0, 0))
            spent = sum(load.spent for load in loads)
            over = max(0, spent - budget.amount)
            print(
                {
                    "saw": dict(loads[0].saw + loads[1].saw),
                    "spent": spent,
                    "over": over,
                    "alone": one.status.unchecked + two.status.unchecked,
                    "slowest": max(load.slowest for load in loads),
                }
            )
            assert look(server, budget)[0] >= spent
            assert over == 0

    run(scene())


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--cluster-enabled", "yes"), "Cluster"),
        (("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"), "noeviction"),
        (("--replicaof", "127.0.0.1", "1"), "replica"),
    ],
)
def test_a_server_that_would_lose_or_refuse_counters_is_not_used(server: Server, options: tuple[str, ...], word: str) -> None:
    server.stop()
    server.start(*options)

    async def scene() -> None:
        wire = await dial(read_address(server.url), 1.0)
        with pytest.raises(Unfit) as trouble:
            await inspect(wire)
        wire.close()
        assert word in str(trouble.value)

    run(scene())


class Fast(SystemClock):
    """A clock that somebody has set wrong."""

    def __init__(self, ahead: float) -> None:
        self._ahead = round(ahead * 1e9)

    def wall_ns(self) -> int:
        return super().wall_ns() + self._ahead


def test_a_clock_that_is_off_is_said_and_charges_a_neighbouring_period_at_worst(server: Server) -> None:
    heard: list[str] = []

    async def scene() -> None:
        async with counters(server, clock=Fast(7.0), heard=heard) as one:
            assert one.status.skew > 6.0
            assert any("s ahead" in said for said in heard)

    run(scene())


def test_a_clock_that_is_days_off_does_not_count_with_others(server: Server) -> None:
    async def scene() -> None:
        wire = await dial(read_address(server.url), 1.0)
        with pytest.raises(Unfit, match="72 hours apart"):
            await skew(wire, Fast(3 * 86_400.0).wall_ns())
        wire.close()

    run(scene())
