"""Money: integer nano-units (10⁻⁹) with their currency, and the price cards that make it out of counts.

A price is an integer number of nano-units per million units (so $0.0375 per million tokens is 37 500 000), a sum of
price × count is exact in 10⁻¹⁵ units, and rounding (half to even) happens once per exchange, in `Money.of_exact`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.usage import Usage

PER_MILLION = 1_000_000
NANO_PLACES = 9
PER_TOKEN_PLACES = 15
"""A price in nano-units per million is one in 10⁻¹⁵ units for each."""


def decimal_text(units: int, places: int = NANO_PLACES) -> str:
    """A whole number of `10 ** -places` as people write it: `0.0000025`, without needless zeros."""
    whole, rest = divmod(units, 10**places)
    return f"{whole}.{rest:0{places}d}".rstrip("0").rstrip(".")


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount: `nanos` × 10⁻⁹ of `currency`."""

    nanos: int = 0
    currency: str = "USD"

    @classmethod
    def of_exact(cls, exact: int, currency: str = "USD") -> Money:
        """Round an exact sum (units of 10⁻¹⁵) to nano-units, half to even."""
        whole, rest = divmod(exact, PER_MILLION)
        twice = rest * 2
        if twice > PER_MILLION or (twice == PER_MILLION and whole & 1):
            whole += 1
        return cls(whole, currency)

    def __str__(self) -> str:
        sign, nanos = ("-", -self.nanos) if self.nanos < 0 else ("", self.nanos)
        part = f"{nanos % 10**9:09d}".rstrip("0")
        return f"{sign}{nanos // 10**9}{'.' if part else ''}{part} {self.currency}"


class Tier(msgspec.Struct, frozen=True):
    """A price that holds from `start` input tokens on, for the whole request."""

    start: int
    nanos_per_million: int


class Rate(msgspec.Struct, frozen=True):
    """The price of one kind of unit: nano-units per million units, and dearer tiers by the request's input size."""

    nanos_per_million: int = 0
    tiers: tuple[Tier, ...] = ()

    def at(self, input_tokens: int) -> int:
        """Nano-units per million for a request of that many input tokens."""
        price = self.nanos_per_million
        if not self.tiers:
            return price
        for tier in self.tiers:
            if input_tokens > tier.start:
                price = tier.nanos_per_million
        return price


FREE = Rate()


class PriceVariant(msgspec.Struct, frozen=True):
    """Prices that hold instead where all of `when` is true of a request, e.g. `{"service_tier": "flex"}`.

    `instead` maps names of `PriceCard` fields to what they become.
    """

    when: dict[str, str]
    instead: dict[str, Rate | int]


class PriceCard(msgspec.Struct, frozen=True, kw_only=True):
    """What one model costs at one provider. A rate left out (`None`) falls to the rate of the count it is part of."""

    input: Rate = FREE
    output: Rate = FREE
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None
    reasoning: Rate | None = None
    citation: Rate | None = None
    input_audio: Rate | None = None
    cache_audio_read: Rate | None = None
    output_audio: Rate | None = None
    input_image: Rate | None = None
    output_image: Rate | None = None
    characters: Rate = FREE
    """Of a text that is spoken, for each a million of them."""
    request: int = 0
    """Nano-units per request."""
    web_search: int = 0
    """Nano-units per web search."""
    search: int = 0
    """Nano-units per search unit of a ranking."""
    image: int = 0
    """Nano-units per picture made."""
    page: int = 0
    """Nano-units per page of a document."""
    annotated_page: int = 0
    """Likewise, of one that is annotated; 0: as `page`."""
    audio_minute: int = 0
    """Nano-units per minute of sound that is heard. Who takes it takes nothing for the tokens of that sound."""
    currency: str = "USD"
    source: str = ""
    """Where the price is from: `genai-prices <version>`, `config`, `self-hosted`, or `free` (explicitly allowed at zero)."""
    variants: tuple[PriceVariant, ...] = ()

    def under(self, context: Mapping[str, str]) -> PriceCard:
        """The card for a request of which `context` is true (`service_tier`, `speed`, `processing`: as the answer says, else as asked).

        Where several variants hold, the first one that names a price decides it.
        """
        if not context:
            return self
        instead: dict[str, Rate | int] = {}
        for variant in self.variants:
            if variant.when.items() <= context.items():
                instead = variant.instead | instead
        return msgspec.structs.replace(self, **instead) if instead else self

    def exact(self, usage: Usage) -> int:
        """Cost of `usage` in units of 10⁻¹⁵, not yet rounded. Never negative, even where a provider's parts exceed its totals."""
        size = usage.input
        if usage.plain:
            return size * self.input.at(size) + usage.output * self.output.at(size) + self.request * PER_MILLION
        total = self._input(usage, size) + self._output(usage, size)
        flat = self.request + usage.web_searches * self.web_search + usage.images * self.image
        flat += usage.searches * self.search
        flat += (usage.pages - usage.annotated_pages) * self.page + usage.annotated_pages * (self.annotated_page or self.page)
        if usage.audio_seconds:
            total += usage.audio_seconds * self.audio_minute * PER_MILLION // 60
        return total + flat * PER_MILLION + usage.characters * self.characters.at(size)

    def _input(self, usage: Usage, size: int) -> int:
        plain = size - usage.cache_read - usage.cache_write
        total = 0
        if usage.cache_read:
            audio = usage.cache_audio_read
            total += max(usage.cache_read - audio, 0) * (self.cache_read or self.input).at(size)
            total += audio * (self.cache_audio_read or self.cache_read or self.input_audio or self.input).at(size)
        if usage.cache_write:
            total += max(usage.cache_write - usage.cache_write_1h, 0) * (self.cache_write or self.input).at(size)
            total += usage.cache_write_1h * (self.cache_write_1h or self.cache_write or self.input).at(size)
        if usage.audio_seconds and self.audio_minute:
            plain -= usage.input_audio
        elif usage.input_audio and self.input_audio is not None:
            fresh = max(usage.input_audio - usage.cache_audio_read, 0)
            plain -= fresh
            total += fresh * self.input_audio.at(size)
        if usage.input_image and self.input_image is not None:
            plain -= usage.input_image
            total += usage.input_image * self.input_image.at(size)
        return total + max(plain, 0) * self.input.at(size)

    def _output(self, usage: Usage, size: int) -> int:
        plain, total = usage.output, 0
        if usage.reasoning and self.reasoning is not None:
            plain -= usage.reasoning
            total += usage.reasoning * self.reasoning.at(size)
        if usage.output_audio and self.output_audio is not None:
            plain -= usage.output_audio
            total += usage.output_audio * self.output_audio.at(size)
        if usage.output_image and self.output_image is not None:
            plain -= usage.output_image
            total += usage.output_image * self.output_image.at(size)
        if usage.citation and self.citation is not None:
            plain -= usage.citation
            total += usage.citation * self.citation.at(size)
        return total + max(plain, 0) * self.output.at(size)
