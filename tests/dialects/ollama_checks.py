"""What must hold for every recording of Ollama's own language."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

from headworks.dialects.ollama import Ollama
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Ended, Event, PartKind, Started, UsageSeen
from headworks.domain.message import (
    Conversation,
    Message,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningAsk,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from headworks.domain.usage import NO_USAGE, Usage
from headworks.testing.samples import sample_target
from tests.dialects.crossing import DIALECTS, OPENAI, meaning
from tests.dialects.recordings import Check, LeftOut, Recording, plain, random_cuts

Json = dict[str, Any]

OPS = ("ollama.chat",)
EXCEPTIONS = "left_out_ollama.toml"
DIALECT = Ollama()
TARGET = sample_target(dialect="ollama")
_DRAWN = ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty")


def request_comes_out_equal(recording: Recording) -> None:
    """Read into the canonical form and written, it says the same."""
    body = recording.request
    target = msgspec.structs.replace(TARGET, model=body["model"])

    out, lost = DIALECT.write_request(_conversation(body), target)

    assert _usual(json.loads(out)) == _usual(body)
    assert lost == ()


def request_is_read_as_it_is_meant(recording: Recording) -> None:
    """Read by the gateway as a client's and written, it says the same."""
    body = recording.request
    target = msgspec.structs.replace(TARGET, model=body["model"])

    out, lost = DIALECT.write_request(DIALECT.read_request(_ask(body)), target)

    assert _unnamed(_usual(json.loads(out))) == _unnamed(_usual(body)) | {"stream": body.get("stream", True)}
    assert lost == ()


def request_travels_as_it_is(recording: Recording) -> None:
    """To its own language nothing but the model's name changes."""
    body = recording.request
    target = msgspec.structs.replace(TARGET, model="other")

    assert json.loads(DIALECT.patch(Kind.CHAT, _ask(body), target, None)) == {**body, "model": "other"}


def told_to_its_own_client(recording: Recording) -> None:
    """Passed on untouched, the client gets the bytes as they came; written anew, whole and streamed, all that they say."""
    events, raw = events_of(recording), recording.answer
    ask = _ask({"model": "m", "messages": []})
    relay = DIALECT.untouched(Kind.CHAT, ask, TARGET)
    passed = b"".join(map(relay.feed, random_cuts(raw, recording.file))) + relay.close()

    assert passed.split() == raw.split()
    assert (relay.ended, relay.fault, relay.usage_final) == (True, None, True)
    assert relay.usage == next(event.usage for event in events if isinstance(event, UsageSeen))
    for again in (DIALECT.encoder(ask).feed(events), DIALECT.write_answer(events, ask)):
        assert _shared(decode([again])) == _shared(events)


def cuts_do_not_matter(recording: Recording) -> None:
    """Fed at once, in random cuts or byte by byte, the same events; and the answer ends."""
    at_once = events_of(recording)
    raw = recording.answer

    assert plain(decode(random_cuts(raw, recording.file))) == plain(at_once)
    assert plain(decode([bytes((byte,)) for byte in raw])) == plain(at_once)
    assert isinstance(at_once[0], Started)
    assert isinstance(at_once[-1], Ended)


def all_is_read(recording: Recording) -> None:
    """Every text, thought and call that the answer holds, and its counts, by a reading of its JSON that is not ours."""
    lines = [json.loads(line) for line in recording.answer.decode().splitlines()]
    messages = [line["message"] for line in lines]
    said = meaning(events_of(recording))
    calls = [call["function"] for message in messages for call in message.get("tool_calls") or ()]

    def joined(kind: PartKind) -> str:
        return "".join(part["text"] for part in said["parts"] if part["kind"] is kind)

    assert joined(PartKind.TEXT) == "".join(message["content"] for message in messages)
    assert joined(PartKind.REASONING) == "".join(message.get("thinking", "") for message in messages)
    assert [(part["name"], part["text"]) for part in said["parts"] if part["kind"] is PartKind.TOOL_CALL] == [
        (call["name"], call["arguments"]) for call in calls
    ]
    assert said["usage"] == Usage(input=lines[-1]["prompt_eval_count"], output=lines[-1]["eval_count"])
    word = lines[-1].get("done_reason", "stop")
    assert said["stop"] == ["max_tokens" if word == "length" else "tool_calls" if calls else "end"]


