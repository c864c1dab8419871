"""Gemini's counts ↔ `Usage`.

Gemini counts thoughts beside the answer and what its own tools put into the prompt beside the prompt; `Usage` holds them inside.
"""

from __future__ import annotations

from typing import Any

from headworks.dialects.counts import MOST
from headworks.dialects.gemini.respell import camel
from headworks.domain.message import JsonObject
from headworks.domain.usage import Usage


def read_usage(raw: JsonObject) -> Usage:
    """Counts as reported. What is missing, null or nonsense counts as zero."""
    said = {camel(name): value for name, value in raw.items()}
    prompt, tools = _count(said, "promptTokenCount"), _count(said, "toolUsePromptTokenCount")
    answer, thoughts = _count(said, "candidatesTokenCount"), _count(said, "thoughtsTokenCount")
    return Usage(
        input=prompt + tools,
        output=answer + thoughts,
        cache_read=_count(said, "cachedContentTokenCount"),
        reasoning=thoughts,
        input_audio=_heard(said, "promptTokensDetails") + _heard(said, "toolUsePromptTokensDetails"),
        cache_audio_read=_heard(said, "cacheTokensDetails"),
        output_audio=_heard(said, "candidatesTokensDetails"),
    )


def write_usage(usage: Usage) -> JsonObject:
    """A `usageMetadata` object."""
    counts = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
    }
    if usage.reasoning:
        counts["thoughtsTokenCount"] = usage.reasoning
    if usage.cache_read:
        counts["cachedContentTokenCount"] = usage.cache_read
    return {
        **counts,
        **_details("promptTokensDetails", usage.input_audio),
        **_details("candidatesTokensDetails", usage.output_audio),
    }


def _details(name: str, audio: int) -> JsonObject:
    return {name: [{"modality": "AUDIO", "tokenCount": audio}]} if audio else {}


def _count(said: JsonObject, name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else 0


def _heard(said: JsonObject, name: str) -> int:
    """Tokens of sound among the details of a count."""
    listed: list[Any] = said.get(name) or []
    return sum(_count(row, "tokenCount") for row in listed if isinstance(row, dict) and row.get("modality") == "AUDIO")
