"""One limit, what a request claims of it, and how it stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from headworks.domain.limits.rollover import Rolling, Rollover


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    TOKENS = "tokens"
    CONCURRENT = "concurrent"
    COST = "cost"


UNITS = tuple(Unit)
COST = UNITS.index(Unit.COST)
"""The column of money."""
TOKEN_UNITS = frozenset((Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS, Unit.TOKENS))
ENDLESS = 2**80
"""Units that nobody uses up; of money, a thousand billions."""
LONGEST_RATE = 3600.0
"""Seconds. What is counted over longer, and all money, slides: the burst of a rate would let twice the amount pass within its period."""


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


class Shape(StrEnum):
    """How a limit counts."""

    RATE = "rate"
    """So many units per second on average, with the whole amount as burst (GCRA)."""
    SLIDING = "sliding"
    """So many units within any stretch of `seconds`."""
    COUNT = "count"
    """So many units until the calendar's period ends, or for good."""
    UNDER_WAY = "under_way"
    """So many at once."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Resolved for a principal. Counters belong to `owner`: all principals below it share them.

    With `seconds` it is a rate; with `calendar` a count that begins anew with each period; with neither it stands: what is under way
    at once, or all there is of a session or a budget without a period.
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
    where: Mapping[str, tuple[str, ...]] = {}
    """It is about requests alone that have, of each of these facts, one of the values."""
    unless: Mapping[str, tuple[str, ...]] = {}
    """It is not about requests that have one of the values of any of these."""
    currency: str = "USD"
    on_loss: OnLoss = OnLoss.CLOSED
    most_groups: int = 10_000
    """Values of `group_by` that have counters of their own; those beyond share one."""
    idle_seconds: int = 86_400
    """A group without a period (a session) is forgotten when it has been idle for so long."""
    budget: bool = False
    """It is money somebody was given: exhausted, it answers as a spent quota and not as «too fast»."""
    soft: bool = False
    """A budget that only alerts."""
    extra: tuple[tuple[str, str, int], ...] = ()
    """What was added to it: group and period, as in a counter's name, and units."""
    rollover: Rollover | None = None
    """Of a budget with a calendar."""
    shape: Shape = Shape.COUNT
    """This and all below follow from the others."""
    column: int = 0
    """The place of `unit` in `UNITS`."""
    micros: int = 0
    """`seconds` in microseconds."""
    stem: str = ""
    """What the names of all its counters begin with."""
    plain: bool = False
    """Whether its counters are two sums, and nothing else tells what is free."""
    partial: bool = False
    """Whether there are requests that it is not about."""
    named: bool = False
    """Whether that depends on values of facts."""
    simple: bool = False
    """Whether it concerns every request, all on one counter for good."""
    told: bool = False
    """Whether headers of answers tell how it stands."""
    lasting: bool = False
    """Whether what is used of it outlives the process: it is a budget, or a calendar period of an hour or more."""
    noted: bool = False
    """Whether the journal notes at its beginning what an exchange sets aside of it: of what lasts, and of what is under way at once."""
    raised: Mapping[str, Limit] | None = None
    """With `extra`: by the names of the counters that it was given for, the limit as it stands there."""
    varies: bool = False
    """Whether it allows more on some counters than on others: with `extra`, or a rollover."""
    endless: Limit | None = None
    """Of a soft one: what requests claim. It is counted like any other, on the same counter, and never reached: so all that was spent is
    known when it is made hard.
    """

    def __post_init__(self) -> None:
        # Worked out once per limit: every request reads them of every limit it is under.
        derive = msgspec.structs.force_setattr
        derive(self, "shape", _shape_of(self))
        derive(self, "column", UNITS.index(self.unit))
        derive(self, "micros", _micros_of(self.seconds))
        derive(self, "plain", self.shape in _SUMS and not (self.group_by and self.calendar is None) and not self.rollover)
        derive(self, "named", bool(self.where or self.unless))
        derive(self, "partial", bool(self.models) or self.named)
        derive(self, "simple", not (self.partial or self.group_by or self.calendar or self.extra or self.rollover))
        derive(self, "told", self.unit is Unit.REQUESTS or self.unit in TOKEN_UNITS)
        derive(self, "lasting", not self.seconds and (self.budget or _is_long(self)))
        derive(self, "noted", self.lasting or self.shape is Shape.UNDER_WAY)
        derive(self, "stem", joined(self.owner, "budget" if self.budget else "limit", self.rule, self.unit))
        derive(self, "raised", _raised(self) if self.extra else None)
        derive(self, "varies", bool(self.extra or self.rollover))
        if self.soft and self.amount < ENDLESS:
            derive(self, "endless", msgspec.structs.replace(self, amount=ENDLESS, extra=(), on_loss=OnLoss.OPEN))


_SUMS = frozenset((Shape.COUNT, Shape.UNDER_WAY))


def _shape_of(limit: Limit) -> Shape:
    if limit.unit is Unit.CONCURRENT:
        return Shape.UNDER_WAY
    if limit.seconds <= 0.0:
        return Shape.COUNT
    slides = limit.unit is Unit.COST or limit.seconds > LONGEST_RATE or not limit.amount  # nothing has no rate
    return Shape.SLIDING if slides else Shape.RATE


def _micros_of(seconds: float) -> int:
    """At least one of any stretch of time at all."""
    if seconds <= 0.0 or not math.isfinite(seconds):
        return 0
    return max(1, round(seconds * 1_000_000))


def _raised(limit: Limit) -> Mapping[str, Limit]:
    return {
        limit.stem + group + (joined(period) if period else ""): msgspec.structs.replace(
            limit, amount=limit.amount + more, extra=()
        )
        for group, period, more in limit.extra
    }


def _is_long(limit: Limit) -> bool:
    return limit.calendar is not Calendar.MINUTE and limit.unit is not Unit.CONCURRENT


def joined(*parts: str) -> str:
    """One name of several, each with its length before it, so that no part can pass for another's beginning or end."""
    return "".join(f"{len(part)}:{part}" for part in parts)


class Claim(msgspec.Struct, frozen=True, gc=False):
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
    """Until when its counter must be known, wall-clock nanoseconds: to the end of the calendar period, with a rollover to that of the
    next one.
    """
    overflow: str = ""
    """Of a grouped limit: the counter that the groups beyond `most_groups` share."""
    rolling: Rolling | None = None
    """Of a limit with a rollover."""

    def shared(self) -> Claim:
        """The same of a group beyond `most_groups`: on the counter that those share, and by what they shared in the period before."""
        rolling = self.rolling and msgspec.structs.replace(self.rolling, counter=self.rolling.overflow, overflow="")
        return msgspec.structs.replace(self, counter=self.overflow, overflow="", rolling=rolling)


class Reason(StrEnum):
    """Why a claim is refused."""

    SPENT = "spent"
    """Used up: waiting for the next period is all that helps."""
    HELD = "held"
    """Set aside for requests under way, most of which will give some back: worth trying again soon."""
    NEVER = "never"
    """More than the limit itself."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a limit stands right after a claim: what `x-ratelimit-*` headers tell."""

    limit: Limit
    remaining: int
    resets_in: float
    """Seconds until all of it is there again."""
