"""Answers that gateways keep, in memory and in SQL: found by their tenants alone, sealed, and forgotten in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from sqlalchemy import insert, select, update

from headworks.domain.errors import Fault
from headworks.domain.kept import KEPT_SECONDS, Kept
from headworks.ports.records import EVERYWHERE
from headworks.stores.memory import MemoryShelf
from headworks.stores.responses import SealedResponses
from headworks.stores.sql.customers import SqlCustomers
from headworks.stores.sql.engine import Database
from headworks.stores.sql.schema import CUSTOMERS, RESPONSES
from headworks.stores.sql.shelf import SqlShelf
from headworks.stores.sql.tidying import tidy
from headworks.testing.clock import FrozenClock
from tests.sql.conftest import Ready
from tests.sql.house import AUDIT, house

KEY, OTHER = bytes(32), bytes([1] * 32)
SECRET = b"the tenant's own words"
CUSTOMER = f"cus_{'0' * 24}"
_HOUR = 3600 * 10**9


def kept(id_: str = "resp_hw1", at: int = 0, customer: str = "", size: int = 0) -> Kept:
    """An answer of a tenant's."""
    response = msgspec.Raw(msgspec.json.encode({"id": id_, "output": [SECRET.decode(), "x" * size]}))
    return Kept(
        id=id_, at=at, customer=customer, response=response, items=(msgspec.Raw(b'{"role":"user"}'), msgspec.Raw(b"{}"))
    )


@asynccontextmanager
async def in_sql(url: str) -> AsyncGenerator[tuple[SqlShelf, Database, FrozenClock]]:
    async with house(url) as there:
        shelf = SqlShelf(there.database, there.clock, lambda _: None)
        yield shelf, there.database, there.clock
        await shelf.close()


Written = Callable[[], Awaitable[None]]
Scenario = Callable[[SealedResponses, FrozenClock, Written], Awaitable[None]]


async def _at_once() -> None:
    """Memory has nothing to wait for."""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def on_each(request: pytest.FixtureRequest, ready: Ready) -> Callable[[Scenario], None]:
    """Runs a scenario on every kind of shelf; what SQL keeps is found without help of what is waiting."""
    url = "" if request.param == "memory" else ready(request.param)

    async def run(scenario: Scenario) -> None:
        if not url:
            clock = FrozenClock()
            await scenario(SealedResponses(MemoryShelf(clock), [KEY]), clock, _at_once)
            return
        async with in_sql(url) as (shelf, _, clock):
            await scenario(SealedResponses(shelf, [KEY]), clock, shelf.close)

    return lambda scenario: asyncio.run(run(scenario))


def test_it_is_found_by_its_tenant_alone_and_until_it_is_forgotten(on_each: Callable[[Scenario], None]) -> None:
    async def scenario(responses: SealedResponses, clock: FrozenClock, written: Written) -> None:
        made = kept(at=clock.wall_ns())
        responses.keep("a", made)

        assert await responses.find("a", made.id) == made
        await written()
        assert await responses.find("a", made.id) == made
        for tenant, id_ in (("b", made.id), ("a", "resp_hw2"), ("", made.id), ("ar", made.id[1:])):
            assert await responses.find(tenant, id_) is None
            assert not await responses.forget(tenant, id_)
        assert await responses.forget("a", made.id)
        assert await responses.find("a", made.id) is None
        assert not await responses.forget("a", made.id)

    on_each(scenario)


def test_its_time_comes(on_each: Callable[[Scenario], None]) -> None:
    async def scenario(responses: SealedResponses, clock: FrozenClock, written: Written) -> None:
        old, made = kept(at=clock.wall_ns() - KEPT_SECONDS * 10**9), kept("resp_hw2", at=clock.wall_ns())
        responses.keep("a", old)
        responses.keep("a", made)
        await written()

        assert await responses.find("a", old.id) is None
        assert await responses.find("a", made.id) == made

    on_each(scenario)


