"""The emulator's drafts → OpenAI-shaped answers, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headworks.testing.emulator.draft import Choice, Draft, Finish, Saying, Thought, ToolUse
from headworks.testing.emulator.personality import Personality
from headworks.testing.emulator.question import JsonObject, Question, Rejection

_FINISH = {
    Finish.END: "stop",
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.TOOLS: "tool_calls",
    Finish.REFUSED: "stop",
}
_REFUSAL = "I'm sorry, I can't assist with that request."
_encode = msgspec.json.Encoder().encode

Event = tuple[bytes, int]
"""The bytes of an event, and the tokens it brings."""


def whole(draft: Draft, question: Question, personality: Personality) -> bytes:
    """A `chat.completion` or `text_completion`."""
    if question.kind == "completions":
        return _encode(_head(draft, "text_completion") | {"choices": _texts(draft), "usage": usage_of(draft)})
    choices = [_choice(number, choice, question, personality) for number, choice in enumerate(draft.choices)]
    return _encode(_head(draft, "chat.completion") | {"choices": choices, "usage": usage_of(draft)})


def stream(draft: Draft, question: Question, personality: Personality) -> Iterator[Event]:
    """The same as events; choices come one after the other."""
    chat = question.kind == "chat"
    head = _head(draft, "chat.completion.chunk" if chat else "text_completion")
    if question.include_usage:
        head |= {"usage": None}
    for number, choice in enumerate(draft.choices):
        deltas = _chat_deltas(choice, personality) if chat else _text_deltas(choice)
        for body, tokens in deltas:
            if body is None:
                yield b"", tokens
                continue
            entry = {"index": number, **body, "logprobs": None, "finish_reason": None}
            if question.logprobs and tokens and "content" in body.get("delta", {}):
                entry["logprobs"] = _logprobs([body["delta"]["content"]])
            yield event_of(head | {"choices": [entry]}), tokens
        last: JsonObject = {"delta": {}} if chat else {"text": ""}
        entry = {"index": number, **last, "logprobs": None, "finish_reason": _FINISH[choice.finish]}
        yield event_of(head | {"choices": [entry]}), 0
    if question.include_usage:
        yield event_of(head | {"choices": [], "usage": usage_of(draft)}), 0
    yield b"data: [DONE]\n\n", 0


def event_of(content: JsonObject) -> bytes:
    """One event."""
    return b"data: " + _encode(content) + b"\n\n"


def rejection_body(rejection: Rejection) -> bytes:
    """An error answer."""
    error = {"message": rejection.message, "type": rejection.kind, "param": rejection.param, "code": rejection.code}
    return _encode({"error": error})


def usage_of(draft: Draft) -> JsonObject:
    """The usage object."""
    return {
        "prompt_tokens": draft.prompt_tokens,
        "completion_tokens": draft.output_tokens,
        "total_tokens": draft.prompt_tokens + draft.output_tokens,
        "prompt_tokens_details": {"cached_tokens": draft.cache.read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": draft.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _head(draft: Draft, kind: str) -> JsonObject:
    return {
        "id": f"{'cmpl' if kind == 'text_completion' else 'chatcmpl'}-{draft.id}",
        "object": kind,
        "created": draft.created,
        "model": draft.model,
        "service_tier": "default",
        "system_fingerprint": "fp_emulated",
    }


def _choice(number: int, choice: Choice, question: Question, personality: Personality) -> JsonObject:
    said = [span for span in choice.spans if isinstance(span, Saying)]
    calls = [span for span in choice.spans if isinstance(span, ToolUse)]
    text = "".join("".join(span.pieces) for span in said)
    message: JsonObject = {
        "role": "assistant",
        "content": text if text or not calls else None,
        "refusal": None,
        "annotations": [],
    }
    if choice.finish is Finish.REFUSED:
        message |= {"content": None, "refusal": _REFUSAL}
    thought = "".join("".join(span.pieces) for span in choice.spans if isinstance(span, Thought))
    if personality.reasoning_field and thought:
        message[personality.reasoning_field] = thought
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    logprobs = _logprobs([piece for span in said for piece in span.pieces]) if question.logprobs else None
    return {"index": number, "message": message, "logprobs": logprobs, "finish_reason": _FINISH[choice.finish]}


def _call(call: ToolUse) -> JsonObject:
    return {"id": f"call_{call.id}", "type": "function", "function": {"name": call.name, "arguments": "".join(call.pieces)}}


def _texts(draft: Draft) -> list[JsonObject]:
    return [
        {
            "text": "".join("".join(span.pieces) for span in choice.spans),
            "index": number,
            "logprobs": None,
            "finish_reason": _FINISH[choice.finish],
        }
        for number, choice in enumerate(draft.choices)
    ]


def _text_deltas(choice: Choice) -> Iterator[tuple[JsonObject, int]]:
    for span in choice.spans:
        for piece in span.pieces:
            yield {"text": piece}, 1


def _chat_deltas(choice: Choice, personality: Personality) -> Iterator[tuple[JsonObject | None, int]]:
    """What each event adds; None for a token that the caller does not see."""
    calls = [span for span in choice.spans if isinstance(span, ToolUse)]
    silent = calls and not any(isinstance(span, Saying) for span in choice.spans)
    yield {"delta": {"role": "assistant", "content": None if silent else "", "refusal": None}}, 0
    if choice.finish is Finish.REFUSED:
        yield {"delta": {"refusal": _REFUSAL}}, 0
    for span in choice.spans:
        if isinstance(span, ToolUse):
            yield from _call_deltas(calls.index(span), span)
            continue
        field = "content" if isinstance(span, Saying) else personality.reasoning_field
        for piece in span.pieces:
            yield {"delta": {field: piece}} if field else None, 1


def _call_deltas(index: int, call: ToolUse) -> Iterator[tuple[JsonObject, int]]:
    start = {"index": index, "id": f"call_{call.id}", "type": "function", "function": {"name": call.name, "arguments": ""}}
    yield {"delta": {"tool_calls": [start]}}, 0
    for piece in call.pieces:
        yield {"delta": {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}}, 1


def _logprobs(pieces: list[str]) -> JsonObject:
    """Made up, but the same for the same token."""
    tokens = [
        {"token": piece, "logprob": -(sum(piece.encode()) % 97) / 100, "bytes": list(piece.encode()), "top_logprobs": []}
        for piece in pieces
    ]
    return {"content": tokens, "refusal": None}
