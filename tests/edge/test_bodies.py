"""Bodies of requests: in one piece, in many, announced, expected, too large, too slow, never complete."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.domain.snapshot import EdgeSettings
from headworks.edge.body import SMALL_PIECE, IncomingBody
from headworks.edge.connection import BODY_AHEAD, LINGER
from headworks.edge.forms.spool import Room
from headworks.edge.reader import CRUMB, MAX_CRUMBS, Reader
from tests.edge.rig import JSON_TYPE, Client, House, echo, get, post, raising, run

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECT = b"expect: 100-continue"


def chunked(*chunks: bytes, headers: bytes = b"", trailers: bytes = b"") -> bytes:
    body = b"".join(b"%x;note=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = b"POST /v1/messages HTTP/1.1\r\nhost: gateway\r\n%btransfer-encoding: Chunked\r\n\r\n" % headers
    return head + body + b"0\r\n" + trailers + b"\r\n"


async def waits_before_the_body(call: Call) -> Reply:
    """A stage that has something else to wait for first."""
    await asyncio.Event().wait()
    return await echo(call)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_body_is_the_same_however_it_is_cut(data: st.DataObject) -> None:
    async def job() -> None:
        wire = post(b"/v1/messages", b"sized body") + chunked(
            b"in", b" chun", b"ks", trailers=b"x-check: 1\r\nauthorization: x\r\n"
        )
        cuts = sorted(data.draw(st.sets(st.integers(1, len(wire) - 1), max_size=12)))
        client = Client(House())

        await client.send(*[wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)])

        assert [answer.said["body"] for answer in client.answers()] == ["sized body", "in chunks"]
        assert not any(name in call.headers for call in client.house.journey.calls for name in (b"x-check", b"authorization"))

    run(job())


def test_a_small_body_is_complete_when_the_journey_begins() -> None:
    async def job() -> None:
        seen: list[bool] = []

        async def look(call: Call) -> Reply:
            seen.append(call.body.complete)
            return await echo(call)

        await Client(House(look)).send(post())

        assert seen == [True]

    run(job())


def test_a_key_is_looked_at_before_the_body_has_come() -> None:
    async def job() -> None:
        client = Client(House(raising(Fault("invalid_api_key", "Unknown key."))))

        await client.send(post(body=b"x" * 100)[:-100])

        assert client.answered.status == 401
        assert client.answered.headers["connection"] == "close"
        assert not client.open

    run(job())


def test_continue_is_said_when_the_body_is_first_waited_for() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post(b"/v1/messages", b"{}", EXPECT)[:-2])
        asked = bytes(client.transport.sent)
        await client.send(b"{}")

        assert asked == CONTINUE
        assert client.answered.said["body"] == "{}"
        assert client.open

    run(job())


def test_a_bad_key_never_gets_to_send_its_body() -> None:
    async def job() -> None:
        client = Client(House(raising(Fault("invalid_api_key", "Unknown key."))))

        await client.send(post(b"/v1/messages", b"{}", EXPECT)[:-2])

        assert not client.transport.sent.startswith(CONTINUE)
        assert client.answered.status == 401

    run(job())


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_continue_is_not_said_to_who_has_sent_already_or_cannot_hear_it(version: bytes) -> None:
    async def job() -> None:
        client = Client(House())
        whole = post(b"/v1/messages", b"{}", EXPECT, version=version)

        await client.send(*([whole] if version == b"1.1" else [whole[:-2], b"{}"]))

        assert CONTINUE not in client.transport.sent
        assert client.answered.status == 200

    run(job())


def test_continue_is_not_said_once_the_body_has_begun() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post(b"/v1/messages", b"12345", EXPECT)[:-3], b"345")

        assert CONTINUE not in client.transport.sent
        assert client.answered.said["body"] == "12345"

    run(job())


def test_a_body_said_to_be_too_large_is_refused_unread() -> None:
    async def job() -> None:
        client = Client(House(max_body_bytes=100))

        await client.send(post(body=b"x" * 101)[:-101])

        assert (client.answered.status, client.answered.said["code"]) == (413, "request_too_large")
        assert client.house.journey.calls == []
        assert (client.transport.ended, client.transport.closed) == (True, False)

    run(job())


def test_a_body_that_grows_too_large_is_refused_on_the_way() -> None:
    async def job() -> None:
        client = Client(House(max_body_bytes=100))
        wire = chunked(b"x" * 60, b"x" * 60)

        await client.send(wire[:120], wire[120:])

        assert (client.answered.status, client.answered.said["code"]) == (413, "request_too_large")

    run(job())


def test_a_refused_client_is_heard_out_for_a_while() -> None:
    """Closing on a client that is still sending would destroy the answer before it is read."""

    async def job() -> None:
        client = Client(House(max_body_bytes=100))

        await client.send(post(body=b"x" * 101)[:-101], b"x" * 50, b"x" * 51)
        heard = (client.transport.ended, client.transport.closed)
        await client.wait(LINGER + 1.0)

        assert heard == (True, False)
        assert client.transport.closed
        assert client.state.connections == set()

    run(job())


def test_a_client_refused_while_it_is_held_back_is_heard_out_too() -> None:
    async def job() -> None:
        gate = asyncio.Event()

        async def refuse(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            await gate.wait()
            raise Fault("invalid_api_key", "Unknown key.")

        client = Client(House(refuse))
        await client.send(post(body=b"x" * 3 * BODY_AHEAD)[: BODY_AHEAD + 500])
        held = client.transport.reading
        gate.set()
        await client.send()

        assert (held, client.transport.reading) == (False, True)
        assert client.answered.status == 401

    run(job())


def test_a_refused_client_that_closes_is_let_go() -> None:
    async def job() -> None:
        client = Client(House(max_body_bytes=100))

        await client.send(post(body=b"x" * 101)[:-101])
        stays = await client.shut_down()

        assert not stays
        assert client.state.connections == set()

    run(job())


def test_a_body_nobody_has_asked_for_is_not_read_without_bound() -> None:
    async def job() -> None:
        gate = asyncio.Event()

        async def hesitate(call: Call) -> Reply:
            await gate.wait()
            return await echo(call)

        client = Client(House(hesitate))
        wire = post(body=b"x" * (3 * BODY_AHEAD))

        await client.send(wire[: BODY_AHEAD + 500])
        held = client.transport.reading
        gate.set()
        await client.send(b"")
        resumed = client.transport.reading
        await client.send(wire[BODY_AHEAD + 500 :])

        assert (held, resumed) == (False, True)
        assert len(client.answered.said["body"]) == 3 * BODY_AHEAD

    run(job())


def test_a_body_that_takes_too_long_is_refused() -> None:
    async def job() -> None:
        client = Client(House(body_timeout=5.0))

        await client.send(post(body=b"12345")[:-3])
        await client.wait(4.5)
        early = client.answers()
        await client.wait(1.0)

        assert early == []
        assert (client.answered.status, client.answered.said["code"]) == (408, "request_timeout")
        assert "body_timeout" in client.answered.said["message"]
        assert not client.open

    run(job())


def test_a_slow_body_fails_even_who_asks_for_it_later() -> None:
    async def job() -> None:
        gate = asyncio.Event()

        async def hesitate(call: Call) -> Reply:
            await gate.wait()
            return await echo(call)

        client = Client(House(hesitate, body_timeout=5.0))
        await client.send(post(body=b"12345")[:-3])
        await client.wait(6.0)
        gate.set()
        await client.send(b"345")

        assert client.answered.status == 408

    run(job())


def test_a_body_that_breaks_off_ends_the_journey() -> None:
    async def job() -> None:
        client = Client(House(waits_before_the_body))

        await client.send(post(body=b"12345")[:-3])
        stays = await client.shut_down()

        assert not stays
        assert client.house.journey.cancelled == ["client_gone"]
        assert [outcome.ending for outcome in client.house.journey.outcomes] == ["client_gone"]
        assert client.state.inflight == 0

    run(job())


def test_a_body_can_be_read_again() -> None:
    async def job() -> None:
        async def twice(call: Call) -> Reply:
            return Reply.of(200, [JSON_TYPE], await call.body.read() + await call.body.read())

        client = Client(House(twice))
        wire = post(body=b"ab")

        await client.send(wire[:-1], wire[-1:])

        assert client.answered.body == b"abab"

    run(job())


def test_a_body_is_not_kept_when_its_answer_is_over() -> None:
    async def job() -> None:
        house = House()
        client = Client(house)
        await client.send(post(body=b"a rather large body")[:-4], b"body")
        body = house.journey.calls.pop().body

        gc.collect()
        holders = [holder for holder in gc.get_referrers(body) if not isinstance(holder, FrameType)]

        assert client.open
        assert holders == []

    run(job())


def test_a_get_may_bring_a_body_along() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(get(b"/v1/models", b"content-length: 2") + b"{}" + get(b"/livez"))

        assert [answer.status for answer in client.answers("GET", "GET")] == [200, 200]

    run(job())


@given(sizes=st.lists(st.integers(1, 2 * SMALL_PIECE), max_size=12))
@settings(max_examples=60, deadline=None)
def test_pieces_small_and_large_are_put_together_in_order(sizes: list[int]) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    body = IncomingBody()

    for piece in pieces:
        body.add(piece)
    body.finish()

    assert body.data == b"".join(pieces)
    assert type(body.data) is bytes
    assert body.size == len(body.data)


def test_a_body_in_crumbs_takes_hardly_more_memory_than_its_bytes() -> None:
    reader = Reader(EdgeSettings(), Room(0))
    reader.feed(b"POST /v1/messages HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\n")
    tracemalloc.start()
    try:
        for _ in range(MAX_CRUMBS // 1_000):
            reader.feed(b"2\r\n{}\r\n" * 1_000)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert reader.request.body.size == 2 * MAX_CRUMBS
    assert used < 4 * MAX_CRUMBS


def test_a_body_in_too_many_crumbs_is_refused() -> None:
    async def job() -> None:
        client = Client(House())
        crumbs = b"2\r\n{}\r\n" * (MAX_CRUMBS // 4 + 1)

        await client.send(chunked(b"a")[:-5], crumbs, crumbs, crumbs, crumbs)

        assert (client.answered.status, client.answered.said["code"]) == (400, "malformed_request")
        assert "chunks" in client.answered.said["message"]

    run(job())


def test_a_long_body_in_chunks_of_a_fair_size_passes() -> None:
    async def job() -> None:
        client = Client(House())
        chunk = b"x" * CRUMB

        await client.send(chunked(*[chunk] * (MAX_CRUMBS + 1)))

        assert len(client.answered.said["body"]) == CRUMB * (MAX_CRUMBS + 1)

    run(job())
