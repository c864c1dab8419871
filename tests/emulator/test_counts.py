"""The emulator's side of the accounts, and how it behaves as an HTTP server."""

from __future__ import annotations

import asyncio
import urllib.error

import msgspec
import pytest

from headworks.testing.emulator import Canned, Emulator, EmulatorProcess, Fate, Pace, Personality, Settings

from .wire import chat, request, talk

SLOW = Pace(first_token=0.0, tokens_per_second=200.0, spread=0.0)


async def until(emulator: Emulator, fate: Fate, times: int = 1) -> None:
    async with asyncio.timeout(60):
        while emulator.counts.fates[fate] < times:  # noqa: ASYNC110 - the product has no event for it, and needs none
            await asyncio.sleep(0)


def test_every_request_is_counted_once_by_how_it_ended() -> None:
    async def scene() -> dict[str, object]:
        async with Emulator(Personality(name="p", models=("m",))) as emulator:
            await talk(emulator.url, chat("One"))
            await talk(emulator.url, chat("Two", "x-request-id: abc", stream=True))
            await talk(emulator.url, chat("Three", "x-request-id: abc", "x-emulate: cut after=1", stream=True))
            await talk(emulator.url, chat("Four", "x-emulate: error"))
            await talk(emulator.url, request("/v1/nowhere", {}, "connection: close"))
            return emulator.counts.report()

    report = asyncio.run(scene())
    assert {key: report[key] for key in ("begun", "open", "answered_whole", "cut_by_peer", "spoiled", "rejected")} == {
        "begun": 5,
        "open": 0,
        "answered_whole": 2,
        "cut_by_peer": 0,
        "spoiled": 1,
        "rejected": 2,
    }
    assert report["ids"] == {"abc": 2}
    assert report["statuses"] == {"200": 3, "500": 1, "404": 1}


def test_a_client_that_hangs_up_stops_the_generation_and_pays_for_what_was_generated() -> None:
    async def scene() -> None:
        async with Emulator(Personality(pace=SLOW)) as emulator:
            await talk(emulator.url, chat("Write 500 words on rain.", stream=True), enough=3_000)
            await until(emulator, Fate.CUT_BY_PEER)
            exchange = emulator.counts.sightings[0]
            billed = exchange.output_tokens
            assert 0 < billed < 400
            assert exchange.input_tokens > 0
            await asyncio.sleep(0)
            assert exchange.output_tokens == billed
            assert emulator.counts.report()["cut_by_peer"] == 1

    asyncio.run(scene())


def test_a_client_that_hangs_up_on_a_whole_answer_pays_for_a_part() -> None:
    async def scene() -> int:
        async with Emulator(Personality(pace=SLOW)) as emulator:
            await talk(emulator.url, chat("Write 200 words on rain."), patience=0.5)
            await until(emulator, Fate.CUT_BY_PEER)
            return emulator.counts.sightings[0].output_tokens

    assert 0 < asyncio.run(scene()) < 200


def test_a_reader_that_does_not_read_holds_the_generation_up() -> None:
    async def scene() -> None:
        async with Emulator(Personality()) as emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", emulator.doors[0].port, limit=1024)
            writer.write(chat("Hi", "x-emulate: oversize bytes=50000000"))
            await reader.readline()
            for _ in range(1000):
                await asyncio.sleep(0)
            buffered = sum(transport.get_write_buffer_size() for transport in emulator.counts.live)
            assert 0 < buffered < 1_000_000
            writer.transport.abort()
            await until(emulator, Fate.CUT_BY_PEER)

    asyncio.run(scene())


def test_pipelined_requests_are_answered_one_after_the_other_on_one_connection() -> None:
    async def scene() -> bytes:
        async with Emulator(Personality(pace=SLOW)) as emulator:
            first = request(
                "/v1/chat/completions", {"model": "first", "messages": [{"role": "user", "content": "Write 5 words."}]}
            )
            return (await talk(emulator.url, first + chat("Write 5 words.", stream=True))).raw

    heard = asyncio.run(scene())
    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert heard.index(b'"model":"first"') < heard.index(b"text/event-stream")


