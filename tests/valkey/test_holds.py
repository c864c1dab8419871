"""What is set aside on a server is given back once, whoever is cancelled, late, cut off or dead."""

from __future__ import annotations

import asyncio
from contextlib import closing

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.limits import Claim, Exceeded, Limit, Reason, Unit
from headworks.domain.usage import NO_USAGE, Usage
from headworks.stores.valkey import ValkeyCounters, link
from headworks.testing.valkey import Server
from tests.valkey.plain import Plain, claim
from tests.valkey.rig import AT_ONCE, BUDGET, RATE, Road, at_once, counters, look, run, until

WIDE = Limit(id="team/wide", owner="team", rule="wide", unit=Unit.CONCURRENT, amount=1000)
BOTH = (claim(BUDGET, 10**9), claim(AT_ONCE))


def test_what_one_gateway_holds_another_cannot_have(server: Server) -> None:
    async def scene() -> None:
        async with counters(server, "one") as one, counters(server, "two") as two:
            hold = await one.reserve("a", (claim(BUDGET, 8 * 10**9),))
            with pytest.raises(Exceeded) as refusal:
                await two.reserve("b", (claim(BUDGET, 3 * 10**9),))
            assert refusal.value.reason is Reason.HELD

            hold.settle(NO_USAGE, 2 * 10**9, counts=True)
            await until(lambda: look(server, BUDGET) == (2 * 10**9, 0))
            await two.reserve("c", (claim(BUDGET, 8 * 10**9),))

    run(scene())


def test_a_refused_call_burns_nothing(server: Server) -> None:
    async def scene() -> None:
        async with counters(server) as one:
            with pytest.raises(Exceeded):
                await one.reserve("a", (claim(RATE), claim(AT_ONCE), claim(BUDGET, 10**11)))
            assert [look(server, limit) for limit in (RATE, AT_ONCE, BUDGET)] == [(0, 0)] * 3

    run(scene())


def test_a_claim_may_be_granted_in_part_and_an_extension_is_held_too(server: Server) -> None:
    async def scene() -> None:
        async with counters(server) as one:
            hold = await one.reserve("a", (claim(BUDGET, 10**11, 10**9),))
            assert [each.amount for each in hold.claims] == [BUDGET.amount]
            hold.settle(NO_USAGE, 10**9, counts=True)

            more = await one.reserve("b", (claim(BUDGET, 10**9),))
            await more.extend((claim(BUDGET, 2 * 10**9), claim(AT_ONCE)))
            assert look(server, BUDGET) == (10**9, 2 * 10**9)
            with pytest.raises(Exceeded):
                await more.extend((claim(BUDGET, 10**11),))
            more.settle(NO_USAGE, 2 * 10**9, counts=True)
            more.settle(NO_USAGE, 2 * 10**9, counts=True)
            await until(lambda: look(server, BUDGET) == (3 * 10**9, 0))
            assert look(server, AT_ONCE) == (0, 0)

    run(scene())


def test_all_requests_of_one_turn_of_the_loop_go_in_one_call(server: Server) -> None:
    async def scene() -> None:
        async with counters(server) as one:
            before = one.status.batches
            limit = Limit(id="x", owner="x", rule="x", unit=Unit.TOKENS, amount=10**6)
            await asyncio.gather(*(one.reserve(str(number), (claim(limit),)) for number in range(100)))
            assert one.status.batches - before == 1
            assert look(server, limit) == (0, 100)

    run(scene())


@pytest.mark.parametrize("moment", ["before it is sent", "under way", "answered"])
def test_a_caller_that_goes_away_while_it_waits_leaves_nothing_held(server: Server, moment: str) -> None:
    async def scene() -> None:
        async with Road(server) as road, counters(road.address, patience=2.0) as one:
            road.delay = 0.1 if moment == "under way" else 0.0
            asking = asyncio.create_task(one.reserve("a", BOTH))
            if moment != "before it is sent":
                await until(lambda: look(server, AT_ONCE) == (0, 1))
            else:
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            one.release("a")
            one.release("a")
            road.delay = 0.0
            await until(lambda: look(server, AT_ONCE) == (0, 0))
            assert look(server, BUDGET) == (0, 0)

    run(scene())


