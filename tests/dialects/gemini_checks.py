"""What must hold for every recording of Gemini's language, whoever spoke it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from genai_prices import extract_usage

from headworks.dialects.gemini.answer_in import StreamDecoder
from headworks.dialects.gemini.respell import respelt
from headworks.domain.call import Kind
from headworks.domain.events import Ended, Event, UsageSeen
from headworks.domain.usage import NO_USAGE
from headworks.domain.where import Form
from tests.dialects.crossing import meaning
from tests.dialects.gemini_wire import DIALECT, MODEL, Json, ask, question, target
from tests.dialects.recordings import Check, LeftOut, Recording, merged, plain, random_cuts

OPS = ("gemini.generate", "gemini.stream", "gemini.count_tokens", "gemini.embed")
EXCEPTIONS = "left_out_gemini.toml"
_CHAT = ("gemini.generate", "gemini.stream")


def request_comes_out_equal(recording: Recording) -> None:
    """But for its spelling (Google takes snake_case too), and the model, which is the path's."""
    body = recording.request
    if recording.status == 400:
        raise LeftOut("a request that the provider itself refused")
    if recording.op not in _CHAT:
        _patched_is_equal(recording, body)
        return
    asked = ask(body)

    out, losses = DIALECT.write_request(DIALECT.read_request(asked), target())

    assert msgspec.json.decode(out) == _plain_request(body)
    assert losses == ()
    assert msgspec.json.decode(DIALECT.patch(Kind.CHAT, asked, target(), None)) == _outer(body)


def _patched_is_equal(recording: Recording, body: Json) -> None:
    kind = Kind.COUNT_TOKENS if recording.op == "gemini.count_tokens" else Kind.EMBEDDINGS
    model = next((item["model"] for item in body.get("requests", ()) if "model" in item), f"models/{MODEL}")
    out = msgspec.json.decode(DIALECT.patch(kind, ask(body, kind), target(model.removeprefix("models/")), None))
    expected = respelt({"requests": [{**body, "model": model}]} if "content" in body else body)
    if "generateContentRequest" in expected:
        expected["generateContentRequest"]["model"] = model
    assert respelt(out) == expected


def _outer(body: Json) -> Json:
    outer = dict(zip(respelt(body), body.values(), strict=True))
    return outer | ({"model": f"models/{MODEL}"} if "model" in outer else {})


def _plain_request(body: Json) -> Json:
    plain_body = respelt(body)
    plain_body.pop("model", None)
    return plain_body


def any_cut_decodes_the_same(recording: Recording) -> None:
    answer = _conversation(recording)
    if not _is_stream(answer):
        raise LeftOut("the answer was not streamed")

    assert plain(_decode(random_cuts(answer, recording.file))) == plain(_decode([answer]))


def encoded_it_means_the_same(recording: Recording) -> None:
    """Through our own encoder and decoder, as events and whole."""
    events = events_of(recording)
    streamed = _decode([DIALECT.encoder(ask(question(), form=Form.EVENTS)).feed(events)])
    listed = DIALECT.read_answer(DIALECT.encoder(ask(question(), form=Form.ARRAY)).feed(events), target())
    whole = DIALECT.read_answer(DIALECT.write_answer(events, ask(question())), target())

    assert meaning(streamed) == meaning(events)
    assert meaning(listed) == meaning(events)
    assert meaning(whole) == meaning(events)


def usage_is_what_genai_prices_extracts(recording: Recording) -> None:
    events = events_of(recording)
    seen = [event for event in events if isinstance(event, UsageSeen)]
    if not seen:
        raise LeftOut("the answer has no counts")
    ours = seen[-1].usage
    if any(isinstance(row["modality"], int) for value in seen[-1].raw.values() if isinstance(value, list) for row in value):
        raise LeftOut("a library's dump, with numbers for modalities, which genai-prices does not read")
    theirs = extract_usage({"usageMetadata": seen[-1].raw, "modelVersion": MODEL}, provider_id="google").usage

    named = {
        "input_tokens": ours.input,
        "output_tokens": ours.output,
        "cache_read_tokens": ours.cache_read,
        "input_audio_tokens": ours.input_audio,
        "output_audio_tokens": ours.output_audio,
    }
    assert named == {name: getattr(theirs, name) or 0 for name in named}


def the_relay_passes_what_was_said(recording: Recording) -> None:
    """The very bytes of a whole answer and of a stream of events; the items of a stream as a list."""
    answer = recording.answer
    if recording.op == "gemini.stream" and not _is_stream(answer):
        raise LeftOut("a stream without alt=sse: upstreams are always asked for events")
    kind = Kind.CHAT if recording.op in _CHAT else Kind.EMBEDDINGS
    asked = ask(question() if kind is Kind.CHAT else {"requests": []}, kind, Form.EVENTS if _is_stream(answer) else Form.WHOLE)
    for pieces in [[answer], random_cuts(answer, recording.file)][: 1 + asked.stream]:
        relay = DIALECT.untouched(kind, asked, target())
        assert b"".join([*map(relay.feed, pieces), relay.close()]).rstrip() == answer.rstrip()
        assert relay.fault is None
        assert relay.ended
        assert relay.began
        if kind is Kind.CHAT:
            seen = [event.usage for event in events_of(recording) if isinstance(event, UsageSeen)]
            assert relay.usage in (seen[-1] if seen else None, None if seen and seen[-1].output == 0 else NO_USAGE)


def an_error_becomes_the_fault_of_its_status(recording: Recording) -> None:
    if recording.status < 400:
        raise LeftOut("the answer is no error")

    fault = DIALECT.read_fault(recording.status, recording.headers, recording.body)

    stated: Any = json.loads(recording.body)
    error = (stated[0] if isinstance(stated, list) else stated)["error"]
    if fault.code == "upstream_rejected":
        assert fault.status == recording.status
        assert fault.message == error["message"]
        assert DIALECT.write_fault(fault, "r") == recording.body
    else:
        assert recording.status in (401, 403, 429, 500, 503) or "API key" in error["message"]
        assert json.loads(DIALECT.write_fault(fault, "r"))["error"]["code"] == fault.status


def _conversation(recording: Recording) -> bytes:
    if recording.op not in _CHAT:
        raise LeftOut("the answer is no conversation")
    return recording.answer


def events_of(recording: Recording) -> list[Event]:
    answer = _conversation(recording)
    events = _decode([answer]) if _is_stream(answer) else DIALECT.read_answer(answer, target())
    assert isinstance(events[-1], Ended)
    return merged(events)


def _is_stream(answer: bytes) -> bool:
    return answer.lstrip()[:1] not in (b"{", b"[")


def _decode(pieces: list[bytes]) -> list[Event]:
    decoder: StreamDecoder = DIALECT.decoder(target())
    return [*(event for piece in pieces for event in decoder.feed(piece)), *decoder.close()]


CHECKS: dict[str, Check] = {
    "request": request_comes_out_equal,
    "cuts": any_cut_decodes_the_same,
    "meaning": encoded_it_means_the_same,
    "usage": usage_is_what_genai_prices_extracts,
    "relay": the_relay_passes_what_was_said,
    "fault": an_error_becomes_the_fault_of_its_status,
}
