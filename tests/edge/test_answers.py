"""How replies and faults look on the wire."""

from __future__ import annotations

import asyncio

import pytest

from headworks.domain.call import Call
from headworks.domain.errors import Fault, UpstreamSaid
from headworks.domain.outcome import Ending, Outcome
from headworks.domain.reply import Frame, Reply
from headworks.edge.writer import LARGE
from tests.edge.rig import (
    JSON_TYPE,
    SSE_TYPE,
    Client,
    House,
    PushedReply,
    answering,
    get,
    post,
    pushing,
    raising,
    run,
)

EVENT = b'data: {"x":1}\n\n'


def test_a_whole_answer_waits_for_its_end_and_leaves_in_one_write() -> None:
    """So the record is written before any byte leaves, and headers that depend on the outcome can still be added."""

    async def job() -> None:
        pushed = PushedReply(stream=False, whole=True)
        client = Client(House(pushing(pushed)))
        await client.send(post())

        pushed.push(b'{"answer":', b"42}")
        written_early = client.transport.writes
        pushed.reply.on_end(lambda outcome: pushed.reply.headers.append((b"x-headworks-cost", b"7")))  # noqa: ARG005 - its signature
        pushed.finish()

        assert (written_early, client.transport.writes) == (0, 1)
        assert client.answered.body == b'{"answer":42}'
        assert client.answered.headers["content-length"] == "13"
        assert client.answered.headers["x-headworks-cost"] == "7"
        assert client.open

    run(job())


def test_a_large_whole_answer_is_not_copied_behind_its_head() -> None:
    async def job() -> None:
        body = b"x" * (LARGE + 1)
        client = Client(House(answering(200, body)))

        await client.send(post(), get(b"/v1/models", method=b"HEAD"))
        first, second = client.answers("POST", "HEAD")

        assert (first.body, first.complete) == (body, True)
        assert (second.body, second.headers["content-length"]) == (b"", str(LARGE + 1))

    run(job())


def test_every_answer_has_a_date_and_an_id() -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post())
        client.house.clock.advance(61.0)
        client.state.tick()
        await client.send(post())
        first, second = client.answers()

        assert (first.headers["date"], second.headers["date"]) == (
            "Thu, 01 Jan 2026 00:00:00 GMT",
            "Thu, 01 Jan 2026 00:01:01 GMT",
        )
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        assert "request-id" not in first.headers

    run(job())


def test_a_stream_is_pushed_frame_by_frame() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed)))
        pushed.push(b"waited ", b"too ")
        await client.send(post())
        first = client.transport.writes

        pushed.push(b"one ", b"", b"two")
        second = client.transport.writes
        pushed.finish()

        assert (first, second, client.transport.writes) == (1, 3, 4)
        assert (client.answered.body, client.answered.complete) == (b"waited too one two", True)
        assert client.answered.headers["transfer-encoding"] == "chunked"
        assert client.answered.headers["cache-control"] == "no-cache"
        assert client.answered.headers["x-accel-buffering"] == "no"
        assert client.open

    run(job())


def test_a_stream_that_is_over_at_once_is_one_write() -> None:
    async def job() -> None:
        pushed = PushedReply()
        pushed.push(b"all", b" of it")
        pushed.finish()
        client = Client(House(pushing(pushed)))

        await client.send(post())

        assert client.transport.writes == 1
        assert (client.answered.body, client.answered.complete) == (b"all of it", True)

    run(job())


def test_many_frames_that_are_no_event_stream_are_chunked_without_its_headers() -> None:
    async def job() -> None:
        pushed = PushedReply(stream=False)
        pushed.push(b"a", b"b")
        client = Client(House(pushing(pushed)))

        await client.send(post())
        pushed.finish()

        assert client.answered.body == b"ab"
        assert "cache-control" not in client.answered.headers

    run(job())


def test_frames_whose_length_is_known_are_sent_with_it() -> None:
    async def job() -> None:
        pushed = PushedReply(stream=False)
        pushed.reply.length = 4
        pushed.push(b"ab")
        client = Client(House(pushing(pushed)))

        await client.send(post())
        assert not client.answered.complete
        pushed.push(b"cd")
        pushed.finish()

        assert (client.answered.body, client.answered.complete) == (b"abcd", True)
        assert client.answered.headers["content-length"] == "4"
        assert "transfer-encoding" not in client.answered.headers
        assert client.open

    run(job())


