"""How limits stand is said on the wire, with every answer."""

from __future__ import annotations

import pytest

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.limits import Standing, Unit
from headworks.domain.reply import Reply
from tests.edge.rig import Client, House, post, run

from .making import limit

STANDINGS = (
    Standing(limit(Unit.REQUESTS, 60, seconds=60.0), 59, 1.0),
    Standing(limit(Unit.TOKENS, 1000, seconds=60.0), 500, 30.0),
    Standing(limit(Unit.INPUT_TOKENS, 1000, seconds=60.0), 100, 54.0),
)


@pytest.mark.parametrize("fault", [None, "rate_limit_exceeded", "upstream_error"])
def test_an_answer_and_a_refusal_say_how_limits_stand(fault: str | None) -> None:
    async def stood(call: Call) -> Reply:
        call.tally.standings = STANDINGS
        if fault is not None:
            raise Fault(fault)
        return Reply.of(200, [(b"content-type", b"application/json")], b"{}")

    async def job() -> None:
        client = Client(House(stood))
        await client.send(post())
        headers = client.answered.headers
        assert headers["x-ratelimit-remaining-requests"] == "59"
        assert headers["x-ratelimit-reset-requests"] == "1s"
        assert headers["x-ratelimit-remaining-tokens"] == "100"

    run(job())


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/messages"])
def test_of_what_time_does_not_give_back_no_reset_is_told(path: bytes) -> None:
    """A session's tokens: «in 0 s» would be a lie, and whoever believes it would ask again at once."""

    async def stood(call: Call) -> Reply:
        call.tally.standings = (Standing(limit(Unit.TOKENS, 300, group_by=("session",)), 0, 0.0),)
        return Reply.of(200, [(b"content-type", b"application/json")], b"{}")

    async def job() -> None:
        client = Client(House(stood))
        await client.send(post(path=path))
        told = {name: value for name, value in client.answered.headers.items() if "ratelimit" in name}
        assert sorted(told.values()) == ["0", "300"]
        assert not [name for name in told if "reset" in name]

    run(job())


def test_where_nothing_is_limited_nothing_is_said() -> None:
    async def job() -> None:
        client = Client(House())
        await client.send(post())
        assert not [name for name in client.answered.headers if "ratelimit" in name]

    run(job())
