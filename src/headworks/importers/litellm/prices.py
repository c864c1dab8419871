"""Prices per token → prices per million; and what to do about models that nobody has priced."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from headworks.domain.config import PriceRule, TieredPrice, WrittenRate
from headworks.domain.money import PriceCard, Rate
from headworks.importers.litellm.providers import Found
from headworks.importers.litellm.section import Section
from headworks.importers.notes import Notes
from headworks.providers.price_table import PriceTable

WrittenPrice = PriceRule | Literal["free"]

_FIELDS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
}
_RATES = tuple(dict.fromkeys(_FIELDS.values()))
_FLAT = {"input_cost_per_request": "request"}
_MILLION = 1_000_000
_NANOS = 10**9
_SMALLEST = Decimal("0.000000001")


class Pricing:
    """Prices of deployments, as of one moment."""

    def __init__(self, prices: PriceTable, at: datetime, notes: Notes) -> None:
        self._prices = prices
        self._at = at
        self._notes = notes

    def of(self, found: Found, model: str, params: Section, info: Section) -> WrittenPrice | None:
        """What to write beside a target; None where the published price counts."""
        own = self._written(params) or self._written(info)
        base = info.text("base_model")
        if own is not None:
            self._notes.mapped(
                params.line_at("input_cost_per_token"), "prices per token", "price of the target, dollars per million"
            )
            return own
        if "*" in model or self._quoted(found.rule.prices or found.row.prices, model) is not None or found.row.self_hosted:
            return None
        card = self._quoted(found.prices, base.rpartition("/")[2] if base else model)
        if card is not None:
            self._notes.approximated(
                info.line_at("base_model") if base else params.line,
                f"base_model {base}" if base else f"{found.name}/{model}, served elsewhere",
                "today's published price of that model is written beside the target",
            )
            return _rule_of(card)
        self._notes.approximated(
            params.line,
            f"no published price of {found.name}/{model}",
            "free, as LiteLLM counted it: budgets do not see it. Write its price beside the target",
        )
        return "free"

    def _quoted(self, table: str, model: str) -> PriceCard | None:
        quote = self._prices.quote(table, model, self._at) if table else None
        return None if quote is None else quote.card

    def _written(self, given: Section) -> WrittenPrice | None:
        rates: dict[str, WrittenRate] = {
            field: (value * _MILLION).quantize(_SMALLEST).normalize()
            for name, field in _FIELDS.items()
            if (value := given.number(name)) is not None
        }
        flat = {field: value for name, field in _FLAT.items() if (value := given.number(name)) is not None}
        if not rates and not flat:
            return None
        if not any((*rates.values(), *flat.values())):
            return "free"
        return msgspec.structs.replace(PriceRule(), **rates, **flat)


def _rule_of(card: PriceCard) -> PriceRule:
    rates: dict[str, Rate | None] = {name: getattr(card, name) for name in _RATES}
    return msgspec.structs.replace(PriceRule(), **{name: _rate(rate) for name, rate in rates.items() if rate is not None})


def _rate(rate: Rate) -> WrittenRate:
    base = _dollars(rate.nanos_per_million)
    return (
        TieredPrice(base=base, above={tier.start: _dollars(tier.nanos_per_million) for tier in rate.tiers})
        if rate.tiers
        else base
    )


def _dollars(nanos: int) -> Decimal:
    return (Decimal(nanos) / _NANOS).normalize()