@pytest.mark.parametrize("ending", [Ending.SEVERED, Ending.CANCELLED])
def test_a_stream_whose_last_frame_told_the_error_ends_properly_and_closes(ending: Ending) -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed)))
        await client.send(post())

        pushed.push(b"data: half\n\n", b"data: an error\n\n")
        pushed.finish(ending, "severed")

        assert (client.answered.body, client.answered.complete) == (b"data: half\n\ndata: an error\n\n", True)
        assert not client.open

    run(job())


@pytest.mark.parametrize(
    ("stream", "ending"),
    [(True, Ending.FAILED), (False, Ending.SEVERED), (False, Ending.CANCELLED), (True, Ending.KILLED)],
)
def test_a_broken_answer_that_cannot_tell_so_is_cut(*, stream: bool, ending: Ending) -> None:
    async def job() -> None:
        pushed = PushedReply(stream=stream)
        client = Client(House(pushing(pushed)))
        await client.send(post())

        pushed.push(b"half")
        pushed.finish(ending, "severed")

        assert client.transport.aborted
        assert (client.answered.body, client.answered.complete) == (b"half", False)

    run(job())


@pytest.mark.parametrize(("stream", "whole"), [(False, True), (False, False), (True, False)])
def test_an_answer_that_broke_before_its_head_left_becomes_an_error(*, stream: bool, whole: bool) -> None:
    async def job() -> None:
        pushed = PushedReply(stream=stream, whole=whole)
        pushed.push(b"half")
        pushed.finish(Ending.FAILED, "upstream_reset")
        client = Client(House(pushing(pushed)))

        await client.send(post())

        assert (client.answered.status, client.answered.said["code"]) == (502, "upstream_reset")

    run(job())


def test_an_older_client_gets_a_stream_that_ends_with_the_connection() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed)))
        await client.send(post(b"/v1/messages", b"{}", b"connection: keep-alive", version=b"1.0"))

        pushed.push(b"one ", b"two")
        pushed.finish()

        assert client.transport.sent.endswith(b"\r\n\r\none two")
        assert "transfer-encoding" not in client.answered.headers
        assert client.answered.headers["connection"] == "close"
        assert not client.open

    run(job())


@pytest.mark.parametrize(
    ("version", "asked", "said", "stays"),
    [
        (b"1.1", b"x: y", None, True),
        (b"1.1", b"connection: close", "close", False),
        (b"1.0", b"x: y", "close", False),
        (b"1.0", b"connection: keep-alive", "keep-alive", True),
    ],
)
def test_the_connection_is_kept_as_both_sides_wish(version: bytes, asked: bytes, said: str | None, *, stays: bool) -> None:
    async def job() -> None:
        client = Client(House())

        await client.send(post(b"/v1/messages", b"{}", asked, version=version))

        assert client.answered.headers.get("connection") == said
        assert client.open is stays

    run(job())


def test_a_head_of_a_stream_has_no_body() -> None:
    async def job() -> None:
        pushed = PushedReply()
        client = Client(House(pushing(pushed)))
        await client.send(get(b"/v1/models", method=b"HEAD"))
        pushed.push(b"one")
        pushed.finish()
        await client.send(get(b"/livez"))

        assert [answer.status for answer in client.answers("HEAD", "GET")] == [200, 200]

    run(job())


def test_headers_that_are_the_edges_own_are_not_taken_from_stages() -> None:
    async def job() -> None:
        foreign = [JSON_TYPE, (b"content-length", b"9"), (b"transfer-encoding", b"chunked"), (b"connection", b"close")]
        client = Client(House(answering(200, b"{}", [*foreign, (b"date", b"never"), (b"x-request-id", b"theirs")])))

        await client.send(post())

        assert client.answered.headers["content-length"] == "2"
        assert "connection" not in client.answered.headers
        assert client.answered.headers["x-request-id"] == client.house.journey.call.id

    run(job())


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nset-cookie: b", b"a\r\n\r\nHTTP/1.1 200 OK", b"a\0b"])
def test_no_header_value_can_break_out_of_its_line(value: bytes) -> None:
    async def job() -> None:
        client = Client(House(answering(200, b"{}", [JSON_TYPE, (b"x-tag", value)])))

        await client.send(post())

        assert client.answered.headers["x-tag"].startswith("a ")
        assert "set-cookie" not in client.answered.headers

    run(job())


def test_a_status_without_a_name_is_written_all_the_same() -> None:
    async def job() -> None:
        client = Client(House(answering(529)))

        await client.send(post())

        assert client.answered.status == 529

    run(job())


