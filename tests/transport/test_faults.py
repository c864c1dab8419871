"""Each way an exchange can go wrong, over real sockets: the fault's code, that its message teaches, and that nothing stays behind."""

from __future__ import annotations

import asyncio

import pytest

from headworks.domain.errors import Fault, FaultClass
from headworks.domain.target import Origin, Timeouts
from headworks.transport import PooledUpstream
from tests.transport.house import OK, request, upstream
from tests.transport.looped import looped, turns, until
from tests.transport.raw_server import Peer, Script, answering, closed_port, serving
from tests.transport.recorder import Recorder

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


async def fault_of(up: PooledUpstream, origin: Origin, timeouts: Timeouts | None = None) -> tuple[Fault, Recorder]:
    """The fault that one request meets, raised or told."""
    told = Recorder()
    try:
        await up.open(request(origin, timeouts=timeouts), told)
    except Fault as fault:
        assert told.sent == 0
        return fault, told
    await told.end()
    return told.fault, told


def saying(*pieces: bytes) -> Script:
    """Answers the first request with `pieces` and closes."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*pieces)

    return script


def saying_then_silent(*pieces: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*pieces)
        await peer.gone()

    return script


@looped
async def test_nobody_listens() -> None:
    async with upstream() as up:
        fault, _ = await fault_of(up, Origin("http", "127.0.0.1", closed_port()))
        assert fault.code == "connect_refused"
        assert fault.kind is FaultClass.UNREACHABLE
        assert "Nothing listens at http://127.0.0.1:" in fault.message


@looped
async def test_a_name_nobody_knows() -> None:
    async with upstream() as up:
        fault, _ = await fault_of(up, Origin("http", "no-such-host.invalid", 80))
        assert fault.code == "name_unresolved"
        assert "no-such-host.invalid" in fault.message


@looped
async def test_a_name_that_is_none() -> None:
    async with upstream() as up:
        fault, _ = await fault_of(up, Origin("http", "x" * 70 + ".com", 80))
        assert fault.code == "name_unresolved"


@looped
async def test_a_connection_that_never_comes_to_stand() -> None:
    """TLS to a server that accepts and says nothing: the connect timeout covers the handshake."""

    async def script(peer: Peer) -> None:
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        fault, _ = await fault_of(up, server.origin("https"), Timeouts(connect=0.05))
        assert fault.code == "connect_timeout"
        assert "0.05 s" in fault.message
        await until(lambda: server.open == 0)
        assert up.stats()[0].open == 0


@looped
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-le"], ids=["silence", "half-a-head"])
async def test_closed_before_the_head(begun: bytes) -> None:
    async with serving(saying(begun)) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin())
        assert fault.code == "upstream_reset"
        assert told.status == 0


@looped
async def test_reset_before_the_head() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.reset()

    async with serving(script) as server, upstream() as up:
        fault, _ = await fault_of(up, server.origin())
        assert fault.code == "upstream_reset"
        assert "Connection reset by peer" in fault.message


@looped
@pytest.mark.parametrize(
    "pieces",
    [(HEAD, b"half"), (CHUNKED, b"5\r\nhello\r\n"), (CHUNKED, b"5\r\nhel"), (CHUNKED, b"5\r\nhello\r\n0\r\n"), (HEAD,)],
    ids=["half-a-length", "no-last-chunk", "half-a-chunk", "half-a-last-chunk", "no-body"],
)
async def test_severed_by_an_early_end(pieces: tuple[bytes, ...]) -> None:
    async with serving(saying(*pieces)) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin())
        assert fault.code == "severed"
        assert fault.kind is FaultClass.SEVERED
        assert told.status == 200
        assert up.stats()[0].open == 0


@looped
@pytest.mark.parametrize("head", [HEAD, CHUNKED, b"HTTP/1.1 200 OK\r\n\r\n"], ids=["length", "chunked", "until-close"])
async def test_severed_by_a_reset(head: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(head)
        await told.begun.wait()
        peer.reset()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        assert told.fault.code == "severed"


@looped
async def test_silence_before_the_head() -> None:
    async with serving(saying_then_silent()) as server, upstream() as up:
        fault, _ = await fault_of(up, server.origin(), Timeouts(first_byte=0.05))
        assert fault.code == "first_byte_timeout"
        assert "0.05 s" in fault.message
        await until(lambda: server.open == 0)


@looped
async def test_silence_in_mid_answer() -> None:
    async with serving(saying_then_silent(HEAD, b"half")) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin(), Timeouts(idle=0.5))
        assert fault.code == "idle_timeout"
        assert told.body == b"half"
        await until(lambda: server.open == 0)


@looped
async def test_an_answer_that_goes_on_for_too_long() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        while not peer.reader.at_eof():
            await peer.say(b"1\r\nx\r\n")
            await turns()

    async with serving(script) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin(), Timeouts(total=1.0))
        assert fault.code == "total_timeout"
        assert told.body.startswith(b"xx")
        assert up.stats()[0].open == 0


@looped
@pytest.mark.parametrize(
    "answer",
    [
        b"hello world\r\n",
        b"\x15\x03\x01\x00\x02\x02F",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\x00b\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 000 None\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" * 3000,
    ],
    ids=[
        "no-http",
        "tls-alert",
        "no-colon",
        "nul",
        "status-99",
        "status-0",
        "upgrade",
        "two-lengths",
        "negative-length",
        "overflowing-length",
        "length-and-chunked",
        "chunked-and-length",
        "coding-gzip",
        "coding-gzip-chunked",
        "coding-twice",
        "huge-head",
        "endless-interim",
    ],
)
async def test_garbage_instead_of_a_head(answer: bytes) -> None:
    async with serving(saying_then_silent(answer)) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin())
        assert fault.code == "upstream_garbage"
        assert told.status == 0
        await until(lambda: server.open == 0)
        assert up.stats()[0].open == 0


@looped
@pytest.mark.parametrize(
    "body",
    [b"zz\r\nhello", b"-1\r\n", b"0x5\r\nhello\r\n", b"FFFFFFFFFFFFFFFFF\r\nhello", b"5\r\nhelloworld", b"0" * 400_000],
    ids=["no-number", "negative", "prefix", "overflow", "longer-than-said", "endless-zeros"],
)
async def test_garbage_instead_of_a_chunk(body: bytes) -> None:
    async with serving(saying_then_silent(CHUNKED, body)) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin())
        assert fault.code == "upstream_garbage"
        assert told.status == 200
        await until(lambda: server.open == 0)


@looped
async def test_an_absurd_chunk_size_costs_no_memory() -> None:
    """A size just below the parser's limit is a promise, not an allocation; not keeping it is a severed answer."""
    async with serving(saying(CHUNKED, b"FFFFFFFFFFFFFFF\r\nhello")) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin())
        assert fault.code == "severed"
        assert told.body == b"hello"


