"""Every trouble does on the wire what its name says."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httptools
import msgspec
import pytest

from headworks.testing import LoadedChance
from headworks.testing.certificates import self_signed
from headworks.testing.emulator import Emulator, Fate, Pace, Personality, Trouble, TroubleKind, parse
from headworks.testing.emulator.trouble import Armed, Visitor

from .wire import DEADLINE, Heard, chat, request, talk

SILENCE = 1.0
"""Seconds without a byte after which nobody will say anything more."""


def heard(trouble: str, *, stream: bool, patience: float = DEADLINE) -> tuple[Heard, Fate, int]:
    """What a client hears under a trouble, what became of the exchange, and the tokens billed."""

    async def scene() -> tuple[Heard, Fate, int]:
        async with Emulator(Personality()) as emulator:
            emulator.arm(trouble)
            answer = await talk(emulator.url, chat("Explain rain.", stream=stream), patience=patience)
            for _ in range(100):
                await asyncio.sleep(0)
            exchange = emulator.counts.sightings[0]
            return answer, exchange.fate, exchange.input_tokens + exchange.output_tokens

    return asyncio.run(scene())


def chunks(answer: Heard) -> int:
    return answer.body.count(b"data: ")


def parses(answer: Heard) -> bool:
    """Whether it is one complete HTTP message."""
    done = list[bool]()

    class Watch:
        def on_message_complete(self) -> None:
            done.append(True)

    try:
        httptools.HttpResponseParser(Watch()).feed_data(answer.raw)
    except httptools.HttpParserError:
        return False
    return bool(done)


@pytest.mark.parametrize("stream", [True, False])
def test_without_trouble_an_answer_is_whole(stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    answer, fate, billed = heard("slow", stream=stream)

    assert (answer.ending, fate) == ("closed", Fate.WHOLE)
    assert parses(answer)
    assert billed > 10
    assert answer.body.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n") == stream


def test_an_error_has_its_status_and_the_time_to_retry() -> None:
    answer, fate, billed = heard("error status=429 retry_after=2.5 message='Too much'", stream=True)

    assert answer.head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"\r\nretry-after: 2.5\r\n" in answer.head + b"\r\n"
    assert msgspec.json.decode(answer.body)["error"]["message"] == "Too much"
    assert (fate, billed) == (Fate.REJECTED, 0)


@pytest.mark.parametrize("stream", [True, False])
def test_a_reset_before_the_head_sends_nothing_and_bills_nothing(stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    answer, fate, billed = heard("reset", stream=stream)

    assert (answer.raw, answer.ending) == (b"", "reset")
    assert (fate, billed) == (Fate.SPOILED, 0)


def test_a_reset_after_the_head_comes_after_so_many_chunks() -> None:
    bare, _, _ = heard("reset after=0", stream=True)
    some, fate, billed = heard("reset after=3", stream=True)

    assert (bare.ending, chunks(bare)) == ("reset", 0)
    assert bare.head.startswith(b"HTTP/1.1 200 OK")
    assert (some.ending, chunks(some)) == ("reset", 3)
    assert fate is Fate.SPOILED
    assert billed > 0


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_answer_closes_without_its_end(stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    answer, fate, _ = heard("cut after=3", stream=stream)

    assert (answer.ending, fate) == ("closed", Fate.SPOILED)
    assert not parses(answer)
    assert chunks(answer) == (3 if stream else 0)
    assert answer.body


def test_an_unfinished_stream_is_good_http_without_the_dialects_end() -> None:
    answer, fate, _ = heard("unfinished after=3", stream=True)

    assert parses(answer)
    assert chunks(answer) == 3
    assert b"[DONE]" not in answer.body
    assert fate is Fate.SPOILED


@pytest.mark.parametrize(("trouble", "said"), [("stall", -1), ("stall after=0", 0), ("stall after=2", 2)])
def test_a_stall_is_silence_on_an_open_connection(trouble: str, said: int) -> None:
    answer, fate, _ = heard(trouble, stream=True, patience=SILENCE)

    assert answer.ending == "silence"
    assert (chunks(answer) if answer.raw else -1) == said
    assert fate is Fate.CUT_BY_PEER


def test_a_stall_for_a_time_goes_on_afterwards() -> None:
    answer, fate, _ = heard("stall after=2 seconds=0.05", stream=True)

    assert parses(answer)
    assert fate is Fate.WHOLE


@pytest.mark.parametrize("form", ["json", "html", "sse", "empty"])
def test_garbage_is_good_http_and_no_answer(form: str) -> None:
    answer, fate, _ = heard(f"garbage form={form}", stream=False)

    assert parses(answer)
    assert b'"finish_reason"' not in answer.body
    assert fate is Fate.SPOILED


def test_garbage_can_be_no_http_at_all() -> None:
    answer, _, _ = heard("garbage form=http", stream=False)

    assert answer.raw.startswith(b"220 ")
    assert answer.ending == "closed"


def test_an_error_can_come_in_the_midst_of_a_stream() -> None:
    answer, _, _ = heard("error after=3 status=500 message=Woe", stream=True)

    assert parses(answer)
    assert chunks(answer) == 4
    assert b'data: {"error":{"message":"Woe"' in answer.body
    assert b"[DONE]" not in answer.body


def test_dripping_cuts_every_write() -> None:
    whole, _, _ = heard("slow", stream=False)
    dripped, fate, _ = heard("drip bytes=400", stream=False)

    assert parses(dripped)
    assert dripped.pieces > whole.pieces
    assert fate is Fate.WHOLE


@pytest.mark.parametrize("stream", [True, False])
def test_an_oversize_answer_is_as_large_as_it_was_asked_to_be(stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    answer, _, _ = heard("oversize bytes=300000", stream=stream)

    assert answer.body.count(b"a") >= 300_000


def test_oversize_headers_are_as_large_as_they_were_asked_to_be() -> None:
    answer, _, _ = heard("oversize form=head bytes=100000", stream=False)

    assert len(answer.head) > 100_000
    assert answer.body == b"{}"


def test_slow_delays_the_first_token_and_the_rest() -> None:
    async def scene() -> tuple[float, float]:
        async with Emulator(Personality(pace=Pace(first_token=0.0, tokens_per_second=0.0))) as emulator:
            loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
            await talk(emulator.url, chat("[emulate: slow seconds=0.1] Rain?", stream=True))
            late = loop.time()
            await talk(emulator.url, chat("[emulate: slow rate=200] Write 20 words on rain.", stream=True))
            return late - began, loop.time() - late

    first, paced = asyncio.run(scene())
    assert first >= 0.1
    assert paced >= 20 / 200


def test_a_trouble_in_a_header_or_in_the_prompt_strikes_that_request_only() -> None:
    async def scene() -> list[bytes]:
        async with Emulator(Personality()) as emulator:
            requests = [
                chat("Hi", "x-emulate: error status=503"),
                chat("Hi"),
                chat('[emulate: error status=418 message="short and stout"] Hi'),
                chat("[emulate: error status=500 provider=another] Hi"),
            ]
            return [(await talk(emulator.url, one)).head[:12] for one in requests]

    assert asyncio.run(scene()) == [b"HTTP/1.1 503", b"HTTP/1.1 200", b"HTTP/1.1 418", b"HTTP/1.1 200"]


def test_an_unreadable_trouble_is_answered_with_what_would_be_readable() -> None:
    async def scene() -> Heard:
        async with Emulator(Personality()) as emulator:
            return await talk(emulator.url, chat("Hi", "x-emulate: eror status=5"))

    answer = asyncio.run(scene())
    assert answer.head.startswith(b"HTTP/1.1 400")
    assert b"Kinds: error, reset" in answer.body


def test_a_closed_door_refuses_connections_until_it_is_opened_again() -> None:
    async def scene() -> None:
        alpha, beta = Personality(name="alpha", port=0), Personality(name="beta", port=0)
        async with Emulator(alpha, beta) as emulator:
            place = {"provider": "alpha", "open": False}
            await talk(emulator.url_of("beta"), request("/_emulator/doors", place, "connection: close"))
            with pytest.raises(ConnectionRefusedError):
                await talk(emulator.url_of("alpha"), chat("Hi"))
            await talk(emulator.url_of("beta"), request("/_emulator/doors", place | {"open": True}, "connection: close"))
            await asyncio.sleep(0)
            assert (await talk(emulator.url_of("alpha"), chat("Hi"))).head.startswith(b"HTTP/1.1 200")

    asyncio.run(scene())


def test_a_provider_can_speak_tls_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)

    async def scene() -> Heard:
        async with Emulator(Personality(cert_file=str(certificate.cert), key_file=str(certificate.key))) as emulator:
            assert emulator.url.startswith("https://127.0.0.1:")
            return await talk(emulator.url, chat("Hi", stream=True), trust=ssl.create_default_context(cafile=certificate.cert))

    assert parses(asyncio.run(scene()))


def test_troubles_are_written_and_read_as_documented() -> None:
    first, second = parse("error status=429 retry_after=2 message='a b'; cut after=3 share=0.5 times=2")

    assert first == Trouble(kind=TroubleKind.ERROR, status=429, retry_after=2.0, message="a b")
    assert second == Trouble(kind=TroubleKind.CUT, after=3, share=0.5, times=2)
    with pytest.raises(ValueError, match="should be key=value"):
        parse("error 429")


def test_armed_troubles_strike_by_chance_and_are_spent_after_their_times() -> None:
    armed, visitor = Armed(parse("cut share=0.5; error times=2 model=m; stall model=other")), Visitor("p", "m", "/x")
    chance = LoadedChance([0.4, 0.6])

    struck = [[trouble.kind.value for trouble in armed.strike(visitor, chance)] for _ in range(4)]

    assert struck == [["cut", "error"], ["error"], ["cut"], []]
    assert [trouble.kind for trouble in armed.troubles] == [TroubleKind.CUT, TroubleKind.STALL]
