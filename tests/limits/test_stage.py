"""The Limits stage in the whole journey: what callers are told, what an answer may cost, and what a fallback claims."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.call import Ask, Call
from headworks.domain.errors import Fault
from headworks.domain.limits import Calendar, Claim, Unit
from headworks.domain.money import PriceCard, Rate
from headworks.domain.principal import Principal
from headworks.domain.reply import Reply
from headworks.domain.snapshot import Model
from headworks.domain.target import AskedModel
from headworks.edge.routes import ANTHROPIC, OPENAI
from headworks.edge.standings import duration, told
from headworks.journey import Limits
from headworks.journey.planner import Planner
from headworks.journey.reservation import UNSEEN, reservation
from headworks.stores.memory import MemoryCounters
from headworks.stores.memory.counters import MemoryHold
from headworks.testing import CollectingSink, FrozenClock, Script, ScriptedUpstream, sample_call, sample_target
from tests.journey.plain import House

from .making import limit, run
from .shop import DOLLARS, GOOD, Caps, ask, house, model, shop


async def refusal(of: House, call: Call) -> Fault:
    with pytest.raises(Fault) as refused:
        await of.serve(call)
    return refused.value


def headers(lines: bytes) -> dict[bytes, bytes]:
    return {name: value for name, _, value in (line.partition(b": ") for line in lines.splitlines())}


def test_every_answer_says_how_the_tightest_limit_stands_and_so_does_a_refusal() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, limit(Unit.REQUESTS, 2, seconds=60.0), limit(Unit.REQUESTS, 100, seconds=60.0, rule="wide"))
        first, second, third = ask(snapshot), ask(snapshot), ask(snapshot)
        await at.serve(first)
        assert headers(told(first.tally.standings, OPENAI, 0)) == {
            b"x-ratelimit-limit-requests": b"2",
            b"x-ratelimit-remaining-requests": b"1",
            b"x-ratelimit-reset-requests": b"30s",
        }
        assert headers(told(first.tally.standings, ANTHROPIC, 10**9)) == {
            b"anthropic-ratelimit-requests-limit": b"2",
            b"anthropic-ratelimit-requests-remaining": b"1",
            b"anthropic-ratelimit-requests-reset": b"1970-01-01T00:00:31Z",
        }
        await at.serve(second)
        refused = await refusal(at, third)
        assert (refused.code, refused.retry_after) == ("rate_limit_exceeded", 30.0)
        assert headers(told(third.tally.standings, OPENAI, 0))[b"x-ratelimit-remaining-requests"] == b"0"

    run(scenario())


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.0, b"0s"), (0.0121, b"13ms"), (1.5, b"1.5s"), (30.0, b"30s"), (360.0, b"6m0s"), (7205.2, b"2h0m6s")],
)
def test_durations_are_written_as_clients_read_them(seconds: float, written: bytes) -> None:
    assert duration(seconds) == written


def test_an_answer_without_a_cap_is_kept_to_what_the_budget_covers() -> None:
    async def scenario() -> None:
        snapshot, caps = shop(model("m", max_output=4096)), Caps()
        call = ask(snapshot)
        covers_100 = (len(call.body.data) + UNSEEN + 100) * 1000
        at = house(snapshot, limit(Unit.COST, covers_100, budget=True), caps=caps)
        (await at.serve(call)).start(CollectingSink())
        assert caps.seen == [100]
        assert call.tally.reserved.output == 100
        assert call.tally.reserved_nanos <= covers_100

    run(scenario())


def test_an_answer_that_would_be_too_short_is_refused_instead() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        call = ask(snapshot)
        at = house(snapshot, limit(Unit.COST, (len(call.body.data) + UNSEEN + 15) * 1000, budget=True))
        assert (await refusal(at, call)).code == "project_spend_limit_exceeded"

    run(scenario())


def test_with_money_left_an_answer_is_kept_to_what_was_set_aside_for_it() -> None:
    async def scenario() -> None:
        snapshot, caps = shop(model("m", max_output=300)), Caps()
        at = house(snapshot, limit(Unit.COST, 10**12, budget=True), caps=caps)
        await at.serve(ask(snapshot))
        assert caps.seen == [300]
        rate = house(snapshot, limit(Unit.TOKENS, 10**6, seconds=60.0), caps=(free := Caps()))
        await rate.serve(ask(snapshot))
        assert free.seen == [None]

    run(scenario())


def test_a_caller_that_says_how_long_gets_all_of_it_or_nothing() -> None:
    async def scenario() -> None:
        snapshot, caps = shop(model("m")), Caps()
        at = house(snapshot, limit(Unit.COST, 10**7, budget=True), caps=caps)
        await at.serve(ask(snapshot, max_tokens=50))
        assert caps.seen == [None]
        refused = await refusal(at, ask(snapshot, max_tokens=50_000))
        assert (refused.code, refused.row.retry) == ("project_spend_limit_exceeded", "no")

    run(scenario())


def test_a_model_without_a_price_is_no_way_round_a_budget() -> None:
    async def scenario() -> None:
        snapshot = msgspec.structs.replace(shop(model("m", price=None)), unpriced="free")
        free = house(snapshot, limit(Unit.REQUESTS, 5, seconds=60.0))
        await free.serve(ask(snapshot))
        for other in (PriceCard(), DOLLARS):
            mixed = Model(name=AskedModel("m"), targets=(sample_target("a/m", price=None), sample_target("b/m", price=other)))
            priced = msgspec.structs.replace(shop(mixed), unpriced="free")
            at = house(priced, limit(Unit.COST, 10**12, budget=True))
            if other is DOLLARS:
                assert (await refusal(at, ask(priced))).code == "model_unpriced"

    run(scenario())


def test_what_all_callers_share_is_used_up_by_each_of_them_and_by_those_who_come_by_a_fallback() -> None:
    async def scenario() -> None:
        shared = limit(Unit.REQUESTS, 2, seconds=60.0, models=("n",))
        snapshot = msgspec.structs.replace(shop(model("m", fallbacks=("n",)), model("n")), limits=(shared,))
        upstream = ScriptedUpstream([GOOD, Script(status=500), GOOD, GOOD])
        at = House(snapshot, upstream, principal=Principal(id="k", name="k"))
        await at.serve(ask(snapshot, "n"))
        assert (await at.serve(ask(snapshot, "m"))).status == 200
        assert (await refusal(at, ask(snapshot, "n"))).code == "rate_limit_exceeded"
        assert (await at.serve(ask(snapshot, "m"))).status == 200, "another model is not concerned"

    run(scenario())


def test_a_fallback_claims_the_limits_that_are_its_own() -> None:
    """A limit on a model holds as well for those who come to it by a fallback."""

    async def scenario() -> None:
        snapshot = shop(model("m", fallbacks=("n",)), model("n"))
        of_n = limit(Unit.REQUESTS, 1, calendar=Calendar.DAY, models=("n",))
        at = house(snapshot, of_n, script=Script(status=500))
        at.upstream.enqueue()
        first = ask(snapshot)
        with pytest.raises(Fault):
            await at.serve(first)
        assert [tried.target for tried in at.journal.ended[0].tried] == ["m/x", "n/x"]
        (account,) = at.counters.accounts()
        assert account.held == 0
        account.spent = 1
        second = ask(snapshot)
        with pytest.raises(Fault):
            await at.serve(second)
        assert [tried.target for tried in second.tally.tried] == ["m/x"]
        assert "key/k/requests" in second.tally.notes["gave_up"]

    run(scenario())


@pytest.mark.parametrize("grouped_by", ["customer", "model"])
def test_a_fallback_of_a_group_that_shares_its_counter_does_not_claim_it_twice(grouped_by: str) -> None:
    """One place among all that share it is enough for a request, whoever answers it: it is not in its own way."""

    async def scenario() -> None:
        snapshot = shop(model("first"), model("m", fallbacks=("n",)), model("n"))
        of = limit(Unit.REQUESTS, 1, calendar=Calendar.DAY, group_by=(grouped_by,), most_groups=1)
        at = house(snapshot, of, script=Script(status=500))

        async def tried(customer: bytes, name: str) -> list[str]:
            call = ask(snapshot, name)
            with pytest.raises(Fault):
                await at.serve(msgspec.structs.replace(call, headers={**call.headers, b"x-headworks-customer": customer}))
            return [each.target for each in at.journal.ended[-1].tried]

        assert await tried(b"first", "first") == ["first/x"]
        assert await tried(b"second", "m") == ["m/x", "n/x"]
        assert [account.held for account in at.counters.accounts() if account.shared] == [0]

    run(scenario())


def test_a_limit_in_another_currency_refuses_instead_of_being_skipped() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, limit(Unit.COST, 10**12, currency="EUR", budget=True))
        assert (await refusal(at, ask(snapshot))).code == "currency_mismatch"

    run(scenario())


def test_each_customer_has_a_counter_of_its_own() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, limit(Unit.REQUESTS, 1, calendar=Calendar.DAY, group_by=("customer",)))

        def of(customer: bytes) -> Call:
            call = ask(snapshot)
            return msgspec.structs.replace(call, headers={**call.headers, b"x-headworks-customer": customer})

        for customer in (b"a", b"b", b"a/2026-01-01", b"1:a"):
            await at.serve(of(customer))
        assert (await refusal(at, of(b"a"))).code == "rate_limit_exceeded"

    run(scenario())


@given(st.integers(0, 2000), st.integers(0, 3000), st.integers(0, 2000))
def test_what_is_set_aside_covers_whatever_comes_of_it(reads: int, writes_cache: int, answers: int) -> None:
    """Cache writes, a dearer tier, a dearer service tier: the price of what is used is never above the bound on it."""
    from headworks.domain.money import PriceVariant, Tier  # noqa: PLC0415 - of this test alone
    from headworks.domain.usage import Usage  # noqa: PLC0415

    card = PriceCard(
        input=Rate(10**9, (Tier(1000, 2 * 10**9),)),
        output=Rate(4 * 10**9),
        cache_write=Rate(3 * 10**9),
        variants=(PriceVariant({"service_tier": "priority"}, {"output": Rate(9 * 10**9)}),),
    )
    snapshot = shop(model("m", price=card))
    call = sample_call("x" * 4000, model="m", snapshot=snapshot, ask=Ask(model=AskedModel("m"), max_tokens=2000))
    plan = Planner().plan(call, snapshot.models[AskedModel("m")])
    bound = reservation(call, plan).nanos(plan)
    usage = Usage(input=reads + writes_cache, cache_write=writes_cache, output=answers)
    for tier in ({}, {"service_tier": "priority"}):
        assert card.under(tier).exact(usage) <= bound * 1_000_000


class SlowCounters:
    """Counters that take turns of the loop to answer, before and after they decide: shared ones, as the journey sees them."""

    def __init__(self, turns: int) -> None:
        self.memory = MemoryCounters(FrozenClock())
        self._turns = turns
        self._void: set[str] = set()
        self._settling: set[asyncio.Task[None]] = set()

    def grant(self, call_id: str, claims: tuple[Claim, ...]) -> MemoryHold | None:  # noqa: ARG002 - the port's signature
        return None

    async def reserve(self, call_id: str, claims: tuple[Claim, ...]) -> MemoryHold:
        deciding = asyncio.create_task(self._decide(call_id, claims))
        self._settling.add(deciding)  # type: ignore[arg-type] - kept alive, whatever it gives
        hold = await asyncio.shield(deciding)
        for _ in range(self._turns):
            await asyncio.sleep(0)
        return hold

    async def _decide(self, call_id: str, claims: tuple[Claim, ...]) -> MemoryHold:
        for _ in range(self._turns):
            await asyncio.sleep(0)
        hold = await self.memory.reserve(call_id, claims)
        if call_id in self._void:
            self.memory.release(call_id)
        return hold

    def release(self, call_id: str) -> None:
        self._void.add(call_id)
        self.memory.release(call_id)

    def correct(self, call_id: str, actual: dict[str, int]) -> None: ...

    def restore(self, spent: dict[str, int]) -> None: ...


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 4))
def test_cancelled_at_any_turn_of_a_slow_reservation_nothing_stays_held(at: int, turns: int) -> None:
    """Also where the counters have decided and nobody was left to hear it."""

    async def scenario() -> None:
        counters = SlowCounters(turns)
        snapshot = shop(model("m"))
        principal = Principal(id="k", limits=(limit(Unit.CONCURRENT, 5), limit(Unit.COST, 10**12, budget=True)))
        stage = Limits(counters)  # type: ignore[arg-type] - a fake
        call = sample_call(model="m", snapshot=snapshot, principal=principal)
        call = msgspec.structs.replace(call, plan=Planner().plan(call, snapshot.models[AskedModel("m")]))

        async def proceed(_: Call) -> Reply:
            await asyncio.sleep(0)
            return Reply.of(200, [], b"")

        from headworks.domain.outcome import Ending, Outcome  # noqa: PLC0415 - of this test alone

        task = asyncio.ensure_future(stage(call, proceed))
        for _ in range(at):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        call.closing.close(Outcome(Ending.CLIENT_GONE, 499))
        for _ in range(20):
            await asyncio.sleep(0)
        assert counters.memory.open_holds == 0
        assert {account.held for account in counters.memory.accounts()} <= {0}

    run(scenario())


def test_what_an_answer_costs_beyond_what_was_set_aside_is_charged_and_recorded() -> None:
    """A provider that counts more than the question has bytes: the budget is passed by that sum and no more, and the record says so."""

    async def scenario() -> None:
        snapshot = shop(model("m"))
        call = ask(snapshot, max_tokens=50)
        at = house(snapshot, limit(Unit.COST, 2_000_000, budget=True), script=Script(pieces=(b"hello usage:9000,50\n",)))
        (await at.serve(call)).start(CollectingSink())
        for _ in range(20):
            await asyncio.sleep(0)
        (record,) = at.journal.ended
        (account,) = at.counters.accounts()
        assert (record.price, account.spent, account.held) == (9_050_000, 9_050_000, 0)
        assert record.overrun == 9_050_000 - call.tally.reserved_nanos
        assert (await refusal(at, ask(snapshot, max_tokens=50))).code == "project_spend_limit_exceeded"

    run(scenario())
