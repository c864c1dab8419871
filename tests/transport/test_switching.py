"""Connections that change their protocol, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from headworks.domain.errors import Fault
from headworks.domain.target import Timeouts
from headworks.ports.upstream import SwitchedLine
from headworks.transport.switched import Switched
from tests.transport.house import request, upstream
from tests.transport.looped import looped, turns, until
from tests.transport.raw_server import Peer, answering, closed_port, serving
from tests.transport.recorder import Recorder

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-One: 1\r\n\r\n"


async def stuck(count: Callable[[], int]) -> None:
    """Turn the loop until nothing has been counted for many turns."""
    before, still = -1, 0
    while still < 200:
        await turns(1)
        still = still + 1 if count() == before else 0
        before = count()


@looped
async def test_both_sides_write_what_they_like_after_the_switch() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(SWITCHED + b"hel", b"lo")
        assert await peer.reader.readexactly(4) == b"\x00\r\n!"
        await peer.say(b"bye")
        peer.close()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.switch(request(server.origin(), b""), told)
        await until(lambda: told.body == b"hello")
        line.send(b"\x00\r\n!")
        await told.end()

        assert told.done
        assert told.sent == 1
        assert told.status == 101
        assert (b"upgrade", b"websocket") in told.headers
        assert told.body == b"hellobye"
        assert up.stats() == []


@pytest.mark.parametrize("cut", range(1, len(SWITCHED), 7))
def test_a_head_in_pieces_is_the_same_head(cut: int) -> None:
    @looped
    async def scenario() -> None:
        async with serving(answering(SWITCHED[:cut], SWITCHED[cut:] + b"first")) as server, upstream() as up:
            told = Recorder()
            line = await up.switch(request(server.origin(), b""), told)
            await until(lambda: told.body == b"first")
            line.cancel()

            assert (told.status, len(told.headers)) == (101, 3)

    scenario()


@looped
async def test_a_refusal_comes_as_any_answer_does() -> None:
    refusal = b'HTTP/1.1 401 No\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"no":41}'
    async with serving(answering(refusal)) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b""), told)
        await told.end()

        assert told.done
        assert (told.status, told.body) == (401, b'{"no":41}')


@looped
async def test_a_server_that_goes_before_its_head_is_a_fault() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(SWITCHED[:20])
        peer.close()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b""), told)
        await told.end()

        assert told.fault.code == "upstream_reset"


@looped
async def test_a_server_that_breaks_off_afterwards_severs() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(SWITCHED)
        await until(lambda: told.status == 101)
        peer.reset()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b""), told)
        await told.end()

        assert told.fault.code == "severed"


@looped
async def test_nobody_there_is_told_as_usual() -> None:
    async with serving(answering(b"")) as server, upstream() as up:
        origin = server.origin()
        server.port = closed_port()
        with pytest.raises(Fault) as refused:
            await up.switch(request(server.origin(), b""), Recorder())

        assert refused.value.code == "connect_refused"
        assert up.stats() == []
        assert origin.port != server.port


@looped
async def test_a_head_that_never_comes_is_waited_for_no_longer_than_a_first_byte() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b"", Timeouts(first_byte=0.05)), told)
        await told.end()

        assert told.fault.code == "first_byte_timeout"


@looped
async def test_who_pauses_gets_nothing_until_it_resumes() -> None:
    """And the server is made to wait: what is kept meanwhile is one read, whatever it sends."""
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.say(SWITCHED)
        await until(lambda: bool(told.status))
        while sent < 64_000_000:
            peer.writer.write(b"x" * 65_536)
            sent += 65_536
            await peer.writer.drain()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line: SwitchedLine = await up.switch(request(server.origin(), b""), told)
        await until(lambda: bool(told.status))
        line.pause()
        had = len(told.body)
        await stuck(lambda: sent)
        assert len(told.body) == had
        assert sent < 64_000_000
        line.resume()
        await told.end()

        assert len(told.body) == sent


@looped
async def test_an_upstream_that_does_not_keep_up_is_told_of() -> None:
    said: list[bool] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(SWITCHED)
        await until(lambda: said == [True])
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.switch(request(server.origin(), b""), told)
        await until(lambda: told.status == 101)
        line.on_slow(said.append)
        for _ in range(200):
            line.send(b"x" * 262_144)
        await until(lambda: said == [True, False])
        line.cancel()


@looped
async def test_last_words_reach_the_upstream_after_a_cancel() -> None:
    heard = bytearray()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(SWITCHED)
        heard.extend(await peer.reader.read())

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.switch(request(server.origin(), b""), told)
        await until(lambda: told.status == 101)
        line.send(b"goodbye")
        line.cancel()
        await until(lambda: bytes(heard) == b"goodbye")

        assert told.ending is None
        assert not told.objections


@looped
async def test_draining_waits_for_what_has_switched_and_closing_ends_it() -> None:
    async with serving(answering(SWITCHED)) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b""), told)
        await until(lambda: told.status == 101)
        drained = asyncio.ensure_future(up.drain())
        await turns(1)
        assert not drained.done()
        assert [row.active for row in up.stats()] == [0, 1] or [row.active for row in up.stats()] == [1]
        await up.aclose()
        await drained

        assert told.fault.code == "draining"
        with pytest.raises(Fault) as refused:
            await up.switch(request(server.origin(), b""), Recorder())
        assert refused.value.code == "draining"


@looped
async def test_a_head_without_end_is_refused() -> None:
    async with serving(answering(SWITCHED[:-2] + b"x: " + b"y" * 100_000)) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b""), told)
        await told.end()

        assert told.fault.code == "upstream_garbage"


@looped
async def test_who_pauses_again_while_it_is_told_what_has_waited_makes_the_server_wait_again() -> None:
    """A taker's own buffer fills with what has waited: nothing is read beside that."""
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.say(SWITCHED)
        await until(lambda: bool(told.status))
        while sent < 64_000_000:
            peer.writer.write(b"x" * 65_536)
            sent += 65_536
            await peer.writer.drain()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.switch(request(server.origin(), b""), told)
        await until(lambda: bool(told.status))
        line.pause()
        assert isinstance(line, Switched)
        line.data_received(b"x" * 65_536)  # as TLS does, which has several pieces in one read
        sent += 65_536
        told.on_piece = lambda _piece: line.pause()
        line.resume()
        await stuck(lambda: sent)

        assert sent < 64_000_000
        told.on_piece = None
        line.resume()
        await told.end()
        assert len(told.body) == sent


