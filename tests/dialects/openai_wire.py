"""Small pieces of OpenAI's chat language, for tests that are about one thing."""

from __future__ import annotations

import json
from typing import Any

from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask, Kind
from headworks.domain.events import Event
from headworks.domain.target import AskedModel, Quirks, Target
from headworks.ports.interpreter import Relay
from headworks.testing.samples import sample_target

Json = dict[str, Any]

DIALECT = OpenAIChat()
DONE = b"data: [DONE]\n\n"
USAGE: Json = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def target(**quirks: Any) -> Target:
    return sample_target(quirks=Quirks(**quirks))


def sse(*payloads: Json) -> bytes:
    """Stream events of these objects."""
    return b"".join(b"data: " + compact(payload) + b"\n\n" for payload in payloads)


def compact(payload: Json) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def chunk(delta: Json | None = None, finish: str | None = None, index: int = 0, **more: Any) -> Json:
    """A chunk of one choice."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m-1", "choices": [choice], **more}


def say(text: str, **more: Any) -> Json:
    return chunk({"content": text}, **more)


def last_counts(**more: Any) -> Json:
    """The chunk that brings usage and no choice."""
    return {**chunk(), "choices": [], "usage": USAGE, **more}


def whole(message: Json, finish: str | None = "stop", **more: Any) -> Json:
    """A whole answer of one choice."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "m-1", "choices": [choice], **more}


def ask(body: Json | None = None, **facts: Any) -> Ask:
    """What the gateway reads of a chat request."""
    if body is not None:
        return DIALECT.read_ask(Kind.CHAT, compact({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **body}))
    return Ask(model=AskedModel("m"), **facts)


def watch(*, include_usage: bool = True, kind: Kind = Kind.CHAT, **quirks: Any) -> Relay:
    """The relay of a stream that stays in this dialect."""
    return DIALECT.untouched(kind, ask(stream=True, include_usage=include_usage), target(**quirks))


def decode(*payloads: Json, end: bytes = DONE, **quirks: Any) -> list[Event]:
    """The events of a stream of these chunks."""
    decoder = DIALECT.decoder(target(**quirks))
    return decoder.feed(sse(*payloads) + end) + decoder.close()
