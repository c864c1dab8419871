"""Judgements that go by single words: cheap and deterministic, in OpenAI's shape."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.testing.emulator import openai_rules as rules
from headworks.testing.emulator.question import JsonObject

_WORDS = {
    "harassment": ("idiot",),
    "harassment/threatening": (),
    "hate": ("vermin",),
    "hate/threatening": (),
    "illicit": ("steal",),
    "illicit/violent": (),
    "self-harm": (),
    "self-harm/intent": (),
    "self-harm/instructions": (),
    "sexual": ("porn",),
    "sexual/minors": (),
    "violence": ("kill", "murder"),
    "violence/graphic": (),
}
"""Category → words that fall into it."""
_USUAL = "omni-moderation-latest"


def moderate(body: JsonObject, stamp: str) -> bytes:
    """Answer a `/moderations` body. Raises `Rejection`."""
    given = body.get("input")
    if given in (None, "", []):
        raise rules.invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    inputs = [given] if isinstance(given, str) or isinstance(given[0], dict) else given
    results = [_judged(" ".join(_texts(each)).lower()) for each in inputs]
    return msgspec.json.encode({"id": f"modr-{stamp}", "model": body.get("model") or _USUAL, "results": results})


def _texts(given: Any) -> list[str]:
    """Of a text, or of parts of which some are pictures."""
    return [given] if isinstance(given, str) else [part["text"] for part in given if part.get("type") == "text"]


def _judged(text: str) -> JsonObject:
    found = {category: any(word in text for word in words) for category, words in _WORDS.items()}
    return {
        "flagged": any(found.values()),
        "categories": found,
        "category_scores": {category: 0.98 if hit else 0.001 for category, hit in found.items()},
        "category_applied_input_types": {category: ["text"] for category in found},
    }