@looped
async def test_a_refusal_without_an_end_is_waited_for_no_longer_than_a_silence_may_be() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 401 No\r\ncontent-length: 9\r\n\r\n{")
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.switch(request(server.origin(), b"", Timeouts(first_byte=0.05, idle=0.05)), told)
        await told.end()

        assert told.fault.code == "idle_timeout"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 301 Moved\r\nlocation: https://elsewhere\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nconnection: close\r\n\r\nno",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno",
    ],
)
def test_what_is_no_101_is_an_answer_as_any_other(answer: bytes) -> None:
    @looped
    async def scenario() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.say(answer)
            peer.close()

        async with serving(script) as server, upstream() as up:
            told = Recorder()
            await up.switch(request(server.origin(), b""), told)
            await told.end()

            assert told.done
            assert told.status in (200, 301, 401, 403, 500)

    scenario()


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"HTTP/1.1 2 x\r\n\r\n",
        b"HTTP/1.1 1010 x\r\n\r\n",
        b"101\r\n\r\n",
        b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    ],
)
def test_garbage_is_called_so(garbage: bytes) -> None:
    @looped
    async def scenario() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.say(garbage)
            await peer.gone()

        async with serving(script) as server, upstream() as up:
            told = Recorder()
            await up.switch(request(server.origin(), b"", Timeouts(first_byte=0.2)), told)
            await told.end()

            assert told.fault.code == "upstream_garbage"

    scenario()


@looped
async def test_an_upstream_that_only_talks_and_never_listens_is_left() -> None:
    """Each of its pings is answered, and it reads none of the answers."""
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.say(SWITCHED)
        cast("asyncio.Transport", peer.writer.transport).pause_reading()
        while sent < 512_000_000:
            peer.writer.write(b"x" * 65_536)
            sent += 65_536
            await peer.writer.drain()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.switch(request(server.origin(), b""), told)

        def answer(piece: bytes) -> None:
            told.pieces.clear()
            line.send(piece)

        told.on_piece = answer
        await told.end()

        assert told.fault.code == "severed"
        assert sent < 256_000_000
