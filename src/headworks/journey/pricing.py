"""What a call costs at the targets it may go to."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.money import PriceCard
from headworks.domain.usage import Usage


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


def at_most(call: Call, usage: Usage) -> int:
    """What `usage` costs at the dearest target of the plan, units of 10⁻¹⁵."""
    ask, plan = call.ask, call.plan
    assert ask is not None
    assert plan is not None
    cards = plan.cards
    if len(cards) == 1:
        return card_for(cards[0], ask).exact(usage)
    return max((card_for(card, ask).exact(usage) for card in cards), default=0)
