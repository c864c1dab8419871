"""A slow taker: what comes after `pause` waits, the upstream is not read, memory stays bounded, and nothing is lost or reordered."""

from __future__ import annotations

import asyncio
import weakref

from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.target import Timeouts
from tests.transport.answers import Valid, cut, valid_answers
from tests.transport.house import OK, ORIGIN, request, upstream
from tests.transport.looped import looped, turns, until
from tests.transport.raw_server import Peer, serving
from tests.transport.recorder import Recorder
from tests.transport.wired import Wired

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def test_a_pause_within_a_read_holds_the_rest_of_it() -> None:
    wired = Wired()
    wired.told.on_piece = lambda _piece: wired.line.pause()
    wired.feed(CHUNKED + b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")

    assert wired.told.body == b"a"
    assert not wired.told.ended.is_set()
    wired.line.resume()
    assert wired.told.body == b"ab", "it paused again in between"
    wired.line.resume()
    wired.line.resume()
    assert wired.told.body == b"abc"
    assert wired.told.done


def test_a_resume_from_within_a_held_piece_goes_on_without_recursion() -> None:
    wired = Wired()
    wired.feed(CHUNKED)
    wired.line.pause()
    wired.connection.data_received(b"1\r\na\r\n" * 5000)  # the read that was under way

    def pause_and_resume(_piece: bytes) -> None:
        wired.line.pause()
        wired.line.resume()

    wired.told.on_piece = pause_and_resume
    wired.line.resume()
    assert wired.told.body == b"a" * 5000
    assert wired.transport.reading


def test_the_connection_of_a_complete_answer_is_free_while_its_taker_sleeps() -> None:
    wired = Wired()
    wired.line.pause()
    wired.connection.data_received(OK)

    assert wired.home.given_back == [wired.connection]
    assert wired.transport.reading
    assert wired.told.status == 0
    wired.line.resume()
    assert wired.told.done


def test_a_break_while_paused_is_told_after_what_came_before_it() -> None:
    wired = Wired()
    wired.feed(CHUNKED)
    wired.line.pause()
    wired.connection.data_received(b"5\r\nhello\r\n")
    wired.connection.connection_lost(ConnectionResetError())

    assert wired.told.ending is None
    wired.line.resume()
    assert wired.told.body == b"hello"
    assert wired.told.fault.code == "severed"


def test_cancelling_while_paused_tells_nothing_more() -> None:
    wired = Wired()
    wired.feed(CHUNKED)
    wired.line.pause()
    wired.connection.data_received(b"5\r\nhello\r\n")
    wired.line.cancel()
    wired.line.resume()

    assert wired.told.body == b""
    assert wired.told.ending is None
    assert wired.transport.aborted


@given(st.data(), valid_answers, st.sets(st.integers(0, 30), max_size=10))
def test_pauses_anywhere_change_nothing_but_the_time(data: st.DataObject, answer: Valid, pauses: set[int]) -> None:
    """The receiver pauses at some of its calls and is resumed between reads: the same answer comes out."""
    calls = 0

    def perhaps_pause(_piece: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls in pauses:
            wired.line.pause()

    wired = Wired(Recorder(perhaps_pause))
    for piece in data.draw(cut(answer.wire)):
        wired.feed(piece)
        heard = len(wired.told.pieces)
        if wired.line.paused:
            assert len(wired.told.pieces) == heard
        while wired.line.paused:
            wired.line.resume()
    if answer.until_close:
        wired.end()

    assert wired.told.done
    assert wired.told.body == answer.body
    assert not wired.told.objections


@looped
async def test_a_sleeping_taker_stops_the_server() -> None:
    """The server can't get rid of more than the kernel's buffers and one read while the taker sleeps."""
    size, sent, stuck = 100_000_000, 0, asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        transport, piece = peer.writer.transport, b"x" * 65_536
        while sent < size and not transport.is_closing():
            peer.writer.write(piece)
            sent += len(piece)
            if transport.get_write_buffer_size() > 0:
                stuck.set()
            await peer.writer.drain()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.open(request(server.origin()), told)
        told.on_piece = lambda _piece: line.pause()
        await told.begun.wait()
        await stuck.wait()
        await turns(100)
        got = len(told.body)
        assert line.backlog is not None
        held = sum(len(getattr(call, "args", [b""])[0]) for call in line.backlog.calls)

        assert sent < 16_000_000
        assert got + held <= 2 * 262_144
        line.resume()
        await until(lambda: len(told.body) > got)
        line.cancel()


@looped
async def test_pausing_before_the_head() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.gone()

    async with serving(script) as server, upstream() as up:
        told = Recorder()
        line = await up.open(request(server.origin()), told)
        line.pause()
        await until(lambda: len(server.requests) == 1)
        await turns(20)
        assert told.status == 0
        line.resume()
        assert (await told.end()).done


def test_the_socket_decides_how_fast_a_body_goes_out() -> None:
    body = b"x" * 1_000_000
    wired = Wired()
    wired.feed(OK)
    wired.transport.limit = len(wired.transport.written) + 300_000
    wired.ask(Recorder(), request(ORIGIN, body, Timeouts()))

    assert 300_000 < len(wired.transport.written) < 600_000
    wired.transport.limit = 1 << 60
    wired.connection.resume_writing()
    assert wired.transport.written.endswith(body)


def test_a_refusal_stops_the_body_in_mid_way() -> None:
    wired = Wired()
    wired.feed(OK)
    wired.transport.limit = 0
    told = Recorder()
    wired.ask(told, request(ORIGIN, b"x" * 1_000_000, Timeouts()))
    wired.feed(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\n")
    written = len(wired.transport.written)
    wired.transport.limit = 1 << 60
    wired.connection.resume_writing()
    assert len(wired.transport.written) == written
    wired.feed(b"big")
    assert told.done
    assert wired.transport.aborted


def test_an_ended_line_holds_on_to_nobody() -> None:
    """The receiver holds its line: were it held in turn, only the garbage collector could part them, request after request."""
    wired = Wired()
    told = weakref.ref(wired.told)
    wired.feed(OK)
    wired.told = Recorder()
    assert told() is None