def told_to_an_openai_client(recording: Recording) -> None:
    """Whole and streamed, an OpenAI client gets the same words, calls, reason to stop and counts."""
    events = events_of(recording)
    front = DIALECTS[OPENAI]
    ask = msgspec.structs.replace(front.read_ask(Kind.CHAT, b'{"model":"m","messages":[]}'), stream=True, include_usage=True)
    target = sample_target()

    whole = front.read_answer(front.write_answer(events, ask), target)
    decoder = front.decoder(target)
    streamed = decoder.feed(front.encoder(ask).feed(events)) + decoder.close()

    for again in (whole, streamed):
        assert _shared(again) == _shared(events)


def error_becomes_its_fault(recording: Recording) -> None:
    """With Ollama's words."""
    if recording.status == 200:
        raise LeftOut("the answer is no error")

    fault = DIALECT.read_fault(recording.status, recording.headers, recording.body)

    assert (fault.code, fault.status) == ("upstream_rejected", recording.status)
    assert fault.message == json.loads(recording.body)["error"]


CHECKS: dict[str, Check] = {
    "request": request_comes_out_equal,
    "cuts": cuts_do_not_matter,
    "all read": all_is_read,
    "openai client": told_to_an_openai_client,
    "read": request_is_read_as_it_is_meant,
    "as it is": request_travels_as_it_is,
    "own client": told_to_its_own_client,
    "error": error_becomes_its_fault,
}


# ── what they need ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=2)
def events_of(recording: Recording) -> list[Event]:
    """The answer's events, fed at once."""
    return decode([recording.answer])


def decode(pieces: list[bytes]) -> list[Event]:
    """The events of an answer that comes in these pieces."""
    decoder = DIALECT.decoder(TARGET)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


def _ask(body: Json) -> Ask:
    return DIALECT.read_ask(Kind.CHAT, msgspec.json.encode(body))


def _shared(events: list[Event]) -> Any:
    """What OpenAI's language can say: the texts, joined, the calls, the reason to stop, and the counts."""
    said = meaning(events)
    kinds = (PartKind.TEXT, PartKind.REASONING)
    texts = {kind: "".join(part["text"] for part in said["parts"] if part["kind"] is kind) for kind in kinds}
    calls = [part for part in said["parts"] if part["kind"] is PartKind.TOOL_CALL]
    usage = next((event.usage for event in reversed(events) if isinstance(event, UsageSeen)), NO_USAGE)
    return texts, calls, said["stop"], usage


def _conversation(body: Json) -> Conversation:
    """A recorded request in canonical form, by another hand than the gateway's."""
    options, shape, think = body.get("options") or {}, body.get("format"), body.get("think")
    return Conversation(
        dialect="ollama",
        model=body["model"],
        messages=tuple(_message(message) for message in body["messages"]),
        tools=tuple(Tool(**tool["function"]) for tool in body.get("tools") or ()),
        output=OutputFormat(kind="json_schema", name="answer", schema=shape) if shape else None,
        reasoning=ReasoningAsk(enabled=think) if think is not None else None,
        sampling=Sampling(**{name: options[name] for name in _DRAWN if name in options}),
        max_tokens=options.get("num_predict"),
        stream=body.get("stream"),
    )


def _message(message: Json) -> Message:
    role = Role(message["role"])
    if role is Role.TOOL:
        content = (Text(text=message["content"]),)
        return Message(role=role, parts=(ToolResult(call_id="", name=message.get("tool_name", ""), content=content),))
    parts: list[Part] = [Reasoning(text=message["thinking"])] if message.get("thinking") else []
    if message["content"]:
        parts.append(Text(text=message["content"]))
    for call in message.get("tool_calls") or ():
        given = call["function"]
        parts.append(ToolCall(id="", name=given["name"], parsed=given["arguments"]))
    return Message(role=role, parts=tuple(parts))


def _unnamed(body: Json) -> Json:
    """Results without what says which call they answer: it is made where a client does not say it."""
    marks = ("tool_call_id", "tool_name")
    messages = [{name: value for name, value in message.items() if name not in marks} for message in body["messages"]]
    return {**body, "messages": messages}


def _usual(body: Json) -> Json:
    """Without fields that say nothing, ids of calls, which half of the clients leave out, and places of calls, which are their order."""
    said = {name: value for name, value in body.items() if value not in (None, [], {}, "")}
    messages = [dict(message) for message in said["messages"]]
    for message in messages:
        if "tool_calls" in message:
            message["tool_calls"] = [
                {name: call["function"][name] for name in ("name", "arguments")} for call in message["tool_calls"]
            ]
    return {**said, "messages": messages}
