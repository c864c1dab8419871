"""A kept connection may have been closed by the server just as we use it: once more on a fresh one, and only then."""

from __future__ import annotations

import asyncio
import gc

import pytest

from headworks.domain.errors import Fault
from headworks.domain.target import Origin
from headworks.transport import PooledUpstream
from headworks.transport.connection import STALE_SECONDS
from tests.transport.house import OK, FakeClock, FakeDial, request, upstream
from tests.transport.looped import looped, turns, until
from tests.transport.raw_server import Peer, serving
from tests.transport.recorder import Recorder

ORIGIN = Origin("http", "upstream.test", 80)


@looped
@pytest.mark.parametrize("rude", [False, True], ids=["fin", "rst"])
async def test_a_stale_connection_is_replaced(rude: bool) -> None:  # noqa: FBT001 - pytest's parameter
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        if peer.number == 1:
            if rude:
                peer.reset()
            return
        await peer.say(OK)
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        told = Recorder()
        await up.open(request(server.origin(), b"again"), told)
        await told.end()

        assert told.done
        assert told.sent == 2, "the receiver hears that it was sent again"
        assert [sent[-5:] for sent in server.requests[1:]] == [b"again", b"again"]
        stats = up.stats()[0]
        assert (stats.stale_retries, stats.dials, stats.open) == (1, 2, 1)


@looped
async def test_a_fresh_connection_is_not_tried_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.fault.code == "upstream_reset"
        assert server.accepted == 1


@looped
async def test_it_is_tried_again_only_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.say(OK)
            await peer.request()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.fault.code == "upstream_reset"
        assert server.accepted == 2
        assert up.stats()[0].open == 0


@looped
async def test_not_after_a_byte_of_the_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await peer.say(b"H")

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.fault.code == "upstream_reset"
        assert server.accepted == 1


async def used_connection(up: PooledUpstream, dial: FakeDial) -> Recorder:
    """The receiver of a second exchange, on the connection of the first."""
    first, second = Recorder(), Recorder()
    await up.open(request(ORIGIN), first)
    dial.connections[0].data_received(OK)
    await up.open(request(ORIGIN), second)
    return second


@looped
async def test_within_a_round_trip() -> None:
    clock, dial = FakeClock(), FakeDial()
    up = PooledUpstream(clock, dial=dial)
    told = await used_connection(up, dial)
    clock.time += STALE_SECONDS / 2
    dial.connections[0].connection_lost(None)
    await until(lambda: len(dial.connections) == 2)
    dial.connections[1].data_received(OK)

    assert told.done
    await up.aclose()


@looped
@pytest.mark.parametrize("held", [False, True], ids=["read", "held"])
async def test_not_long_after_sending(held: bool) -> None:  # noqa: FBT001 - pytest's parameter
    """Who closes later than a round trip after it got the question was not stale: it may have worked on it, and bill it."""
    clock, dial = FakeClock(), FakeDial()
    up = PooledUpstream(clock, dial=dial)
    first, told = Recorder(), Recorder()
    await up.open(request(ORIGIN), first)
    dial.connections[0].data_received(OK)
    line = await up.open(request(ORIGIN), told)
    if held:
        line.pause()
    clock.time += 0.3
    if held:
        line.resume()
    dial.connections[0].connection_lost(None)

    assert told.fault.code == "upstream_reset"
    assert dial.begun == 1
    await up.aclose()


@looped
async def test_the_retry_meets_its_own_fault() -> None:
    async def refuse(number: int) -> None:
        if number == 1:
            raise Fault("connect_refused", "Nothing listens.")

    dial = FakeDial(refuse)
    up = PooledUpstream(FakeClock(), dial=dial)
    told = await used_connection(up, dial)
    dial.connections[0].connection_lost(ConnectionResetError())
    await told.end()

    assert told.fault.code == "connect_refused"
    assert told.sent == 1
    assert up.stats()[0].open == 0
    await up.aclose()


@looped
async def test_cancelling_during_the_retry_leaves_nothing() -> None:
    dialing = []

    async def never(number: int) -> None:
        if number == 1:
            dialing.append(number)
            await until(lambda: False)

    dial = FakeDial(never)
    up = PooledUpstream(FakeClock(), dial=dial)
    first, told = Recorder(), Recorder()
    await up.open(request(ORIGIN), first)
    dial.connections[0].data_received(OK)
    line = await up.open(request(ORIGIN), told)
    dial.connections[0].connection_lost(None)
    await until(lambda: bool(dialing))
    line.cancel()
    await turns()

    assert told.ending is None
    assert up.stats()[0].active == 0
    await up.aclose()


@looped
async def test_a_pause_during_the_retry_holds_the_answer() -> None:
    dial = FakeDial()
    up = PooledUpstream(FakeClock(), dial=dial)
    first, told = Recorder(), Recorder()
    await up.open(request(ORIGIN), first)
    dial.connections[0].data_received(OK)
    line = await up.open(request(ORIGIN), told)
    dial.connections[0].connection_lost(None)
    line.pause()
    await until(lambda: len(dial.connections) == 2)
    await turns()
    assert not dial.transports[1].reading
    dial.connections[1].data_received(OK)
    assert told.status == 0
    line.resume()

    assert told.done
    assert told.sent == 2
    assert dial.transports[1].reading
    await up.aclose()


@looped
async def test_closing_the_upstream_ends_a_retry() -> None:
    async def never(number: int) -> None:
        if number == 1:
            await until(lambda: False)

    dial = FakeDial(never)
    up = PooledUpstream(FakeClock(), dial=dial)
    told = await used_connection(up, dial)
    dial.connections[0].connection_lost(None)
    await turns()
    await up.aclose()
    await told.end()

    assert told.fault.code == "draining"
    assert up.stats()[0].active == 0


@looped
async def test_a_receiver_that_fails_as_its_request_is_sent_again_ends_all_the_same() -> None:
    class Failing(Recorder):
        def on_sent(self) -> None:
            if self.sent:
                raise ZeroDivisionError
            super().on_sent()

    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context["exception"]))
    dial = FakeDial()
    up = PooledUpstream(FakeClock(), dial=dial)
    told = Failing()
    await up.open(request(ORIGIN), Recorder())
    dial.connections[0].data_received(OK)
    await up.open(request(ORIGIN), told)
    dial.connections[0].connection_lost(None)
    await told.end()
    await turns()
    gc.collect()

    assert told.fault.code == "internal_error"
    assert [type(error) for error in heard] == [ZeroDivisionError]
    assert up.stats()[0].active == 0
    await up.aclose()