def test_a_fault_is_said_in_the_dialect_of_the_path() -> None:
    async def job() -> None:
        fault = Fault("rate_limit_exceeded", "Slow down.", retry_after=1.25)
        client = Client(House(raising(fault)))

        await client.send(post(b"/v1/messages"))
        answer = client.answered

        assert answer.status == 429
        assert answer.said == {
            "front": "anthropic",
            "code": "rate_limit_exceeded",
            "message": "Slow down.",
            "id": answer.headers["x-request-id"],
        }
        assert answer.headers["request-id"] == answer.headers["x-request-id"]
        assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("2", "1250")
        assert "x-should-retry" not in answer.headers
        assert client.open
        assert client.house.journey.outcomes == [Outcome(Ending.REFUSED, 429, "rate_limit_exceeded")]

    run(job())


@pytest.mark.parametrize(
    ("code", "hint"), [("invalid_api_key", "false"), ("request_timeout", "true"), ("upstream_error", None)]
)
def test_a_fault_says_whether_to_try_again(code: str, hint: str | None) -> None:
    async def job() -> None:
        client = Client(House(raising(Fault(code, "So it is."))))

        await client.send(post())

        assert client.answered.headers.get("x-should-retry") == hint
        assert "retry-after" not in client.answered.headers

    run(job())


def test_an_upstream_of_the_same_dialect_is_quoted_to_the_byte() -> None:
    async def job() -> None:
        said = UpstreamSaid(422, "anthropic", b"application/json; charset=x", b'{"type" : "error"}\n')
        fault = Fault("upstream_rejected", "No.", status=422, said=said)
        quoted, retold = Client(House(raising(fault))), Client(House(raising(fault)))

        await quoted.send(post(b"/v1/messages"))
        await retold.send(post(b"/v1/chat/completions"))

        assert (quoted.answered.status, quoted.answered.body) == (422, said.body)
        assert quoted.answered.headers["content-type"] == "application/json; charset=x"
        assert (retold.answered.status, retold.answered.said["code"]) == (422, "upstream_rejected")

    run(job())


def test_a_journey_that_crashes_is_a_500_and_is_complained_about() -> None:
    async def job() -> None:
        client = Client(House(raising(ZeroDivisionError("secret"))))

        await client.send(post(), post())
        first, second = client.answers()

        assert (first.status, first.said["code"], second.status) == (500, "internal_error", 500)
        assert b"secret" not in first.body
        assert first.headers["x-request-id"] in first.said["message"]
        assert [type(trouble) for trouble in client.house.complaints] == [ZeroDivisionError] * 2
        assert client.house.journey.outcomes[0] == Outcome(Ending.FAILED, 500, "internal_error")
        assert client.open

    run(job())


@pytest.mark.parametrize("finished", [True, False])
def test_a_tap_that_crashes_at_the_start_is_a_500(*, finished: bool) -> None:
    async def job() -> None:
        def explode(frame: Frame) -> None:
            raise ValueError(frame)

        async def tapped(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            pushed = PushedReply(stream=False, whole=True)
            pushed.push(b"{}")
            if finished:
                pushed.finish()
            pushed.reply.tap(explode)
            return pushed.reply

        client = Client(House(tapped))
        await client.send(post())

        assert client.answered.status == 500
        assert [type(trouble) for trouble in client.house.complaints] == [ValueError]
        assert client.state.inflight == 0
        assert client.open

    run(job())


def test_a_source_that_crashes_after_the_head_left_has_its_connection_cut() -> None:
    async def job() -> None:
        class Sulking(PushedReply):
            def pause(self) -> None:
                raise OSError("no")

        pushed = Sulking()
        pushed.push(EVENT * 10)
        client = Client(House(pushing(pushed), write_high_water=10))
        client.transport.takes = False

        await client.send(post())

        assert client.transport.aborted
        assert client.house.journey.outcomes == [Outcome(Ending.FAILED, 500, "internal_error")]
        assert client.state.inflight == 0

    run(job())


def test_a_journey_cancelled_by_a_stranger_leaves_no_answer_hanging() -> None:
    """The loop is being torn down."""

    async def job() -> None:
        async def stranger(call: Call) -> Reply:  # noqa: ARG001 - a handler's signature
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        client = Client(House(stranger))

        await client.send(post())

        assert client.transport.aborted
        assert client.house.journey.outcomes == [Outcome(Ending.CANCELLED, 503, "draining")]

    run(job())


def test_a_streams_own_type_travels() -> None:
    async def job() -> None:
        pushed = PushedReply(headers=[SSE_TYPE, (b"x-headworks-model", b"gpt-4o")])
        client = Client(House(pushing(pushed)))

        await client.send(post())
        pushed.finish()

        assert client.answered.headers["content-type"] == "text/event-stream"
        assert client.answered.headers["x-headworks-model"] == "gpt-4o"

    run(job())