def test_a_slow_server_keeps_nobody_waiting_and_what_it_granted_too_late_is_given_back(server: Server) -> None:
    """The first request waits as long as it is told to, those after it not at all."""

    async def scene() -> None:
        async with Road(server) as road, counters(road.address, patience=1.0, share=0.0) as one:
            road.delay = 600.0
            with pytest.raises(Fault) as refusal:
                await one.reserve("first", BOTH)
            assert refusal.value.code == "counters_unavailable"
            for number in range(20):
                with pytest.raises(Fault) as refusal:
                    at_once(one.reserve(str(number), BOTH))
                assert refusal.value.code == "counters_unavailable"
            road.delay = 0.0
            await until(lambda: one.status.reachable)
            hold = await one.reserve("later", BOTH)
            hold.settle(NO_USAGE, 7, counts=True)
            await until(lambda: look(server, BUDGET) == (7, 0) and look(server, AT_ONCE) == (0, 0))

    run(scene())


def test_who_asks_in_the_very_turn_in_which_the_server_is_found_slow_does_not_wait_for_it(server: Server) -> None:
    """Asked when nothing was late yet, and not sent any more when something is."""

    async def scene() -> None:
        async with Road(server) as road, counters(road.address, patience=600.0, share=0.0) as one:
            road.delay = 600.0
            courier = one._courier
            first = asyncio.create_task(one.reserve("first", BOTH))
            await until(lambda: courier._flying and courier._flying[-1].waiting)
            second = asyncio.create_task(one.reserve("second", BOTH))
            await asyncio.sleep(0)
            courier._be_late(courier._flying[-1])
            for _ in range(5):
                await asyncio.sleep(0)
            assert [isinstance(asking.exception(), Fault) for asking in (first, second)] == [True, True]
            road.delay = 0.0
            await until(lambda: one.status.reachable and look(server, AT_ONCE) == (0, 0))

    run(scene())


def test_connections_cut_under_load_settle_everything_once(server: Server) -> None:
    """What was under way may have been carried out or not: it is sent again under its old number, and what nobody waits for is void."""

    async def scene() -> None:
        async with counters(server, share=0.0) as one:
            spent = unheard = 0

            async def caller(name: str) -> None:
                nonlocal spent, unheard
                for number in range(150):
                    await until(lambda: one.status.reachable)
                    try:
                        hold = await one.reserve(f"{name}-{number}", (claim(BUDGET, 1000), claim(WIDE)))
                    except Fault:
                        unheard += 1
                    else:
                        await asyncio.sleep(0)
                        spent += 900
                        hold.settle(NO_USAGE, 900, counts=True)

            async def cutter() -> None:
                while True:
                    await asyncio.sleep(0.01)
                    with closing(Plain(server.path)) as ask:
                        ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

            cutting = asyncio.create_task(cutter())
            await asyncio.gather(*(caller(str(number)) for number in range(8)))
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)
            await until(lambda: one.status.reachable and look(server, WIDE) == (0, 0))
            print(f"{spent // 900} settled once each; {unheard} had no answer because a connection was cut")
            assert unheard
            assert look(server, BUDGET) == (spent, 0)
            assert one.status.losses == one.status.dropped == 0

    run(scene())


def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "SILENCE", 0.4)
    monkeypatch.setattr(link, "BEAT", 0.1)


async def die(one: ValkeyCounters) -> None:
    """As a process does that is killed: nothing more is said."""
    assert one._life is not None
    one._life.cancel()
    await asyncio.gather(one._life, return_exceptions=True)


def test_what_a_dead_process_held_is_freed_or_spent_until_the_journal_says_what_was_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hasty(monkeypatch)

    async def scene() -> None:
        async with counters(server, "two") as two, counters(server, "one") as one:
            await one.reserve("a", BOTH)
            await one.reserve("b", BOTH)
            await die(one)
            await until(lambda: look(server, AT_ONCE) == (0, 0))
            assert look(server, BUDGET) == (2 * 10**9, 0)

            for _ in range(3):
                two.correct("a", {BUDGET.stem: 7})
            two.correct("nobody's", {BUDGET.stem: 10**9})
            await until(lambda: look(server, BUDGET) == (10**9 + 7, 0))
            two.correct("b", {})
            await until(lambda: look(server, BUDGET) == (7, 0))

    run(scene())


