"""Top-ups of budgets as the admin API asks for and tells them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.domain.administration.wire.values import Decimal, Text, When, decimal_of, when_of
from headworks.domain.records import TopUp

_GROUP = "Of a grouped budget: the value of each fact that it is grouped by. A customer by name or by reference."


class Which(StrEnum):
    """Of which period."""

    CURRENT = "current"
    NEXT = "next"


class TopUpAsked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """Money to be added, in the budget's currency."""

    amount: Decimal
    period: Annotated[Which, Meta(description="Of a budget with a calendar: the period under way, or the next one.")] = (
        Which.CURRENT
    )
    group: Annotated[dict[Text, Text], Meta(max_length=20, description=_GROUP)] = {}


class TopUpView(msgspec.Struct, frozen=True, kw_only=True):
    """A top-up, as it is told. `group` and `period` are as counters name them."""

    id: str
    owner: str
    budget: str
    group: str
    period: str
    amount: str
    currency: str
    actor: str
    at: When | None

    @classmethod
    def of(cls, top_up: TopUp) -> TopUpView:
        """As it is told."""
        return cls(
            id=top_up.id,
            owner=top_up.owner,
            budget=top_up.budget,
            group=top_up.group,
            period=top_up.period,
            amount=decimal_of(top_up.amount),
            currency=top_up.currency,
            actor=top_up.actor,
            at=when_of(top_up.at),
        )


class TopUpListing(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is the cursor of the following one; null: there is none."""

    data: tuple[TopUpView, ...]
    next: str | None = None
