"""News of budgets: who has used how much of what, told once per threshold and period."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

WRITTEN = "config:key/"
"""What the owner of a limit or a budget begins with whose key stands in the configuration."""
EVERYBODY = "config:all"
"""Owner of what all callers share."""
_PER_MILLE = 1000


class BudgetAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A budget has passed one of its thresholds. Money in nano-units."""

    owner: str
    """Id of the party or key whose budget it is."""
    owner_name: str
    budget: str
    group: str = ""
    """Of a grouped budget: the value that it is about."""
    period: str = ""
    """As counters name it; empty: a budget without one."""
    threshold: float
    amount: int
    spent: int
    currency: str
    hard: bool
    carried: int = 0
    """What may have been carried over from the period before, at most: parts of the budget are reckoned without it."""
    at: int
    """Wall-clock nanoseconds."""

    @property
    def id(self) -> str:
        """The same however often it is told."""
        return "/".join((self.owner, self.budget, self.group, self.period, threshold_text(self.threshold)))

    @property
    def words(self) -> str:
        """One line for people."""
        group = f" for {self.group}" if self.group else ""
        during = f" ({self.period})" if self.period else ""
        return (
            f"{self.owner_name or self.owner}: budget '{self.budget}'{group}{during} is at {percent(self.spent, self.amount)} %: "
            f"{money(self.spent)} of {money(self.amount)} {self.currency}.{self._beyond}"
        )

    @property
    def _beyond(self) -> str:
        if not self.hard or self.spent < self.amount:
            return ""
        if self.spent < self.amount + self.carried:
            return " What the period before has left over may still be used."
        return " Further requests are refused."


def passed(spent: int, amount: int, thresholds: Sequence[float]) -> list[float]:
    """The thresholds that have been reached, lowest first."""
    return [threshold for threshold in sorted(thresholds) if spent * _PER_MILLE >= amount * round(threshold * _PER_MILLE)]


def threshold_text(threshold: float) -> str:
    """As a key: `0.800`."""
    return f"{threshold:.3f}"


def percent(spent: int, amount: int) -> int:
    """Whole percents, rounded down."""
    return spent * 100 // amount if amount else 100


def money(nanos: int) -> str:
    """A decimal with at least two places."""
    whole, rest = divmod(nanos, 10**9)
    digits = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{digits}"