def test_memory_is_bounded_and_lets_the_oldest_go() -> None:
    async def scenario() -> None:
        clock = FrozenClock()
        responses = SealedResponses(MemoryShelf(clock, 5_000), [KEY])
        for number in range(10):
            responses.keep("a", kept(f"resp_hw{number}", at=clock.wall_ns(), size=1_000))
        responses.keep("a", kept("resp_hwlarge", at=clock.wall_ns(), size=10_000))

        assert [await responses.find("a", f"resp_hw{number}") for number in range(10)] == [None] * 10
        assert await responses.find("a", "resp_hwlarge") is None

    asyncio.run(scenario())


def test_what_a_former_pepper_sealed_is_still_found() -> None:
    async def scenario() -> None:
        clock = FrozenClock()
        shelf = MemoryShelf(clock)
        made = kept(at=clock.wall_ns())
        SealedResponses(shelf, [OTHER]).keep("a", made)

        assert await SealedResponses(shelf, [KEY, OTHER]).find("a", made.id) == made
        assert await SealedResponses(shelf, [KEY]).find("a", made.id) is None

    asyncio.run(scenario())


async def _sealed(url: str) -> None:
    async with in_sql(url) as (shelf, database, clock):
        made = kept(at=clock.wall_ns())
        responses = SealedResponses(shelf, [KEY])
        responses.keep("org_acme", made)
        await shelf.close()
        async with database.reading() as connection:
            (row,) = (await connection.execute(select(RESPONSES))).mappings().all()
        assert SECRET not in bytes(row["sealed"])
        assert "acme" not in f"{row['id']}{row['customer']}"
        assert await SealedResponses(SqlShelf(database, clock, lambda _: None), [KEY]).find("org_acme", made.id) == made

        async with database.writing() as connection:
            await connection.execute(update(RESPONSES).values(sealed=bytes(row["sealed"])[:-1] + b"\0"))
        assert await responses.find("org_acme", made.id) is None


def test_at_rest_it_tells_nothing_and_every_change_is_noticed(tables: str) -> None:
    asyncio.run(_sealed(tables))


async def _tidied(url: str) -> None:
    async with house(url) as there:
        now = there.clock.wall_ns()
        rows = [{"id": str(until), "sealed": b"", "until": until} for until in (now - _HOUR, now + _HOUR)]
        async with there.database.writing() as connection:
            await connection.execute(insert(RESPONSES), rows)
        assert await tidy(there.database, now) == 1
        assert await tidy(there.database, now) == 0


def test_what_is_over_is_tidied_away(tables: str) -> None:
    asyncio.run(_tidied(tables))


async def _with_customer(url: str) -> None:
    async with house(url) as there:
        shelf = SqlShelf(there.database, there.clock, lambda _: None)
        responses = SealedResponses(shelf, [KEY])
        for id_, customer in (("resp_hw1", CUSTOMER), ("resp_hw2", "")):
            responses.keep("a", kept(id_, at=there.clock.wall_ns(), customer=customer))
        await shelf.close()
        async with there.database.writing() as connection:
            await connection.execute(insert(CUSTOMERS).values(id=CUSTOMER, sealed=b""))
        await SqlCustomers(there.database, there.acts).forget(CUSTOMER, reach=EVERYWHERE, audit=AUDIT)

        assert await responses.find("a", "resp_hw1") is None
        assert await responses.find("a", "resp_hw2") is not None


def test_a_customer_that_is_forgotten_leaves_no_answers(tables: str) -> None:
    asyncio.run(_with_customer(tables))


def test_a_database_that_does_not_answer_costs_no_request_its_answer() -> None:
    """It is found while it waits; what is only in the database cannot be said, and that is said."""

    async def scenario() -> None:
        said: list[str] = []
        heard = asyncio.Event()

        def hear(words: str) -> None:
            said.append(words)
            heard.set()

        there, clock = Database("postgresql://nobody@127.0.0.1:9/none"), FrozenClock()
        shelf = SqlShelf(there, clock, hear)
        responses = SealedResponses(shelf, [KEY])
        made = kept(at=clock.wall_ns())
        responses.keep("a", made)

        assert await responses.find("a", made.id) == made
        with pytest.raises(Fault, match="responses_unavailable"):
            await responses.find("a", "resp_hw2")
        async with asyncio.timeout(20):
            await heard.wait()
        await shelf.close()
        await there.close()
        assert "answers cannot be kept just now" in said[0]

    asyncio.run(scenario())
