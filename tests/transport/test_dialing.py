"""Which address of a host is used, how long one may keep us, and that what loses the race is closed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import pytest

from headworks.domain.target import Origin
from headworks.transport import connect
from headworks.transport.connect import Address
from tests.transport.house import OK, request, upstream
from tests.transport.looped import looped, turns, until
from tests.transport.raw_server import answering, serving
from tests.transport.recorder import Recorder

FIRST: Address = (socket.AF_INET6, ("::1", 1))
SECOND: Address = (socket.AF_INET, ("127.0.0.1", 2))
THIRD: Address = (socket.AF_INET, ("127.0.0.1", 3))


class Race:
    """Attempts in our hands: each waits until it is told how to end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stagger: float = 0.01) -> None:
        self.attempts: dict[Address, asyncio.Future[socket.socket]] = {}
        self.stubborn = False
        monkeypatch.setattr(connect, "_connect", self.connect)
        monkeypatch.setattr(connect, "STAGGER", stagger)

    async def connect(self, address: Address) -> socket.socket:
        future = self.attempts[address] = asyncio.get_running_loop().create_future()
        return await (asyncio.shield(future) if self.stubborn else future)

    def succeed(self, address: Address) -> socket.socket:
        sock = socket.socket(address[0])
        self.attempts[address].set_result(sock)
        return sock

    def fail(self, address: Address, error: OSError) -> None:
        self.attempts[address].set_exception(error)

    def begun(self, *addresses: Address) -> Callable[[], bool]:
        return lambda: list(self.attempts) == list(addresses)


def run(*addresses: Address) -> asyncio.Task[socket.socket]:
    return asyncio.get_running_loop().create_task(connect._first_to_answer(addresses))


@looped
async def test_an_address_that_does_not_answer_keeps_us_only_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch)
    running = run(FIRST, SECOND)
    await until(race.begun(FIRST, SECOND))
    sock = race.succeed(SECOND)
    assert await running is sock
    await turns()
    assert race.attempts[FIRST].cancelled()
    sock.close()


@looped
async def test_an_address_that_refuses_keeps_us_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch, stagger=1000.0)
    running = run(FIRST, SECOND)
    await until(race.begun(FIRST))
    race.fail(FIRST, ConnectionRefusedError())
    await until(race.begun(FIRST, SECOND))
    race.succeed(SECOND).close()
    await running


@looped
async def test_the_first_address_may_still_win(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch)
    running = run(FIRST, SECOND)
    await until(race.begun(FIRST, SECOND))
    sock = race.succeed(FIRST)
    assert await running is sock
    sock.close()


@looped
async def test_two_winners_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch)
    running = run(FIRST, SECOND)
    await until(race.begun(FIRST, SECOND))
    kept, surplus = race.succeed(FIRST), race.succeed(SECOND)
    assert await running is kept
    await turns()
    assert surplus.fileno() == -1
    kept.close()


@looped
async def test_where_none_answers_the_first_ones_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch)
    running = run(FIRST, SECOND, THIRD)
    await until(race.begun(FIRST, SECOND, THIRD))
    race.fail(SECOND, OSError("second"))
    race.fail(FIRST, OSError("first"))
    race.fail(THIRD, OSError("third"))
    with pytest.raises(OSError, match="first"):
        await running


@looped
async def test_a_cancelled_race_closes_what_comes_in_late(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch)
    running = run(FIRST, SECOND)
    await until(race.begun(FIRST, SECOND))
    late = race.succeed(SECOND)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        (await running).close()
    await turns()
    assert late.fileno() == -1
    assert race.attempts[FIRST].cancelled()


@looped
async def test_families_alternate(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    six, four = socket.AF_INET6, socket.AF_INET
    hosts = [(six, ("a", 1)), (six, ("b", 1)), (six, ("b", 1)), (four, ("c", 1))]

    async def found(
        *_: object, **__: object
    ) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
        return [(family, socket.SOCK_STREAM, 6, "", address) for family, address in hosts]

    class Resolving:
        getaddrinfo = staticmethod(found)

    monkeypatch.setattr(connect.asyncio, "get_running_loop", Resolving)
    addresses = await connect._resolve("host", 1)
    monkeypatch.undo()
    assert asyncio.get_running_loop() is loop
    assert [where[0] for _, where in addresses] == ["a", "c", "b"]


@looped
async def test_a_name_with_an_address_nobody_serves() -> None:
    """`localhost` is often ::1 first, where our server does not listen."""
    async with serving(answering(OK)) as server, upstream() as up:
        told = Recorder()
        await up.open(request(Origin("http", "localhost", server.port)), told)
        assert (await told.end()).done
