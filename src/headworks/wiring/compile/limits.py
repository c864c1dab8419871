"""What limits and budgets mean: those of a key, and the limits that all callers share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headworks.domain.alerts import EVERYBODY, WRITTEN
from headworks.domain.config import BudgetEntry, LimitEntry, LimitsRule, nanos_of, values_of
from headworks.domain.limits import (
    NO_RULES,
    OF_NO_MODEL,
    SOFT_ANYWAY,
    Calendar,
    Limit,
    OnLoss,
    Rollover,
    Rules,
    Unit,
    mistakes_in,
)
from headworks.domain.patterns import overlap
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.models import Models
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_SHORT = (
    ("requests_per_minute", "requests-per-minute", Unit.REQUESTS, 60.0),
    ("tokens_per_minute", "tokens-per-minute", Unit.TOKENS, 60.0),
    ("concurrent", "concurrent", Unit.CONCURRENT, 0.0),
)
"""Field, what such a limit is called, and what it counts in how many seconds."""
_MOST_THRESHOLD = 10
_NANOS = 10**9
SHORT_NAMES = frozenset(said for _, said, _, _ in _SHORT)


class LimitCompiler:
    """One per compilation."""

    def __init__(self, bench: Bench, models: Models) -> None:
        self._bench = bench
        self._models = models
        self._tags: Mapping[str, str] = {}

    def rules(self, name: str, rule: LimitsRule, path: Path, tags: Mapping[str, str]) -> Rules:
        """Of the key `name`, which has these tags. Notes what is wrong, and what could never match."""
        owner = WRITTEN + name  # once for all of them: there may be ten thousand keys
        self._tags = tags
        limits = tuple(self._limits(f"key/{name}", owner, rule, path))
        if "budget" in rule.budgets and rule.budget is not None:
            below = (*path, "budgets", "budget")
            self._bench.wrong(below, "'budget' is what the short form is called.", "Give it another name.", on_key=True)
        return Rules(limits).plus(self._budgets(f"key/{name}", owner, rule.budgets, (*path, "budgets")))

    def of_everybody(self, rules: Mapping[str, LimitEntry], budgets: Mapping[str, BudgetEntry]) -> Rules:
        """Those that all callers share."""
        limits: list[Limit] = []
        for said, entry in rules.items():
            path = ("limits", said)
            self._check_named(entry, path)
            limits += self._checked(self._rule(_named("all", EVERYBODY, said), entry, path), path)
        return Rules(tuple(limits)).plus(self._budgets("all", EVERYBODY, budgets, ("budgets",)))

    def _limits(self, title: str, owner: str, rule: LimitsRule, path: Path) -> Iterator[Limit]:
        yield from self._short(title, owner, rule, path)
        for said, entry in rule.rules.items():
            below = (*path, "rules", said)
            if said in SHORT_NAMES:
                self._bench.wrong(below, f"'{said}' is what the short form is called.", "Give it another name.", on_key=True)
            self._check_named(entry, below)
            yield from self._checked(self._rule(_named(title, owner, said), entry, below), below)

    def _budgets(self, title: str, owner: str, entries: Mapping[str, BudgetEntry], path: Path) -> Rules:
        rules = NO_RULES
        for said, budget in entries.items():
            below = (*path, said)
            self._check_named(budget, below)
            checked = tuple(self._checked(self._budget(_named(title, owner, said), budget, below), below))
            rules = rules.plus(Rules(checked) if budget.hard else Rules((), checked))
        return rules

    def _short(self, title: str, owner: str, rule: LimitsRule, path: Path) -> Iterator[Limit]:
        for field, said, unit, seconds in _SHORT:
            amount = getattr(rule, field)
            if amount is not None:
                limit = Limit(**_named(title, owner, said), unit=unit, amount=amount, seconds=seconds)
                if amount <= 0:
                    self._bench.wrong((*path, field), "A limit of 0 would allow nothing.", "Remove the key instead.")
                yield limit
        if rule.budget is not None:
            amount = self._money(rule.budget, (*path, "budget"))
            if amount is not None:
                yield Limit(**_named(title, owner, "budget"), unit=Unit.COST, amount=amount, budget=True)

    def _rule(self, named: _Named, entry: LimitEntry, path: Path) -> Limit | None:
        amount = self._amount(entry, (*path, "amount"))
        if amount is None:
            return None
        return Limit(
            **named,
            unit=Unit(entry.unit),
            amount=amount,
            seconds=entry.seconds,
            calendar=_calendar(entry.calendar),
            zone=entry.zone,
            models=entry.models or (),
            group_by=entry.group_by,
            where=values_of(entry.where),
            unless=values_of(entry.unless),
            most_groups=entry.most_groups,
            idle_seconds=entry.idle_seconds,
            on_loss=OnLoss(entry.on_loss),
        )

    def _budget(self, named: _Named, entry: BudgetEntry, path: Path) -> Limit | None:
        amount = self._money(entry.amount, (*path, "amount"))
        if amount is None:
            return None
        if not all(0 < threshold <= _MOST_THRESHOLD for threshold in entry.thresholds):
            self._bench.wrong(
                (*path, "thresholds"), "A threshold is a part of the amount, above 0 and up to 10.", "Half of it is 0.5."
            )
        if not entry.hard and entry.on_loss != "closed":
            self._bench.wrong((*path, "on_loss"), SOFT_ANYWAY, "Leave `on_loss` out.")
        return Limit(
            **named,
            unit=Unit.COST,
            amount=amount,
            calendar=_calendar(entry.calendar),
            zone=entry.zone,
            models=entry.models or (),
            group_by=entry.group_by,
            where=values_of(entry.where),
            unless=values_of(entry.unless),
            on_loss=OnLoss(entry.on_loss),
            budget=True,
            soft=not entry.hard,
            rollover=self._rollover(entry, (*path, "rollover")),
        )

    def _rollover(self, entry: BudgetEntry, path: Path) -> Rollover | None:
        written = entry.rollover
        if written is None:
            return None
        if not entry.hard:
            self._bench.wrong(path, "A soft budget holds nobody back, whatever was left over.", "Leave `rollover` out.")
        most = self._money(written.most, (*path, "most"))
        since = self._since(written.since, entry.zone, (*path, "since"))
        return Rollover(most=most, since=since) if most is not None and since is not None else None

    def _since(self, written: str, zone: str, path: Path) -> int | None:
        try:
            at = datetime.fromisoformat(written)
            local = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
            return int(local.timestamp()) * _NANOS
        except ZoneInfoNotFoundError:  # told of the zone itself
            return None
        except (ValueError, OSError, OverflowError):
            said = (
                f"'{written}' is no day."
                if written
                else "Since when? It begins to leave something over in the period of that day."
            )
            self._bench.wrong(path, said, "Write the day that you set it on: since: 2026-11-01.")
            return None

    def _amount(self, entry: LimitEntry, path: Path) -> int | None:
        if entry.unit == "cost":
            return self._money(entry.amount, path)
        if isinstance(entry.amount, int):
            return entry.amount
        self._bench.wrong(path, f"'{entry.amount}' is not a whole number of {entry.unit.replace('_', ' ')}.")
        return None

    def _money(self, written: str | float, path: Path) -> int | None:
        try:
            return nanos_of(written)
        except ValueError as trouble:
            self._bench.wrong(path, f"'{written}' {trouble}.")
            return None

    def _check_named(self, entry: LimitEntry | BudgetEntry, path: Path) -> None:
        if entry.models == ():
            self._bench.wrong((*path, "models"), OF_NO_MODEL)

    def _checked(self, limit: Limit | None, path: Path) -> Iterator[Limit]:
        if limit is None:
            return
        for place, trouble in mistakes_in(limit, self._tags):
            self._bench.wrong((*path, *place), trouble)
        names = self._models.names
        for number, pattern in enumerate(limit.models):
            if not any(overlap(pattern, name) for name in names):
                self._bench.wrong((*path, "models", number), f"There is no model '{pattern}'.", did_you_mean(pattern, names))
        yield limit


def _calendar(written: str | None) -> Calendar | None:
    return Calendar(written) if written is not None else None


class _Named(TypedDict):
    id: str
    owner: str
    rule: str


def _named(title: str, owner: str, rule: str) -> _Named:
    return {"id": f"{title}/{rule}", "owner": owner, "rule": rule}
