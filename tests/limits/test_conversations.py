"""Limits of conversations: as much again is set aside after each answer, and at the end everything was used when it was used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from headworks.domain.call import Call
from headworks.domain.kind import Kind
from headworks.domain.limits import Exceeded, Limit, Unit
from headworks.domain.limits.claims import spread
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.principal import Principal
from headworks.domain.receipt import Receipt
from headworks.domain.reply import Reply
from headworks.domain.usage import Usage
from headworks.journey import Limits
from headworks.journey.planner import Planner
from headworks.stores.memory import MemoryCounters
from headworks.testing import FrozenClock, sample_call
from tests.limits.making import claim, limit, run
from tests.limits.shop import model, shop

OVER = Outcome(Ending.FINISHED, 101)
Prolong = Callable[[Usage, int], Awaitable[None]]


class Conversation:
    """One under limits, without anybody who talks."""

    def __init__(self, *limits: Limit, clock: FrozenClock | None = None) -> None:
        self.clock = clock or FrozenClock()
        self.counters = MemoryCounters(self.clock)
        self.snapshot = shop(model("m", max_output=100))
        call = sample_call(model="m", snapshot=self.snapshot, principal=Principal(id="k", limits=limits))
        plan = Planner().plan(call, self.snapshot.models[call.ask.model])  # type: ignore[union-attr] - it has one
        self.call: Call = msgspec.structs.replace(call, kind=Kind.REALTIME, plan=plan)
        self.used = Usage()

    async def begin(self) -> None:
        async def proceed(_: Call) -> Reply:
            return Reply.of(101, [], b"")

        await Limits(self.counters)(self.call, proceed)

    async def answer(self, read: int, said: int) -> None:
        """One answer more, at a thousand nano-units a token."""
        self.used += Usage(read, said)
        prolong: Prolong | None = self.call.tally.prolong
        assert prolong is not None
        await prolong(self.used, (self.used.input + self.used.output) * 1000)

    def end(self) -> None:
        nanos = (self.used.input + self.used.output) * 1000
        self.call.tally.receipt = msgspec.structs.replace(
            Receipt(), usage=self.used, price=msgspec.structs.replace(Receipt().price, nanos=nanos)
        )
        self.call.closing.close(OVER)


def test_the_newest_claims_are_used_first_and_the_oldest_takes_what_remains() -> None:
    tokens, money = limit(Unit.TOKENS, 1000), limit(Unit.COST, 1000)
    claims = (claim(tokens, 10), claim(money, 100), claim(tokens, 5), claim(tokens, 7))

    assert spread(claims, (0, 0, 0, 9, 0, 40)) == (0, 40, 2, 7)
    assert spread(claims, (0, 0, 0, 30, 0, 0)) == (18, 0, 5, 7)


def test_what_was_used_of_a_rate_over_an_hour_does_not_weigh_upon_the_minute_after_it() -> None:
    async def scenario() -> None:
        rate = limit(Unit.TOKENS, 10_000, seconds=60.0)
        talk = Conversation(rate)
        await talk.begin()
        for _ in range(60):
            talk.clock.advance(60.0)
            await talk.answer(4000, 90)
        talk.clock.advance(60.0)
        talk.end()

        hold = await talk.counters.reserve("next", (claim(rate, 9000),))
        hold.settle(Usage(), 0, counts=True)

    run(scenario())


def test_a_rate_that_is_used_too_fast_refuses_the_next_answer() -> None:
    async def scenario() -> None:
        talk = Conversation(limit(Unit.TOKENS, 10_000, seconds=60.0))
        await talk.begin()
        await talk.answer(4000, 90)
        await talk.answer(4000, 90)
        with pytest.raises(Exceeded):
            await talk.answer(4000, 90)

    run(scenario())


@pytest.mark.parametrize("unit", [Unit.TOKENS, Unit.OUTPUT_TOKENS, Unit.INPUT_TOKENS, Unit.COST])
def test_all_that_was_used_is_charged_once(unit: Unit) -> None:
    async def scenario() -> None:
        talk = Conversation(limit(unit, 10**12), limit(Unit.CONCURRENT, 1), limit(Unit.REQUESTS, 1, seconds=60.0))
        await talk.begin()
        for _ in range(20):
            await talk.answer(4000, 90)
        talk.end()

        accounts = {account.claim.limit.unit: account for account in talk.counters.accounts()}
        used = {Unit.TOKENS: 81_800, Unit.OUTPUT_TOKENS: 1_800, Unit.INPUT_TOKENS: 80_000, Unit.COST: 81_800_000}
        assert accounts[unit].spent == used[unit]
        assert [account.held for account in accounts.values()] == [0, 0, 0]
        assert talk.counters.open_holds == 0

    run(scenario())


def test_while_it_lasts_so_much_is_held_as_is_used_and_an_answer_more_may_cost() -> None:
    async def scenario() -> None:
        talk = Conversation(limit(Unit.COST, 10**12))
        await talk.begin()
        (account,) = talk.counters.accounts()
        first = account.held
        for number in range(1, 4):
            await talk.answer(4000, 90)
            assert account.held == first + number * 4_090_000

    run(scenario())
