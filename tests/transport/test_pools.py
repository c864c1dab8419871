"""Limits, fairness, keeping and draining. Dialing is faked, time moves by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from headworks.domain.errors import Fault, FaultClass
from headworks.domain.target import Origin, Timeouts
from headworks.transport import Keeping, PooledUpstream
from headworks.transport.line import Line
from tests.transport.house import OK, ORIGIN, FakeClock, FakeDial, request
from tests.transport.looped import looped, turns, until
from tests.transport.recorder import Recorder


class House:
    """An upstream whose connections and time are ours."""

    def __init__(self, before: Callable[[int], Awaitable[None]] | None = None, keeping: Keeping | None = None) -> None:
        self.clock = FakeClock()
        self.dial = FakeDial(before)
        self.up = PooledUpstream(self.clock, keeping, self.dial)

    def ask(self, limit: int = 1024, pool: float = 10.0, origin: Origin = ORIGIN) -> Asking:
        return Asking(self, limit, pool, origin)

    def move(self, seconds: float) -> None:
        self.clock.time += seconds
        self.up._shared.wheel.turn()

    @property
    def pool(self) -> str:
        return repr(self.up._pools[ORIGIN])


class Asking:
    """One `open` in a task of its own."""

    def __init__(self, house: House, limit: int, pool: float, origin: Origin) -> None:
        self.told = Recorder()
        asked = request(origin, timeouts=Timeouts(pool=pool), max_connections=limit)
        self.task: asyncio.Task[Line] = asyncio.get_running_loop().create_task(house.up.open(asked, self.told))

    @property
    def opened(self) -> bool:
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None

    @property
    def fault(self) -> Fault:
        error = self.task.exception()
        assert isinstance(error, Fault)
        return error


@looped
async def test_the_connection_used_last_is_used_next() -> None:
    house = House()
    for _ in range(3):
        house.ask()
    await turns()
    for connection in house.dial.connections:
        connection.data_received(OK)
    assert house.pool == "<Pool http://upstream.test:80 0 active · 3 idle · 0 waiting>"

    house.ask()
    await turns()
    assert house.dial.transports[2].written.count(b"POST") == 2
    await house.up.aclose()


@looped
async def test_origins_do_not_share() -> None:
    """Other proxies, certificates, ports or hosts are other origins."""
    house = House()
    house.ask()
    house.ask(origin=Origin("http", "upstream.test", 81))
    house.ask(origin=Origin("http", "upstream.test", 80, proxy="http://user:secret@proxy:3128"))
    await turns()
    assert [stats.active for stats in house.up.stats()] == [1, 1, 1]
    assert "secret" not in repr(house.up)
    await house.up.aclose()


@looped
async def test_the_limit_holds_and_who_waits_is_served_in_order() -> None:
    house = House()
    asking = [house.ask(limit=2) for _ in range(5)]
    await turns()
    assert [one.opened for one in asking] == [True, True, False, False, False]
    assert house.pool == "<Pool http://upstream.test:80 2 active · 0 idle · 3 waiting>"

    house.dial.connections[1].data_received(OK)
    house.dial.connections[0].data_received(OK)
    await turns()
    assert [one.opened for one in asking] == [True, True, True, True, False]
    house.dial.connections[0].data_received(OK)
    await turns()
    assert asking[4].opened
    assert house.dial.begun == 2
    await house.up.aclose()


@looped
async def test_nobody_overtakes_those_who_wait() -> None:
    """Even one that comes in the very moment a connection is given back."""
    house = House()
    first, second = house.ask(limit=1), house.ask(limit=1)
    await turns()
    house.dial.connections[0].data_received(OK)
    late = house.ask(limit=1)
    await turns()
    assert first.told.done
    assert second.opened
    assert not late.task.done()
    await house.up.aclose()
    await turns()
    assert late.fault.code == "draining"


@looped
async def test_not_even_with_a_higher_limit_of_its_own() -> None:
    house = House()
    house.ask(limit=1)
    await turns()
    waiting, greedy = house.ask(limit=1), house.ask(limit=9)
    await turns()
    assert not waiting.task.done()
    assert not greedy.task.done()
    house.dial.connections[0].data_received(OK)
    await turns()
    assert waiting.opened
    await house.up.aclose()
    await turns()
    assert greedy.fault.code == "draining"


@looped
async def test_who_is_granted_a_slot_and_cancelled_before_it_knows_gives_it_on() -> None:
    house = House()
    asking = [house.ask(limit=1) for _ in range(3)]
    await turns()
    house.dial.connections[0].data_received(OK)
    asking[1].task.cancel()
    await turns()
    assert asking[1].task.cancelled()
    assert asking[2].opened
    assert house.dial.begun == 1
    await house.up.aclose()


@looped
async def test_a_connection_that_ends_makes_room_for_a_new_one() -> None:
    house = House()
    first, second = house.ask(limit=1), house.ask(limit=1)
    await turns()
    (await first.task).cancel()
    await turns()
    assert second.opened
    assert house.dial.begun == 2
    assert house.dial.open == 1
    await house.up.aclose()


@looped
async def test_a_connection_lost_between_grant_and_use_is_replaced() -> None:
    house = House()
    first, second = house.ask(limit=1), house.ask(limit=1)
    await turns()
    house.dial.connections[0].data_received(OK)
    house.dial.connections[0].connection_lost(None)
    await turns()
    assert first.told.done
    assert second.opened
    assert house.dial.begun == 2
    assert house.pool == "<Pool http://upstream.test:80 1 active · 0 idle · 0 waiting>"
    await house.up.aclose()


@looped
async def test_waiting_ends_after_its_time() -> None:
    house = House()
    house.ask(limit=1)
    waiting = house.ask(limit=1, pool=3.0)
    patient = house.ask(limit=1, pool=9.0)
    await turns()
    house.move(3.2)
    await turns()
    assert waiting.fault.code == "pool_timeout"
    assert waiting.fault.kind is FaultClass.UNREACHABLE
    assert (
        "No connection to http://upstream.test:80 came free (for 3 s, timeouts.pool; the limit is 1)" in waiting.fault.message
    )
    assert waiting.told.ending is None
    assert not patient.task.done()
    assert house.pool == "<Pool http://upstream.test:80 1 active · 0 idle · 1 waiting>"
    house.dial.connections[0].data_received(OK)
    await turns()
    assert patient.opened
    await house.up.aclose()


@looped
async def test_the_queue_is_bounded() -> None:
    house = House(keeping=Keeping(queue=2))
    asking = [house.ask(limit=1) for _ in range(4)]
    await turns()
    assert [one.task.done() for one in asking] == [True, False, False, True]
    assert asking[3].fault.code == "pool_timeout"
    assert "and 2 more wait for one" in asking[3].fault.message
    await house.up.aclose()
    await turns()
    assert {one.fault.code for one in asking[1:3]} == {"draining"}


@looped
async def test_a_failed_dial_leaves_its_slot_to_the_next() -> None:
    async def refuse_first(number: int) -> None:
        await turns()
        if number == 0:
            raise Fault("connect_refused", "Nothing listens.")

    house = House(refuse_first)
    first, second = house.ask(limit=1), house.ask(limit=1)
    await until(second.task.done)
    assert first.fault.code == "connect_refused"
    assert second.opened
    await house.up.aclose()


@looped
async def test_a_dial_ends_after_its_time() -> None:
    async def never(_number: int) -> None:
        await asyncio.Event().wait()

    house = House(never)
    asking = house.ask()
    await turns()
    house.move(5.2)
    await turns()
    assert asking.fault.code == "connect_timeout"
    assert "within 5 s" in asking.fault.message
    assert house.pool == "<Pool http://upstream.test:80 0 active · 0 idle · 0 waiting>"
    await house.up.aclose()


@looped
async def test_only_so_many_dial_at_a_time_and_who_waits_for_that_takes_what_comes_first() -> None:
    """Be it the turn to dial or a connection given back, in the order of coming."""
    gates = [asyncio.Event() for _ in range(9)]

    async def wait(number: int) -> None:
        await gates[number].wait()

    house = House(wait, Keeping(dials=2))
    asking = [house.ask() for _ in range(5)]
    await turns()
    assert house.dial.begun == 2
    assert house.pool == "<Pool http://upstream.test:80 2 active · 0 idle · 3 waiting>"

    gates[0].set()
    await turns()
    assert house.dial.begun == 3
    assert [one.opened for one in asking] == [True, False, False, False, False]
    house.dial.connections[0].data_received(OK)
    await turns()
    assert [one.opened for one in asking] == [True, False, False, True, False]
    for gate in gates:
        gate.set()
    await turns(6)
    assert all(one.opened for one in asking)
    assert house.dial.begun == 4
    await house.up.aclose()


@looped
async def test_a_turn_to_dial_that_nobody_takes_goes_on() -> None:
    """Its taker was cancelled before it knew."""
    house = House(keeping=Keeping(dials=1))
    asking = [house.ask(limit=1) for _ in range(3)]
    await turns()
    asking[0].task.result().cancel()
    asking[1].task.cancel()
    await turns()
    assert asking[2].opened
    assert house.dial.begun == 2
    assert house.pool == "<Pool http://upstream.test:80 1 active · 0 idle · 0 waiting>"
    await house.up.aclose()


@looped
async def test_draining_lets_answers_finish_and_starts_none() -> None:
    house = House()
    idle, active, waiting = house.ask(limit=2), house.ask(limit=2), house.ask(limit=2)
    await turns()
    waiting.task.cancel()
    await turns()
    house.dial.connections[0].data_received(OK)
    assert idle.told.done

    draining = asyncio.get_running_loop().create_task(house.up.drain())
    await turns()
    assert house.dial.open == 1, "the idle one is closed"
    assert not draining.done()
    refused = house.ask()
    elsewhere = house.ask(origin=Origin("http", "elsewhere.test", 80))
    await turns()
    assert refused.fault.code == elsewhere.fault.code == "draining"

    house.dial.connections[1].data_received(OK)
    await draining
    assert active.told.done
    assert house.dial.open == 0
    await house.up.aclose()


@looped
async def test_closing_ends_everything() -> None:
    house = House()
    active, waiting = house.ask(limit=1), house.ask(limit=1)
    await turns()
    await house.up.aclose()
    await turns()
    assert active.told.fault.code == "draining"
    assert waiting.fault.code == "draining"
    assert house.dial.open == 0
    assert house.pool == "<Pool http://upstream.test:80 0 active · 0 idle · 0 waiting>"


@looped
async def test_closing_during_a_dial_leaves_no_connection() -> None:
    gate = asyncio.Event()

    async def wait(_number: int) -> None:
        await gate.wait()

    house = House(wait)
    asking = house.ask()
    await turns()
    await house.up.aclose()
    gate.set()
    await turns()
    assert asking.fault.code == "draining"
    assert house.dial.open == 0


@looped
async def test_warming_makes_idle_connections() -> None:
    house = House()
    assert await house.up.warm(ORIGIN, 3) == 3
    asking = house.ask()
    await turns()
    assert asking.opened
    stats = house.up.stats()[0]
    assert (stats.dials, stats.reuses, stats.open) == (3, 1, 3)
    house.move(55.2)
    assert stats.idle - house.up.stats()[0].idle == 2, "unused ones go after their time"
    await house.up.aclose()


@looped
async def test_warming_an_origin_that_is_down_is_no_error() -> None:
    async def refuse(_number: int) -> None:
        raise Fault("connect_refused", "Nothing listens.")

    house = House(refuse)
    assert await house.up.warm(ORIGIN, 2) == 0
    await house.up.aclose()


@looped
async def test_pools_that_nobody_uses_any_more_go_when_a_new_one_comes() -> None:
    """A configuration that changes for years must not gather pools."""
    house = House()
    for port in range(100):
        asking = house.ask(origin=Origin("http", "upstream.test", port))
        await turns()
        (await asking.task).cancel()
    assert len(house.up._pools) <= 2
    await house.up.aclose()


@looped
async def test_the_upstream_says_how_it_is() -> None:
    house = House()
    house.ask()
    await turns()
    assert repr(house.up) == "<PooledUpstream <Pool http://upstream.test:80 1 active · 0 idle · 0 waiting>>"
    await house.up.aclose()


@looped
@pytest.mark.parametrize("count", [200])
async def test_a_crowd_is_served_whole(count: int) -> None:
    """Many more requests than connections: all are answered, none twice, the limit is never passed."""
    house = House()
    asking = [house.ask(limit=7) for _ in range(count)]
    for _ in range(count):
        await turns(1)
        assert house.dial.open <= 7
        for connection in house.dial.connections:
            if connection._line is not None:
                connection.data_received(OK)
    await turns()
    assert all(one.told.done and not one.told.objections for one in asking)
    assert house.pool == "<Pool http://upstream.test:80 0 active · 7 idle · 0 waiting>"
    await house.up.aclose()
