"""Limits as values and pure arithmetic: what is counted, over which time, and what a request claims of it."""

from headworks.domain.limits.checks import OF_NO_MODEL, mistakes_in
from headworks.domain.limits.claims import Demand, claims_of, group_named, used_columns
from headworks.domain.limits.counter import Counter, Slot
from headworks.domain.limits.limit import Calendar, Claim, Limit, OnLoss, Reason, Shape, Standing, Unit
from headworks.domain.limits.periods import Period, Periods, period_at
from headworks.domain.limits.rates import after_taking, wait_for
from headworks.domain.limits.refusal import Exceeded, allowance, exceeded
from headworks.domain.limits.rollover import Rolling, Rollover

__all__ = [
    "OF_NO_MODEL",
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
