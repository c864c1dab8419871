"""Forms with files at the front door: bounds of their own, patience while something comes, and only where they are taken."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from headworks.domain.body import BodySource, Replay
from headworks.domain.call import Call
from headworks.domain.errors import Fault
from headworks.domain.reply import Reply
from headworks.edge.connection import BODY_AHEAD
from headworks.testing.emulator.forms import File, read_form
from tests.edge.rig import Client, House, echo, post, raising, run
from tests.edge.test_bodies import chunked
from tests.edge.test_forms import TYPE, taken, written

PATH = b"/v1/audio/transcriptions"
FORM = b"content-type: " + TYPE


def upload(size: int) -> bytes:
    return written([("model", b"m"), ("file", File("a.mp3", "audio/mpeg", bytes(size)))])


def in_chunks(*chunks: bytes) -> bytes:
    return chunked(*chunks, headers=FORM + b"\r\n").replace(b"/v1/messages", PATH)


async def forward(call: Call) -> Reply:
    """Answer with the form as it would be sent on."""
    fields = await call.body.read()
    assert call.body.form is not None
    source = call.body.form.written(fields)
    form = read_form(source.content_type.decode(), taken(source))
    seen = {"fields": list(form), "size": len(form["file"].content), "replay": call.body.replay}
    return Reply.of(200, [(b"content-type", b"application/json")], msgspec.json.encode(seen))


def test_a_form_may_be_larger_than_other_bodies() -> None:
    async def job() -> None:
        client = Client(House(forward, max_body_bytes=100))

        await client.send(post(PATH, upload(10_000), FORM))

        assert client.answered.said == {"fields": ["model", "file"], "size": 10_000, "replay": Replay.SPOOLED}

    run(job())


def test_a_form_in_chunks() -> None:
    async def job() -> None:
        client = Client(House(forward, max_body_bytes=100))
        body = upload(10_000)

        await client.send(in_chunks(body[:20], body[20:150], body[150:]))

        assert client.answered.said["size"] == 10_000

    run(job())


def test_a_form_said_to_be_too_large_is_refused_unread() -> None:
    async def job() -> None:
        client = Client(House(max_body_bytes=100, max_upload_bytes=1000))

        await client.send(post(PATH, bytes(1001), FORM)[:-1001])

        assert (client.answered.status, client.answered.said["code"]) == (413, "request_too_large")
        assert "server.max_upload_bytes" in client.answered.said["message"]
        assert client.house.journey.calls == []

    run(job())


def test_a_form_that_grows_too_large_is_refused_on_the_way() -> None:
    async def job() -> None:
        client = Client(House(forward, max_body_bytes=100, max_upload_bytes=1000))
        body = upload(2000)
        wire = in_chunks(body[:600], body[600:])

        await client.send(wire[:800], wire[800:])

        assert (client.answered.status, client.answered.said["code"]) == (413, "request_too_large")

    run(job())


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (b"/v1/chat/completions", FORM),
        (PATH, b"content-type: application/json"),
        (PATH, b"content-type: multipart/mixed; boundary=x"),
    ],
)
def test_only_uploads_may_be_so_large(path: bytes, line: bytes) -> None:
    async def job() -> None:
        client = Client(House(max_body_bytes=100))

        await client.send(post(path, bytes(101), line))

        assert client.answered.status == 413
        assert "server.max_body_bytes" in client.answered.said["message"]

    run(job())


def test_a_form_elsewhere_is_a_body_like_any_other() -> None:
    async def job() -> None:
        client = Client(House(echo))
        await client.send(post(b"/v1/chat/completions", b"--x", FORM))

        assert client.answered.said["body"] == "--x"

    run(job())


def test_repeated_heads_are_no_short_cut_for_forms() -> None:
    async def job() -> None:
        client = Client(House(forward))
        for size in (10, 20, 30):
            await client.send(post(PATH, upload(size), FORM))

        assert [answer.said["size"] for answer in client.answers()] == [10, 20, 30]

    run(job())


@pytest.mark.parametrize("cut", [b"", b"x"])
def test_a_form_that_cannot_be_read_is_refused_and_the_connection_closed(cut: bytes) -> None:
    async def job() -> None:
        client = Client(House(forward))
        await client.send(post(PATH, cut + upload(10)[: 99 + len(cut)], FORM))

        assert (client.answered.status, client.answered.said["code"]) == (400, "malformed_request")
        assert client.answered.headers["connection"] == "close"

    run(job())


def test_a_form_without_a_boundary_is_refused_at_its_head() -> None:
    async def job() -> None:
        client = Client(House(forward))
        await client.send(post(PATH, upload(10), b"content-type: multipart/form-data")[:-50])

        assert client.answered.said["code"] == "malformed_request"
        assert client.house.journey.calls == []

    run(job())


def test_an_upload_is_not_read_before_somebody_wants_it() -> None:
    """Who shows no key has nothing put aside for it."""

    async def job() -> None:
        gate = asyncio.Event()

        async def refuse(call: Call) -> Reply:
            await gate.wait()
            return await raising(Fault("invalid_api_key", "Unknown key."))(call)

        client = Client(House(refuse))
        await client.send(post(PATH, upload(5 * BODY_AHEAD), FORM)[: BODY_AHEAD + 500])
        held = client.transport.reading
        gate.set()
        await client.send()

        assert not held
        assert client.answered.status == 401

    run(job())


def test_an_upload_that_moves_is_waited_for() -> None:
    async def job() -> None:
        client = Client(House(forward, body_timeout=10.0))
        wire = post(PATH, upload(500_000), FORM)

        for at in range(0, len(wire), 100_000):
            await client.send(wire[at : at + 100_000])
            await client.wait(8.0)

        assert client.answered.said["size"] == 500_000

    run(job())


def test_an_upload_that_drips_is_not() -> None:
    async def job() -> None:
        client = Client(House(forward, body_timeout=10.0))
        wire = post(PATH, upload(500_000), FORM)
        at = 0
        while client.open and at < 100:
            await client.send(wire[at * 1000 : (at + 1) * 1000])
            await client.wait(1.0)
            at += 1

        assert (client.answered.status, client.answered.said["code"]) == (408, "request_timeout")
        assert at < 25

    run(job())


def test_a_large_upload_passes_through_and_is_held_back() -> None:
    async def job() -> None:
        sources: list[BodySource] = []
        over = asyncio.Event()

        async def hold(call: Call) -> Reply:
            fields = await call.body.read()
            assert call.body.form is not None
            sources.append(call.body.form.written(fields))
            await over.wait()
            return await raising(Fault("invalid_api_key", "Unknown key."))(call)

        client = Client(House(hold, upload_ahead_bytes=100_000))
        wire = post(PATH, upload(3_000_000), FORM)
        at = 0
        while client.transport.reading:
            await client.send(wire[at : at + 65_536])
            at += 65_536
        source = sources[0]
        assert at < 600_000
        got = 0
        while piece := source.take(65_536):
            got += len(piece)

        assert client.transport.reading
        assert got > 200_000
        assert source.length is None
        over.set()
        await client.send()

    run(job())


def test_a_client_that_hangs_up_ends_what_passes_through() -> None:
    async def job() -> None:
        sources: list[BodySource] = []

        async def hold(call: Call) -> Reply:
            fields = await call.body.read()
            assert call.body.form is not None
            sources.append(call.body.form.written(fields))
            await asyncio.Event().wait()
            raise AssertionError

        client = Client(House(hold, upload_ahead_bytes=1000))
        await client.send(post(PATH, upload(100_000), FORM)[:50_000])
        await client.hang_up()

        assert client.house.journey.cancelled == ["client_gone"]
        with pytest.raises(Fault, match="ended before"):
            taken(sources[0])

    run(job())
