"""Every provider's `usage` object ↔ canonical counts.

The names differ; the rules that hold for all: cached and written tokens are part of `prompt_tokens`; reasoning tokens are part of
`completion_tokens`, unless the sum `total_tokens` shows that they stand beside them (xAI).
"""

from __future__ import annotations

from typing import Any

from headworks.domain.message import JsonObject
from headworks.domain.target import Quirks
from headworks.domain.usage import Usage


def read_usage(raw: JsonObject, quirks: Quirks) -> Usage:
    """Counts as reported. What is missing, null or nonsense counts as zero."""
    prompt, completion = _object(raw, "prompt_tokens_details"), _object(raw, "completion_tokens_details")
    output = _count(raw, "completion_tokens")
    reasoning = _count(completion, "reasoning_tokens") or _count(raw, "reasoning_tokens")
    citation = _count(raw, "citation_tokens")
    if _stands_beside(raw, output, reasoning, quirks):
        output += reasoning
    creation = _object(raw, "cache_creation")
    server_tools = _object(raw, "server_tool_use_details") or _object(raw, "server_tool_use")
    return Usage(
        input=_count(raw, "prompt_tokens"),
        output=output + citation,
        cache_read=_first(
            _count(prompt, "cached_tokens"),
            _count(raw, "prompt_cache_hit_tokens"),  # DeepSeek
            _count(raw, "cached_tokens"),  # Moonshot
            _count(raw, "cache_read_input_tokens"),  # proxies of Anthropic
            _count(raw, "num_cached_tokens"),  # Mistral
        ),
        cache_write=_first(_count(prompt, "cache_write_tokens"), _count(raw, "cache_creation_input_tokens")),
        cache_write_1h=_count(creation, "ephemeral_1h_input_tokens"),
        reasoning=reasoning,
        input_audio=_count(prompt, "audio_tokens"),
        output_audio=_count(completion, "audio_tokens"),
        accepted_prediction=_count(completion, "accepted_prediction_tokens"),
        rejected_prediction=_count(completion, "rejected_prediction_tokens"),
        web_searches=_count(server_tools, "web_search_requests") or _count(raw, "num_search_queries"),
        citation=citation,
    )


def write_usage(usage: Usage) -> JsonObject:
    """Counts as OpenAI reports them, with the common extensions for what it has no word for."""
    prompt = {
        "cached_tokens": usage.cache_read,
        "audio_tokens": usage.input_audio,
        **_positive({"cache_write_tokens": usage.cache_write}),
    }
    completion = {
        "reasoning_tokens": usage.reasoning,
        "audio_tokens": usage.output_audio,
        "accepted_prediction_tokens": usage.accepted_prediction,
        "rejected_prediction_tokens": usage.rejected_prediction,
    }
    wire: JsonObject = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output - usage.citation,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": completion,
        **_positive({"citation_tokens": usage.citation}),
    }
    if usage.cache_write_1h:
        wire["cache_creation"] = {"ephemeral_1h_input_tokens": usage.cache_write_1h}
    if usage.web_searches:
        wire["server_tool_use"] = {"web_search_requests": usage.web_searches}
    return wire


def _stands_beside(raw: JsonObject, output: int, reasoning: int, quirks: Quirks) -> bool:
    """Whether reasoning is not part of `completion_tokens`: the total decides where it can, else what is known of the provider."""
    if not reasoning:
        return False
    rest = _count(raw, "total_tokens") - _count(raw, "prompt_tokens") - output
    if rest == reasoning:
        return True
    return quirks.reasoning_beside_output and rest != 0


def _object(raw: JsonObject, name: str) -> JsonObject:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def _count(raw: JsonObject, name: str) -> int:
    value: Any = raw.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _first(*counts: int) -> int:
    return next((count for count in counts if count), 0)


def _positive(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
