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
_NARROWED = "Values by fact: `customer`, `tag:NAME`, … Of `where` a request has to have one of each fact, of `unless` it may have none at all."
Narrowed = Annotated[dict[Text, Annotated[tuple[Text, ...], Meta(max_length=1000)]], Meta(max_length=20, description=_NARROWED)]
Tags = Annotated[dict[Label, Text], Meta(max_length=100, description="Labels of all that is asked at and below it.")]
Models = Annotated[Words | None, Meta(description="Names or patterns that it counts. Left out or null: all.")]
Groups = Annotated[
    Words, Meta(description="Facts, for each value of which there is a counter of its own: `customer`, `tag:NAME`, …")
]
Period = Annotated[Calendar | None, Meta(description="How often it begins anew. Left out or null: not by the calendar.")]
Lost = Annotated[OnLoss, Meta(description="What holds while shared counters cannot be asked.")]


class LimitBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """So many units over a stretch of time: `seconds` (rolling), `calendar`, or neither for what is under way at once."""

    unit: Annotated[Unit, Meta(description="What is counted.")]
    amount: Annotated[Count | Decimal, Meta(description="A number; for `cost` money as decimal text.")]
    seconds: Annotated[float, Meta(ge=0, le=366 * 86_400, description="Within any so many seconds. 0: not so.")] = 0.0
    calendar: Period = None
    zone: Zone = "UTC"
    models: Models = None
    group_by: Groups = ()
    where: Narrowed = {}
    unless: Narrowed = {}
    most_groups: Annotated[int, Meta(ge=1, le=1_000_000, description="So many of these; all beyond share one.")] = 10_000
    on_loss: Lost = OnLoss.CLOSED
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

    most: Annotated[Decimal, Meta(description="Of it, at most so much: money, as decimal text.")]
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
    calendar: Period = None
    zone: Zone = "UTC"
    hard: Annotated[bool, Meta(description="Whether requests beyond it are refused; a soft one only alerts.")] = True
    thresholds: Annotated[
        tuple[Annotated[float, Meta(gt=0, le=10)], ...],
        Meta(max_length=20, description="Parts of it at which an alert is sent."),
    ] = (0.5, 0.8, 1.0)
    rollover: Annotated[
        RolloverBody | None, Meta(description="What of a period may be used in the next one. Left out or null: nothing.")
    ] = None
    models: Models = None
    group_by: Groups = ()
    where: Narrowed = {}
    unless: Narrowed = {}
    on_loss: Lost = OnLoss.CLOSED

    @classmethod
    def of(cls, rule: BudgetRule) -> BudgetBody:
        """As it is told."""
        facts = msgspec.structs.asdict(rule)
        facts["amount"] = decimal_of(rule.amount)
        facts["rollover"] = RolloverBody.of(rule.rollover) if rule.rollover is not None else None
        facts["models"] = rule.models or None
        return cls(**facts)

    def rule(self) -> BudgetRule:
        """As it is kept."""
        facts = msgspec.structs.asdict(self)
        facts["amount"] = nanos_of(self.amount)
        facts["rollover"] = self.rollover.rollover() if self.rollover is not None else None
        facts["models"] = self.models or ()
        return BudgetRule(**facts)


class BoundsBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What a party or key may do and use. Left out or null: not narrowed here; an empty list allows nothing."""

    models: Annotated[Words | None, Meta(description="Names or patterns that may be asked. An organisation has to say so.")] = (
        None
    )
    endpoints: Annotated[Words | None, Meta(description="Kinds of requests: `chat`, `embeddings`, …")] = None
    features: Annotated[Words | None, Meta(description="What requests may use: `tools`, `web_search`, …; `*` for all.")] = None
    providers: Annotated[Words | None, Meta(description="Providers that may serve.")] = None
    regions: Annotated[Words | None, Meta(description="Regions that may serve.")] = None
    policies: Annotated[Words, Meta(description="Names of policies that hold besides those for all.")] = ()
    guards: Annotated[Words, Meta(description="Names of guards that look besides those for all.")] = ()
    tags: Tags = {}
    limits: Annotated[dict[Label, LimitBody], Meta(max_length=100, description="By what they are called.")] = {}
    budgets: Annotated[dict[Label, BudgetBody], Meta(max_length=100, description="By what they are called.")] = {}
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
