"""What goes wrong in other gateways' limits, each shown not to happen here."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.domain.body import Whole
from headworks.domain.errors import Fault
from headworks.domain.kind import BY_ID, HEARING, UPLOADS, Kind
from headworks.domain.limits import Calendar, Exceeded, Unit, period_at
from headworks.domain.money import PriceCard
from headworks.domain.principal import Principal
from headworks.domain.snapshot import CacheSettings, Model
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from headworks.edge.forms.body import FormBody
from headworks.edge.forms.spool import Room
from headworks.edge.routes import ROUTES, Route
from headworks.stores.memory import MemoryCounters
from headworks.testing import CollectingSink, FrozenClock, Script, ScriptedUpstream, sample_target
from headworks.testing.emulator.forms import File
from tests.edge.test_forms import TYPE, written
from tests.journey.plain import House

from .making import claim, limit, run
from .shop import DOLLARS, ask, house, model, shop

MINUTE = 60.0


def test_a_request_refused_for_its_tokens_burns_no_request() -> None:
    """Elsewhere a limiter counts the request first and looks at tokens afterwards: who is refused often is then refused for asking."""

    async def scenario() -> None:
        requests, tokens = limit(Unit.REQUESTS, 10, seconds=MINUTE), limit(Unit.TOKENS, 100, seconds=MINUTE)
        counters = MemoryCounters(FrozenClock())
        await counters.reserve("first", (claim(requests), claim(tokens, 100)))
        for number in range(50):
            with pytest.raises(Exceeded):
                await counters.reserve(f"refused {number}", (claim(requests), claim(tokens, 1)))
        for number in range(9):
            await counters.reserve(f"other {number}", (claim(requests),))

    run(scenario())


def test_a_request_that_no_provider_answers_burns_no_request() -> None:
    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, limit(Unit.REQUESTS, 1, seconds=MINUTE), script=Script(status=500))
        for _ in range(5):
            with pytest.raises(Fault) as failed:
                await at.serve(ask(snapshot))
            assert failed.value.code == "upstream_error"

    run(scenario())


def test_slots_are_not_leaked_by_callers_that_hang_up() -> None:
    """Elsewhere a cancelled request keeps its place among the parallel ones, until nobody may ask."""

    async def scenario() -> None:
        snapshot = shop(model("m"))
        principal = Principal(id="k", limits=(limit(Unit.CONCURRENT, 2),))
        at = House(snapshot, ScriptedUpstream([Script.silent()] * 50), principal=principal)
        for number in range(20):
            task = asyncio.create_task(at.serve(ask(snapshot)))
            for _ in range(number):
                await asyncio.sleep(0)
            task.cancel("client_gone")
            await asyncio.wait([task])
        assert at.account() == (0, 0, 0)

    run(scenario())


def test_tokens_and_requests_have_windows_of_their_own() -> None:
    """Elsewhere the token counter lives under the request counter's key, and lives or dies with it."""

    async def scenario() -> None:
        clock = FrozenClock()
        counters = MemoryCounters(clock)
        requests, tokens = limit(Unit.REQUESTS, 1, seconds=1.0), limit(Unit.TOKENS, 60, seconds=MINUTE)
        await counters.reserve("a", (claim(requests), claim(tokens, 60)))
        clock.advance(1.0)
        await counters.reserve("b", (claim(requests),))
        with pytest.raises(Exceeded) as refused:
            await counters.reserve("c", (claim(tokens, 10),))
        assert refused.value.retry_after == 9.0

    run(scenario())


