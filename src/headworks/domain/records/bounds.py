"""What a party or a key may do and use. Every level narrows what the levels above it allow; none can widen it."""

from __future__ import annotations

import msgspec

from headworks.domain.limits import Calendar, OnLoss, Rollover, Unit


class LimitRule(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """So many units over a stretch of time. Exactly one of `seconds` (rolling) and `calendar`; neither for what is under way at once
    (`concurrent`) and for a whole session (`group_by` names it).
    """

    unit: Unit
    amount: int
    """Units; for `cost` nano-units of `currency`."""
    seconds: float = 0.0
    calendar: Calendar | None = None
    zone: str = "UTC"
    """IANA time zone of calendar periods."""
    models: tuple[str, ...] = ()
    """Names or globs; empty: all together."""
    group_by: tuple[str, ...] = ()
    """Each value of these facts has a counter of its own: `customer`, `user`, `model`, `session`, `tag:NAME`. Without a value: one more."""
    where: dict[str, tuple[str, ...]] = {}
    """Requests alone that have, of each of these facts, one of the values."""
    unless: dict[str, tuple[str, ...]] = {}
    """None that has one of the values of any of these."""
    most_groups: int = 10_000
    """Those beyond share one counter."""
    on_loss: OnLoss = OnLoss.CLOSED
    """What happens to requests while the shared counters cannot be asked."""
    currency: str = "USD"


class BudgetRule(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """Money for a calendar period, or once (`calendar` left out)."""

    amount: int
    """Nano-units."""
    currency: str = "USD"
    calendar: Calendar | None = None
    zone: str = "UTC"
    hard: bool = True
    """Requests that it does not cover are refused. A soft one only alerts."""
    thresholds: tuple[float, ...] = (0.5, 0.8, 1.0)
    """Parts of it at which an alert goes out, once a period."""
    rollover: Rollover | None = None
    """What a period leaves over may be used in the next one. `since` is the store's to set."""
    models: tuple[str, ...] = ()
    """Names or globs; empty: all together."""
    group_by: tuple[str, ...] = ()
    """This and all below as of limits."""
    where: dict[str, tuple[str, ...]] = {}
    unless: dict[str, tuple[str, ...]] = {}
    on_loss: OnLoss = OnLoss.CLOSED


class Bounds(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """None means «not narrowed here»; an empty tuple allows nothing."""

    models: tuple[str, ...] | None = None
    endpoints: tuple[str, ...] | None = None
    """Kinds of request: `chat`, `embeddings`, …"""
    features: tuple[str, ...] | None = None
    """What may be used beyond the plain request: see `governed.py`. Not narrowed on any level means: none of them."""
    providers: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    policies: tuple[str, ...] = ()
    """Names of the configuration's policies that apply besides those that apply to all."""
    guards: tuple[str, ...] = ()
    """Names of the configuration's guards that apply besides those that apply to all: like policies they add up, and cannot be lifted."""
    tags: dict[str, str] = {}
    """A tag that is fixed on a level above cannot be set again."""
    limits: dict[str, LimitRule] = {}
    budgets: dict[str, BudgetRule] = {}


NO_BOUNDS = Bounds()
