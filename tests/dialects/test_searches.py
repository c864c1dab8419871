"""Searches of the web that a provider makes are billed by the piece: they are counted whether or not its usage tells of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headworks.domain.call import Kind
from headworks.domain.usage import Usage
from headworks.domain.where import NOWHERE, Form, Where
from tests.grid.asides import BASES
from tests.grid.grid import HUB
from tests.grid.targets import target

Json = dict[str, Any]
streams = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
fronts = pytest.mark.parametrize("front", ["openai_responses", "gemini", "anthropic"])


def _searched(kind: str) -> Json:
    return {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": kind}}


def _of_responses() -> Json:
    words = {"type": "output_text", "text": "Rain.", "annotations": []}
    said = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [words]}
    output = [_searched("search"), _searched("open_page"), _searched("search"), said]
    usage = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}
    return {"id": "r", "object": "response", "model": "gpt-5", "status": "completed", "output": output, "usage": usage}


def _of_gemini(model: str) -> Json:
    grounding = {"webSearchQueries": ["weather oslo", "", "oslo rain"]}
    said = {"role": "model", "parts": [{"text": "Rain."}]}
    candidate = {"content": said, "finishReason": "STOP", "groundingMetadata": grounding}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": "r"}


def _counted(front: str, upstream: str, answer: Json, *, streamed: bool) -> Usage | None:
    body = BASES[front] | ({"stream": True} if streamed and front != "gemini" else {})
    raw = msgspec.json.encode(body)
    where = Where("models/alias", Form.EVENTS if streamed else Form.WHOLE) if front == "gemini" else NOWHERE
    ask = HUB.read_ask(front, Kind.CHAT, raw, where)
    relay = HUB.prepare(front, Kind.CHAT, ask, raw, target(upstream), None).relay
    told = msgspec.json.encode(answer)
    if streamed and upstream == "openai_responses":
        told = b"event: response.completed\ndata: " + msgspec.json.encode({"type": "response.completed", "response": answer})
    elif streamed:
        told = b"data: " + told
    relay.feed(told + (b"\n\n" if streamed else b""))
    relay.close()
    assert relay.fault is None
    return relay.usage


@streams
@fronts
def test_searches_of_openai_are_counted(front: str, *, streamed: bool) -> None:
    """Pages that were only opened cost nothing."""
    usage = _counted(front, "openai_responses", _of_responses(), streamed=streamed)

    assert usage == Usage(input=9, output=5, web_searches=2)


@streams
@fronts
@pytest.mark.parametrize(("model", "searches"), [("gemini-3-pro", 2), ("gemini-2.5-flash", 1)])
def test_searches_of_gemini_are_counted_as_they_are_billed(front: str, model: str, searches: int, *, streamed: bool) -> None:
    """Newer models by the query, older ones by the answer."""
    usage = _counted(front, "gemini", _of_gemini(model), streamed=streamed)

    assert usage == Usage(input=9, output=5, web_searches=searches)
