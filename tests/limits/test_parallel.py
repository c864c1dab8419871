"""Two hundred clients at one key at once, some of which hang up, on providers some of which fail: nothing is over-admitted or leaked."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.limits import Calendar, Limit, Unit
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.usage import Usage
from headworks.ports.upstream import Outgoing
from headworks.testing import CollectingSink, Script, ScriptedUpstream, seeded
from tests.journey.plain import House

from .making import limit
from .shop import ask, model, shop

CLIENTS = 200
AT_ONCE, PER_MINUTE = 40, 250
BUDGET = 60_000_000
FAULTS_MET = {"", "client_gone", "severed", "concurrency_limit_exceeded"}


def tokens(usage: Usage) -> int:
    return usage.input + usage.output


class Storm:
    """One run: its clients, and what was seen of the limits while it raged."""

    def __init__(self, seed: int, requests: int, tokens: int) -> None:
        self.chance = seeded(seed)
        self.snapshot: Snapshot = shop(*self._models())
        self.limits: dict[str, Limit] = {
            "at once": limit(Unit.CONCURRENT, AT_ONCE),
            "requests": limit(Unit.REQUESTS, PER_MINUTE, seconds=60.0),
            "tokens": limit(Unit.TOKENS, tokens, seconds=60.0),
            "budget": limit(Unit.COST, BUDGET, calendar=Calendar.MONTH, budget=True),
            "customers": limit(Unit.REQUESTS, requests, calendar=Calendar.DAY, group_by=("customer",)),
        }
        principal = Principal(id="k", name="k", limits=tuple(self.limits.values()))
        self.house = House(self.snapshot, ScriptedUpstream(self._script), principal=principal)
        self.requests = requests
        self.tokens = tokens
        self.most_at_once = 0

    def _models(self) -> tuple[Model, ...]:
        return model("m", fallbacks=("n",), max_output=200), model("n", max_output=200)

    def _script(self, _: Outgoing) -> Script:
        read, written = self.chance.randint(1, 30), self.chance.randint(0, 260)
        usage = f"usage:{read},{written}"
        good = Script.sse("one", *["more"] * self.chance.randint(0, 9), usage, "[DONE]")
        bad = (
            Script.sse("one", fault=Fault("severed", "cut")),
            Script(status=500),
            Script.unreachable(Fault("connect_refused", "no")),
            Script.sse("one", stays_open=True),
        )
        return self.chance.choice((good,) * 8 + bad)

    async def client(self, number: int) -> None:
        for _ in range(self.requests):
            call = ask(self.snapshot, stream=True, max_tokens=self.chance.choice((50, 200)))
            headers = {**call.headers, b"x-headworks-customer": b"customer %d" % number}
            await self._one(msgspec.structs.replace(call, headers=headers))
            self.house.clock.advance(self.chance.random() * 0.002)

    async def _one(self, call: Call) -> None:
        task = asyncio.create_task(self.house.serve(call))
        patience = self.chance.randint(1, 40)
        for _ in range(patience):
            await asyncio.sleep(0)
            self._look()
            if task.done():
                break
        else:
            task.cancel("client_gone")
        await asyncio.wait([task])
        if task.cancelled() or task.exception() is not None:
            for _ in range(self.chance.randint(0, 60)):
                await asyncio.sleep(0)
            return
        reply = task.result()
        reply.start(CollectingSink())
        for _ in range(self.chance.randint(0, 10)):
            await asyncio.sleep(0)
        reply.abandon(Outcome(Ending.CLIENT_GONE, 499, "client_gone"))

    def _look(self) -> None:
        for account in self.house.counters.accounts():
            of = account.claim.limit
            if of.unit is Unit.CONCURRENT:
                assert 0 <= account.held <= of.amount
                self.most_at_once = max(self.most_at_once, account.held)
            elif of.unit is Unit.COST:
                overrun = sum(record.overrun for record in self.house.journal.ended)
                assert account.held >= 0
                assert account.spent + account.held <= BUDGET + overrun

    async def rage(self) -> None:
        start = self.house.clock.now()
        await asyncio.gather(*(self.client(number) for number in range(CLIENTS)))
        self._afterwards(self.house.clock.now() - start)

    def _afterwards(self, seconds: float) -> None:
        ended = self.house.journal.ended
        assert len(ended) == CLIENTS * self.requests
        assert self.house.account() == (0, 0, 0)
        counted = [record for record in ended if record.ending not in ("refused", "failed")]
        assert len(counted) <= PER_MINUTE + PER_MINUTE * seconds / 60 + 1
        reserved = {begin.id: begin.reserved for begin in self.house.journal.begun}
        beyond = sorted(tokens(record.usage) - tokens(reserved[record.id]) for record in counted)[-AT_ONCE:]
        in_flight = sum(
            more for more in beyond if more > 0
        )  # what the last ones came to use beyond what was set aside for them
        assert sum(tokens(record.usage) for record in counted) <= self.tokens + self.tokens * seconds / 60 + in_flight
        sums = {account.claim.limit.rule: account.spent for account in self.house.counters.accounts()}
        assert sums["cost"] == sum(record.price for record in ended)
        assert sums["cost"] <= BUDGET + sum(record.overrun for record in ended)
        assert self.most_at_once == AT_ONCE


@pytest.mark.parametrize(
    ("seed", "tokens", "bites"),
    [(1, 30_000, {"rate_limit_exceeded", "spend_set_aside"}), (2, 14_000, {"token_limit_exceeded"})],
)
def test_two_hundred_clients_never_pass_a_limit_and_leave_nothing_held(seed: int, tokens: int, bites: set[str]) -> None:
    """Counters and journal agree to the nano-unit; spend passes the budget by no more than the recorded overrun."""
    storm = Storm(seed, requests=5, tokens=tokens)
    asyncio.run(storm.rage())
    assert {record.fault for record in storm.house.journal.ended} >= FAULTS_MET | bites


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_clients_for_long(seed: int) -> None:
    storm = Storm(100 + seed, requests=50, tokens=30_000)
    asyncio.run(storm.rage())
    records = storm.house.journal.ended
    print(
        f"{len(records)} requests, {sum(record.ending == 'refused' for record in records)} refused, "
        f"overrun {sum(record.overrun for record in records)} nano-units"
    )