def test_the_journal_may_speak_before_a_process_is_found_dead(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _hasty(monkeypatch)

    async def scene() -> None:
        async with counters(server, "two") as two, counters(server, "one") as one:
            await one.reserve("a", BOTH)
            two.correct("a", {BUDGET.stem: 7})
            await until(lambda: not two._corrections)
            await die(one)
            await until(lambda: look(server, BUDGET) == (7, 0))
            assert look(server, AT_ONCE) == (0, 0)

    run(scene())


def test_a_process_that_was_taken_for_dead_takes_back_what_it_still_holds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped and continued, or cut off for longer than its silence is suffered."""
    _hasty(monkeypatch)

    async def scene() -> None:
        async with counters(server, "two"), counters(server, "one") as one:
            ended, running = await one.reserve("a", BOTH), await one.reserve("b", BOTH)
            await die(one)
            await until(lambda: look(server, AT_ONCE) == (0, 0))
            ended.settle(NO_USAGE, 5, counts=True)

            await one.open()
            await until(lambda: look(server, BUDGET) == (5, 10**9) and look(server, AT_ONCE) == (0, 1))
            running.settle(NO_USAGE, 6, counts=True)
            await until(lambda: look(server, BUDGET) == (11, 0) and look(server, AT_ONCE) == (0, 0))

    run(scene())


def test_groups_beyond_the_most_share_one_counter(server: Server) -> None:
    limit = Limit(id="x", owner="x", rule="x", unit=Unit.TOKENS, amount=10, seconds=60.0, group_by=("customer",), most_groups=2)

    def of(customer: str) -> tuple[Claim, ...]:
        return (Claim(limit, limit.stem + customer, 6, overflow=limit.stem + "…"),)

    async def scene() -> None:
        async with counters(server) as one:
            for customer in ("a", "b", "c"):
                await one.reserve(customer, of(customer))
            with pytest.raises(Exceeded):
                await one.reserve("d", of("d"))
            with pytest.raises(Exceeded):
                await one.reserve("again", of("a"))

    run(scene())


@pytest.mark.parametrize("fallback", ["c", "d"])
def test_a_group_that_shares_its_counter_does_not_claim_it_twice(server: Server, fallback: str) -> None:
    """Neither for itself nor for another group that a fallback counts for: one call is not in its own way."""
    limit = Limit(id="x", owner="x", rule="x", unit=Unit.TOKENS, amount=10, seconds=60.0, group_by=("model",), most_groups=2)

    def of(group: str, amount: int = 6) -> tuple[Claim, ...]:
        return (Claim(limit, limit.stem + group, amount, overflow=limit.stem + "…"),)

    async def scene() -> None:
        async with counters(server) as one:
            for group in ("a", "b"):
                await one.reserve(group, of(group))
            hold = await one.reserve("call", of("c"))
            await hold.extend(of(fallback))
            await hold.extend(of(fallback, 8))
            assert sum(claim.amount for claim in hold.claims) == 8
            with pytest.raises(Exceeded):
                await hold.extend(of(fallback, 11))
            with pytest.raises(Exceeded):
                await one.reserve("other", of("e", 3))
            hold.settle(Usage(input=8), 0, counts=True)

    run(scene())


def test_a_request_for_more_than_numbers_can_say_is_refused_and_disturbs_nobody(server: Server) -> None:
    """`"max_tokens": 1e30` would not go into a message to the server, nor would those who ride with it."""

    async def scene() -> None:
        async with counters(server) as one:
            absurd, sound = await asyncio.gather(
                one.reserve("a", (claim(BUDGET, 10**30, 10**29),)),
                one.reserve("b", (claim(BUDGET, 10),)),
                return_exceptions=True,
            )
            assert isinstance(absurd, Exceeded)
            assert absurd.reason is Reason.NEVER
            assert not isinstance(sound, BaseException)
            sound.settle(NO_USAGE, 10**30, counts=True)
            await until(lambda: look(server, BUDGET)[0] > 10**10)
            assert one.status.timeouts == 0

    run(scene())


def test_what_cannot_be_written_is_dropped_and_what_comes_after_has_its_own_answer(server: Server) -> None:
    """A batch that is waited for and was never sent would take the next one's answer for its own, and so on."""

    async def scene() -> None:
        async with counters(server) as one:
            unspeakable = msgspec.structs.replace(claim(BUDGET, 10**6), counter="\ud800")
            await one.reserve("a", (unspeakable,))  # by this process's own allowance
            assert one.status.dropped
            hold = await one.reserve("b", (claim(BUDGET, 3 * 10**9),))
            assert look(server, BUDGET) == (0, 3 * 10**9)
            hold.settle(NO_USAGE, 10**9, counts=True)
            await until(lambda: look(server, BUDGET) == (10**9, 0))

    run(scene())
