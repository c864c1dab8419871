"""Gemini's counts ↔ `Usage`.

Gemini counts thoughts beside the answer and what its own tools put into the prompt beside the prompt; `Usage` holds them inside.
"""

from __future__ import annotations

from typing import Any

from headworks.dialects.counts import MOST
from headworks.dialects.gemini.models import abilities
from headworks.dialects.gemini.respell import camel
from headworks.domain.message import JsonObject
from headworks.domain.usage import Usage

_SOUND, _PICTURE = "AUDIO", "IMAGE"


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
        input_audio=_of(said, "promptTokensDetails", _SOUND) + _of(said, "toolUsePromptTokensDetails", _SOUND),
        cache_audio_read=_of(said, "cacheTokensDetails", _SOUND),
        output_audio=_of(said, "candidatesTokensDetails", _SOUND),
        output_image=_of(said, "candidatesTokensDetails", _PICTURE),
    )


def searches_of(grounding: object, model: str) -> int:
    """Searches of the web behind an answer, as they are billed: since Gemini 3 by the query, before that by the answer."""
    said = {camel(name): value for name, value in grounding.items()} if isinstance(grounding, dict) else {}
    queries = said.get("webSearchQueries")
    count = sum(1 for query in queries if query) if isinstance(queries, list) else 0
    return count if abilities(model).levels else min(count, 1)


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
        **_details("candidatesTokensDetails", usage.output_audio, usage.output_image),
    }


def _details(name: str, sound: int, pictures: int = 0) -> JsonObject:
    listed = [{"modality": kind, "tokenCount": count} for kind, count in ((_SOUND, sound), (_PICTURE, pictures)) if count]
    return {name: listed} if listed else {}


def _count(said: JsonObject, name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else 0


def _of(said: JsonObject, name: str, modality: str) -> int:
    """Tokens of sound, or of pictures, among the details of a count."""
    listed: list[Any] = said.get(name) or []
    return sum(_count(row, "tokenCount") for row in listed if isinstance(row, dict) and row.get("modality") == modality)
