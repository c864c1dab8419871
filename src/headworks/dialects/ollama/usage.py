"""Ollama's counts ↔ `Usage`."""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.domain.message import JsonObject
from headworks.domain.usage import Usage

DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
"""Nanoseconds."""


class _Counts(msgspec.Struct):
    prompt_eval_count: Count = None
    prompt_eval_cached_count: Count = None
    """The part of it that was read from a cache. Newer servers tell it."""
    eval_count: Count = None


_TOLD = (*DURATIONS, *_Counts.__struct_fields__)


def read_usage(piece: JsonObject) -> Usage | None:
    """The counts of the last line, or of vectors; None where nothing was counted."""
    counts = read_form(piece, _Counts)
    if counts.eval_count is None and counts.prompt_eval_count is None:
        return None
    read = counts.prompt_eval_count or 0
    return Usage(input=read, output=counts.eval_count or 0, cache_read=min(counts.prompt_eval_cached_count or 0, read))


def told(piece: JsonObject) -> JsonObject:
    """All that the last line says of counts and times, as it stands there."""
    return {name: piece[name] for name in _TOLD if name in piece}


def write_usage(usage: Usage) -> JsonObject:
    """As the last line tells them."""
    cached = {"prompt_eval_cached_count": usage.cache_read} if usage.cache_read else {}
    return {"prompt_eval_count": usage.input, **cached, "eval_count": usage.output}
