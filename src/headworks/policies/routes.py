"""The routing rules of models, compiled when they are first asked."""

from __future__ import annotations

from headworks.domain.facts import Facts
from headworks.domain.routing import RoutingRule
from headworks.policies.condition import Condition, Slate

_MOST = 4096
"""Models whose rules are remembered."""
_Compiled = tuple[tuple[RoutingRule, Condition | None], ...]


class Routes:
    """One per process; belongs to the loop. Remembers by identity: rules of another snapshot are new ones."""

    def __init__(self) -> None:
        self._slate = Slate()
        self._known: dict[str, tuple[tuple[RoutingRule, ...], _Compiled]] = {}

    def first(self, rules: tuple[RoutingRule, ...], facts: Facts) -> RoutingRule | None:
        """See `Policies.first`. What the rules after it read of the request is not worked out."""
        for rule, condition in self._compiled(facts.model, rules):
            if condition is None:
                return rule
            condition.put(self._slate, facts)
            if condition.holds(self._slate, facts):
                return rule
        return None

    def _compiled(self, model: str, rules: tuple[RoutingRule, ...]) -> _Compiled:
        known = self._known.get(model)
        if known is None or known[0] is not rules:
            if len(self._known) >= _MOST:
                self._known = {}
            known = self._known[model] = rules, tuple((rule, _condition(rule)) for rule in rules)
        return known[1]


def _condition(rule: RoutingRule) -> Condition | None:
    return Condition("routing rule", rule.name, rule.when, rule.zone) if rule.when else None
