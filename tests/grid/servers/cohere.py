"""A server of Cohere's v2 chat."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.grid.answers import LOGPROB, URL, Said, data, pieces

Json = dict[str, Any]

_FINISH = {
    StopReason.MAX_TOKENS: "MAX_TOKENS",
    StopReason.TOOL_CALLS: "TOOL_CALL",
    StopReason.STOP_SEQUENCE: "STOP_SEQUENCE",
}


class Cohere:
    """See `Server`. It seals no thoughts, and refuses in plain words."""

    name = "cohere"
    cannot: frozenset[str] = frozenset(("signature", "sequence", "refused"))

    def whole(self, said: Said) -> bytes:
        message: Json = {"role": "assistant", "content": _content(said)}
        if said.calls:
            message["tool_calls"] = [_call(call.id, call.name, call.arguments) for call in said.calls]
        if said.cited:
            message["citations"] = [_citation(said.text)]
        likely = {"logprobs": [_likely(said.text)]} if said.likely else {}
        whole = {"id": "c-1", "message": message, "finish_reason": _finish(said), "usage": _usage(said), **likely}
        return msgspec.json.encode(whole)

    def streamed(self, said: Said) -> bytes:
        events: list[Json] = [{"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant"}}}]
        for index, block in enumerate(_content(said)):
            field = "thinking" if block["type"] == "thinking" else "text"
            events.append(_event("content-start", index, content={"type": block["type"], field: ""}))
            events += [_event("content-delta", index, content={field: piece}) for piece in pieces(block[field])]
            if said.likely and field == "text":
                events.append({**_event("content-delta", index, content={"text": ""}), "logprobs": _likely(said.text)})
            if said.cited and field == "text":
                events.append(_event("citation-start", 0, citations={**_citation(said.text), "content_index": index}))
            events.append({"type": "content-end", "index": index})
        for index, call in enumerate(said.calls):
            whole = _call(call.id, call.name, call.arguments)
            events.append(
                _event("tool-call-start", index, tool_calls={**whole, "function": {"name": call.name, "arguments": ""}})
            )
            arguments = pieces(whole["function"]["arguments"])
            events += [_event("tool-call-delta", index, tool_calls={"function": {"arguments": piece}}) for piece in arguments]
            events.append({"type": "tool-call-end", "index": index})
        end: Json = {"type": "message-end", "delta": {"finish_reason": _finish(said), "usage": _usage(said)}}
        return data(*events, end)

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [], b'{"id":"x","message":"Slow down."}'

    def broken(self) -> bytes:
        begun: Json = {"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant"}}}
        said = [
            _event("content-start", 0, content={"type": "text", "text": ""}),
            _event("content-delta", 0, content={"text": "W"}),
        ]
        return data(begun, *said, {"type": "message-end", "delta": {"finish_reason": "ERROR"}})


def _event(kind: str, index: int, **message: Any) -> Json:
    return {"type": kind, "index": index, "delta": {"message": message}}


def _content(said: Said) -> list[Json]:
    thought = [{"type": "thinking", "thinking": said.thought}] if said.thought else []
    text = said.text or said.refusal
    return [*thought, *([{"type": "text", "text": text}] if text else [])]


def _call(call_id: str, name: str, arguments: Json) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": msgspec.json.encode(arguments).decode()}}


def _citation(text: str) -> Json:
    source = {"type": "document", "id": "doc:0", "document": {"id": "doc:0", "title": "A source", "url": URL}}
    return {"start": 0, "end": len(text), "text": text, "sources": [source], "type": "TEXT_CONTENT"}


def _likely(text: str) -> Json:
    return {"text": text, "token_ids": [7], "logprobs": [LOGPROB]}


def _finish(said: Said) -> str:
    return _FINISH.get(said.stop, "COMPLETE")


def _usage(said: Said) -> Json:
    counted = said.usage
    seen: Json = {"input_tokens": counted.input + 100, "output_tokens": counted.output}
    if counted.reasoning:
        seen["reasoning_tokens"] = counted.reasoning
    billed = {"input_tokens": counted.input, "output_tokens": counted.output}
    return {"billed_units": billed, "tokens": seen, "cached_tokens": counted.cache_read}
