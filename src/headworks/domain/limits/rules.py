"""What is counted of one level, or of several together."""

from __future__ import annotations

import msgspec

from headworks.domain.limits.limit import Limit


class Rules(msgspec.Struct, frozen=True):
    """Limits and budgets, as a request meets them."""

    limits: tuple[Limit, ...] = ()
    """Hard budgets among them."""
    soft_budgets: tuple[Limit, ...] = ()
    """They refuse nothing: what is spent of them is counted, and alerts follow."""

    def plus(self, other: Rules) -> Rules:
        """Both."""
        return Rules(self.limits + other.limits, self.soft_budgets + other.soft_budgets)


NO_RULES = Rules()
