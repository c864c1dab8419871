"""What a configuration means for one kind of request: where it may go, and at which prices."""

from __future__ import annotations

import msgspec

from headworks.domain.ceiling import Ceiling, ceiling_of
from headworks.domain.confines import Confines
from headworks.domain.envelope import Priority
from headworks.domain.errors import Fault
from headworks.domain.kind import DRAWING, FREE, HEARING, Kind
from headworks.domain.money import FREE as AT_ZERO
from headworks.domain.money import PriceCard
from headworks.domain.passthrough import Passage
from headworks.domain.routing import RoutingRule
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import Target

_USED = {
    **dict.fromkeys(DRAWING, frozenset(("output", "output_image", "image", "request"))),
    Kind.SPEECH: frozenset(("characters", "output", "request")),
    **dict.fromkeys(HEARING, frozenset(("audio_minute", "input", "input_audio", "output", "request"))),
}
"""By what a kind of request is billed, where that is not tokens."""
_OWN = frozenset(("characters", "image", "page", "annotated_page", "audio_minute"))
"""By what nothing else is billed."""
_NO_PRICES = frozenset(("currency", "source", "variants"))
"""What else a card says."""
_NOTHING = (None, 0, AT_ZERO)

TRANSLATED = frozenset((Kind.CHAT, Kind.EMBEDDINGS, Kind.RERANK))
"""Kinds that can be asked of a target which speaks another language than the caller."""


_SOMETHING = Ceiling(request=1)
"""Of what has no price: limits of money are to see it, and refuse it."""


class Plan(msgspec.Struct, frozen=True):
    """The targets that could serve, and their distinct price cards (none where nothing has a price and the operator allows that)."""

    model: Model
    targets: tuple[Target, ...]
    cards: tuple[PriceCard, ...]
    ceiling: Ceiling = Ceiling()
    """The dearest of all cards."""
    priced: bool = True
    """Whether every target has a price."""
    strategy: str = ""
    """How one of them is chosen, where that is otherwise than the model says."""
    priority: Priority | None = None
    """The highest class of the request, where a routing rule says it."""

    @property
    def currency(self) -> str:
        """The currency of all its cards."""
        return self.cards[0].currency if self.cards else "USD"


def plan_for(snapshot: Snapshot, model: Model, kind: Kind, front: str) -> Plan:
    """Raises `Fault` where no target offers this kind of thing, or none of them has a price and the operator insists on one."""
    fitting = [_in_tongue(target, front) for target in model.targets]
    fitting = [target for target in fitting if _offers(target, kind, front)]
    if not fitting:
        raise Fault(
            "invalid_request", f"The model '{model.name}' has no target that offers '{kind}'. Ask another one.", param="model"
        )
    if snapshot.unpriced != "free" and kind not in FREE:
        fitting = [target for target in fitting if bills(target.price, kind)]
    if not fitting:
        raise Fault(
            "model_unpriced",
            f"The model '{model.name}' has no price, and this gateway serves nothing that it cannot account for. "
            "An administrator can give it one under 'prices', or allow it at zero with 'unpriced: free'.",
            param="model",
        )
    return _plan(model, fitting)


def plan_through(snapshot: Snapshot, model: Model, passage: Passage, confines: Confines | None) -> Plan:
    """Of a request that is only carried. Raises `Fault` where its caller may not be served there, or nobody says what it costs and the
    operator insists.
    """
    plan = _plan(model, list(model.targets))
    if confines is not None:
        plan = narrowed_to(plan, confines)
    if plan.priced:
        return plan
    if snapshot.unpriced != "free":
        raise unpriced_passage(plan, passage)
    return msgspec.structs.replace(plan, ceiling=_SOMETHING)


def unpriced_passage(plan: Plan, passage: Passage) -> Fault:
    """What a caller is told where nobody says what a request that is only carried costs."""
    what = f"the model '{plan.model.name}'" if passage.by_model else f"'{passage.line}'"
    return Fault(
        "model_unpriced",
        f"Nobody says what {what} costs, and what it comes to cost has to be known. "
        f"An administrator can give {'it a price under prices' if passage.by_model else 'the line a price under passthrough'}.",
    )


def narrowed_to(plan: Plan, confines: Confines) -> Plan:
    """The same with only the targets that are admitted. Raises `Fault` where none is left."""
    targets = [target for target in plan.targets if confines.admit(target)]
    if not targets:
        raise nowhere_allowed(plan.model, confines)
    return plan if len(targets) == len(plan.targets) else _plan(plan.model, targets)


def led_by(plan: Plan, rule: RoutingRule) -> Plan:
    """The same with only the targets that a routing rule names, chosen by its strategy. Raises `Fault` where it denies, or none is left."""
    if rule.deny:
        raise Fault(
            "policy_denied",
            f"The routing rule '{rule.name}' does not let this request pass ({rule.deny.rstrip('.')}). "
            "Change the request, or ask an administrator about this rule.",
            detail=f"routing rule {rule.name}: {rule.when or 'always'}",
        )
    targets = [target for target in plan.targets if rule.leads_to(target)]
    if not targets:
        raise Fault(
            "model_not_allowed",
            f"The routing rule '{rule.name}' leads this request to {', '.join(rule.to)}, and none of these may serve it, or can. "
            "Change the request, or ask an administrator about this rule and the bounds of the key.",
            param="model",
        )
    led = _plan(plan.model, targets)
    return msgspec.structs.replace(led, strategy=rule.strategy or plan.strategy, priority=rule.priority)


def nowhere_allowed(model: Model, confines: Confines) -> Fault:
    """What a caller is told where a model has no target that is admitted."""
    return Fault(
        "model_not_allowed",
        f"This key may be served by {confines.words()} only, and none of these has the model '{model.name}'. "
        "Ask another model, or have an administrator widen the bounds of the key and of all above it.",
        param="model",
    )


def bills(card: PriceCard | None, kind: Kind) -> bool:
    """Whether there are prices for what this kind of request uses. A card on which everything is at zero is meant so."""
    if card is None:
        return False
    said = {name for name in card.__struct_fields__ if name not in _NO_PRICES and getattr(card, name) not in _NOTHING}
    used = _USED.get(kind)
    return not said or bool(said - _OWN if used is None else said & used)


def _plan(model: Model, targets: list[Target]) -> Plan:
    cards: list[PriceCard] = []
    for target in targets:
        if target.price is not None and target.price not in cards:
            cards.append(target.price)
    return Plan(model, tuple(targets), tuple(cards), ceiling_of(cards), all(target.price is not None for target in targets))


def _offers(target: Target, kind: Kind, front: str) -> bool:
    """Whether it can be asked for that. A count can be estimated for any target."""
    return kind is Kind.COUNT_TOKENS or (kind in target.heads and (target.dialect == front or kind in TRANSLATED))


def _in_tongue(target: Target, front: str) -> Target:
    """The variant in the caller's own language, where the target speaks it."""
    return target.variants.get(front, target)
