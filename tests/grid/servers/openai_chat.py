"""A server of Chat Completions."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.grid.answers import LOGPROB, URL, Said, data, pieces

Json = dict[str, Any]

_FINISH = {StopReason.MAX_TOKENS: "length", StopReason.TOOL_CALLS: "tool_calls"}
_HEAD: Json = {"id": "chatcmpl-1", "created": 1_760_000_000, "model": "gpt-5"}
_ERROR = {"error": {"message": "Slow down.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}


class OpenAIChat:
    """See `Server`."""

    name = "openai_chat"
    cannot: frozenset[str] = frozenset(("signature", "sequence"))

    def whole(self, said: Said) -> bytes:
        message: Json = {"role": "assistant", "content": said.text or None, "refusal": said.refusal or None}
        if said.thought:
            message["reasoning_content"] = said.thought
        if said.calls:
            message["tool_calls"] = [_call(call.id, call.name, call.arguments) for call in said.calls]
        if said.cited:
            message["annotations"] = [_citation(said.text)]
        choice = {"index": 0, "message": message, "finish_reason": _finish(said), "logprobs": _logprobs(said)}
        return msgspec.json.encode({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _usage(said)})

    def streamed(self, said: Said) -> bytes:
        deltas: list[Json] = [{"role": "assistant", "content": ""}]
        for field, text in (("reasoning_content", said.thought), ("content", said.text), ("refusal", said.refusal)):
            deltas += [{field: piece} for piece in pieces(text)]
        if said.cited:
            deltas.append({"annotations": [_citation(said.text)]})
        for index, call in enumerate(said.calls):
            whole = _call(call.id, call.name, call.arguments)
            started = {**whole, "function": {"name": call.name, "arguments": ""}}
            deltas.append({"tool_calls": [{"index": index, **started}]})
            arguments = whole["function"]["arguments"]
            deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces(arguments)]
        chunks = [_chunk({"index": 0, "delta": delta, "finish_reason": None}) for delta in deltas]
        if said.likely:
            chunks[1]["choices"][0]["logprobs"] = _logprobs(said)
        ended = _chunk({"index": 0, "delta": {}, "finish_reason": _finish(said)})
        return data(*chunks, ended, {**_chunk(), "usage": _usage(said)}) + b"data: [DONE]\n\n"

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [], msgspec.json.encode(_ERROR)

    def broken(self) -> bytes:
        return data(_chunk({"index": 0, "delta": {"content": "Well"}, "finish_reason": None}), _ERROR)


def _chunk(*choices: Json) -> Json:
    return {**_HEAD, "object": "chat.completion.chunk", "choices": list(choices)}


def _call(call_id: str, name: str, arguments: Json) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": msgspec.json.encode(arguments).decode()}}


def _citation(text: str) -> Json:
    return {"type": "url_citation", "url_citation": {"url": URL, "title": "A source", "start_index": 0, "end_index": len(text)}}


def _logprobs(said: Said) -> Json | None:
    if not said.likely:
        return None
    token = {"token": said.text, "logprob": LOGPROB, "bytes": list(said.text.encode())}
    return {"content": [{**token, "top_logprobs": [token]}], "refusal": None}


def _finish(said: Said) -> str:
    return _FINISH.get(said.stop, "stop")


def _usage(said: Said) -> Json:
    counted = said.usage
    return {
        "prompt_tokens": counted.input,
        "completion_tokens": counted.output,
        "total_tokens": counted.input + counted.output,
        "prompt_tokens_details": {"cached_tokens": counted.cache_read},
        "completion_tokens_details": {"reasoning_tokens": counted.reasoning},
    }
