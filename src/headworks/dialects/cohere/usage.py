"""Cohere's counts. It reports what it bills and, beside that, what its models read and wrote: money and limits go by what is billed."""

from __future__ import annotations

from typing import Any

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.domain.message import JsonObject
from headworks.domain.usage import Usage


class _Billed(msgspec.Struct):
    input_tokens: Count = None
    output_tokens: Count = None
    image_tokens: Count = None
    search_units: Count = None


class _Tokens(msgspec.Struct):
    input_tokens: Count = None
    output_tokens: Count = None
    reasoning_tokens: Count = None


class _Reported(msgspec.Struct):
    billed_units: _Billed | None = None
    tokens: _Tokens | None = None
    cached_tokens: Count = None


_NO_BILL = _Billed()
_NO_TOKENS = _Tokens()


def read_usage(raw: JsonObject) -> Usage:
    """Billed tokens, those of pictures with them; where none are told, the tokens that the model saw.

    Cached tokens are counted by the measure of the model, which sees more than is billed: as many as can be of the billed ones are told.
    They lower no price.
    """
    said = read_form(raw, _Reported)
    billed, tokens = said.billed_units or _NO_BILL, said.tokens or _NO_TOKENS
    read, written = billed.input_tokens, billed.output_tokens
    output = (tokens.output_tokens or 0) if written is None else written
    taken = ((tokens.input_tokens or 0) if read is None else read) + (billed.image_tokens or 0)
    return Usage(
        input=taken,
        output=output,
        cache_read=min(said.cached_tokens or 0, taken),
        reasoning=min(tokens.reasoning_tokens or 0, output),
    )


def write_usage(usage: Usage) -> JsonObject:
    """What another provider counted: it is billed and seen alike."""
    billed: JsonObject = {"input_tokens": usage.input, "output_tokens": usage.output}
    seen = {**billed, "reasoning_tokens": usage.reasoning} if usage.reasoning else billed
    return {"billed_units": billed, "tokens": seen, "cached_tokens": usage.cache_read}


def read_meta(meta: Any) -> Usage | None:
    """The counts in the `meta` of vectors and rankings; None where it has no tokens."""
    usage = read_usage(meta) if isinstance(meta, dict) else Usage()
    return usage if usage.input else None


def read_searches(meta: Any) -> Usage | None:
    """The search units in the `meta` of a ranking: what Cohere bills these by. None where it has none."""
    said = read_form(meta, _Reported) if isinstance(meta, dict) else _Reported()
    units = (said.billed_units or _NO_BILL).search_units
    return Usage(searches=units) if units else None
