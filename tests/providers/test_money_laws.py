"""Laws of price cards: exact, never negative, and every token is paid once."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.money import FREE, Money, PriceCard, PriceVariant, Rate, Tier
from headworks.domain.usage import Usage

counts = st.integers(0, 10**7)
nanos = st.integers(0, 10**12)
rates = st.builds(
    Rate,
    nanos,
    st.lists(st.builds(Tier, st.integers(1, 10**6), nanos), max_size=2).map(
        lambda tiers: tuple(sorted(tiers, key=lambda tier: tier.start))
    ),
)
anything = st.builds(Usage, *[counts for _ in Usage.__struct_fields__])
cards = st.builds(
    PriceCard,
    **dict.fromkeys(("input", "output"), rates),
    **{name: st.none() | rates for name in PriceCard.__struct_fields__[2:10]},
    **dict.fromkeys(("request", "web_search", "image"), nanos),
)
ONE_RATE = Rate(7)


@given(card=cards, usage=anything)
def test_nothing_is_ever_paid_back(card: PriceCard, usage: Usage) -> None:
    """Not even where a provider reports more cached tokens than tokens."""
    assert card.exact(usage) >= 0


@st.composite
def consistent(draw: st.DrawFn) -> Usage:
    """Counts of which no part exceeds its whole."""
    audio_read, text_read, short, long, audio, text = (draw(counts) for _ in range(6))
    reasoning, spoken, cited, said = (draw(counts) for _ in range(4))
    return Usage(
        input=audio_read + text_read + short + long + audio + text,
        output=reasoning + spoken + cited + said,
        cache_read=audio_read + text_read,
        cache_write=short + long,
        cache_write_1h=long,
        reasoning=reasoning,
        input_audio=audio + audio_read,
        cache_audio_read=audio_read,
        output_audio=spoken,
        citation=cited,
    )


@given(usage=consistent(), named=st.sets(st.sampled_from(PriceCard.__struct_fields__[2:10])))
def test_every_token_is_paid_exactly_once(usage: Usage, named: set[str]) -> None:
    """If all rates are one rate, it does not matter which of them are on the card."""
    card = msgspec.structs.replace(PriceCard(input=ONE_RATE, output=ONE_RATE), **dict.fromkeys(named, ONE_RATE))

    assert card.exact(usage) == 7 * (usage.input + usage.output)


@given(card=cards, usage=consistent(), dearer=st.integers(1, 10**9))
def test_a_dearer_card_never_costs_less(card: PriceCard, usage: Usage, dearer: int) -> None:
    more = msgspec.structs.replace(card, input=_raised(card.input, dearer), output=_raised(card.output, dearer))

    assert more.exact(usage) >= card.exact(usage)


def _raised(rate: Rate, by: int) -> Rate:
    return Rate(rate.nanos_per_million + by, tuple(Tier(tier.start, tier.nanos_per_million + by) for tier in rate.tiers))


def test_a_tier_holds_for_the_whole_request_from_its_first_token_on() -> None:
    """As providers bill it: at the threshold still the base price, one above it the dearer one for all tokens."""
    card = PriceCard(input=Rate(1, (Tier(200_000, 2), Tier(500_000, 4))), output=Rate(10, (Tier(200_000, 20),)))

    assert card.exact(Usage(input=200_000, output=5)) == 200_000 + 50
    assert card.exact(Usage(input=200_001, output=5)) == 2 * 200_001 + 100
    assert card.exact(Usage(input=500_001)) == 4 * 500_001


def test_what_is_left_out_falls_to_what_it_is_part_of() -> None:
    card = PriceCard(input=Rate(10), output=Rate(100), cache_write=Rate(12), input_audio=Rate(50))

    assert card.exact(Usage(input=3, cache_read=1, cache_write=2, cache_write_1h=1)) == 10 + 12 + 12
    assert card.exact(Usage(input=2, cache_read=1, input_audio=2, cache_audio_read=1)) == 50 + 50
    assert card.exact(Usage(output=2, reasoning=1)) == 200


def test_flat_prices() -> None:
    card = PriceCard(request=5, web_search=7, image=11)

    assert card.exact(Usage(web_searches=2, images=3)) == (5 + 14 + 33) * 1_000_000


@given(exact=st.integers(0, 10**24))
def test_money_is_rounded_half_to_even(exact: int) -> None:
    expected = (Decimal(exact) / 10**6).quantize(Decimal(1), ROUND_HALF_EVEN)

    assert Money.of_exact(exact).nanos == int(expected)


def test_variants_replace_what_they_name_and_the_first_one_wins() -> None:
    card = PriceCard(
        input=Rate(10),
        output=Rate(100),
        variants=(
            PriceVariant({"service_tier": "flex"}, {"input": Rate(5)}),
            PriceVariant({"processing": "batch"}, {"input": Rate(4), "output": Rate(40)}),
            PriceVariant({"service_tier": "flex", "speed": "fast"}, {"output": Rate(99)}),
        ),
    )
    usage = Usage(input=1, output=1)

    assert card.under({}) is card
    assert card.under({"service_tier": "default"}) is card
    assert card.under({"service_tier": "flex"}).exact(usage) == 105
    assert card.under({"service_tier": "flex", "processing": "batch"}).exact(usage) == 45
    assert card.under({"service_tier": "flex", "speed": "fast"}).exact(usage) == 104


def test_a_card_of_nothing_is_free() -> None:
    assert PriceCard().exact(Usage(input=10, output=10)) == 0
    assert FREE.at(10**9) == 0
