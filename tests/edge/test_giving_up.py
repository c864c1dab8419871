"""Answers that take too long: the journey is ended, its record is written, and then the client is told."""

from __future__ import annotations

import asyncio

import pytest

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Reply
from tests.edge.rig import Client, House, PushedReply, echo, get, never, post, pushing, run

EVENT = b'data: {"x":1}\n\n'


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def job() -> None:
        client = Client(House(never, request_timeout=30.0))

        await client.send(post())
        await client.wait(31.0)

        assert (client.answered.status, client.answered.said["code"]) == (504, "total_timeout")
        assert client.house.journey.cancelled == ["total_timeout"]
        assert client.open

    run(job())


def test_a_journey_that_fails_on_being_given_up_answers_no_second_time() -> None:
    async def job() -> None:
        async def sulk(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise Fault("upstream_error", "Broken.") from None
            raise AssertionError("unreachable")

        client = Client(House(sulk, request_timeout=30.0))
        await client.send(post())
        await client.wait(31.0)
        await client.send(get(b"/livez"))

        assert [answer.status for answer in client.answers("POST", "GET")] == [504, 200]

    run(job())


def test_the_record_is_written_before_an_answer_that_is_given_up() -> None:
    async def job() -> None:
        client = Client(House(never, request_timeout=30.0))
        written: list[int] = []
        await client.send(post())
        client.house.journey.call.closing.conclude(lambda _: written.append(len(client.transport.sent)))

        await client.wait(31.0)

        assert written == [0]
        assert client.house.journey.outcomes == [Outcome(Ending.FAILED, 504, "total_timeout")]
        assert client.answered.status == 504

    run(job())


def test_a_journey_that_ignores_being_given_up_is_not_waited_for() -> None:
    async def job() -> None:
        gate = asyncio.Event()

        async def deaf(call: Call) -> Reply:
            while not gate.is_set():
                try:
                    await gate.wait()
                except asyncio.CancelledError:
                    continue
            return await echo(call)

        client = Client(House(deaf, request_timeout=30.0))
        await client.send(post())
        await client.wait(31.5)
        answered = [answer.status for answer in client.answers()]
        gate.set()
        await client.send(get(b"/livez"))

        assert answered == [504]
        assert client.house.journey.outcomes == [Outcome(Ending.FAILED, 504, "total_timeout")]
        assert [answer.status for answer in client.answers("POST", "GET")] == [504, 200]
        assert client.house.complaints == []

    run(job())


def test_a_journey_that_ends_well_in_spite_of_being_given_up_answers_with_why() -> None:
    async def job() -> None:
        pushed = PushedReply()

        async def stubborn(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return pushed.reply
            raise AssertionError("unreachable")

        client = Client(House(stubborn, request_timeout=30.0))
        await client.send(post())
        await client.wait(31.0)

        assert (client.answered.status, client.answered.said["code"]) == (504, "total_timeout")
        assert (pushed.cancelled, pushed.outcomes) == (1, [Outcome(Ending.FAILED, 504, "total_timeout")])

    run(job())


@pytest.mark.parametrize(
    ("path", "start"),
    [
        (b"/v1/chat/completions", b"\n\ndata: {"),
        (b"/v1/messages", b"\n\nevent: error\ndata: {"),
        (b"/v2/chat", b'\n\nevent: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR",'),
        (b"/api/chat", b"{"),
    ],
)
def test_a_stream_that_takes_too_long_ends_in_an_error_event(path: bytes, start: bytes) -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed), request_timeout=30.0))
        await client.send(post(path))
        pushed.push(EVENT)

        await client.wait(31.0)
        answer = client.answered

        assert answer.complete
        assert answer.body.startswith(EVENT + start)
        assert b'"code":"total_timeout"' in answer.body
        assert answer.body.endswith(b"}\n" if path == b"/api/chat" else b"}\n\n")
        assert pushed.outcomes == [Outcome(Ending.CANCELLED, 200, "total_timeout")]
        assert (pushed.cancelled, client.open) == (1, False)

    run(job())


def test_a_whole_answer_that_takes_too_long_is_an_error() -> None:
    async def job() -> None:
        pushed = PushedReply(stream=False, whole=True)
        client = Client(House(pushing(pushed), request_timeout=30.0))
        await client.send(post())
        pushed.push(b'{"half"')

        await client.wait(31.0)

        assert (client.answered.status, client.answered.said["code"]) == (504, "total_timeout")
        assert pushed.cancelled == 1

    run(job())
