"""Limits and budgets, as an operator writes them."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.written import Written

WrittenUnit = Literal["requests", "input_tokens", "output_tokens", "tokens", "concurrent", "cost"]
WrittenCalendar = Literal["minute", "hour", "day", "week", "month"]


Narrowed = dict[str, str | tuple[str, ...]]
"""Fact → its value, or values."""


class LimitEntry(Written, frozen=True):
    """So much over a stretch of time: `seconds` (any stretch of so long) or `calendar` (each day, …). What is under way at once has
    neither, nor has what a session may use in all.
    """

    unit: WrittenUnit = "requests"
    amount: int | float | str = 0
    """How many; for `cost` an amount of money, `10 USD`."""
    seconds: float = 0.0
    calendar: WrittenCalendar | None = None
    zone: str = "UTC"
    """Time zone of the calendar, `Europe/Berlin`."""
    models: tuple[str, ...] | None = None
    """Names or globs; left out: all models together."""
    group_by: tuple[str, ...] = ()
    """Each value of these has a counter of its own: `customer`, `session`, `model`, `tag:NAME`, … Requests without a value share one."""
    where: Narrowed = {}
    """It counts requests alone that have these values: `{customer: acme, "tag:tier": [gold, silver]}`."""
    unless: Narrowed = {}
    """It does not count requests that have one of these: `{customer: acme}`."""
    most_groups: int = 10_000
    """Groups beyond so many share one counter."""
    idle_seconds: int = 86_400
    """A session is forgotten when nothing of it has come for so long."""
    on_loss: Literal["closed", "open"] = "closed"
    """Whether requests are refused or pass while shared counters cannot be asked."""


class RolloverEntry(Written, frozen=True):
    """What a period leaves over may be used in the next one, and in that one only."""

    most: str | int | float = 0
    """Of it, at most so much: `20 USD`."""
    since: str = ""
    """`2026-11-01`: the period that holds this day is the first that leaves anything over. Has to be written."""


class BudgetEntry(Written, frozen=True):
    """Money for each calendar period, or once and for all."""

    amount: str | int | float = 0
    """`10 USD`."""
    calendar: WrittenCalendar | None = None
    zone: str = "UTC"
    """Time zone of the calendar, `Europe/Berlin`."""
    models: tuple[str, ...] | None = None
    """Names or globs; left out: all models together."""
    group_by: tuple[str, ...] = ()
    """This and the three below as for limits."""
    where: Narrowed = {}
    unless: Narrowed = {}
    on_loss: Literal["closed", "open"] = "closed"
    hard: bool = True
    """Requests that it does not cover are refused. A soft one only alerts."""
    thresholds: tuple[float, ...] = (0.5, 0.8, 1.0)
    """Parts of it at which an alert goes out, once a period. What was carried over does not count."""
    rollover: RolloverEntry | None = None
    """`{most: 20 USD, since: 2026-11-01}`; left out: what a period leaves over is gone."""


def values_of(narrowed: Narrowed) -> dict[str, tuple[str, ...]]:
    """The values of each fact."""
    return {fact: (values,) if isinstance(values, str) else values for fact, values in narrowed.items()}


class LimitsRule(Written, frozen=True):
    """What one key may use. Left out: no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None
    budget: str | int | float | None = None
    """Once and for all, `10 USD`."""
    rules: dict[str, LimitEntry] = {}
    """Further limits by name."""
    budgets: dict[str, BudgetEntry] = {}
    """Budgets by name, such as one a month."""
