"""The most that a request can cost: prices rounded up to what a provider may come to charge instead of what one expects.

Input may turn out to be written to a cache, or to be audio; output to be reasoning; a few tokens more may reach a dearer tier; the
answer may name a dearer service tier. A ceiling takes the dearest of all these, over all cards, for every count.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from headworks.domain.money import PER_MILLION, PriceCard, Rate

_INPUT = ("input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "cache_audio_read", "input_image")
_OUTPUT = ("output", "reasoning", "citation", "output_audio", "output_image")


class Ceiling(msgspec.Struct, frozen=True):
    """Steps are (input tokens from which on it holds, nano-units per million), rising, the first from zero on."""

    input: tuple[tuple[int, int], ...] = ((0, 0),)
    output: tuple[tuple[int, int], ...] = ((0, 0),)
    request: int = 0
    """Nano-units."""
    web_search: int = 0
    search: int = 0
    page: int = 0
    audio_minute: int = 0
    characters: int = 0
    """Nano-units per million."""

    def rates(self, input_tokens: int) -> tuple[int, int]:
        """Nano-units per million tokens, of the input and of the output of a request with at most so much input."""
        return _at(self.input, input_tokens), _at(self.output, input_tokens)

    def nanos(self, input_tokens: int, output_tokens: int) -> int:
        """Nano-units, rounded up."""
        read, written = self.rates(input_tokens)
        return -(-(input_tokens * read + output_tokens * written) // PER_MILLION) + self.request

    def output_within(self, nanos: int, input_tokens: int) -> int:
        """Output tokens that so many nano-units cover, the input paid. As many as one likes where output costs nothing."""
        read, written = self.rates(input_tokens)
        left = (nanos - self.request) * PER_MILLION - input_tokens * read
        return max(left // written, 0) if written else _ENDLESS


_ENDLESS = 1 << 40


def ceiling_of(cards: Iterable[PriceCard]) -> Ceiling:
    """Over all that the cards and their variants say."""
    all_cards = [each for card in cards for each in (card, *(card.under(variant.when) for variant in card.variants))]
    return Ceiling(
        input=_steps(rate for card in all_cards for name in _INPUT if (rate := getattr(card, name)) is not None),
        output=_steps(rate for card in all_cards for name in _OUTPUT if (rate := getattr(card, name)) is not None),
        request=max((card.request for card in all_cards), default=0),
        web_search=max((card.web_search for card in all_cards), default=0),
        search=max((card.search for card in all_cards), default=0),
        page=max((max(card.page, card.annotated_page) for card in all_cards), default=0),
        audio_minute=max((card.audio_minute for card in all_cards), default=0),
        characters=max((_dearest(card.characters) for card in all_cards), default=0),
    )


def _steps(rates: Iterable[Rate]) -> tuple[tuple[int, int], ...]:
    """The running maximum. A rate goes on holding as a ceiling beyond the tier that replaces it, should that be cheaper."""
    said = sorted((start, price) for rate in rates for start, price in ((0, rate.nanos_per_million), *_tiers(rate)))
    steps: list[tuple[int, int]] = [(0, 0)]
    for start, price in said:
        if price <= steps[-1][1]:
            continue
        if start == steps[-1][0]:
            steps[-1] = (start, price)
        else:
            steps.append((start, price))
    return tuple(steps)


def _dearest(rate: Rate) -> int:
    return max((rate.nanos_per_million, *(price for _, price in _tiers(rate))))


def _tiers(rate: Rate) -> Iterable[tuple[int, int]]:
    return ((tier.start, tier.nanos_per_million) for tier in rate.tiers)


def _at(steps: tuple[tuple[int, int], ...], input_tokens: int) -> int:
    price = steps[0][1]
    if len(steps) == 1:
        return price
    for start, dearer in steps[1:]:
        if input_tokens > start:
            price = dearer
    return price
