"""One gateway's worth of callers, as a process that can be killed: `python -m tests.valkey.client ADDRESS NAME SEED`.

Its callers go on until its standard input ends.

It keeps a journal on standard output, one line a fact, each written before the next thing is done: what was granted, and what was used.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time

import msgspec

from headworks.domain.errors import Fault
from headworks.domain.limits import Claim, Limit, Unit
from headworks.domain.usage import Usage
from headworks.ports.stores import Hold
from headworks.stores.valkey import Settings, ValkeyCounters, World, read_address
from headworks.wiring.clock import SystemClock

CLOCK = SystemClock()
CALLERS = 16
BUDGET = Limit(id="fleet/budget", owner="fleet", rule="budget", unit=Unit.COST, amount=4 * 10**9, budget=True)
TPM = Limit(id="fleet/tpm", owner="fleet", rule="tpm", unit=Unit.TOKENS, amount=30_000, seconds=2.0)
RPM = Limit(id="fleet/rpm", owner="fleet", rule="rpm", unit=Unit.REQUESTS, amount=600, seconds=2.0)
AT_ONCE = Limit(id="fleet/at-once", owner="fleet", rule="at-once", unit=Unit.CONCURRENT, amount=10)


class Fact(msgspec.Struct, omit_defaults=True):
    """A line of the journal. Times are of the machine's monotonic clock."""

    kind: str
    at: float
    call: str = ""
    cost: int = 0
    tokens: int = 0
    requests: int = 0
    code: str = ""


def note(fact: Fact) -> None:
    """Written at once, so that a killed process has said all it did."""
    os.write(1, msgspec.json.encode(fact) + b"\n")


async def call(counters: ValkeyCounters, call_id: str, chance: random.Random) -> None:
    """A request: some are cancelled while they wait, some fail upstream, most end well."""
    cost, tokens = chance.randrange(1, 4 * 10**6), chance.randrange(1, 200)
    claims = tuple(
        Claim(limit, limit.stem, amount) for limit, amount in ((BUDGET, cost), (TPM, tokens), (RPM, 1), (AT_ONCE, 1))
    )
    asking = asyncio.ensure_future(counters.reserve(call_id, claims))
    if chance.random() < 0.1:
        await asyncio.sleep(0)
        asking.cancel()
    try:
        hold = await asking
    except asyncio.CancelledError:
        counters.release(call_id)
    except Fault as refusal:
        note(Fact("refused", time.monotonic(), call_id, code=refusal.code))
        await CLOCK.sleep(0.002)
    else:
        await serve(hold, call_id, chance)


async def serve(hold: Hold, call_id: str, chance: random.Random) -> None:
    """From the grant to the settlement."""
    held = {claim.limit.rule: claim.amount for claim in hold.claims}
    note(Fact("begin", time.monotonic(), call_id, cost=held["budget"]))
    await CLOCK.sleep(chance.random() * 0.01)
    failed = chance.random() < 0.2
    used = 0 if failed else chance.randrange(held["budget"] + 1)
    tokens = 0 if failed else chance.randrange(held["tpm"] + 1)
    note(Fact("end", time.monotonic(), call_id, cost=used, tokens=tokens, requests=int(not failed)))
    hold.settle(Usage(input=tokens), used, counts=not failed)


async def main(address: str, name: str, seed: int) -> None:
    """Callers until told to end, then in good order."""
    chance = random.Random(seed)  # noqa: S311 - the same callers each time
    settings = Settings(address=read_address(address), process=name, patience=1.0, share=0.0)
    counters = ValkeyCounters(settings, World(clock=CLOCK, chance=random.Random(), say=lambda _: None))  # noqa: S311 - a name
    assert await counters.open(10)
    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, told.set)

    async def caller(number: int) -> None:
        calls = 0
        while not told.is_set():
            calls += 1
            await call(counters, f"{name}-{number}-{calls}", chance)

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    status = counters.status
    await counters.close()
    note(Fact("status", time.monotonic(), code=f"alone={status.unchecked} timeouts={status.timeouts}"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
