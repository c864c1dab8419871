"""One limit, what a request claims of it, and how it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    TOKENS = "tokens"
    CONCURRENT = "concurrent"
    COST = "cost"


class Calendar(StrEnum):
    """Periods that begin when the wall clock says so, in the limit's time zone. Weeks begin on Monday."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class OnLoss(StrEnum):
    """What happens while shared counters cannot be asked."""

    CLOSED = "closed"
    """Requests are refused once the local allowance is used up."""
    OPEN = "open"
    """Requests pass, counted by this process alone."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Resolved for a principal. Counters belong to `owner`: all principals below it share them.

    With `seconds` it is a rate (GCRA, a full period's worth as burst); with `calendar` a count that begins anew with each period; with
    neither it stands: what is under way at once, or all there is of a session or a budget without a period.
    """

    id: str
    """For people: `team/research/tokens-per-day`. Names repeat in other tenants: counters are named by `owner` and `rule`."""
    owner: str
    """Id of the party or key that it belongs to, or `config:key/NAME`."""
    rule: str
    """Its name among the owner's rules."""
    unit: Unit
    amount: int
    """Units; for `cost` nano-units of `currency`."""
    seconds: float = 0.0
    calendar: Calendar | None = None
    zone: str = "UTC"
    models: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    currency: str = "USD"
    on_loss: OnLoss = OnLoss.CLOSED
    most_groups: int = 10_000
    """Values of `group_by` that have counters of their own; those beyond share one."""
    budget: bool = False
    """It is money somebody was given: exhausted, it answers as a spent quota and not as «too fast»."""


class Claim(msgspec.Struct, frozen=True):
    """What one request sets aside of one limit."""

    limit: Limit
    counter: str
    """Name of the counter: owner, rule, unit, the values it is grouped by and the calendar period, each length-prefixed, so that no
    value can pass for another's.
    """
    amount: int
    least: int = -1
    """Enough to go on with, where less than `amount` may be granted; -1: nothing less than all."""
    ends_at: int = 0
    """When the calendar period ends, wall-clock nanoseconds."""


class Reason(StrEnum):
    """Why a claim is refused."""

    SPENT = "spent"
    """Used up: waiting for the next period is all that helps."""
    HELD = "held"
    """Set aside for requests under way, most of which will give some back: worth trying again soon."""
    NEVER = "never"
    """More than the limit itself."""


class Standing(msgspec.Struct, frozen=True):
    """How a limit stands right after a claim: what `x-ratelimit-*` headers tell."""

    limit: Limit
    remaining: int
    resets_in: float
    """Seconds until all of it is there again."""
