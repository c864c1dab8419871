"""A server of Ollama's `/api/chat`."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.grid.answers import LOGPROB, Call, Said, pieces

Json = dict[str, Any]

_HEAD: Json = {"model": "qwen3:8b", "created_at": "2026-11-20T10:00:00.123456789Z"}


class Ollama:
    """See `Server`. It counts thoughts among the words, seals no thoughts, cites nothing, and refuses in plain words."""

    name = "ollama"
    cannot: frozenset[str] = frozenset(("signature", "sequence", "refused", "reasoning", "cited"))

    def whole(self, said: Said) -> bytes:
        message = _message(said.text or said.refusal, thinking=said.thought)
        if said.calls:
            message["tool_calls"] = [_call(place, call) for place, call in enumerate(said.calls)]
        return msgspec.json.encode({**_HEAD, "message": message, **_likely(said), **_end(said)})

    def streamed(self, said: Said) -> bytes:
        messages = [_message("", thinking=piece) for piece in pieces(said.thought)]
        messages += [_message(piece) for piece in pieces(said.text or said.refusal)]
        messages += [{**_message(""), "tool_calls": [_call(place, call)]} for place, call in enumerate(said.calls)]
        lines: list[Json] = [{**_HEAD, "message": message, **_likely(said), "done": False} for message in messages]
        return _lines(*lines, {**_HEAD, "message": _message(""), **_end(said)})

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [], b'{"error":"Slow down."}'

    def broken(self) -> bytes:
        return _lines({**_HEAD, "message": _message("Well"), "done": False}, {"error": "an error was encountered"})


def _lines(*lines: Json) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _message(content: str, *, thinking: str = "") -> Json:
    return {"role": "assistant", "content": content, **({"thinking": thinking} if thinking else {})}


def _call(place: int, call: Call) -> Json:
    return {"id": call.id, "function": {"index": place, "name": call.name, "arguments": call.arguments}}


def _likely(said: Said) -> Json:
    return {"logprobs": [{"token": "The", "logprob": LOGPROB, "bytes": [84, 104, 101]}]} if said.likely else {}


def _end(said: Said) -> Json:
    return {
        "done": True,
        "done_reason": "length" if said.stop is StopReason.MAX_TOKENS else "stop",
        "total_duration": 1_000_000,
        "prompt_eval_count": said.usage.input,
        "prompt_eval_cached_count": said.usage.cache_read,
        "eval_count": said.usage.output,
    }
