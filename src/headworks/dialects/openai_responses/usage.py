"""The `usage` object of Responses ↔ canonical counts. Cached tokens are part of the input, reasoning tokens of the output."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.domain.message import JsonObject
from headworks.domain.usage import Usage


class _Input(msgspec.Struct):
    cached_tokens: Count = None
    cache_write_tokens: Count = None


class _Output(msgspec.Struct):
    reasoning_tokens: Count = None


class _Reported(msgspec.Struct):
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: _Input | None = None
    output_tokens_details: _Output | None = None


_NO_INPUT = _Input()
_NO_OUTPUT = _Output()


def read_usage(raw: JsonObject, output: Any = ()) -> Usage:
    """Counts as reported, and the searches among the items of the `output`, which are billed by the piece. What is missing, null or
    nonsense counts as zero.
    """
    said = read_form(raw, _Reported)
    given, made = said.input_tokens_details or _NO_INPUT, said.output_tokens_details or _NO_OUTPUT
    return Usage(
        input=said.input_tokens or 0,
        output=said.output_tokens or 0,
        cache_read=given.cached_tokens or 0,
        cache_write=given.cache_write_tokens or 0,
        reasoning=made.reasoning_tokens or 0,
        web_searches=sum(map(_is_search, output)) if isinstance(output, list) else 0,
    )


def _is_search(item: Any) -> bool:
    """Whether the web was searched: opening a page and looking through it cost nothing."""
    match item:
        case {"type": "web_search_call", "action": {"type": str(kind)}}:
            return kind == "search"
        case {"type": "web_search_call"}:
            return True
        case _:
            return False


def write_usage(usage: Usage) -> JsonObject:
    """Counts as Responses reports them."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
