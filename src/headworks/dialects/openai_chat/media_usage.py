"""Counts of what makes pictures and sound: OpenAI's `input_tokens` and `output_tokens`, each with parts."""

from __future__ import annotations

import msgspec

from headworks.dialects.counts import Count, read_form
from headworks.domain.message import JsonObject
from headworks.domain.money import PriceCard
from headworks.domain.usage import Usage


class _Parts(msgspec.Struct):
    image_tokens: Count = None
    cached_tokens: Count = None


class _Reported(msgspec.Struct):
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: _Parts | None = None
    output_tokens_details: _Parts | None = None


_NO_PARTS = _Parts()


def read_pictures_usage(raw: JsonObject | None, pictures: int, price: PriceCard | None) -> Usage | None:
    """What an answer that made so many pictures used; None where tokens are paid for and it tells none."""
    said = read_form(raw, _Reported) if raw else _Reported()
    if said.input_tokens is None and said.output_tokens is None:
        return None if price is not None and _is_by_tokens(price) else Usage(images=pictures)
    read, output = said.input_tokens_details or _NO_PARTS, said.output_tokens or 0
    made = said.output_tokens_details
    return Usage(
        input=said.input_tokens or 0,
        output=output,
        cache_read=read.cached_tokens or 0,
        input_image=read.image_tokens or 0,
        output_image=output if made is None or made.image_tokens is None else made.image_tokens,
        images=pictures,
    )


def read_speech_usage(raw: JsonObject, characters: int) -> Usage | None:
    """What speaking so many characters used; None where no tokens are told."""
    said = read_form(raw, _Reported)
    if said.input_tokens is None and said.output_tokens is None:
        return None
    output = said.output_tokens or 0
    return Usage(input=said.input_tokens or 0, output=output, output_audio=output, characters=characters)


def _is_by_tokens(price: PriceCard) -> bool:
    rates = (price.output, price.output_image)
    return not price.image and any(rate is not None and rate.nanos_per_million for rate in rates)
