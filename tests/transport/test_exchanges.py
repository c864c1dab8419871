"""Whole exchanges over real sockets: what goes out, what comes in, what happens to the connection."""

from __future__ import annotations

import asyncio

import pytest

from headworks.transport import Keeping
from tests.transport.house import OK, request, upstream
from tests.transport.looped import looped, until
from tests.transport.raw_server import Peer, answering, serving
from tests.transport.recorder import Recorder


@looped
async def test_an_answer_with_a_length() -> None:
    answer = b"HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 5\r\n\r\nhello"
    async with serving(answering(answer)) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin(), b'{"question":1}'), told)
        await told.end()

        assert told.done
        assert told.sent == 1
        assert (told.status, told.body) == (200, b"hello")
        assert told.headers == [
            (b"content-type", b"text/plain"),
            (b"x-two", b"a"),
            (b"x-two", b"b"),
            (b"content-length", b"5"),
        ]
        assert server.requests == [
            b'POST /v1/chat HTTP/1.1\r\nhost: upstream\r\ncontent-length: 14\r\n\r\n{"question":1}',
        ]


@looped
async def test_a_chunked_answer_comes_piece_by_piece() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            await peer.say(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
            await until(lambda piece=piece: told.pieces[-1:] == [piece])
        await peer.say(b"0\r\nx-trailer: 1\r\n\r\n")
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.done
        assert told.pieces == [b"one", b"two", b"three"]
        assert all(name != b"x-trailer" for name, _ in told.headers)
        assert up.stats()[0].idle == 1


@looped
async def test_a_kept_connection_is_used_again() -> None:
    async with serving(answering(OK)) as server, upstream() as up:
        for _ in range(3):
            told = Recorder()
            await up.open(request(server.origin()), told)
            assert (await told.end()).done

        assert server.accepted == 1
        stats = up.stats()[0]
        assert (stats.open, stats.active, stats.idle, stats.dials, stats.reuses) == (1, 0, 1, 1, 2)


@looped
async def test_opening_on_an_idle_connection_does_not_suspend() -> None:
    """The first step of the coroutine is its last."""
    async with serving(answering(OK)) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        told = Recorder()
        opening = up.open(request(server.origin()), told)
        with pytest.raises(StopIteration):
            opening.send(None)
        assert (await told.end()).done


@looped
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        OK + b"HTTP/1.1 200 OK\r\n",
        OK + b"garbage",
    ],
    ids=["connection-close", "http-1.0", "surplus-answer", "surplus-garbage"],
)
async def test_a_connection_that_cannot_be_trusted_again_is_closed(answer: bytes) -> None:
    async with serving(answering(answer)) as server, upstream() as up:
        for _ in range(2):
            told = Recorder()
            await up.open(request(server.origin()), told)
            await told.end()
            assert told.done
            assert told.body == b"hello"

        assert server.accepted == 2
        assert up.stats()[0].open == 0


@looped
async def test_a_body_that_ends_with_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n", b"all ", b"there is")

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.done
        assert told.body == b"all there is"


@looped
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_a_body(status: bytes) -> None:
    async with serving(answering(b"HTTP/1.1 " + status + b"\r\n\r\n")) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.done
        assert told.body == b""
        assert up.stats()[0].idle == 1


@looped
async def test_the_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    async with serving(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin(), b"", method=b"HEAD"), told)
        await told.end()

        assert told.done
        assert told.body == b""


@looped
async def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    async with serving(answering(interim, OK)) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()

        assert told.done
        assert (told.status, told.body) == (200, b"hello")
        assert told.headers == [(b"content-length", b"5")]


@looped
async def test_a_large_body_is_sent_whole_and_in_step_with_the_server() -> None:
    body = bytes(range(256)) * 40_000

    async def script(peer: Peer) -> None:
        await release.wait()
        while await peer.request():
            await peer.say(OK)

    release = asyncio.Event()
    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin(), body), told)
        pool = next(iter(up._pools.values()))
        connection = next(iter(pool._everybody))
        await until(lambda: connection._write_paused)
        assert connection._flow is not None, "the socket is full: the rest must wait here, by reference"
        assert not connection._flow.over
        release.set()
        await told.end()

        assert told.done
        assert server.requests[0].endswith(body)
        assert len(server.requests[0]) - server.requests[0].index(b"\r\n\r\n") - 4 == len(body)
        assert up.stats()[0].idle == 1


@looped
async def test_an_answer_before_the_request_was_taken_stops_the_sending() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
        await finished.wait()

    finished = asyncio.Event()
    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin(), b"x" * 20_000_000), told)
        await told.end()
        finished.set()

        assert told.done
        assert (told.status, told.body) == (413, b"big")
        assert up.stats()[0].open == 0, "half a request is still in the pipe"


@looped
async def test_an_early_good_answer_does_not_stop_the_sending() -> None:
    body = b"x" * 5_000_000

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n")
        await peer.reader.readexactly(len(body))
        await peer.say(b"%07d" % len(body))
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin(), body), told)
        await told.end()

        assert told.done
        assert told.body == b"5000000"


@looped
async def test_an_idle_connection_the_server_closes_is_forgotten() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        await until(lambda: up.stats()[0].open == 0)


@looped
async def test_a_connection_that_speaks_unasked_is_closed() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.say(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        await until(lambda: up.stats()[0].open == 0 and server.open == 0)


@looped
async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with serving(answering(OK)) as server, upstream(Keeping(idle=0.05)) as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        await told.end()
        assert up.stats()[0].idle == 1
        await until(lambda: up.stats()[0].open == 0 and server.open == 0)


@looped
async def test_an_old_connection_is_closed_after_its_exchange() -> None:
    async with serving(answering(OK)) as server, upstream(Keeping(age=-1.0)) as up:
        told = Recorder()
        await up.open(request(server.origin()), told)
        assert (await told.end()).done
        assert up.stats()[0].open == 0


@looped
async def test_who_hears_of_the_end_can_use_the_connection_at_once() -> None:
    """The connection is given back before `on_done`, so a follow-up from there finds it idle."""
    async with serving(answering(OK)) as server, upstream() as up:
        first, second = Recorder(), Recorder()

        def follow_up() -> None:
            with pytest.raises(StopIteration):
                up.open(request(server.origin()), second).send(None)

        first.on_ending = follow_up
        await up.open(request(server.origin()), first)
        await second.end()

        assert first.done
        assert second.done
        assert server.accepted == 1


@looped
async def test_cancelling_closes_the_connection_at_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.open(request(server.origin()), told)
        await until(lambda: told.pieces == [b"hello"])
        line.cancel()
        line.cancel()

        await until(lambda: server.open == 0)
        assert told.ending is None
        assert up.stats()[0].open == 0


@looped
async def test_cancelling_after_the_end_harms_nobody() -> None:
    async with serving(answering(OK)) as server, upstream() as up:
        told = Recorder()
        first = await up.open(request(server.origin()), told)
        await told.end()
        second = Recorder()
        await up.open(request(server.origin()), second)
        first.cancel()
        first.pause()
        first.resume()

        assert (await second.end()).done
        assert server.accepted == 1


@looped
async def test_cancelling_from_within_a_piece_stops_the_rest_of_the_read() -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % letter for letter in b"abcdef")
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    async with serving(answering(answer)) as server, upstream() as up:
        told = Recorder()
        line = await up.open(request(server.origin()), told)
        told.on_piece = lambda piece: line.cancel() if piece == b"c" else None
        await until(lambda: server.open == 0)

        assert told.body == b"abc"
        assert told.ending is None
        assert up.stats()[0].open == 0
