"""How likely words were: Cohere's items ↔ OpenAI's tokens, which are their canonical form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headworks.domain.message import JsonObject


def read_logprobs(items: Iterable[Any]) -> JsonObject:
    """An item is a piece of text of one or more tokens: it becomes one token, as likely as all of them together."""
    tokens: list[JsonObject] = []
    for item in items:
        text = item.get("text") or ""
        likely = sum(item.get("logprobs") or ())
        tokens.append({"token": text, "logprob": likely, "bytes": list(text.encode()), "top_logprobs": []})
    return {"content": tokens}


def write_logprobs(raw: JsonObject) -> list[JsonObject]:
    """The items of what OpenAI calls tokens; their numbers in a vocabulary are told by nobody."""
    return [
        {"text": token["token"], "token_ids": [], "logprobs": [token["logprob"]]}
        for listed in ("content", "refusal")
        for token in raw.get(listed) or ()
    ]
