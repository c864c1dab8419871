"""Anthropic's counts ↔ `Usage`.

Anthropic's `input_tokens` are the rest after cache reads and writes; `Usage.input` holds all three. Counts of a stream are
cumulative: `message_start` knows the prompt, `message_delta` the answer, and some servers tell all of it in either.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.anthropic.wire import UNREADABLE
from headworks.dialects.counts import Count, read_form
from headworks.domain.usage import Usage

JsonObject = dict[str, Any]


class CacheCreation(msgspec.Struct, gc=False):
    """How long what was written to the cache is kept."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class ServerToolUse(msgspec.Struct, gc=False):
    """Tools that ran at the provider's and are billed by the call."""

    web_search_requests: Count = None


class OutputDetails(msgspec.Struct, gc=False):
    """What the output is made of."""

    thinking_tokens: Count = None


class Iteration(msgspec.Struct):
    """One of several samplings of one answer. Those of type `message` are in the totals, the others beside them."""

    type: str = ""
    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None


class Counts(msgspec.Struct):
    """A `usage` object, or the part of one that has come so far."""

    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    output_tokens_details: OutputDetails | None = None
    iterations: list[Iteration] | None = None
    service_tier: str | None = None

    def then(self, later: Counts) -> Counts:
        """Both together: a later count replaces an earlier one, unless it is silent (null or 0)."""
        return Counts(*(getattr(later, name) or getattr(self, name) for name in self.__struct_fields__))


_DECODER = msgspec.json.Decoder(Counts)


def read_counts(raw: msgspec.Raw | bytes) -> Counts | None:
    """A `usage` object from the wire, None where it is none."""
    try:
        return _DECODER.decode(raw)
    except msgspec.ValidationError:
        return counts_of(msgspec.json.decode(raw))
    except UNREADABLE:
        return None


def counts_of(usage: object) -> Counts | None:
    """A decoded `usage` object, None where it is none."""
    return read_form(usage, Counts) if isinstance(usage, dict) else None


def read_usage(counts: Counts) -> Usage:
    """The canonical counts."""
    search, details = counts.server_tool_use, counts.output_tokens_details
    searches = (search.web_search_requests or 0) if search is not None else 0
    thought = (details.thinking_tokens or 0) if details is not None else 0
    usage = _tokens(counts, reasoning=thought, web_searches=searches)
    for iteration in counts.iterations or ():
        if iteration.type != "message":  # compaction and advice are billed, and not part of the totals
            usage += _tokens(iteration)
    return usage


def write_usage(usage: Usage) -> JsonObject:
    """An Anthropic `usage` object."""
    body: JsonObject = {
        "input_tokens": max(
            0, usage.input - usage.cache_read - usage.cache_write
        ),  # some count more cached tokens than the prompt has
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    }
    if usage.cache_write:
        body["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write - usage.cache_write_1h,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    if usage.reasoning:
        body["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.web_searches:
        body["server_tool_use"] = {"web_search_requests": usage.web_searches}
    return body


def _tokens(counts: Counts | Iteration, *, reasoning: int = 0, web_searches: int = 0) -> Usage:
    read = counts.cache_read_input_tokens or 0
    kept = counts.cache_creation
    hour = (kept.ephemeral_1h_input_tokens or 0) if kept is not None else 0
    minutes = (kept.ephemeral_5m_input_tokens or 0) if kept is not None else 0
    written = counts.cache_creation_input_tokens or hour + minutes
    return Usage(
        input=(counts.input_tokens or 0) + read + written,
        output=counts.output_tokens or 0,
        cache_read=read,
        cache_write=written,
        cache_write_1h=min(hour, written),
        reasoning=reasoning,
        web_searches=web_searches,
    )