def test_a_budget_is_not_raced() -> None:
    """Elsewhere spend is read before the request and written after it: as many pass as come at once."""

    async def scenario() -> None:
        snapshot = shop(model("m", max_output=100))
        one = (len(ask(snapshot, max_tokens=100).body.data) + 1024 + 100) * 1000
        budget = limit(Unit.COST, one * 3 + one // 2, budget=True)
        at = House(snapshot, ScriptedUpstream([Script.silent()] * 50), principal=Principal(id="k", limits=(budget,)))
        tasks = [asyncio.create_task(at.serve(ask(snapshot, max_tokens=100))) for _ in range(50)]
        for _ in range(20):
            await asyncio.sleep(0)
        refused = [task.exception() for task in tasks if task.done()]
        assert len(tasks) - len(refused) == 3
        assert {fault.code for fault in refused if isinstance(fault, Fault)} == {"spend_set_aside"}
        for task in tasks:
            task.cancel("client_gone")
        await asyncio.wait(tasks)
        assert at.account() == (0, 0, 0)

    run(scenario())


def test_an_answer_under_way_is_charged_to_the_period_it_began_in() -> None:
    """Elsewhere a request over midnight is taken off yesterday's counter and put on today's, or on none."""

    async def scenario() -> None:
        clock = FrozenClock()
        counters = MemoryCounters(clock)
        day = limit(Unit.TOKENS, 100, calendar=Calendar.DAY)
        today = period_at(Calendar.DAY, "UTC", clock.wall_ns())
        hold = await counters.reserve("x", (claim(day, 60, counter=today.name, ends_at=today.ends_at),))
        clock.advance(86_400.0)
        tomorrow = period_at(Calendar.DAY, "UTC", clock.wall_ns())
        await counters.reserve("y", (claim(day, 100, counter=tomorrow.name, ends_at=tomorrow.ends_at),))
        hold.settle(Usage(input=10, output=20), 0, counts=True)
        spent = {account.claim.counter: account.spent for account in counters.accounts()}
        assert spent == {today.name: 30, tomorrow.name: 0}

    run(scenario())


def test_limits_of_two_tenants_teams_of_one_name_are_two() -> None:
    async def scenario() -> None:
        counters = MemoryCounters(FrozenClock())
        ours = limit(Unit.REQUESTS, 1, calendar=Calendar.DAY, id="team/research/daily", owner="team_a", rule="daily")
        theirs = limit(Unit.REQUESTS, 1, calendar=Calendar.DAY, id="team/research/daily", owner="team_b", rule="daily")
        await counters.reserve("a", (claim(ours),))
        await counters.reserve("b", (claim(theirs),))
        with pytest.raises(Exceeded):
            await counters.reserve("c", (claim(ours),))

    run(scenario())


def test_ten_that_ask_without_a_cap_are_not_told_that_the_money_is_gone() -> None:
    """One without `max_tokens` may hold all that is left: the others are told to ask again soon, not that the quota is spent."""

    async def scenario() -> None:
        snapshot = shop(model("m", max_output=100_000))
        at = House(
            snapshot,
            ScriptedUpstream([Script.silent()] * 50),
            principal=Principal(id="k", limits=(limit(Unit.COST, 10**7, budget=True),)),
        )
        tasks = [asyncio.create_task(at.serve(ask(snapshot))) for _ in range(10)]
        for _ in range(20):
            await asyncio.sleep(0)
        faults = [task.exception() for task in tasks if task.done()]
        assert len(faults) == 9
        for fault in faults:
            assert isinstance(fault, Fault)
            assert (fault.code, fault.row.retry, fault.retry_after) == ("spend_set_aside", "yes", 1.0)
        for task in tasks:
            task.cancel("client_gone")
        await asyncio.wait(tasks)

    run(scenario())


def test_the_limits_of_a_price_are_those_of_the_dearest_target() -> None:
    async def scenario() -> None:
        cheap, dear = sample_target("a/x", price=DOLLARS), sample_target("b/x")
        snapshot = shop(Model(name=AskedModel("m"), targets=(cheap, dear)))
        call = ask(snapshot, max_tokens=100)
        at = house(snapshot, limit(Unit.COST, 10**12, budget=True))
        await at.serve(call)
        assert call.tally.reserved_nanos >= (len(call.body.data) + 1024) * 1000 + 100 * 2000

    run(scenario())


FEEDBACK = Whole(b'{"request_id": "%032x", "score": 1}' % 1)
ASKING = [route for route in ROUTES if route.method == b"POST" and route.kind not in BY_ID]


@pytest.mark.parametrize("route", ASKING, ids=lambda route: route.path.decode())
def test_no_endpoint_is_a_way_round_the_limits(route: Route) -> None:
    """Elsewhere what holds for one endpoint is forgotten for the next: here all that is served is one journey's."""

    async def scenario() -> None:
        snapshot = shop(model("m"))
        at = house(snapshot, limit(Unit.REQUESTS, 1, calendar=Calendar.DAY))
        for code in ("", "rate_limit_exceeded"):
            asked = ask(snapshot, query="q", documents=["d"]) if route.kind is Kind.RERANK else ask(snapshot)
            body = _upload(route.kind) if route.kind in UPLOADS else FEEDBACK if route.kind is Kind.FEEDBACK else asked.body
            call = msgspec.structs.replace(asked, kind=route.kind, front=route.front.name, body=body)
            refused = await asyncio.gather(at.serve(call), return_exceptions=True)
            assert [fault.code for fault in refused if isinstance(fault, Fault)] == [code] * bool(code)

    run(scenario())


def _upload(kind: Kind) -> FormBody:
    """What somebody sends who wants a recording made into text, or a picture changed."""
    name, file = (
        ("file", File("a.mp3", "audio/mpeg", bytes(100))) if kind in HEARING else ("image", File("a.png", "image/png", b"p"))
    )
    body = FormBody(TYPE, 1000, 1000, Room(1 << 30))
    body.add(written([("model", b"m"), ("prompt", b"A weir."), (name, file)]))
    body.finish()
    return body


@pytest.mark.parametrize("name", [b"x-headworks-session", b"x-headworks-customer"])
def test_the_first_requests_of_somebody_new_do_not_race(name: bytes) -> None:
    """Elsewhere the counter of a new session or customer is made after its first requests were let pass: as many as came at once."""

    async def scenario() -> None:
        snapshot = shop(model("m", max_output=100))
        each = limit(Unit.OUTPUT_TOKENS, 350, calendar=Calendar.DAY, group_by=(name.decode().removeprefix("x-headworks-"),))
        at = House(snapshot, ScriptedUpstream([Script.silent()] * 50), principal=Principal(id="k", limits=(each,)))

        async def one() -> None:
            call = ask(snapshot, max_tokens=100)
            await at.serve(msgspec.structs.replace(call, headers={**call.headers, name: b"new"}))

        tasks = [asyncio.create_task(one()) for _ in range(50)]
        for _ in range(20):
            await asyncio.sleep(0)
        assert sum(not task.done() for task in tasks) == 3
        for task in tasks:
            task.cancel("client_gone")
        await asyncio.wait(tasks)
        assert at.account() == (0, 0, 0)

    run(scenario())


def test_a_spent_budget_keeps_nobody_from_what_costs_nothing() -> None:
    """Elsewhere who has spent everything may not ask a model that is free either."""

    async def scenario() -> None:
        snapshot = shop(model("m", max_output=100), model("free", price=PriceCard()))
        at = house(snapshot, limit(Unit.COST, 1, budget=True))
        with pytest.raises(Fault):
            await at.serve(ask(snapshot))
        assert (await at.serve(ask(snapshot, "free"))).status == 200

    run(scenario())


def test_an_answer_from_memory_gives_its_place_back() -> None:
    """Elsewhere answers that come from a cache pass by whoever counts the end of a request."""

    async def scenario() -> None:
        snapshot = msgspec.structs.replace(shop(model("m")), cache=CacheSettings(enabled=True))
        at = house(snapshot, limit(Unit.CONCURRENT, 1))
        for remembered in ("miss", "hit", "hit"):
            call = ask(snapshot)
            reply = await at.serve(call)
            reply.start(CollectingSink())
            for _ in range(5):
                await asyncio.sleep(0)
            assert call.tally.cache == remembered
            assert at.account() == (0, 0, 0)

    run(scenario())
