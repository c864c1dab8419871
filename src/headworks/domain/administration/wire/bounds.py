"""Bounds as the admin API tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.domain.administration.wire.problem import Mistake
from headworks.domain.administration.wire.values import (
    Currency,
    Decimal,
    Label,
    Text,
    When,
    Words,
    decimal_of,
    nanos_of,
    when_of,
)
from headworks.domain.limits import Calendar, OnLoss, Rollover, Unit
from headworks.domain.records import Bounds, BudgetRule, LimitRule

Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Zone = Annotated[Text, Meta(min_length=1, description="IANA time zone of calendar periods.", examples=["Europe/Berlin"])]
_SINCE = (
    "The period that holds this instant is the first that leaves anything over. Set by the server, whatever is sent: now for a new budget, "
    "the beginning of the next period where the budget was there without a rollover."
)
_WARNINGS = "What of that which was just written can have no effect, or leaves nothing that could be used. Set by the server, whatever is sent."
Tags = Annotated[dict[Label, Text], Meta(max_length=100)]


class LimitBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """So many units over a stretch of time: `seconds` (rolling), `calendar`, or neither for what is under way at once."""

    unit: Unit
    amount: Count | Decimal
    """A number; for `cost` money as decimal text."""
    seconds: Annotated[float, Meta(ge=0, le=366 * 86_400)] = 0.0
    calendar: Calendar | None = None
    zone: Zone = "UTC"
    models: Words | None = None
    """Left out: all."""
    group_by: Words = ()
    most_groups: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    on_loss: OnLoss = OnLoss.CLOSED
    currency: Currency = "USD"

    @classmethod
    def of(cls, rule: LimitRule) -> LimitBody:
        """As it is told."""
        facts = msgspec.structs.asdict(rule)
        facts["amount"] = decimal_of(rule.amount) if rule.unit is Unit.COST else rule.amount
        facts["models"] = rule.models or None
        return cls(**facts)

    def rule(self) -> LimitRule:
        """As it is kept."""
        facts = msgspec.structs.asdict(self)
        facts["amount"] = nanos_of(self.amount) if isinstance(self.amount, str) else self.amount
        facts["models"] = self.models or ()
        return LimitRule(**facts)


class RolloverBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What a period leaves over may be used in the next one, and in that one only."""

    most: Decimal
    """Of it, at most so much."""
    since: Annotated[When | None, Meta(description=_SINCE, extra_json_schema={"readOnly": True})] = None

    @classmethod
    def of(cls, rollover: Rollover) -> RolloverBody:
        """As it is told."""
        return cls(most=decimal_of(rollover.most), since=when_of(rollover.since))

    def rollover(self) -> Rollover:
        """As it is kept, once the store has dated it."""
        return Rollover(most=nanos_of(self.most), since=0)


class BudgetBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """Money for a calendar period, or once."""

    amount: Decimal
    currency: Currency = "USD"
    calendar: Calendar | None = None
    zone: Zone = "UTC"
    hard: bool = True
    thresholds: Annotated[tuple[Annotated[float, Meta(gt=0, le=10)], ...], Meta(max_length=20)] = (0.5, 0.8, 1.0)
    rollover: RolloverBody | None = None
    group_by: Words = ()

    @classmethod
    def of(cls, rule: BudgetRule) -> BudgetBody:
        """As it is told."""
        facts = msgspec.structs.asdict(rule)
        facts["amount"] = decimal_of(rule.amount)
        facts["rollover"] = RolloverBody.of(rule.rollover) if rule.rollover is not None else None
        return cls(**facts)

    def rule(self) -> BudgetRule:
        """As it is kept."""
        facts = msgspec.structs.asdict(self)
        facts["amount"] = nanos_of(self.amount)
        facts["rollover"] = self.rollover.rollover() if self.rollover is not None else None
        return BudgetRule(**facts)


class BoundsBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What a party or key may do and use. Left out or null: not narrowed here; an empty list allows nothing."""

    models: Words | None = None
    endpoints: Words | None = None
    features: Words | None = None
    providers: Words | None = None
    regions: Words | None = None
    policies: Words = ()
    guards: Words = ()
    tags: Tags = {}
    limits: Annotated[dict[Label, LimitBody], Meta(max_length=100)] = {}
    budgets: Annotated[dict[Label, BudgetBody], Meta(max_length=100)] = {}
    warnings: Annotated[tuple[Mistake, ...], Meta(description=_WARNINGS, extra_json_schema={"readOnly": True})] = ()

    @classmethod
    def of(cls, bounds: Bounds, warnings: Sequence[Mistake] = ()) -> BoundsBody:
        """As they are told."""
        facts = {name: getattr(bounds, name) for name in PLAIN}
        return cls(
            **facts,
            limits={name: LimitBody.of(rule) for name, rule in bounds.limits.items()},
            budgets={name: BudgetBody.of(rule) for name, rule in bounds.budgets.items()},
            warnings=tuple(warnings),
        )

    def bounds(self) -> Bounds:
        """As they are kept."""
        facts = {name: getattr(self, name) for name in PLAIN}
        return Bounds(
            **facts,
            limits={name: rule.rule() for name, rule in self.limits.items()},
            budgets={name: rule.rule() for name, rule in self.budgets.items()},
        )


PLAIN = ("models", "endpoints", "features", "providers", "regions", "policies", "guards", "tags")
"""Fields that are the same on both sides."""
