"""Money: integer nano-units (10⁻⁹) with their currency, and the price cards that make it out of counts.

A price is an integer number of nano-units per million units (so $0.0375 per million tokens is 37 500 000), a sum of
price × count is exact in 10⁻¹⁵ units, and rounding (half to even) happens once per exchange, in `Money.of_exact`.
"""

from __future__ import annotations

import msgspec

from headworks.domain.usage import Usage

PER_MILLION = 1_000_000


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
        return f"{sign}{nanos // 10**9}.{nanos % 10**9:09d} {self.currency}"


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
        for tier in self.tiers:
            if input_tokens > tier.start:
                price = tier.nanos_per_million
        return price


FREE = Rate()


class PriceCard(msgspec.Struct, frozen=True, kw_only=True):
    """What one model costs at one provider. A rate left out (`None`) falls to the rate of the count it is part of."""

    input: Rate = FREE
    output: Rate = FREE
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None
    reasoning: Rate | None = None
    input_audio: Rate | None = None
    cache_audio_read: Rate | None = None
    output_audio: Rate | None = None
    request: int = 0
    """Nano-units per request."""
    web_search: int = 0
    """Nano-units per web search."""
    image: int = 0
    """Nano-units per image."""
    currency: str = "USD"
    source: str = ""
    """Where the price is from: `genai-prices <version>`, `config`, or `free` (explicitly allowed at zero)."""

    def exact(self, usage: Usage) -> int:
        """Cost of `usage` in units of 10⁻¹⁵, not yet rounded."""
        size = usage.input
        plain_input = usage.input - usage.cache_read - usage.cache_write
        plain_output = usage.output
        total = 0
        if usage.cache_read:
            text_read = usage.cache_read - usage.cache_audio_read
            total += text_read * (self.cache_read or self.input).at(size)
            total += usage.cache_audio_read * (self.cache_audio_read or self.cache_read or self.input).at(size)
        if usage.cache_write:
            short = usage.cache_write - usage.cache_write_1h
            total += short * (self.cache_write or self.input).at(size)
            total += usage.cache_write_1h * (self.cache_write_1h or self.cache_write or self.input).at(size)
        fresh_audio = usage.input_audio - usage.cache_audio_read
        if fresh_audio and self.input_audio is not None:
            plain_input -= fresh_audio
            total += fresh_audio * self.input_audio.at(size)
        if usage.output_audio and self.output_audio is not None:
            plain_output -= usage.output_audio
            total += usage.output_audio * self.output_audio.at(size)
        if usage.reasoning and self.reasoning is not None:
            plain_output -= usage.reasoning
            total += usage.reasoning * self.reasoning.at(size)
        total += plain_input * self.input.at(size) + plain_output * self.output.at(size)
        flat = self.request + usage.web_searches * self.web_search + usage.images * self.image
        return total + flat * PER_MILLION
