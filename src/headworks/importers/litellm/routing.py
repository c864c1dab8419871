"""Retries, fallbacks, aliases, timeouts and cooldowns: of `router_settings`, and of `litellm_settings` where the former says nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headworks.domain.config import ModelRule, RetryRule, StrategyName, TimeoutsRule
from headworks.domain.snapshot import Breaker
from headworks.importers.litellm.models import resolved
from headworks.importers.litellm.section import Section, line_of, list_of, text_of
from headworks.importers.notes import Notes
from headworks.wiring.config_file.tree import Node, Table

_ALL = "*"
_STRATEGIES: dict[str, StrategyName] = {
    "simple-shuffle": "weighted",
    "least-busy": "least_busy",
    "latency-based-routing": "fastest",
    "cost-based-routing": "cheapest",
    "usage-based-routing": "balanced",
    "usage-based-routing-v2": "balanced",
}
"""By the names there."""
_NO_FALLBACK = (
    "Write it as a fallback of the model, if its other failures may go there too: a question that does not fit is refused."
)
_HIDDEN = "callers see it in the list of models: names cannot be hidden"


class Routing:
    """Reads both sections. What it makes lies over `models`, which it changes."""

    def __init__(self, notes: Notes, router: Section, settings: Section, models: dict[str, ModelRule]) -> None:
        self._notes = notes
        self._router = router
        self._settings = settings
        self._models = models

    def retries(self) -> RetryRule:
        """How often, by number or by kind of error."""
        where = self._said("num_retries")
        count = where.number("num_retries")
        attempts = None if count is None else int(count) + 1
        if attempts is not None:
            self._notes.mapped(
                where.line_at("num_retries"),
                f"num_retries {count}",
                f"retries.attempts {attempts}: all tries, the first included",
            )
        policy = self._router.section("retry_policy")
        counts = [int(count) for kind in policy.names() if (count := policy.number(kind)) is not None]
        if counts:
            attempts = max(attempts or 0, max(counts) + 1)
            self._notes.approximated(
                policy.line,
                "retry_policy",
                f"retries.attempts {attempts} for whatever can be retried; a table decides what can (routing.md)",
            )
        return RetryRule(attempts=attempts)

    def timeouts(self) -> TimeoutsRule:
        """Of all providers."""
        found: dict[str, float] = {}
        for ours, names in (("total", ("timeout", "request_timeout")), ("first_byte", ("stream_timeout",))):
            for name in names:
                where = self._said(name)
                seconds = where.number(name)
                if seconds and ours not in found:
                    found[ours] = float(seconds)
                    self._notes.mapped(where.line_at(name), f"{name} {seconds}", f"timeouts.{ours}, seconds")
        return TimeoutsRule(**found)

    def breaker(self) -> Breaker:
        """When a target is left alone."""
        breaker = Breaker()
        fails = self._said("allowed_fails")
        allowed = fails.number("allowed_fails")
        if allowed is not None:
            breaker = msgspec.structs.replace(breaker, failures=int(allowed) + 1)
            self._notes.approximated(
                fails.line_at("allowed_fails"),
                f"allowed_fails {allowed}",
                f"breaker.failures {int(allowed) + 1}: in a row, not in a minute",
            )
        where = self._said("cooldown_time")
        seconds = where.number("cooldown_time")
        if seconds:
            calm = float(seconds)
            breaker = msgspec.structs.replace(breaker, open_for=calm, open_cap=max(calm, breaker.open_cap))
            self._notes.approximated(
                where.line_at("cooldown_time"),
                f"cooldown_time {seconds}",
                "breaker.open_for, doubled at each failed probe up to open_cap",
            )
        return breaker

    def aliases_and_fallbacks(self) -> None:
        """Other names of groups have their fallbacks too. Those for one kind of refusal have no like."""
        aliases = self._aliases()
        where = self._said("fallbacks")
        for node in where.list("fallbacks"):
            self._fall_back(node)
        for alias, group in aliases.items():
            rule, model = self._models[alias], self._models.get(group)
            if model is not None and not rule.fallbacks:
                others = tuple(other for other in model.fallbacks if other != alias)
                self._models[alias] = msgspec.structs.replace(rule, fallbacks=others)
        self._default()
        for kind in ("context_window_fallbacks", "content_policy_fallbacks"):
            for node in self._said(kind).list(kind):
                self._notes.unsupported(line_of(node), f"{kind}: {_shown(node)}", _NO_FALLBACK)

    def _aliases(self) -> dict[str, str]:
        given = self._router.section("model_group_alias")
        made: dict[str, str] = {}
        for alias in given.names():
            group, line = self._aliased(alias, given.node(alias)), given.line_at(alias)
            rule = resolved(group, self._models)
            if rule is None:
                self._notes.unsupported(line, f"alias {alias}: {group}", "No model of that name was taken over: add it first.")
            elif alias in self._models:
                self._notes.unsupported(
                    line, f"alias {alias}: {group}", f"models.{alias} is a model itself: choose one of the two."
                )
            else:
                self._models[alias], made[alias] = rule, group
                self._notes.mapped(line, f"alias {alias}: {group}", f"models.{alias}, with the targets of {group}")
        return made

    def _default(self) -> None:
        where = self._said("default_fallbacks")
        others = [text_of(node) for node in where.list("default_fallbacks")]
        known = [other for other in others if resolved(other, self._models) is not None]
        line = where.line_at("default_fallbacks")
        if len(known) < len(others):
            lost = ", ".join(other for other in others if other not in known)
            self._notes.unsupported(line, f"default_fallbacks: {lost}", "No model of that name was taken over: add it first.")
        if known:
            self._notes.mapped(line, f"default_fallbacks: {', '.join(known)}", "fallbacks of all models that have none")
        for name, rule in self._models.items():
            if not rule.fallbacks:
                self._models[name] = msgspec.structs.replace(rule, fallbacks=tuple(other for other in known if other != name))

    def strategy(self) -> None:
        """Of all models that have several targets. What nobody says is shuffled there, and chosen by weight or by seconds here."""
        said, line = self._router.text("routing_strategy"), self._router.line_at("routing_strategy")
        if not said:
            return
        ours = _STRATEGIES.get(said)
        if ours is None:
            self._notes.approximated(line, f"routing_strategy {said}", "targets by order, then by weight or by seconds")
            return
        self._notes.mapped(line, f"routing_strategy {said}", f"strategy: {ours} of models with several targets")
        for name, rule in self._models.items():
            if len(rule.targets) > 1:
                self._models[name] = msgspec.structs.replace(rule, strategy=ours)

    def _said(self, name: str) -> Section:
        """The section that counts for a setting."""
        first = self._router.node(name)
        second = self._settings.node(name)
        return self._settings if first is None and second is not None else self._router

    def _aliased(self, alias: str, node: Node | None) -> str:
        if not isinstance(node, Table):
            return text_of(node)
        given = Section(node)
        if given.flag("hidden"):
            self._notes.approximated(given.line, f"alias {alias} is hidden", _HIDDEN)
        return given.text("model")

    def _fall_back(self, node: Node) -> None:
        if not isinstance(node, Table):
            self._notes.unsupported(
                line_of(node), f"fallbacks: {_shown(node)}", "Write which model falls back to it: models.NAME.fallbacks."
            )
            return
        for entry in node.entries:
            others = [text_of(other) for other in list_of(entry.value)]
            group, line = entry.key.text, entry.key.spot.line + 1
            for model in list(self._models) if group == _ALL else [group]:
                self._add_fallbacks(model, others, line)

    def _add_fallbacks(self, model: str, others: Sequence[str], line: int) -> None:
        rule = self._models.get(model)
        wanted = [other for other in others if other and other != model and resolved(other, self._models) is not None]
        lost = [other for other in others if other and other != model and other not in wanted]
        if rule is None:
            self._notes.unsupported(
                line,
                f"fallbacks of {model}",
                "No model of that name was taken over. One that fits a pattern needs a name of its own.",
            )
            return
        if lost:
            self._notes.unsupported(
                line, f"{model} falls back to {', '.join(lost)}", "No model of that name was taken over: add it first."
            )
        if wanted:
            self._models[model] = msgspec.structs.replace(rule, fallbacks=tuple(dict.fromkeys((*rule.fallbacks, *wanted))))
            self._notes.mapped(line, f"{model} falls back to {', '.join(wanted)}", f"models.{model}.fallbacks")


def _shown(node: Node) -> str:
    if isinstance(node, Table):
        return ", ".join(f"{entry.key.text} → {_shown(entry.value)}" for entry in node.entries)
    return ", ".join(text_of(item) for item in list_of(node))
