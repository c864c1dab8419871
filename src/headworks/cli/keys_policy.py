"""What a key may do in effect, for people: each restriction, limit and budget with the level that it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from headworks.cli.rule_words import scope
from headworks.domain.administration.wire.bounds import BudgetBody, LimitBody
from headworks.domain.administration.wire.keys import Level, Policy

_LISTS = ("models", "endpoints", "features", "providers", "regions", "policies", "guards")
_WIDTH = 11


def lines_of(policy: Policy) -> Iterator[str]:
    """A line each; a restriction holds together with all others of its kind."""
    yield _line("usable", usable(policy))
    if policy.expires_at is not None:
        yield _line("until", policy.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z"))
    for field in _LISTS:
        yield from _of_field(policy, field)
    for level in policy.levels:
        yield from (_line("tag", f"{_called(level)}: {name}={value}") for name, value in level.bounds.tags.items())
    yield _line("in effect", f"features: {' '.join(policy.features) or 'plain requests only'}")
    for level in policy.levels:
        yield from (_line("limit", f"{_called(level)}: {name}, {_amount(each)}") for name, each in level.bounds.limits.items())
        yield from (_line("budget", f"{_called(level)}: {name}, {_money(each)}") for name, each in level.bounds.budgets.items())


def usable(policy: Policy) -> str:
    """Whether it is, and why not."""
    return "yes" if policy.usable else f"no. {policy.why_not}"


def _of_field(policy: Policy, field: str) -> Iterator[str]:
    for level in policy.levels:
        names: tuple[str, ...] | None = getattr(level.bounds, field)
        if names is None or (not names and field in {"policies", "guards"}):  # these two add up, all others narrow
            continue
        yield _line(field, f"{_called(level)}: {' '.join(names) or 'none'}")


def _line(what: str, words: str) -> str:
    return f"{what.ljust(_WIDTH)}{words}"


def _called(level: Level) -> str:
    return f"{level.kind.replace('_', ' ')} {level.name}"


def _amount(limit: LimitBody) -> str:
    """What a limit gives, over which time, and of what, in words."""
    money = f" {limit.currency}" if isinstance(limit.amount, str) else f" {limit.unit.replace('_', ' ')}"
    over = f" a {limit.calendar}" if limit.calendar is not None else f" per {limit.seconds:g} s" if limit.seconds else ""
    return f"{limit.amount}{money}{over}{scope(limit)}"


def _money(budget: BudgetBody) -> str:
    """What a budget gives, in words."""
    over = f" a {budget.calendar}" if budget.calendar is not None else ""
    soft = "" if budget.hard else ", which only alerts"
    rollover = f", and up to {budget.rollover.most} left over by the period before" if budget.rollover is not None else ""
    return f"{budget.amount} {budget.currency}{over}{scope(budget)}{soft}{rollover}"
