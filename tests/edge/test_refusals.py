"""Refusals that cannot be said as they should: nobody is left without an ending."""

from __future__ import annotations

import math
from typing import cast

import pytest

from headworks.domain.errors import Fault
from tests.edge.rig import Client, House, PushedReply, Words, post, pushing, raising, run


@pytest.mark.parametrize(("seconds", "told"), [(math.inf, "86400"), (1e300, "86400"), (math.nan, "0"), (-1.0, "0"), (0.2, "1")])
def test_nobody_is_told_to_come_back_later_than_in_a_day(seconds: float, told: str) -> None:
    async def job() -> None:
        client = Client(House(raising(Fault("rate_limit_exceeded", "Slow down.", retry_after=seconds))))

        await client.send(post())

        assert (client.answered.status, client.answered.headers["retry-after"]) == (429, told)

    run(job())


class Mute(Words):
    """Fails at every fault."""

    def write_fault(self, front: str, fault: Fault, request_id: str) -> bytes:
        raise ZeroDivisionError(front, fault, request_id)


@pytest.mark.parametrize(
    "asked",
    [post(), post(b"/v1/nowhere"), b"NONSENSE\r\n\r\n", post() + post(b"/v1/nowhere")],
    ids=["raised", "unknown", "malformed", "ahead"],
)
def test_a_refusal_that_cannot_be_written_cuts_the_connection(asked: bytes) -> None:
    """A client that is left without a word would wait for its whole patience."""

    async def job() -> None:
        client = Client(House(raising(Fault("overloaded", "Busy.")), words=Mute()))

        await client.send(asked)

        assert (client.transport.aborted, bytes(client.transport.sent)) == (True, b"")
        assert [type(trouble) for trouble in client.house.complaints] == [ZeroDivisionError]
        assert client.state.inflight == 0

    run(job())


@pytest.mark.parametrize("stream", [True, False])
def test_a_giving_up_that_cannot_be_said_cuts_the_connection(*, stream: bool) -> None:
    async def job() -> None:
        pushed = PushedReply(stream=stream, whole=not stream)
        client = Client(House(pushing(pushed), words=Mute(), request_timeout=30.0))
        await client.send(post())
        pushed.push(b"data: {}\n\n")

        await client.wait(31.0)

        assert client.transport.aborted
        assert [type(trouble) for trouble in client.house.complaints] == [ZeroDivisionError]
        assert (client.state.inflight, pushed.cancelled) == (0, 1)

    run(job())


def test_an_answer_that_cannot_be_written_cuts_the_connection() -> None:
    async def job() -> None:
        pushed = PushedReply(stream=False, whole=True, headers=[(b"x-broken", cast("bytes", "no bytes"))])
        client = Client(House(pushing(pushed)))
        await client.send(post())

        pushed.push(b"{}")
        pushed.finish()
        await client.send()

        assert (client.transport.aborted, client.state.inflight) == (True, 0)
        assert [type(trouble) for trouble in client.house.complaints] == [TypeError]

    run(job())
