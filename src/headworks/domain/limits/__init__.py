"""Limits as values and pure arithmetic: what is counted, over which time, and what a request claims of it."""

from headworks.domain.limits.limit import Calendar, Claim, Limit, OnLoss, Reason, Standing, Unit
from headworks.domain.limits.rates import after_taking, wait_for

__all__ = ["Calendar", "Claim", "Limit", "OnLoss", "Reason", "Standing", "Unit", "after_taking", "wait_for"]
