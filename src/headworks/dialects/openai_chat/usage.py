"""Every provider's `usage` object ↔ canonical counts.

The names differ; the rules that hold for all: cached and written tokens are part of `prompt_tokens`; reasoning tokens are part of
`completion_tokens`, unless the sum `total_tokens` shows that they stand beside them (xAI).
"""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import MOST, Count, read_form
from headworks.domain.message import JsonObject
from headworks.domain.target import Quirks
from headworks.domain.usage import Usage


class _Prompt(msgspec.Struct):
    cached_tokens: Count = None
    cache_write_tokens: Count = None
    audio_tokens: Count = None


class _Completion(msgspec.Struct):
    reasoning_tokens: Count = None
    audio_tokens: Count = None
    accepted_prediction_tokens: Count = None
    rejected_prediction_tokens: Count = None


class _Creation(msgspec.Struct):
    ephemeral_1h_input_tokens: Count = None


class _ServerTools(msgspec.Struct):
    web_search_requests: Count = None


class _Reported(msgspec.Struct):
    """The counts of all providers, by their names on the wire."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: _Prompt | None = None
    completion_tokens_details: _Completion | None = None
    reasoning_tokens: Count = None
    citation_tokens: Count = None
    num_search_queries: Count = None
    prompt_cache_hit_tokens: Count = None  # DeepSeek
    cached_tokens: Count = None  # Moonshot
    num_cached_tokens: Count = None  # Mistral
    cache_read_input_tokens: Count = None  # proxies of Anthropic, as the two after it
    cache_creation_input_tokens: Count = None
    cache_creation: _Creation | None = None
    server_tool_use: _ServerTools | None = None
    server_tool_use_details: _ServerTools | None = None


_NO_PROMPT = _Prompt()
_NO_COMPLETION = _Completion()


def read_usage(raw: JsonObject, quirks: Quirks) -> Usage:
    """Counts as reported. What is missing, null or nonsense counts as zero."""
    said = read_form(raw, _Reported)
    prompt = said.prompt_tokens_details or _NO_PROMPT
    completion = said.completion_tokens_details or _NO_COMPLETION
    output = said.completion_tokens or 0
    reasoning = completion.reasoning_tokens or said.reasoning_tokens or 0
    if reasoning and _stands_beside(said, output, reasoning, quirks):
        output += reasoning
    citation = said.citation_tokens or 0
    searches = said.server_tool_use_details or said.server_tool_use
    return Usage(
        input=_input(said, output),
        output=min(output + citation, MOST),
        cache_read=prompt.cached_tokens
        or said.prompt_cache_hit_tokens
        or said.cached_tokens
        or said.cache_read_input_tokens
        or said.num_cached_tokens
        or 0,
        cache_write=prompt.cache_write_tokens or said.cache_creation_input_tokens or 0,
        cache_write_1h=(said.cache_creation.ephemeral_1h_input_tokens or 0) if said.cache_creation is not None else 0,
        reasoning=reasoning,
        input_audio=prompt.audio_tokens or 0,
        output_audio=completion.audio_tokens or 0,
        accepted_prediction=completion.accepted_prediction_tokens or 0,
        rejected_prediction=completion.rejected_prediction_tokens or 0,
        web_searches=(searches.web_search_requests or 0) if searches is not None else said.num_search_queries or 0,
        citation=citation,
    )


def read_service_tier(tier: object, usage: object) -> str:
    """The tier that an answer or a chunk names: its own word (OpenAI), or that beside the counts (Mistral). Empty for none."""
    if not tier and isinstance(usage, dict):
        tier = usage.get("service_tier")
    return tier if isinstance(tier, str) else ""


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


def _input(said: _Reported, output: int) -> int:
    """Who has only vectors to offer may count nothing but the total (Voyage)."""
    if said.prompt_tokens is None:
        return max(0, (said.total_tokens or 0) - output)
    return said.prompt_tokens


def _stands_beside(said: _Reported, output: int, reasoning: int, quirks: Quirks) -> bool:
    """Whether reasoning is not part of `completion_tokens`: the total decides where it can, else what is known of the provider."""
    rest = (said.total_tokens or 0) - (said.prompt_tokens or 0) - output
    return rest == reasoning or (quirks.reasoning_beside_output and rest != 0)


def _positive(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
