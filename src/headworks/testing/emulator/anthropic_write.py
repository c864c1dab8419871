"""The emulator's drafts → Anthropic-shaped answers, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headworks.testing.emulator.draft import Choice, Draft, Finish, Saying, Span, Thought, ToolUse
from headworks.testing.emulator.openai_write import Event
from headworks.testing.emulator.question import JsonObject, Rejection

_STOP_REASON = {
    Finish.END: "end_turn",
    Finish.STOP: "stop_sequence",
    Finish.LENGTH: "max_tokens",
    Finish.TOOLS: "tool_use",
    Finish.REFUSED: "refusal",
}
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_encode = msgspec.json.Encoder().encode


def whole(draft: Draft) -> bytes:
    """A `message`."""
    choice = draft.choices[0]
    content = [_block(span) for span in choice.spans if span.pieces or isinstance(span, ToolUse)]
    usage = _input_usage(draft) | _output_usage(draft)
    return _encode(_head(draft, content) | _stop(choice) | {"usage": usage})


def stream(draft: Draft) -> Iterator[Event]:
    """The same as events."""
    choice = draft.choices[0]
    usage = _input_usage(draft) | {"output_tokens": 1}
    message = _head(draft, []) | {"stop_reason": None, "stop_sequence": None, "usage": usage}
    yield event_of({"type": "message_start", "message": message}), 0
    spans = [span for span in choice.spans if span.pieces or isinstance(span, ToolUse)]
    for index, span in enumerate(spans):
        yield event_of({"type": "content_block_start", "index": index, "content_block": _empty(span)}), 0
        if index == 0:
            yield _PING, 0
        for delta, tokens in _deltas(span):
            if delta is None:
                yield b"", tokens
            else:
                yield event_of({"type": "content_block_delta", "index": index, "delta": delta}), tokens
        yield event_of({"type": "content_block_stop", "index": index}), 0
    usage = _counts(draft) | _output_usage(draft)
    yield event_of({"type": "message_delta", "delta": _stop(choice), "usage": usage}), 0
    yield event_of({"type": "message_stop"}), 0


def event_of(content: JsonObject) -> bytes:
    """One event, named by its type."""
    return b"event: %b\ndata: %b\n\n" % (content["type"].encode(), _encode(content))


def rejection_body(rejection: Rejection, request_id: str | None) -> bytes:
    """An error answer."""
    error = {"type": rejection.kind, "message": rejection.message}
    return _encode({"type": "error", "error": error, "request_id": request_id})


def _head(draft: Draft, content: list[JsonObject]) -> JsonObject:
    return {"id": f"msg_{draft.id}", "type": "message", "role": "assistant", "model": draft.model, "content": content}


def _stop(choice: Choice) -> JsonObject:
    return {"stop_reason": _STOP_REASON[choice.finish], "stop_sequence": choice.stop_sequence}


def _counts(draft: Draft) -> JsonObject:
    cache = draft.cache
    return {
        "input_tokens": draft.prompt_tokens - cache.read - cache.written,
        "cache_creation_input_tokens": cache.written,
        "cache_read_input_tokens": cache.read,
    }


def _input_usage(draft: Draft) -> JsonObject:
    written = {
        "ephemeral_5m_input_tokens": draft.cache.written - draft.cache.written_1h,
        "ephemeral_1h_input_tokens": draft.cache.written_1h,
    }
    return _counts(draft) | {"cache_creation": written, "service_tier": "standard"}


def _output_usage(draft: Draft) -> JsonObject:
    usage: JsonObject = {"output_tokens": draft.output_tokens}
    if draft.reasoning_tokens:
        usage["output_tokens_details"] = {"thinking_tokens": draft.reasoning_tokens}
    return usage


def _block(span: Span) -> JsonObject:
    text = "".join(span.pieces)
    match span:
        case Saying():
            return {"type": "text", "text": text}
        case ToolUse():
            return {"type": "tool_use", "id": f"toolu_{span.id}", "name": span.name, "input": _parsed(text)}
        case Thought(sealed=True):
            return {"type": "redacted_thinking", "data": span.signature}
        case Thought():
            return {"type": "thinking", "thinking": text, "signature": span.signature}


def _parsed(arguments: str) -> JsonObject:
    """Arguments that the output cap cut off are shown as none."""
    try:
        return msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        return {}


def _empty(span: Span) -> JsonObject:
    match span:
        case Saying():
            return {"type": "text", "text": ""}
        case ToolUse():
            return {"type": "tool_use", "id": f"toolu_{span.id}", "name": span.name, "input": {}}
        case Thought(sealed=True):
            return {"type": "redacted_thinking", "data": span.signature}
        case Thought():
            return {"type": "thinking", "thinking": "", "signature": ""}


def _deltas(span: Span) -> Iterator[tuple[JsonObject | None, int]]:
    """What each event adds; None for a token that the caller does not see."""
    match span:
        case Saying():
            yield from (({"type": "text_delta", "text": piece}, 1) for piece in span.pieces)
        case ToolUse():
            yield {"type": "input_json_delta", "partial_json": ""}, 0
            yield from (({"type": "input_json_delta", "partial_json": piece}, 1) for piece in span.pieces)
        case Thought(sealed=True):
            yield from ((None, 1) for _ in span.pieces)
        case Thought():
            yield from (({"type": "thinking_delta", "thinking": piece}, 1) for piece in span.pieces)
            yield {"type": "signature_delta", "signature": span.signature}, 0
