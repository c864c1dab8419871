"""A server of Anthropic's Messages, and the same behind AWS's framing."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.dialects.anthropic_answers import stream_of
from tests.dialects.bedrock_wire import stream
from tests.grid.answers import URL, Said, data

Json = dict[str, Any]

_STOPS = {
    StopReason.MAX_TOKENS: "max_tokens",
    StopReason.TOOL_CALLS: "tool_use",
    StopReason.STOP_SEQUENCE: "stop_sequence",
    StopReason.REFUSAL: "refusal",
}
_ERROR: Json = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}
_OVERLOADED: Json = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


class Anthropic:
    """See `Server`."""

    name = "anthropic"
    cannot: frozenset[str] = frozenset(("likely",))

    def whole(self, said: Said) -> bytes:
        return msgspec.json.encode(_message(said))

    def streamed(self, said: Said) -> bytes:
        return self._sent(stream_of(_message(said)))

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [], msgspec.json.encode(_ERROR)

    def broken(self) -> bytes:
        return self._sent([*stream_of(_message(Said(text="Well")))[:4], _OVERLOADED])

    def _sent(self, events: list[Json]) -> bytes:
        return data(*events)


class AnthropicOnBedrock(Anthropic):
    """Each event in a message of AWS's."""

    name = "bedrock-anthropic"

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [(b"x-amzn-errortype", b"ThrottlingException")], b'{"message":"Slow down."}'

    def _sent(self, events: list[Json]) -> bytes:
        return stream(*(("chunk", {"bytes": base64.b64encode(msgspec.json.encode(event)).decode()}) for event in events))


def _message(said: Said) -> Json:
    content: list[Json] = []
    if said.thought:
        content.append({"type": "thinking", "thinking": said.thought, "signature": said.signature})
    if said.text or said.refusal:
        cited = {"type": "web_search_result_location", "url": URL, "title": "A source", "cited_text": "Words."}
        citations = {"citations": [cited | {"encrypted_index": "Eo8B"}]} if said.cited else {}
        content.append({"type": "text", "text": said.text or said.refusal, **citations})
    content += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in said.calls]
    counted = said.usage
    usage: Json = {
        "input_tokens": counted.input - counted.cache_read,
        "cache_read_input_tokens": counted.cache_read,
        "cache_creation_input_tokens": 0,
        "output_tokens": counted.output,
    }
    if counted.reasoning:
        usage["output_tokens_details"] = {"thinking_tokens": counted.reasoning}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": content,
        "stop_reason": _STOPS.get(said.stop, "end_turn"),
        "stop_sequence": said.sequence or None,
        "usage": usage,
    }
