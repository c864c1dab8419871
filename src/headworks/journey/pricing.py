"""What a call costs at the targets it may go to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.money import PriceCard, PriceVariant
from headworks.domain.usage import Usage

_OPEN = "auto"
"""What leaves the choice to the model."""


def card_for(card: PriceCard, ask: Ask, service_tier: str = "") -> PriceCard:
    """The prices of a request such as this one: some depend on what it asks for, and on the tier that its answer names."""
    context: dict[str, str] = {}
    fields = ask.fields
    for variant in card.variants:
        for name in variant.when:
            if name in fields and name not in context:
                context[name] = str(msgspec.json.decode(fields[name]))
    if service_tier and card.variants:
        context["service_tier"] = service_tier
    return card.under(context) if context else card


def picture_at_most(cards: Iterable[PriceCard], fields: Mapping[str, msgspec.Raw]) -> int:
    """Nano-units of the dearest picture that a request with these fields may get: what it leaves open may become anything."""
    dearest = 0
    for card in cards:
        open_still = [variant for variant in card.variants if "image" in variant.instead and _may_hold(variant, fields)]
        dearest = max([dearest, card.image, *(card.under(variant.when).image for variant in open_still)])
    return dearest


def _may_hold(variant: PriceVariant, fields: Mapping[str, msgspec.Raw]) -> bool:
    said = {name: msgspec.json.decode(fields[name]) for name in variant.when if name in fields}
    return all(value in (None, _OPEN, variant.when[name]) for name, value in said.items())


def at_most(call: Call, usage: Usage) -> int:
    """What `usage` costs at the dearest target of the plan, units of 10⁻¹⁵."""
    ask, plan = call.ask, call.plan
    assert ask is not None
    assert plan is not None
    cards = plan.cards
    if len(cards) == 1:
        return card_for(cards[0], ask).exact(usage)
    return max((card_for(card, ask).exact(usage) for card in cards), default=0)
