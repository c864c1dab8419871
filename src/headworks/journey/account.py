"""The account of one attempt: what it has used so far, by whose word, and what that costs."""

from __future__ import annotations

import msgspec

from headworks.domain.call import Ask, Call
from headworks.domain.call import Progress as SoFar
from headworks.domain.errors import Fault
from headworks.domain.kind import FREE
from headworks.domain.money import PriceCard
from headworks.domain.target import Target, Tried
from headworks.domain.usage import NO_USAGE, Certainty, Usage
from headworks.journey.pricing import card_for
from headworks.ports.interpreter import Relay

BYTES_PER_TOKEN = 4
"""For the part of a whole answer that came before it was lost."""


class Account:
    """`gathered` is always the bytes of a whole answer so far, None for one that is handed on as it comes."""

    __slots__ = ("_call", "_card", "_relay", "_target")

    def __init__(self, call: Call, target: Target, relay: Relay) -> None:
        self._call = call
        self._target = target
        self._relay = relay
        self._card = card_for(target.price, call.ask) if target.price is not None and call.ask is not None else None

    def so_far(self, gathered: int | None) -> SoFar:
        """What would have to be paid if it ended now."""
        usage, certainty = self._delivered(gathered)
        card = self._billed()
        return SoFar(usage, certainty, card.exact(usage) if card is not None else 0)

    def settle(self, tried: Tried, fault: Fault | None, gathered: int | None) -> None:
        """Write down what the attempt has come to."""
        relay = self._relay
        tried.served_model = relay.served_model
        tried.upstream_id = relay.upstream_id
        card = self._billed()
        if card is not None:
            tried.currency = card.currency
        if self._was_nothing(tried, fault):
            tried.certainty = Certainty.REPORTED
            return
        tried.usage, tried.certainty = self._delivered(gathered)
        if card is not None:
            tried.cost_exact = card.exact(tried.usage)

    def _was_nothing(self, tried: Tried, fault: Fault | None) -> bool:
        """Nothing was asked, or not to its end, or the upstream said in so many words that it did nothing: it does not bill that."""
        relay = self._relay
        refused = tried.status >= 300  # noqa: PLR2004 - HTTP's own number
        told = fault is not None and fault is relay.fault and not relay.began
        unasked = not self._call.body.complete and not relay.began
        return self._call.kind in FREE or not tried.sent or refused or told or unasked

    def _billed(self) -> PriceCard | None:
        """The prices of what was asked, or of the tier that served it, where the answer names one."""
        tier, card, ask = self._relay.service_tier, self._target.price, self._call.ask
        return card_for(card, ask, tier) if tier and card is not None and ask is not None and card.variants else self._card

    def _delivered(self, gathered: int | None) -> tuple[Usage, Certainty]:
        """The provider's own counts where the answer came to its end, else the prompt plus what was delivered."""
        relay = self._relay
        reported = relay.usage
        if reported is not None and (relay.usage_final or relay.ended):
            return reported, Certainty.REPORTED
        ask = self._call.ask
        assert ask is not None
        known = reported if reported is not None else NO_USAGE
        prompt = known.input or ask.prompt_tokens
        return _with(known, ask, prompt, max(known.output, self._delivered_output(ask, gathered))), Certainty.ESTIMATED

    def _delivered_output(self, ask: Ask, gathered: int | None) -> int:
        """Output tokens delivered, estimated: never more than the caller allowed, and of a whole answer that was lost on the way never more
        than the target is taken to give.
        """
        lost = gathered is not None and not self._relay.ended
        tokens = (gathered or 0) // BYTES_PER_TOKEN if lost else self._relay.estimated_output()
        if ask.max_tokens is None and not lost:
            return tokens
        return min(tokens, (ask.max_tokens or self._target.max_output) * ask.choices)


def _with(known: Usage, ask: Ask, prompt: int, output: int) -> Usage:
    if known is NO_USAGE:
        return msgspec.structs.replace(ask.likely, input=prompt, output=output)
    counts = {name: getattr(known, name) for name in known.__struct_fields__}
    return Usage(**{**counts, "input": prompt, "output": output})
