"""Closing time: nobody new, everybody finished, nothing cut without a word."""

from __future__ import annotations

import asyncio
import socket

from headworks.domain.call import Call
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from headworks.edge import Edge
from tests.edge.rig import House, PushedReply, echo, get, post, pushing, read_answers, run, settle, until

EVENT = b'data: {"x":1}\n\n'


class Drained:
    """A server, a client's connection to it, and its drain under way."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.edge = Edge(house.door)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.edge.gauges().connections == 0:
            await self.edge.serve([self.listener])
        return await asyncio.open_connection("127.0.0.1", self.port)

    def begin(self, deadline: float) -> asyncio.Future[None]:
        return asyncio.ensure_future(self.edge.drain(deadline))


def test_an_idle_door_closes_at_once_and_frees_its_port() -> None:
    async def job() -> None:
        house = Drained(House())
        reader, writer = await house.open()
        writer.write(get(b"/livez"))
        await reader.readuntil(b"}")

        await house.begin(30.0)
        rest = await reader.read(-1)
        writer.close()

        assert rest == b""
        assert house.edge.gauges().connections == 0
        with socket.create_server(("127.0.0.1", house.port)) as again:
            assert again.getsockname()[1] == house.port
        assert len(asyncio.all_tasks()) == 1

    run(job())


def test_answers_under_way_are_finished_and_then_the_connection_closes() -> None:
    async def job() -> None:
        gate = asyncio.Event()
        pushed = PushedReply()

        async def serve(call: Call) -> Reply:
            if call.kind == "embeddings":
                return pushed.reply
            await gate.wait()
            return await echo(call)

        house = Drained(House(serve))
        whole, streamed = await house.open(), await house.open()
        whole[1].write(post(body=b"whole"))
        streamed[1].write(post(b"/v1/embeddings"))
        await until(lambda: house.edge.gauges().inflight == 2 and "resume" in pushed.asked)

        drained = house.begin(30.0)
        await settle()
        gate.set()
        pushed.push(EVENT)
        await settle()
        over_early = drained.done()
        pushed.finish()
        answers = [read_answers(await reader.read(-1))[0] for reader, _ in (whole, streamed)]
        await drained

        assert not over_early
        assert (answers[0].said["body"], answers[0].headers["connection"]) == ("whole", "close")
        assert (answers[1].body, answers[1].complete) == (EVENT, True)
        assert house.house.clock.now() == 1_000.0
        for _, writer in (whole, streamed):
            writer.close()

    run(job())


def test_a_request_half_sent_when_draining_begins_is_still_served() -> None:
    async def job() -> None:
        house = Drained(House())
        reader, writer = await house.open()
        writer.write(post(body=b"late")[:20])
        await until(lambda: house.edge.gauges().connections == 1)
        await settle()

        drained = house.begin(30.0)
        await settle()
        writer.write(post(body=b"late")[20:])
        answer = read_answers(await reader.read(-1))[0]
        await drained
        writer.close()

        assert (answer.said["body"], answer.headers["connection"]) == ("late", "close")

    run(job())


def test_what_is_not_finished_by_the_deadline_ends_with_an_error() -> None:
    async def job() -> None:
        pushed = PushedReply()

        async def serve(call: Call) -> Reply:
            if call.kind == "embeddings":
                return pushed.reply
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        house = Drained(House(serve))
        whole, streamed = await house.open(), await house.open()
        whole[1].write(post(b"/v1/messages"))
        streamed[1].write(post(b"/v1/embeddings"))
        await until(lambda: house.edge.gauges().inflight == 2 and "resume" in pushed.asked)
        pushed.push(EVENT)

        drained = house.begin(30.0)
        await house.house.clock.run(29.0)
        early = drained.done() or pushed.cancelled
        await house.house.clock.run(2.0)
        first = read_answers(await whole[0].read(-1))[0]
        second = read_answers(await streamed[0].read(-1))[0]
        for _, writer in (whole, streamed):
            writer.close()
        await drained

        assert not early
        assert (first.status, first.said["code"], first.said["front"]) == (503, "draining", "anthropic")
        assert (second.complete, b'"code":"draining"' in second.body) == (True, True)
        assert house.house.journey.cancelled == ["draining"]
        assert pushed.outcomes == [Outcome(Ending.CANCELLED, 200, "draining")]
        assert house.edge.gauges().inflight == 0

    run(job())


def test_a_client_that_does_not_take_its_answer_does_not_hold_up_the_end() -> None:
    async def job() -> None:
        pushed = PushedReply()
        house = Drained(House(pushing(pushed), write_high_water=1_000))
        await house.edge.serve([house.listener])
        deaf = socket.create_connection(("127.0.0.1", house.port))
        deaf.sendall(post())
        await until(lambda: "resume" in pushed.asked)
        while not pushed.paused:
            pushed.push(EVENT * 1_000)

        drained = house.begin(0.0)
        await house.house.clock.run(5.0)
        await drained
        deaf.close()

        assert house.edge.gauges().connections == 0
        assert len(pushed.outcomes) == 1

    run(job())


def test_a_door_is_made_before_its_loop_runs_and_can_stay_shut() -> None:
    edge = Edge(House().door)

    async def job() -> None:
        await edge.drain(0.0)

    run(job())
    assert (edge.gauges().connections, edge.gauges().inflight) == (0, 0)


def test_gauges_tell_connections_and_requests_under_way() -> None:
    async def job() -> None:
        pushed = PushedReply()
        house = Drained(House(pushing(pushed)))
        reader, writer = await house.open()
        idle = house.edge.gauges()
        writer.write(post())
        await until(lambda: "resume" in pushed.asked)
        busy = house.edge.gauges()
        pushed.finish()
        await reader.readuntil(b"0\r\n\r\n")
        after = house.edge.gauges()
        writer.close()
        await house.begin(0.0)

        assert (idle.inflight, busy.inflight, after.inflight) == (0, 1, 0)
        assert (busy.connections, house.edge.gauges().connections) == (1, 0)

    run(job())
