"""How limits and budgets stand, as the admin API tells it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from headworks.domain.administration.wire.values import When
from headworks.domain.limits import Unit


class RuleKind(StrEnum):
    """What stands."""

    LIMIT = "limit"
    BUDGET = "budget"


Units = int | str | None
"""A number; of money decimal text; null: only gateways know."""


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    """One counter of a limit or budget, in the period that runs."""

    kind: RuleKind
    name: str
    unit: Unit
    currency: str | None
    group: Annotated[tuple[str, ...], Meta(description="The values of what it is grouped by. `…`: those beyond `most_groups`.")]
    period: str | None
    resets_at: When | None
    amount: Units
    added: Annotated[Units, Meta(description="By top-ups.")]
    carried: Annotated[Units, Meta(description="Left over by the period before.")]
    used: Units
    held: Annotated[
        Units,
        Meta(description="Set aside for requests under way, by gateways of this machine: those of others are not told here."),
    ]
    left: Annotated[Units, Meta(description="Neither used nor held here: with gateways on several machines less may be free.")]
    overrun: Annotated[
        Units,
        Meta(description="Used beyond all that there was: under way when it ran out, or let pass unchecked by `on_loss`."),
    ]


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """Of one level. `booked_through`: when the last exchange ended that is counted as used; null: none was yet."""

    data: tuple[StandingView, ...]
    booked_through: When | None
