"""Gateways' counters against a real server, and a road to it that can be slow or closed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from typing import Any, Self, TypeVar

from headworks.domain.limits import Limit, OnLoss, Unit
from headworks.ports.clock import Clock
from headworks.ports.stores import Spent
from headworks.stores.valkey import Address, Settings, ValkeyCounters, World, read_address
from headworks.stores.valkey.acts import counter_of, decode
from headworks.testing.valkey import Server
from headworks.wiring.clock import SystemClock
from tests.valkey.plain import Plain

CLOCK = SystemClock()
T = TypeVar("T")
BUDGET = Limit(id="team/budget", owner="team", rule="budget", unit=Unit.COST, amount=10**10, budget=True)
AT_ONCE = Limit(id="team/at-once", owner="team", rule="at-once", unit=Unit.CONCURRENT, amount=4)
RATE = Limit(id="team/rpm", owner="team", rule="rpm", unit=Unit.REQUESTS, amount=100, seconds=60.0)
OPEN_BUDGET = Limit(
    id="team/open-budget", owner="team", rule="open-budget", unit=Unit.COST, amount=10**10, budget=True, on_loss=OnLoss.OPEN
)
OPEN = Limit(id="team/open", owner="team", rule="open", unit=Unit.COST, amount=10**10, on_loss=OnLoss.OPEN)


@asynccontextmanager
async def counters(  # noqa: PLR0913 - all but two are rare and keyword-only
    where: Server | Address,
    process: str = "one",
    *,
    patience: float = 5.0,
    share: float = 0.05,
    spent: Spent | None = None,
    clock: Clock = CLOCK,
    heard: list[str] | None = None,
) -> AsyncGenerator[ValkeyCounters]:
    """One gateway's, open, and closed in good order."""

    async def ledger() -> Spent:
        return spent or Spent()

    address = where if isinstance(where, Address) else read_address(where.url)
    settings = Settings(address=address, process=process, patience=patience, share=share)
    chance = random.Random()  # noqa: S311 - it names generations
    made = ValkeyCounters(
        settings, World(clock=clock, chance=chance, say=([] if heard is None else heard).append, spent=ledger)
    )
    assert await made.open()
    try:
        yield made
    finally:
        await made.close()


async def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Poll until something holds."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is awaited is in another process
            await asyncio.sleep(0.005)


def at_once(asked: Coroutine[Any, Any, T]) -> T:
    """What is answered without waiting for anything."""
    try:
        asked.send(None)
    except StopIteration as done:
        return done.value
    asked.close()
    raise AssertionError("it waited")


def look(server: Server, limit: Limit) -> tuple[int, int]:
    """What the server has of a counter: spent, held; of a rate its arrival time and 0."""
    with closing(Plain(server.path)) as ask:
        generation = ask("HGET", "hw:generation", "id")
        packed = ask("GET", f"hw:{generation.decode()}:c:{limit.stem}") if generation else None
    if packed is None:
        return 0, 0
    counter = counter_of(limit, decode(packed))
    return (counter.at, 0) if limit.micros else (counter.spent, counter.held)


class Road:
    """A TCP proxy in front of the server. `delay` holds every answer back for so many seconds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.delay = 0.0
        self.port = 0
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> Address:
        return Address(host="127.0.0.1", port=self.port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(self._server.path)
        except OSError:
            writer.close()
            return
        there = asyncio.create_task(self._pump(reader, inner_writer, lambda: 0.0))
        back = asyncio.create_task(self._pump(inner_reader, writer, lambda: self.delay))
        self._tasks |= {there, back}
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        writer.close()
        inner_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: Callable[[], float]) -> None:
        while data := await reader.read(65536):
            held_back = delay()
            while held_back > 0 and self.delay:
                await asyncio.sleep(min(held_back, 0.01))
                held_back -= 0.01
            writer.write(data)


def run(test: Awaitable[None]) -> None:
    """With a deadline."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await test

    asyncio.run(bounded())