def test_a_careful_client_is_told_to_continue_before_it_sends_its_body() -> None:
    async def scene() -> None:
        async with Emulator(Personality()) as emulator:
            data = chat("Hi", "expect: 100-continue")
            head, _, body = data.partition(b"\r\n\r\n")
            reader, writer = await asyncio.open_connection("127.0.0.1", emulator.doors[0].port)
            writer.write(head + b"\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            assert (await reader.read(12)) == b"HTTP/1.1 200"
            writer.transport.abort()

    asyncio.run(scene())


def test_the_head_of_an_answer_can_be_had_alone() -> None:
    async def scene() -> bytes:
        async with Emulator(Personality()) as emulator:
            return (await talk(emulator.url, b"HEAD /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n")).raw

    heard = asyncio.run(scene())
    assert heard.startswith(b"HTTP/1.1 401")
    assert heard.endswith(b"\r\n\r\n")


def test_what_is_no_http_is_refused() -> None:
    async def scene() -> bytes:
        async with Emulator(Personality()) as emulator:
            return (await talk(emulator.url, b"NONSENSE\r\n\r\n")).head

    assert asyncio.run(scene()).startswith(b"HTTP/1.1 400")


def test_providers_share_a_port_by_prefix_or_have_ports_of_their_own() -> None:
    async def scene() -> list[str]:
        shared = Personality(name="shared", prefix="/shared")
        async with Emulator(Personality(name="main"), shared, Personality(name="own", port=0)) as emulator:
            for name in ("main", "shared", "own"):
                path = emulator.providers[name].personality.prefix + "/v1/chat/completions"
                await talk(emulator.url_of(name), chat(name, path=path))
            assert len(emulator.doors) == 2
            return [exchange.provider for exchange in emulator.counts.sightings]

    assert asyncio.run(scene()) == ["main", "shared", "own"]


def test_leaving_hangs_up_on_everybody() -> None:
    async def scene() -> None:
        emulator = Emulator(Personality())
        async with emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", emulator.doors[0].port)
            writer.write(chat("Hi", "x-emulate: stall after=1", stream=True))
            await reader.readline()
        assert emulator.counts.live == set()
        writer.transport.abort()

    asyncio.run(scene())


def test_a_process_can_be_asked_armed_and_reset() -> None:
    with EmulatorProcess(Personality(name="alone")) as emulator:
        emulator.arm("error status=503 times=1", provider="alone")
        answers = [asyncio.run(talk(emulator.url, chat("Hi"))).head[9:12] for _ in range(2)]
        assert answers == [b"503", b"200"]
        assert [exchange["status"] for exchange in emulator.sightings()] == [503, 200]
        emulator.reset()
        assert emulator.counts()["begun"] == 0
        with pytest.raises(urllib.error.HTTPError, match="400"):
            emulator.arm("error status=503", provider="nobody")
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.pid


def test_the_bench_mode_answers_everything_alike_and_counts() -> None:
    async def scene() -> None:
        canned = Canned(answer_bytes=1024, chunks=5, interval=0.001)
        async with Emulator(settings=Settings(providers=(Personality(canned=canned),), remember=0)) as emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", emulator.doors[0].port)
            whole_request = {"model": "m", "messages": []}
            writer.write(request("/v1/chat/completions", whole_request))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            whole = msgspec.json.decode(await reader.readexactly(length))
            writer.write(request("/v1/chat/completions", whole_request | {"stream": True}))
            stream = await reader.readuntil(b"\r\n0\r\n\r\n")
            writer.write(b"GET /_emulator/counts HTTP/1.1\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()

            assert len(whole["choices"][0]["message"]["content"]) == 1024
            events = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: {")]
            chunks = [msgspec.json.decode(event) for event in events]
            marks = [int(chunk["choices"][0]["delta"].get("content") or 0) for chunk in chunks if chunk["choices"]]
            assert [mark > 0 for mark in marks] == [False, True, True, True, True, True, False]
            assert marks[1:6] == sorted(marks[1:6])
            assert chunks[-1]["usage"]["completion_tokens"] == 5
            assert emulator.counts.report()["answered_whole"] == emulator.counts.begun == 2

    asyncio.run(scene())


def test_the_bench_mode_speaks_anthropics_language_to_those_who_ask_for_messages() -> None:
    async def scene() -> None:
        async with Emulator(Personality(canned=Canned(answer_bytes=1024, chunks=5, interval=0.001))) as emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", emulator.doors[0].port)
            whole_request = {"model": "m", "messages": [], "max_tokens": 5}
            writer.write(request("/v1/messages", whole_request))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            whole = msgspec.json.decode(await reader.readexactly(length))
            writer.write(request("/v1/messages", whole_request | {"stream": True}))
            stream = await reader.readuntil(b"\r\n0\r\n\r\n")
            writer.transport.abort()

            assert len(whole["content"][0]["text"]) == 1024
            events = [msgspec.json.decode(line[6:]) for line in stream.split(b"\n") if line.startswith(b"data: {")]
            pieces = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
            assert len(pieces) == 5
            assert pieces == sorted(pieces)
            assert [event["type"] for event in events if event not in events[2:7]] == [
                "message_start",
                "content_block_start",
                "content_block_stop",
                "message_delta",
                "message_stop",
            ]
            assert events[-2]["usage"]["output_tokens"] == 5
            assert emulator.counts.report()["answered_whole"] == emulator.counts.begun == 2

    asyncio.run(scene())


def test_a_bench_stream_that_is_hung_up_on_is_counted_as_cut() -> None:
    async def scene() -> None:
        async with Emulator(Personality(canned=Canned(chunks=1000, interval=0.01))) as emulator:
            await talk(emulator.url, chat("Hi", stream=True), enough=1)
            await until(emulator, Fate.CUT_BY_PEER)
            assert emulator.counts.begun == 1

    asyncio.run(scene())
