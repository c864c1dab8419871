"""Budgets, limits, allowed models and tags of a row → bounds. What cannot be kept narrows rather than widens."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from headworks.domain.limits import Calendar, Unit
from headworks.domain.records import Bounds, BudgetRule, LimitRule
from headworks.importers.litellm.row import Row, decimal_of
from headworks.importers.notes import Tally

_NANOS = 10**9
_CALENDARS = {
    "1m": Calendar.MINUTE,
    "60s": Calendar.MINUTE,
    "1h": Calendar.HOUR,
    "60m": Calendar.HOUR,
    "1d": Calendar.DAY,
    "24h": Calendar.DAY,
    "7d": Calendar.WEEK,
    "1w": Calendar.WEEK,
    "30d": Calendar.MONTH,
    "1mo": Calendar.MONTH,
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000}
_DURATION = re.compile(r"(\d+)(mo|[smhdw])")
_EVERYTHING = ("all-proxy-models", "all-team-models")
_NOTHING = "no-default-models"
_RATES = (
    ("rpm_limit", "requests-per-minute", Unit.REQUESTS, 60.0),
    ("tpm_limit", "tokens-per-minute", Unit.TOKENS, 60.0),
    ("max_parallel_requests", "concurrent", Unit.CONCURRENT, 0.0),
)
_BY_MODEL = (("model_rpm_limit", "requests-per-minute", Unit.REQUESTS), ("model_tpm_limit", "tokens-per-minute", Unit.TOKENS))
_METADATA = ("tags", "guardrails", *(field for field, _, _ in _BY_MODEL))
_ROUTES = {
    "chat/completions": "chat",
    "messages": "chat",
    "completions": "completions",
    "embeddings": "embeddings",
    "messages/count_tokens": "count_tokens",
    "models": "models",
    "info_routes": "models",
}
_ALL_ROUTES = ("llm_api_routes", "openai_routes")


class Narrowing:
    """Reads bounds of rows. `groups`: access groups of the document, name to names of models. What is noteworthy goes to `tally`."""

    def __init__(self, tally: Tally, groups: Mapping[str, list[str]], guards: Collection[str] = ()) -> None:
        self._tally = tally
        self._groups = groups
        self._guards = guards

    def of(self, row: Row, budget: Row | None = None) -> Bounds:
        """Bounds of a row; what it does not say itself, the row of its budget says."""
        source = _Both(row, budget)
        limits = dict(self._limits(source, row))
        budgets = dict(self._budgets(source, limits))
        models = self._models(row.texts("models"))
        if any(rule.amount == 0 for rule in limits.values()):
            self._tally.approximated("a limit of 0", "no model is allowed: the same, said otherwise")
            models, limits = (), {name: rule for name, rule in limits.items() if rule.amount}
        metadata = row.table("metadata")
        self._tell_metadata(metadata)
        return Bounds(
            models=models,
            endpoints=self._endpoints(row),
            guards=self._guards_of(metadata),
            tags=self._tags(metadata),
            limits=limits,
            budgets=budgets,
        )

    def _limits(self, source: _Both, row: Row) -> Iterator[tuple[str, LimitRule]]:
        for column, name, unit, seconds in _RATES:
            amount = source.number(column)
            if amount is not None:
                yield name, LimitRule(unit=unit, amount=max(0, int(amount)), seconds=seconds)
        metadata = row.table("metadata")
        for field, name, unit in _BY_MODEL:
            for model, amount in _pairs(metadata.get(field)):
                yield f"{name}-{model}", LimitRule(unit=unit, amount=max(0, int(amount)), seconds=60.0, models=(model,))
        for model, rule in (source.table("model_max_budget")).items():
            yield from self._model_budget(model, rule)

    def _model_budget(self, model: str, rule: object) -> Iterator[tuple[str, LimitRule]]:
        said = {str(key): value for key, value in rule.items()} if isinstance(rule, Mapping) else {"budget_limit": rule}
        amount = decimal_of(said.get("budget_limit", said.get("max_budget")))
        if amount is None:
            self._tally.unsupported("a model's budget that has no amount", "Write a limit of unit cost for the model.")
            return
        period = str(said.get("time_period", said.get("budget_duration")) or "")
        calendar, seconds = self._period(period)
        nanos = _nanos(amount)
        yield f"cost-{model}", LimitRule(unit=Unit.COST, amount=nanos, calendar=calendar, seconds=seconds, models=(model,))

    def _budgets(self, source: _Both, limits: dict[str, LimitRule]) -> Iterator[tuple[str, BudgetRule]]:
        """A period that no calendar has becomes a limit of cost, in `limits`."""
        hard, soft = source.number("max_budget"), source.number("soft_budget")
        duration, spent = source.text("budget_duration"), source.row.number("spend") or Decimal(0)
        calendar, seconds = self._period(duration)
        if hard is not None and seconds:
            limits["budget"] = LimitRule(unit=Unit.COST, amount=_nanos(hard), seconds=seconds)
        elif hard is not None:
            if not duration and spent:
                self._tally.approximated("max_budget without a period", "what was left of it is the budget")
                hard = max(Decimal(0), hard - spent)
            elif spent:
                self._tally.approximated("what was spent in this period", "counts from nothing again until the period ends")
            yield "budget", BudgetRule(amount=_nanos(hard), calendar=calendar)
        if soft is not None:
            yield "soft-budget", BudgetRule(amount=_nanos(soft), calendar=calendar, hard=False, thresholds=(1.0,))

    def _period(self, written: str) -> tuple[Calendar | None, float]:
        """A calendar's period, or the seconds of a sliding one; neither for once."""
        if not written:
            return None, 0.0
        calendar = _CALENDARS.get(written)
        if calendar is not None:
            self._tally.approximated(f"a period of {written}", f"the calendar's {calendar}, in UTC unless you write a zone")
            return calendar, 0.0
        found = _DURATION.fullmatch(written)
        if found is None:
            self._tally.unsupported(
                f"the period '{written}'", "It is counted without a period: the budget does not begin anew."
            )
            return None, 0.0
        self._tally.approximated(f"a period of {written}", "slides: so much within any stretch of that length")
        return None, float(int(found[1]) * _SECONDS[found[2]])

    def _models(self, written: tuple[str, ...]) -> tuple[str, ...] | None:
        if not written or any(name in _EVERYTHING for name in written):
            return None
        names: list[str] = []
        for name in written:
            if name.count("*") > 1:
                self._tally.unsupported(
                    f"the allowed models '{name}'", "Nothing is allowed by it: write patterns with one star."
                )
            elif name != _NOTHING:
                names += self._groups.get(name, [name])
        return tuple(dict.fromkeys(names))

    def _endpoints(self, row: Row) -> tuple[str, ...] | None:
        routes = row.texts("allowed_routes")
        if not routes or any(route in _ALL_ROUTES for route in routes):
            return None
        known = [_ROUTES[short] for route in routes if (short := route.removeprefix("/").removeprefix("v1/")) in _ROUTES]
        if len(known) < len(routes):
            self._tally.unsupported("allowed_routes that are not served here", "They are left out of the key's endpoints.")
        return tuple(dict.fromkeys(known))

    def _guards_of(self, metadata: Mapping[str, object]) -> tuple[str, ...]:
        wanted = _names(metadata.get("guardrails"))
        for name in wanted:
            if name not in self._guards:
                self._tally.unsupported(
                    f"guardrail '{name}' of a key or team", "ITS REQUESTS ARE NOT GUARDED BY IT ANY LONGER."
                )
        return tuple(name for name in wanted if name in self._guards)

    def _tell_metadata(self, metadata: Mapping[str, object]) -> None:
        for name in metadata:
            if name not in _METADATA and metadata[name]:
                self._tally.unsupported(
                    f"metadata.{name}", "Records have no free fields. What policies or reports need is a tag."
                )

    def _tags(self, metadata: Mapping[str, object]) -> dict[str, str]:
        tags: dict[str, str] = {}
        for tag in _names(metadata.get("tags")):
            name, _, value = tag.replace("=", ":", 1).partition(":")
            tags[name] = value or "yes"
        if tags:
            self._tally.approximated("tags", "tags have names and values: `a:b` is a = b, and `a` alone is a = yes")
        return tags


class _Both:
    """A row, and behind it the row of its budget."""

    def __init__(self, row: Row, budget: Row | None) -> None:
        self.row = row
        self._rows = (row,) if budget is None else (row, budget)

    def number(self, name: str) -> Decimal | None:
        found = [row.number(name) for row in self._rows]
        return next((value for value in found if value is not None), None)

    def text(self, name: str) -> str:
        found = [row.text(name) for row in self._rows]
        return next((value for value in found if value), "")

    def table(self, name: str) -> dict[str, object]:
        found = [row.table(name) for row in self._rows]
        return next((value for value in found if value), {})


def _pairs(value: object) -> Iterator[tuple[str, Decimal]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            amount = decimal_of(item)
            if amount is not None:
                yield str(key), amount


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _nanos(amount: Decimal) -> int:
    return int((amount * _NANOS).to_integral_value())
