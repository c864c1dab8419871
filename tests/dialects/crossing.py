"""What the tests between dialects share: requests through the hub, answers streamed by servers of either language, and their meaning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.hub import Hub
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask, Kind
from headworks.domain.events import ArgumentsDelta, Event, PartKind, PartStarted, SignatureDelta, Stopped, TextDelta, UsageSeen
from headworks.domain.target import Quirks, SentModel, Target
from headworks.domain.usage import NO_USAGE, Usage
from headworks.ports.dialect import Dialect
from headworks.ports.interpreter import Prepared
from headworks.testing import sample_target
from tests.dialects.anthropic_answers import streamed

Json = dict[str, Any]

ANTHROPIC, OPENAI = "anthropic", "openai_chat"
DIALECTS: dict[str, Dialect] = {ANTHROPIC: Anthropic(), OPENAI: OpenAIChat()}
HUB = Hub(DIALECTS)
REQUEST_SCHEMAS = {ANTHROPIC: ("anthropic.json", "CreateMessageParams"), OPENAI: ("openai.json", "CreateChatCompletionRequest")}


def upstream(dialect: str, model: str, quirks: Json | None = None) -> Target:
    """A target that speaks `dialect`."""
    return sample_target("there/x", dialect=dialect, model=SentModel(model), max_output=4096, quirks=Quirks(**(quirks or {})))


def prepare(front: str, body: Json, target: Target) -> Prepared:
    """A client's request as the target gets it, and the relay for its answer."""
    raw = msgspec.json.encode(body)
    return HUB.prepare(front, Kind.CHAT, read_ask(front, body), raw, target, None)


def read_ask(front: str, body: Json) -> Ask:
    """A client's request as the gateway first reads it."""
    return HUB.read_ask(front, Kind.CHAT, msgspec.json.encode(body))


def as_stream(dialect: str, answer: Json) -> bytes:
    """The answer as a server of that language would stream it."""
    return streamed(answer) if dialect == ANTHROPIC else _chunks(answer)


def decode(dialect: str, stream: bytes) -> list[Event]:
    """A stream's canonical events."""
    decoder = DIALECTS[dialect].decoder(upstream(dialect, "m"))
    return [*decoder.feed(stream), *decoder.close()]


def read(dialect: str, answer: bytes) -> list[Event]:
    """A whole answer's canonical events."""
    return DIALECTS[dialect].read_answer(answer, upstream(dialect, "m"))


def meaning(events: Iterable[Event]) -> Json:
    """What an answer says in any language: its parts in order, why it stopped, and what both languages can count."""
    parts: dict[tuple[int, int], Json] = {}
    said: Json = {"stop": [], "usage": NO_USAGE}
    for event in events:
        match event:
            case PartStarted():
                parts[event.choice, event.part] = {
                    "kind": event.kind,
                    "id": event.call_id,
                    "name": event.name,
                    "text": event.data,
                }
            case TextDelta(part=part, text=text, choice=choice) | ArgumentsDelta(part=part, json=text, choice=choice):
                parts[choice, part]["text"] += text
            case SignatureDelta():
                parts[event.choice, event.part]["signature"] = event.signature
            case Stopped():
                said["stop"].append(event.reason)
            case UsageSeen():
                said["usage"] = _countable(event.usage)
            case _:
                pass
    return {**said, "parts": [_part(part) for part in parts.values() if _says(part)]}


def _part(part: Json) -> Json:
    """Arguments are compared as JSON, a signature only where there is one."""
    if part["kind"] is PartKind.TOOL_CALL:
        return {**part, "text": _loaded(part["text"])}
    return {name: value for name, value in part.items() if value or name == "kind"}


def _loaded(arguments: str) -> Any:
    """As Anthropic's language can say them: always an object."""
    try:
        value = json.loads(arguments or "null")
    except ValueError:
        value = arguments
    return {} if value is None else value if isinstance(value, dict) else {"arguments": arguments}


def _says(part: Json) -> bool:
    return bool(part["text"] or part["id"] or part.get("signature"))


def _countable(usage: Usage) -> Usage:
    """The counts that both languages have words for. Some servers count more cached tokens than the prompt has; Anthropic's cannot say so."""
    return Usage(
        input=max(usage.input, usage.cache_read + usage.cache_write),
        output=usage.output,
        cache_read=usage.cache_read,
        cache_write=usage.cache_write,
        reasoning=usage.reasoning,
    )


def _chunks(answer: Json) -> bytes:
    """Texts in pieces of five characters; names and ids of calls first, arguments in pieces; usage in a last chunk of its own."""
    head = {"id": answer["id"], "object": "chat.completion.chunk", "created": answer["created"], "model": answer["model"]}
    choice = answer["choices"][0]
    message = choice["message"]
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    for field in ("reasoning_content", "content", "refusal"):
        deltas.extend({field: piece} for piece in _cut(message.get(field) or ""))
    for place, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        deltas.append({"tool_calls": [{**call, "index": place, "function": {"name": function["name"], "arguments": ""}}]})
        deltas.extend(
            {"tool_calls": [{"index": place, "function": {"arguments": piece}}]} for piece in _cut(function["arguments"])
        )
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    chunks.append({**head, "choices": [], "usage": answer["usage"]})
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks) + b"data: [DONE]\n\n"


def _cut(text: str) -> Sequence[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]
