"""The door over real sockets: what only a kernel shows."""

from __future__ import annotations

import asyncio
import http.client
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.edge import Edge
from headworks.edge.connection import Connection
from tests.edge.rig import House, PushedReply, echo, get, never, post, pushing, read_answers, run, serving, settle, until

EVENT = b'data: {"x":1}\n\n'
GONE = Outcome(Ending.CLIENT_GONE, 499, "client_gone")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(port: int) -> Streams:
    return await asyncio.open_connection("127.0.0.1", port)


def with_server(house: House, job: Callable[[int], Awaitable[None]]) -> None:
    async def serve() -> None:
        async with serving(house) as (_, port):
            await job(port)

    run(serve())


def test_one_connection_carries_many_requests() -> None:
    house = House()

    async def job(port: int) -> None:
        def ask() -> list[int]:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            statuses: list[int] = []
            for _ in range(3):
                client.request("POST", "/v1/messages", body=b"{}")
                with client.getresponse() as answer:
                    answer.read()
                    statuses.append(answer.status)
            client.close()
            return statuses

        assert await asyncio.to_thread(ask) == [200, 200, 200]
        assert len({call.peer for call in house.journey.calls}) == 1

    with_server(house, job)


def test_a_refused_upload_gets_to_see_its_answer() -> None:
    """The client goes on sending long after the answer; closing on it would reset the connection."""

    async def job(port: int) -> None:
        reader, writer = await connect(port)
        body = b"x" * 3_000_000
        writer.write(post(body=body))
        data = await reader.read(-1)
        writer.close()

        assert read_answers(data)[0].status == 413

    with_server(House(max_body_bytes=1_000), job)


def test_a_large_upload_arrives_whole() -> None:
    async def job(port: int) -> None:
        reader, writer = await connect(port)
        writer.write(post(body=b"y" * 2_000_000) + get(b"/livez", b"connection: close"))
        data = await reader.read(-1)
        writer.close()

        assert [len(answer.body) > 2_000_000 for answer in read_answers(data)] == [True, False]

    with_server(House(), job)


def test_a_reset_connection_cancels_the_journey_at_once() -> None:
    house = House(never)

    async def job(port: int) -> None:
        _, writer = await connect(port)
        writer.write(post())
        await until(lambda: house.journey.calls)

        reset(writer)
        await until(lambda: house.journey.cancelled)

        assert house.journey.outcomes == [GONE]

    with_server(house, job)


def test_a_closed_connection_is_noticed_while_the_head_is_awaited() -> None:
    """Closing looks like half closing until something is written: the probe finds out."""
    house = House(never)

    async def job(port: int) -> None:
        _, writer = await connect(port)
        writer.write(post())
        await until(lambda: house.journey.calls)

        writer.close()
        while not house.journey.cancelled:
            await house.clock.run(0.5)

        assert house.journey.outcomes == [GONE]
        assert house.clock.now() < 1_010.0

    with_server(house, job)


@pytest.mark.parametrize("ahead", [b"P", post(), post(body=b"x" * 20_000)[:-1]], ids=["byte", "request", "body"])
@pytest.mark.parametrize("rude", [True, False], ids=["reset", "closed"])
def test_a_client_that_hangs_up_is_noticed_behind_what_it_sent_ahead(ahead: bytes, *, rude: bool) -> None:
    house = House(never)

    async def job(port: int) -> None:
        _, writer = await connect(port)
        writer.write(post())
        await until(lambda: house.journey.calls)
        writer.write(ahead)
        await settle()

        if rude:
            reset(writer)
        else:
            writer.close()
        while not house.journey.cancelled:
            await house.clock.run(0.5)

        assert house.journey.outcomes == [GONE]
        assert house.clock.now() < 1_010.0

    with_server(house, job)


def test_a_client_that_shuts_down_its_sending_side_is_served() -> None:
    house = House()
    gate = asyncio.Event()

    async def hesitate(call: Call) -> Reply:
        await gate.wait()
        return await echo(call)

    house.journey.handler = hesitate

    async def job(port: int) -> None:
        reader, writer = await connect(port)
        writer.write(post(body=b"half"))
        writer.write_eof()
        await until(lambda: house.journey.calls)
        await house.clock.run(20.0)
        gate.set()
        data = await reader.read(-1)
        writer.close()

        assert read_answers(data, closed=True)[0].said["body"] == "half"

    with_server(house, job)


def test_a_client_that_closes_mid_stream_stops_the_source() -> None:
    pushed = PushedReply()

    async def job(port: int) -> None:
        reader, writer = await connect(port)
        writer.write(post())
        await until(lambda: "resume" in pushed.asked)
        pushed.push(EVENT)
        await reader.readuntil(EVENT)

        writer.close()
        while not pushed.outcomes:
            pushed.push(EVENT)
            await asyncio.sleep(0)

        assert (pushed.cancelled, pushed.outcomes) == (1, [GONE])

    with_server(House(pushing(pushed)), job)


def test_a_client_that_does_not_read_pauses_the_source_and_bounds_memory() -> None:
    pushed = PushedReply()
    frame = b"data: " + b"x" * 1_000 + b"\n\n"

    async def job(port: int) -> None:
        client = socket.create_connection(("127.0.0.1", port))
        client.setblocking(False)  # noqa: FBT003 - socket's own
        client.send(post())
        await until(lambda: "resume" in pushed.asked)

        sent = 0
        while not pushed.paused and sent < 50_000:
            pushed.push(frame)
            sent += 1
        paused = pushed.paused
        received = 0
        while pushed.paused:
            await asyncio.sleep(0)
            try:
                received += len(client.recv(1_000_000))
            except BlockingIOError:
                continue
        client.close()

        assert paused
        assert sent < 20_000
        assert received > 0

    with_server(House(pushing(pushed), write_high_water=100_000), job)


@pytest.mark.parametrize("size", [1, 7])
def test_answers_are_right_in_whatever_pieces_requests_come(size: int) -> None:
    house = House()

    async def job(port: int) -> None:
        reader, writer = await connect(port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = post(body=b"abc") + get(b"/livez", b"connection: close")
        for place in range(0, len(wire), size):
            writer.write(wire[place : place + size])
            await asyncio.sleep(0)
        data = await reader.read(-1)
        writer.close()

        assert [answer.status for answer in read_answers(data)] == [200, 200]

    with_server(house, job)


def test_a_stream_reaches_its_reader_frame_by_frame() -> None:
    pushed = PushedReply()

    async def job(port: int) -> None:
        reader, writer = await connect(port)
        writer.write(post())
        await until(lambda: "resume" in pushed.asked)
        for number in range(50):
            pushed.push(b"data: %d\n\n" % number)
            assert (await reader.readuntil(b"data: %d\n\n" % number)).endswith(b"\n\n")
        pushed.finish()
        await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    with_server(House(pushing(pushed)), job)


def test_the_kernel_asks_silent_clients_whether_they_are_there() -> None:
    async def job() -> None:
        edge = Edge(House().door)
        listener = socket.create_server(("127.0.0.1", 0))
        await edge.serve([listener])
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(get(b"/livez"))
            await until(lambda: edge.gauges().connections)
            connection = next(iter(edge._state.connections))
            assert isinstance(connection, Connection)
            accepted = connection._transport.get_extra_info("socket")

            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        await edge.drain(0.0)

    run(job())


def reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side sees a reset."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
