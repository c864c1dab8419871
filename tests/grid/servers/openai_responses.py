"""A server of Responses."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.domain.events import StopReason
from tests.grid.answers import LOGPROB, URL, Said, data, pieces

Json = dict[str, Any]

_ERROR: Json = {"message": "Slow down.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}


class OpenAIResponses:
    """See `Server`."""

    name = "openai_responses"
    cannot: frozenset[str] = frozenset(("sequence",))

    def whole(self, said: Said) -> bytes:
        return msgspec.json.encode(_response(said, _items(said)))

    def streamed(self, said: Said) -> bytes:
        empty = _response(said, []) | {"status": "in_progress", "usage": None, "incomplete_details": None}
        events: list[Json] = [{"type": "response.created", "response": empty}]
        items = _items(said)
        for index, item in enumerate(items):
            events += [{**event, "output_index": index, "item_id": item["id"]} for event in _told(item)]
        last = "response.incomplete" if said.stop is StopReason.MAX_TOKENS else "response.completed"
        events.append({"type": last, "response": _response(said, items)})
        return data(*({**event, "sequence_number": number} for number, event in enumerate(events)))

    def throttled(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [], msgspec.json.encode({"error": _ERROR})

    def broken(self) -> bytes:
        started = _response(Said(), []) | {"status": "in_progress"}
        item = _items(Said(text="Well"))[0]
        failed = started | {"status": "failed", "error": {"code": "server_error", "message": "It broke."}}
        events = [{"type": "response.created", "response": started}, *_told(item)[:3]]
        return data(*events, {"type": "response.failed", "response": failed})


def _response(said: Said, output: list[Json]) -> Json:
    cut = said.stop is StopReason.MAX_TOKENS
    counted = said.usage
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "model": "gpt-5",
        "output": output,
        "tools": [],
        "usage": {
            "input_tokens": counted.input,
            "input_tokens_details": {"cached_tokens": counted.cache_read},
            "output_tokens": counted.output,
            "output_tokens_details": {"reasoning_tokens": counted.reasoning},
            "total_tokens": counted.input + counted.output,
        },
    }


def _items(said: Said) -> list[Json]:
    items: list[Json] = []
    if said.thought:
        summary = [{"type": "summary_text", "text": said.thought}]
        sealed = {"encrypted_content": said.signature} if said.signature else {}
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary, **sealed})
    if said.text or said.refusal:
        items.append(
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [_content(said)]}
        )
    for place, call in enumerate(said.calls):
        arguments = msgspec.json.encode(call.arguments).decode()
        item = {"id": f"fc_{place}", "type": "function_call", "status": "completed", "call_id": call.id}
        items.append({**item, "name": call.name, "arguments": arguments})
    return items


def _content(said: Said) -> Json:
    if said.refusal:
        return {"type": "refusal", "refusal": said.refusal}
    cited = {"type": "url_citation", "url": URL, "title": "A source", "start_index": 0, "end_index": len(said.text)}
    token = {"token": said.text, "logprob": LOGPROB, "bytes": list(said.text.encode())}
    beside = {
        "annotations": [cited] if said.cited else [],
        "logprobs": [{**token, "top_logprobs": [token]}] if said.likely else [],
    }
    return {"type": "output_text", "text": said.text, **beside}


def _told(item: Json) -> list[Json]:
    """One item's events, without their places."""
    if item["type"] == "reasoning":
        begun, texts = item | {"summary": []}, pieces(item["summary"][0]["text"])
        events = [{"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": piece} for piece in texts]
    elif item["type"] == "function_call":
        begun = item | {"arguments": "", "status": "in_progress"}
        texts = pieces(item["arguments"])
        events = [{"type": "response.function_call_arguments.delta", "delta": piece} for piece in texts]
    else:
        begun = item | {"content": [], "status": "in_progress"}
        events = _words(item["content"][0])
    added = {"type": "response.output_item.added", "item": begun}
    return [added, *events, {"type": "response.output_item.done", "item": item}]


def _words(content: Json) -> list[Json]:
    kind, text = ("refusal", content["refusal"]) if "refusal" in content else ("output_text", content["text"])
    place = {"content_index": 0}
    events: list[Json] = [{"type": f"response.{kind}.delta", **place, "delta": piece, "logprobs": []} for piece in pieces(text)]
    if content.get("logprobs"):
        events[0]["logprobs"] = content["logprobs"]
    added = "response.output_text.annotation.added"
    cited = [{"type": added, **place, "annotation_index": 0, "annotation": one} for one in content.get("annotations", ())]
    return [{"type": "response.content_part.added", **place, "part": {}}, *events, *cited]