@looped
async def test_endless_trailers() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED, b"5\r\nhello\r\n0\r\n")
        while not peer.reader.at_eof():
            await peer.say(b"x-trailer: " + b"y" * 1000 + b"\r\n")

    async with serving(script) as server, upstream() as up:
        fault, told = await fault_of(up, server.origin())
        assert fault.code == "upstream_garbage"
        assert told.body == b"hello"


@looped
async def test_the_limit_on_heads_is_the_requests_own() -> None:
    answer = b"HTTP/1.1 200 OK\r\nx: " + b"y" * 2000 + b"\r\ncontent-length: 5\r\n\r\nhello"
    async with serving(answering(answer)) as server, upstream() as up:
        for limit, code in ((4000, None), (1000, "upstream_garbage")):
            told = Recorder()
            await up.open(request(server.origin(), max_head_bytes=limit), told)
            await told.end()
            assert (None if told.done else told.fault.code) == code


@looped
async def test_a_body_in_the_same_read_does_not_count_as_head() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 50000\r\n\r\n" + b"y" * 50_000
    async with serving(answering(answer)) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin(), max_head_bytes=1000), told)
        assert (await told.end()).done


@looped
async def test_a_receiver_that_fails_ends_its_exchange_and_no_other() -> None:
    """Its exception is told to the loop, the connection is closed, and it hears one fault."""
    async with serving(answering(OK)) as server, upstream() as up:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(repr(context["exception"])))
        failing = Recorder(lambda _piece: 1 // 0)  # pyright: ignore[reportArgumentType] - it fails before it answers
        await up.open(request(server.origin()), failing)
        await failing.end()

        assert failing.fault.code == "internal_error"
        assert len(told) == 1
        assert "ZeroDivisionError" in told[0]
        assert up.stats()[0].open == 0


@looped
async def test_a_receiver_that_refuses_to_send_leaves_the_connection_clean() -> None:
    """What `on_sent` raises (an unwritable journal) comes out of `open`, and not a byte has left."""

    class Refusing(Recorder):
        def on_sent(self) -> None:
            raise Fault("journal_unwritable", "The disk is full.")

    async with serving(answering(OK)) as server, upstream() as up:
        with pytest.raises(Fault, match="The disk is full"):
            await up.open(request(server.origin()), Refusing())
        told = Recorder()
        await up.open(request(server.origin()), told)

        assert (await told.end()).done
        assert len(server.requests) == 1
        assert server.accepted == 1
