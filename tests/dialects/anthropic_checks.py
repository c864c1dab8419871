"""What must hold for every recording of Anthropic's language, whoever spoke it."""

from __future__ import annotations

import json
import random

import msgspec
from genai_prices import extract_usage

from headworks.domain.call import Kind
from headworks.domain.events import Ended, Event, PartStarted, UsageSeen
from headworks.domain.usage import NO_USAGE, Usage
from headworks.ports.interpreter import Relay
from tests.dialects.anthropic_wire import CLAUDE, DIALECT, Json, ask, question, target, told
from tests.dialects.recordings import SEED, Check, LeftOut, Recording, merged, plain, random_cuts

OPS = ("messages", "messages.count_tokens")
EXCEPTIONS = "left_out_anthropic.toml"
BYTEWISE_SHARE = 0.1
"""Of the streams, in the short run: feeding byte by byte is slow."""


def request_comes_out_equal(recording: Recording) -> None:
    body = recording.request
    kind = Kind.COUNT_TOKENS if recording.op == "messages.count_tokens" else Kind.CHAT

    talk = DIALECT.read_request(ask(body, kind))
    out, losses = DIALECT.write_request(talk, target(body["model"]))

    assert msgspec.json.decode(out) == body
    assert losses == ()


def any_cut_decodes_the_same(recording: Recording) -> None:
    answer = _message(recording)
    if not recording.is_stream:
        raise LeftOut("the answer was not streamed")
    at_once = plain(_decode([answer]))

    assert plain(_decode(random_cuts(answer, recording.file))) == at_once


def byte_by_byte_it_is_the_same(recording: Recording) -> None:
    """Fed byte by byte, the same events, and the relay passes the same bytes."""
    answer = _message(recording)
    if not recording.is_stream:
        raise LeftOut("the answer was not streamed")
    pieces = [answer[place : place + 1] for place in range(len(answer))]

    assert plain(_decode(pieces)) == plain(_decode([answer]))
    _check_relay(DIALECT.untouched(Kind.CHAT, ask({**question(), "stream": True}), target()), pieces, answer, recording)


def some_byte_by_byte(recording: Recording) -> None:
    """As `byte_by_byte_it_is_the_same`, for a fixed sample."""
    if random.Random(f"{SEED}{recording.file}").random() > BYTEWISE_SHARE:  # noqa: S311 - a reproducible choice
        raise LeftOut("byte by byte only in `make prove`")
    byte_by_byte_it_is_the_same(recording)


def encoded_as_a_stream_it_means_the_same(recording: Recording) -> None:
    """Through our own encoder and decoder, and a whole answer comes out as it went in, but for fields that say nothing."""
    events = events_of(recording)
    encoder = DIALECT.encoder(ask(question()))

    again = _decode([encoder.feed([event]) for event in events])

    assert told(again) == told(events)
    if not recording.is_stream:
        recorded = json.loads(recording.answer)
        assert told(events)["content"] == [_usual(block) for block in recorded["content"]]
        assert _without_nothing(told(events), "usage", "content") == _without_nothing(recorded, "usage", "content")


def usage_is_what_genai_prices_extracts(recording: Recording) -> None:
    events = events_of(recording)
    seen = [event.usage for event in events if isinstance(event, UsageSeen)]
    ours = seen[-1] if seen else NO_USAGE
    answer = json.loads(recording.answer) if not recording.is_stream else _last_usage(recording.answer)
    if "iterations" in answer.get("usage", {}):
        raise LeftOut("genai-prices leaves out iterations (compaction, advice) that Anthropic bills beside the totals")

    theirs = extract_usage({**answer, "model": CLAUDE}, provider_id="anthropic").usage  # the counts, not the price

    assert _comparable(ours) == {name: theirs.reported_value(name) for name in _comparable(ours)}


def the_relay_passes_the_very_bytes(recording: Recording) -> None:
    answer = recording.answer
    asked = ask({**question(), "stream": recording.is_stream})

    for pieces in [[answer], random_cuts(answer, recording.file)][: 1 + recording.is_stream]:
        _check_relay(DIALECT.untouched(Kind.CHAT, asked, target()), pieces, answer, recording)


def _check_relay(relay: Relay, pieces: list[bytes], answer: bytes, recording: Recording) -> None:
    assert b"".join([*map(relay.feed, pieces), relay.close()]) == answer
    assert relay.fault is None
    assert relay.ended
    if recording.op == "messages":
        events = events_of(recording)
        seen = [event.usage for event in events if isinstance(event, UsageSeen)]
        assert relay.usage == (seen[-1] if seen else None)
        assert relay.served_model
        assert relay.service_tier == _tier(answer, recording)
        assert not seen or [event.service_tier for event in events if isinstance(event, UsageSeen)][-1] == relay.service_tier
        assert relay.began == any(isinstance(event, PartStarted) for event in events) or not recording.is_stream


def _tier(answer: bytes, recording: Recording) -> str:
    usage = (_last_usage(answer) if recording.is_stream else json.loads(answer)).get("usage") or {}
    return usage.get("service_tier") or ""


def an_error_becomes_the_fault_of_its_status(recording: Recording) -> None:
    if recording.status < 400:
        raise LeftOut("the answer is no error")

    fault = DIALECT.read_fault(recording.status, recording.headers, recording.body)

    if recording.status == 401:
        assert fault.code == "upstream_credentials"
        assert recording.body not in DIALECT.write_fault(fault, "r")
    else:
        assert (fault.code, fault.status) == ("upstream_rejected", recording.status)
        assert DIALECT.write_fault(fault, "r") == recording.body
        assert fault.message == json.loads(recording.body)["error"]["message"]


def _message(recording: Recording) -> bytes:
    answer = recording.answer
    if recording.op != "messages":
        raise LeftOut("the answer is a count")
    return answer


def events_of(recording: Recording) -> list[Event]:
    answer = _message(recording)
    events = _decode([answer]) if recording.is_stream else DIALECT.read_answer(answer, target())
    assert isinstance(events[-1], Ended)
    return merged(events)


def _decode(pieces: list[bytes]) -> list[Event]:
    decoder = DIALECT.decoder(target())
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.close()]


def _last_usage(stream: bytes) -> Json:
    """A message with the counts that its stream told last."""
    message: Json = {}
    usage: Json = {}
    for line in stream.splitlines():
        if line.startswith(b"data: {"):
            event = json.loads(line.removeprefix(b"data: "))
            message = event.get("message", message)
            told_now = event.get("message", event).get("usage") or {}
            usage.update({name: count for name, count in told_now.items() if count is not None})
    return {**message, "usage": usage}


def _comparable(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_reasoning_tokens": usage.reasoning,
        "web_searches": usage.web_searches,
    }


def _usual(block: Json) -> Json:
    """A block as we write it: every thought signed, if by nobody, and no empty list of citations."""
    unsigned = {"signature": ""} if block["type"] == "thinking" else {}
    return {**unsigned, **_without_nothing(block, *(["citations"] if not block.get("citations") else []))}


def _without_nothing(value: Json, *names: str) -> Json:
    """An object without these fields, and without those that are null."""
    return {name: field for name, field in value.items() if name not in names and field is not None}


CHECKS: dict[str, Check] = {
    "request": request_comes_out_equal,
    "cuts": any_cut_decodes_the_same,
    "whole=stream": encoded_as_a_stream_it_means_the_same,
    "usage": usage_is_what_genai_prices_extracts,
    "untouched": the_relay_passes_the_very_bytes,
    "error": an_error_becomes_the_fault_of_its_status,
}
