"""Limits as values and pure arithmetic: what is counted, over which time, and what a request claims of it."""

from headworks.domain.limits.checks import OF_NO_MODEL, SOFT_ANYWAY, mistakes_in
from headworks.domain.limits.claims import Demand, claims_of, group_named, used_columns
from headworks.domain.limits.counter import Counter, Slot
from headworks.domain.limits.limit import Calendar, Claim, Limit, OnLoss, Reason, Shape, Standing, Unit
from headworks.domain.limits.periods import Period, Periods, period_at
from headworks.domain.limits.rates import after_taking, wait_for
from headworks.domain.limits.refusal import Exceeded, allowance, exceeded
from headworks.domain.limits.rollover import Rolling, Rollover
from headworks.domain.limits.rules import NO_RULES, Rules

__all__ = [
    "NO_RULES",
    "OF_NO_MODEL",
    "SOFT_ANYWAY",
    "Calendar",
    "Claim",
    "Counter",
    "Demand",
    "Exceeded",
    "Limit",
    "OnLoss",
    "Period",
    "Periods",
    "Reason",
    "Rolling",
    "Rollover",
    "Rules",
    "Shape",
    "Slot",
    "Standing",
    "Unit",
    "after_taking",
    "allowance",
    "claims_of",
    "exceeded",
    "group_named",
    "mistakes_in",
    "period_at",
    "used_columns",
    "wait_for",
]
