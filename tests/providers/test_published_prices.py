"""The shipped price table says what genai-prices says, model by model and cent by cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import genai_prices.data_snapshot as genai
import pytest
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices
from genai_prices.types import Usage as GenaiUsage
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.domain.usage import Usage
from headworks.providers.price_build import build
from headworks.providers.price_table import PriceTable, shipped_prices

PROVIDERS = genai.get_snapshot().providers
TABLE = shipped_prices()
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FINEST = Decimal("0.000000001")
"""The finest price a card can hold, dollars per million."""


def genai_model(provider: Provider, name: str) -> ModelInfo | None:
    return provider.find_model(name, all_providers=PROVIDERS)


def prices_of(model: ModelInfo, at: datetime, context: dict[str, str]) -> ModelPrice:
    return model.get_prices(at, context)


def is_counted(price: ModelPrice) -> bool:
    counted = ("input_mtok", "output_mtok", "input_mchars", "input_document_kpages", "input_audio_hours", "audio_hours")
    return any(value is not None for key, value in vars(price).items() if key in counted)


def is_fine(price: ModelPrice) -> bool:
    """Whether every price fits a card exactly: some have 17 digits, left over from somebody's floating point."""
    numbers: list[Decimal] = []
    for value in vars(price).values():
        if isinstance(value, TieredPrices):
            numbers += [value.base, *(tier.price for tier in value.tiers)]
        elif value is not None:
            numbers.append(value)
    return all(number % FINEST == 0 for number in numbers)


def test_the_shipped_file_is_what_the_installed_genai_prices_says() -> None:
    """A new genai-prices shows here first; run `python -m headworks.providers.price_build` and read the diff."""
    assert files("headworks.providers").joinpath("prices.json").read_bytes() == build()


def test_every_name_of_every_model_is_found_as_genai_finds_it() -> None:
    """Ids of all models are asked of all providers that could lend them: 2,300 names, each also with a date, in capitals, or cut."""
    wrong: list[str] = []
    for provider in PROVIDERS:
        borrowed = [other for other in PROVIDERS if other.id in (provider.fallback_model_providers or ())]
        names = [model.id for lender in (provider, *borrowed) for model in lender.models]
        for number, name in enumerate(names):
            varied = (name.upper(), f"{name}-20251103", f"{name}-2025-11-03", f"x-{name}", name[1:])[number % 5]
            for asked in (name, varied):
                expected = genai_model(provider, asked)
                quote = TABLE.quote(provider.id, asked, NOON)
                if (expected is None) != (quote is None):
                    wrong.append(f"{provider.id}: {asked}")
    assert wrong == []


counts = st.integers(0, 600_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Consistent counts: no part exceeds its whole."""
    fresh, read, short, long, output = (draw(counts) for _ in range(5))
    pages = draw(st.integers(0, 1000))
    return Usage(
        input=fresh + read + short + long,
        output=output,
        cache_read=read,
        cache_write=short + long,
        cache_write_1h=long,
        reasoning=draw(st.integers(0, output)),
        web_searches=draw(st.integers(0, 5)),
        pages=pages,
        annotated_pages=draw(st.integers(0, pages)),
    )


def as_genai(usage: Usage) -> GenaiUsage:
    return GenaiUsage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_reasoning_tokens=usage.reasoning,
        output_citation_tokens=0,
        web_searches=usage.web_searches,
        input_document_pages=usage.pages,
        input_annotated_document_pages=usage.annotated_pages,
    )


MODELS = [(provider, model) for provider in PROVIDERS for model in provider.models if genai_model(provider, model.id) is model]
"""Those that are found by their own id; a handful are shadowed by another entry, or not matched by it at all."""
CHANGING = [pair for pair in MODELS if isinstance(pair[1].prices, list) or pair[1].price_variants]
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
contexts = st.sampled_from(
    (
        {},
        {"service_tier": "flex"},
        {"service_tier": "priority"},
        {"service_tier": "default"},
        {"processing": "batch"},
        {"speed": "fast"},
        {"processing": "batch", "service_tier": "flex"},
    )
)


@settings(max_examples=1_500, deadline=None)
@given(number=st.integers(0, len(MODELS) - 1), usage=usages(), at=moments, context=contexts)
def test_cost_is_exactly_what_genai_calculates(number: int, usage: Usage, at: datetime, context: dict[str, str]) -> None:
    """For any model, any counts, any moment and any request context."""
    provider, model = MODELS[number]
    quote = TABLE.quote(provider.id, model.id, at)
    assert quote is not None
    prices = prices_of(model, at, context)
    if not is_counted(prices):
        assert quote.card is None or model.id.endswith((":free", "moderation"))
        return
    assert quote.card is not None

    ours = quote.card.under(context).exact(usage)

    theirs = prices.calc_price(as_genai(usage))["total_price"] * 10**15
    if is_fine(prices):
        assert ours == theirs
    else:
        assert abs(ours - theirs) <= usage.input + usage.output


@settings(max_examples=300, deadline=None)
@given(number=st.integers(0, len(CHANGING) - 1), at=moments)
def test_a_quote_holds_until_it_says(number: int, at: datetime) -> None:
    """The gateway recompiles at `until`, so nothing may change before, and a window that opens must be seen."""
    provider, model = CHANGING[number]
    quote = TABLE.quote(provider.id, model.id, at)
    assert quote is not None
    if quote.until is None:
        later = TABLE.quote(provider.id, model.id, at + timedelta(days=5_000))
        assert later is not None
        assert later.card == quote.card
        return
    assert quote.until > at
    just_before = TABLE.quote(provider.id, model.id, quote.until - timedelta(microseconds=1))
    assert just_before is not None
    assert just_before.card == quote.card


@pytest.mark.parametrize(
    ("provider", "model"),
    [("cerebras", "qwen-3-coder-480b")],
)
def test_a_model_billed_in_units_we_do_not_count_has_no_card(provider: str, model: str) -> None:
    """A card of zeros would make these free in silence."""
    quote = TABLE.quote(provider, model, NOON)
    assert quote is not None
    assert quote.card is None


def test_sound_that_is_heard_costs_by_the_hour() -> None:
    quote = TABLE.quote("groq", "whisper-large-v3", NOON)
    assert quote is not None
    assert quote.card is not None
    assert quote.card.exact(Usage(audio_seconds=3600)) == 111 * 10**12


def test_a_model_published_as_free_is_free() -> None:
    quote = TABLE.quote("openrouter", "deepseek/deepseek-chat:free", NOON)
    assert quote is not None
    assert quote.card is not None
    assert quote.card.exact(Usage(input=1_000, output=1_000)) == 0


def test_unknown_names_have_no_quote() -> None:
    assert TABLE.quote("openai", "llama-9", NOON) is None
    assert TABLE.quote("nobody", "gpt-4o", NOON) is None


def test_a_table_opens_only_the_lists_it_is_asked_for() -> None:
    """What keeps 2,300 models out of a gateway's memory."""
    table = PriceTable(files("headworks.providers").joinpath("prices.json").read_bytes())
    table.quote("anthropic", "claude-sonnet-4-5", NOON)
    assert list(table._opened) == ["anthropic"]
