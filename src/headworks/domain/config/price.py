"""Prices and amounts, as an operator writes them: in dollars, exactly as written, never through a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from headworks.domain.config.written import Written


class TieredPrice(Written, frozen=True):
    """A price that changes with the size of the input: `{base: 1.25, above: {272000: 2.5}}`. A tier holds for the whole request."""

    base: Decimal = Decimal(0)
    above: dict[int, Decimal] = {}


WrittenRate = Decimal | TieredPrice


class WrittenPrices(Written, frozen=True):
    """Dollars per million tokens, or `characters` of a text that is spoken; `request`, `web_search`, `search` (a
    search unit of a ranking), `image` (a picture made), `page` (of a document), `annotated_page` and `audio_minute` (of sound that is heard) are
    dollars each.
    """

    input: WrittenRate | None = None
    output: WrittenRate | None = None
    cache_read: WrittenRate | None = None
    cache_write: WrittenRate | None = None
    cache_write_1h: WrittenRate | None = None
    reasoning: WrittenRate | None = None
    input_audio: WrittenRate | None = None
    cache_audio_read: WrittenRate | None = None
    output_audio: WrittenRate | None = None
    input_image: WrittenRate | None = None
    output_image: WrittenRate | None = None
    characters: WrittenRate | None = None
    request: Decimal | None = None
    web_search: Decimal | None = None
    search: Decimal | None = None
    image: Decimal | None = None
    page: Decimal | None = None
    annotated_page: Decimal | None = None
    audio_minute: Decimal | None = None


class PriceVariantRule(WrittenPrices, frozen=True):
    """Other prices of requests that say this: `{when: {quality: hd}, image: 0.08}`. `when` names top-level fields and their values."""

    when: dict[str, str] = {}


class PriceRule(WrittenPrices, frozen=True):
    """What a model costs. Of several `variants` that hold, the first one that names a price decides it."""

    variants: tuple[PriceVariantRule, ...] = ()


def nanos_of(amount: str | float) -> int:
    """Nano-dollars of an amount written as `10`, `"10"` or `"10 USD"`. Raises `ValueError` with what is wrong."""
    text = str(amount).strip()
    number, _, currency = text.partition(" ")
    if currency.strip() not in ("", "USD"):
        raise ValueError(f"is in {currency.strip()}, but only USD is supported")
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise ValueError('is not an amount: write it like "10 USD"') from None
    nanos = value * 10**9 if value.is_finite() else Decimal("0.5")
    if value < 0 or nanos != int(nanos):
        raise ValueError("must be a plain amount, not negative, with at most nine decimals")
    return int(nanos)
