"""Which price card a target gets: the operator's own price, else the published one, else none."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from headworks.domain.config import Config, PriceRule, TieredPrice, WrittenPrices, WrittenRate
from headworks.domain.money import PriceCard, PriceVariant, Rate, Tier
from headworks.domain.principal import name_matches
from headworks.providers.price_table import nanos_per_million
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.places import Provider
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_FLAT = ("request", "web_search", "search", "image", "page", "annotated_page", "audio_minute")
_FREE = PriceCard(source="free")
_SELF_HOSTED = PriceCard(source="self-hosted")

WrittenPrice = PriceRule | Literal["free"]


class Pricing:
    """One per compilation; also answers for wildcard models while the snapshot lives."""

    def __init__(self, bench: Bench, config: Config) -> None:
        self._bench = bench
        self._unpriced_is_free = config.unpriced == "free"
        self._cards = {pattern: self.card(rule, ("prices", pattern)) for pattern, rule in config.prices.items()}
        self._globs = sorted((pattern for pattern in self._cards if "*" in pattern), key=len, reverse=True)

    def card(self, rule: WrittenPrice, path: Path) -> PriceCard:
        """The card for a written price."""
        if isinstance(rule, str):
            return _FREE
        variants = tuple(
            PriceVariant(variant.when, self._fields(variant, (*path, "variants", number)))
            for number, variant in enumerate(rule.variants)
        )
        return msgspec.structs.replace(PriceCard(source="config", variants=variants), **self._fields(rule, path))

    def _fields(self, prices: WrittenPrices, path: Path) -> dict[str, Rate | int]:
        """Fields of a card for what is written."""
        fields: dict[str, Rate | int] = {}
        for name in WrittenPrices.__struct_fields__:
            written = getattr(prices, name)
            if written is not None:
                below = (*path, name)
                fields[name] = self._nanos(written, below) if name in _FLAT else self._rate(written, below)
        return fields

    def of(self, provider: Provider, model: str) -> PriceCard | None:
        """The card for a provider's model; None where nobody says what it costs."""
        name = f"{provider.name}/{model}"
        own = self._cards.get(name) or next((self._cards[glob] for glob in self._globs if name_matches(glob, name)), None)
        if own is not None:
            return own
        if provider.prices:
            givens = self._bench.givens
            quote = givens.prices.quote(provider.prices, model, givens.at)
            if quote is not None and quote.card is not None:
                self._bench.holds_until(quote.until)
                return quote.card
        if provider.self_hosted:
            return _SELF_HOSTED
        return _FREE if self._unpriced_is_free else None

    def check_use(self, targets: set[str], wildcards: set[str], known: list[str]) -> None:
        """Note prices that belong to no target: a price that matches nothing is a spelling mistake."""
        for pattern in self._cards:
            provider = pattern.partition("/")[0]
            if provider in wildcards or any(name_matches(pattern, name) for name in targets):
                continue
            hint = did_you_mean(pattern, targets | {f"{name}/*" for name in known})
            self._bench.wrong(("prices", pattern), f"No target is called '{pattern}'.", hint, on_key=True)

    def _rate(self, written: WrittenRate, path: Path) -> Rate:
        if not isinstance(written, TieredPrice):
            return Rate(self._nanos(written, path))
        tiers = tuple(Tier(start, self._nanos(price, (*path, "above"))) for start, price in sorted(written.above.items()))
        return Rate(self._nanos(written.base, (*path, "base")), tiers)

    def _nanos(self, dollars: Decimal, path: Path) -> int:
        nanos = nanos_per_million(dollars)
        if Decimal(nanos) != dollars * 10**9:
            self._bench.wrong(path, "A price has at most nine decimals.")
        return nanos
