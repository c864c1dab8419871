"""What must hold for every recording of Bedrock's Converse."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

import msgspec
from botocore.eventstream import EventStreamBuffer  # pyright: ignore[reportMissingTypeStubs]
from genai_prices import extract_usage

from headworks.dialects.event_stream import MessageReader
from headworks.domain.events import Ended, Event, UsageSeen
from headworks.domain.usage import NO_USAGE, Usage
from tests.dialects.bedrock_reading import read_request
from tests.dialects.bedrock_wire import CLAUDE, DIALECT, Json, decode, target
from tests.dialects.recordings import Check, LeftOut, Recording, merged, plain, random_cuts

OPS = ("bedrock.converse", "bedrock.converse_stream")
EXCEPTIONS = "left_out_bedrock.toml"


def request_comes_out_equal(recording: Recording) -> None:
    """Read into the canonical form and written, it says the same: sorted, and without fields that say nothing."""
    body = recording.request
    model = model_of(recording)
    thinks = "budget_tokens" in json.dumps(body.get("additionalModelRequestFields") or {})
    talk = read_request(body)

    out, losses = DIALECT.write_request(talk, target(model, max_output=100_000))

    sent = msgspec.json.decode(out)
    if thinks and "maxTokens" not in (body.get("inferenceConfig") or {}):
        assert sent["inferenceConfig"].pop("maxTokens") == 100_000  # a budget wants a cap
    assert _usual(sent) == _usual(body), losses
    assert not losses or model.startswith("qwen"), losses


def streams_are_read_as_botocore_does(recording: Recording) -> None:
    raw = stream_of(recording)
    judge = EventStreamBuffer()
    judge.add_data(raw)

    ours = MessageReader().feed(raw)

    assert [(one.headers, one.payload) for one in ours] == [(one.headers, one.payload) for one in judge]


def any_cut_decodes_the_same(recording: Recording) -> None:
    raw = stream_of(recording)
    at_once = plain(decode([raw]))

    assert plain(decode(random_cuts(raw, recording.file))) == at_once
    assert plain(decode([raw[at : at + 1] for at in range(len(raw))])) == at_once
    assert isinstance(at_once[-1], Ended)


def usage_is_what_genai_prices_extracts(recording: Recording) -> None:
    ours = _usage(events_of(recording))
    told = {"usage": _told_usage(recording)}

    theirs = extract_usage({**told, "model": CLAUDE}, provider_id="aws").usage  # the counts, not the price

    names = {
        "input_tokens": ours.input,
        "output_tokens": ours.output,
        "cache_read_tokens": ours.cache_read,
        "cache_write_tokens": ours.cache_write,
        "cache_write_1h_tokens": ours.cache_write_1h,
    }
    assert names == {name: theirs.reported_value(name) or 0 for name in names}


CHECKS: dict[str, Check] = {
    "request": request_comes_out_equal,
    "frames": streams_are_read_as_botocore_does,
    "cuts": any_cut_decodes_the_same,
    "usage": usage_is_what_genai_prices_extracts,
}


def model_of(recording: Recording) -> str:
    """The model that the path names."""
    path = (recording.content["request"] or {}).get("path") or ""
    named = unquote(path).removeprefix("/model/").rpartition("/")[0]
    return named or recording.content.get("model") or CLAUDE


def stream_of(recording: Recording) -> bytes:
    """The bytes of a good streamed answer."""
    if recording.status != 200:
        raise LeftOut("the answer is an error")
    raw = recording.content["response"].get("body_base64")
    if raw is None:
        raise LeftOut("the answer was not streamed")
    return base64.b64decode(raw)


def events_of(recording: Recording) -> list[Event]:
    """The events of a good answer, whole or streamed."""
    if recording.status != 200:
        raise LeftOut("the answer is an error")
    if recording.content["response"].get("body_base64") is not None:
        events = decode([stream_of(recording)])
    else:
        events = DIALECT.read_answer(recording.answer, target(model_of(recording)))
    assert isinstance(events[-1], Ended)
    return merged(events)


def _usage(events: list[Event]) -> Usage:
    seen = [event.usage for event in events if isinstance(event, UsageSeen)]
    return seen[-1] if seen else NO_USAGE


def _told_usage(recording: Recording) -> Json:
    response = recording.content["response"]
    if response.get("body_base64") is None:
        return json.loads(recording.answer)["usage"]
    return next(event["payload"]["usage"] for event in response["events"] if "usage" in event["payload"])


def _usual(value: Any) -> Any:
    """Without what says nothing, and with each thing said in the one way in which it is written here."""
    if isinstance(value, list):
        return [_usual(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"toolUse": {"type": "tool_use", **call}}:
            value = {"toolUse": call}
        case {"toolResult": {"status": "success", **result}}:
            value = {"toolResult": result}
        case {"source": {"text": str(text)}, **more}:
            value = {**more, "source": {"bytes": base64.b64encode(text.encode()).decode()}}
        case {"schema": str(schema), **more}:
            value = {**more, "schema": json.loads(schema)}
        case {"reasoning_config": {"type": "enabled"} as older}:
            value = {"thinking": older}
        case _:
            pass
    kept = {name: _usual(item) for name, item in value.items() if name != "additionalModelResponseFieldPaths"}
    return {
        name: item
        for name, item in kept.items()
        if item not in (None, [], {}) or name in {"input", "auto", "any", "properties"}
    }
