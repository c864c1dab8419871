"""How a model's targets are chosen: its strategy, what they have to keep to, and its routing rules, their mistakes noted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from headworks.domain.config import ModelRule, RoutingSpec, TargetRule, nanos_of
from headworks.domain.limits.checks import GROUPS
from headworks.domain.patterns import overlap, trouble_of
from headworks.domain.routing import RoutingRule
from headworks.domain.snapshot import PROMPT, Model
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.policies import check_condition, check_zone
from headworks.wiring.compile.queues import priority_of
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

SINGLE = "weighted"
"""One target in each order, or targets of which the operator says in which proportion they are to be chosen."""
SEVERAL = "balanced"
"""Several of one order, of which nothing is said."""


class Choosing(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of `Model`."""

    strategy: str = SINGLE
    hash_by: str = PROMPT
    within: float | None = None
    below: int | None = None
    routing: tuple[RoutingRule, ...] = ()

    def over(self, model: Model) -> Model:
        """The model with them."""
        return msgspec.structs.replace(model, **{name: getattr(self, name) for name in self.__struct_fields__})


class ChoosingCompiler:
    """One per compilation."""

    def __init__(self, bench: Bench, pools: Collection[str]) -> None:
        """`pools`: the providers that are several machines."""
        self._bench = bench
        self._pools = pools

    def of(self, name: str, rule: ModelRule, path: Path) -> Choosing:
        """What the rule of a model, or of a pattern of models, says."""
        return Choosing(
            strategy=rule.strategy or (SEVERAL if self._says_nothing(rule) else SINGLE),
            hash_by=self._hash_by(rule, (*path, "hash_by")),
            within=self._within(rule, (*path, "within")),
            below=self._below(rule, (*path, "below")),
            routing=self._rules(name, rule, (*path, "routing")),
        )

    def _says_nothing(self, rule: ModelRule) -> bool:
        """Whether there are several targets to choose from, and no word of the operator's on which."""
        rules = [TargetRule(model=target) if isinstance(target, str) else target for target in rule.targets]
        pooled = any(target.model.partition("/")[0] in self._pools for target in rules)
        weighted = any(target.weight is not None for target in rules)
        return (pooled or len({target.order for target in rules}) < len(rules)) and not weighted

    def check_currencies(self, model: Model, rule: ModelRule, path: Path) -> None:
        """Note prices that are to be compared and cannot be."""
        strategies = {rule.strategy, *(each.strategy for each in rule.routing)}
        currencies = {target.price.currency for target in model.targets if target.price is not None}
        if len(currencies) > 1 and ("cheapest" in strategies or rule.below is not None):
            said = " and ".join(sorted(currencies))
            self._bench.wrong(
                path, f"Prices in {said} cannot be compared.", "Give the targets prices in one currency.", on_key=True
            )

    def _hash_by(self, rule: ModelRule, path: Path) -> str:
        by = rule.hash_by
        if by != PROMPT and by not in GROUPS and not (by.startswith("tag:") and by != "tag:"):
            self._bench.wrong(path, f"Nothing can be hashed by '{by}'.", did_you_mean(by, GROUPS) or _known((PROMPT, *GROUPS)))
        return by

    def _within(self, rule: ModelRule, path: Path) -> float | None:
        if rule.within is not None and not rule.within > 0.0:
            self._bench.wrong(path, "No first token comes within no time.", "Write seconds: within: 1.5.")
        return rule.within

    def _below(self, rule: ModelRule, path: Path) -> int | None:
        if rule.below is None:
            return None
        try:
            return nanos_of(rule.below)
        except ValueError as trouble:
            self._bench.wrong(path, f"'{rule.below}' {trouble}.")
            return None

    def _rules(self, model: str, rule: ModelRule, path: Path) -> tuple[RoutingRule, ...]:
        rules: list[RoutingRule] = []
        for number, spec in enumerate(rule.routing):
            below = (*path, number)
            name = spec.name or f"{model} {number + 1}"
            if any(other.name == name for other in rules):
                self._bench.wrong((*below, "name"), f"The model '{model}' has two routing rules called '{name}'.")
            if any(not other.when for other in rules):
                self._bench.wrong(below, "Nothing reaches this rule: one before it has no condition.", "Put that one last.")
            self._check(rule, spec, below)
            rules.append(
                RoutingRule(
                    name=name,
                    when=spec.when,
                    to=spec.to,
                    strategy=spec.strategy or "",
                    deny=spec.deny,
                    priority=priority_of(spec.priority),
                    zone=spec.zone,
                )
            )
        return tuple(rules)

    def _check(self, rule: ModelRule, spec: RoutingSpec, path: Path) -> None:
        if spec.when:
            check_condition(self._bench, spec.when, (*path, "when"))
        check_zone(self._bench, spec.zone, (*path, "zone"))
        if not (spec.to or spec.strategy or spec.deny or spec.priority):
            self._bench.wrong(path, "The rule says nothing of what follows.", "Write to, strategy, priority or deny.")
        if spec.deny and (spec.to or spec.strategy or spec.priority):
            self._bench.wrong((*path, "deny"), "A rule that denies leads nowhere.", "Leave to, strategy and priority out.")
        names, tags = _names_and_tags(rule)
        for number, word in enumerate(spec.to):
            if trouble := trouble_of(word):
                self._bench.wrong((*path, "to", number), trouble)
            elif word not in tags and not any(overlap(word, name) for name in names):
                hint = did_you_mean(word, (*names, *tags)) or _known((*names, *tags))
                self._bench.wrong((*path, "to", number), f"The model has no target '{word}', and none with that tag.", hint)


def _names_and_tags(rule: ModelRule) -> tuple[Sequence[str], Collection[str]]:
    """By what routing rules can name the targets."""
    names = [target if isinstance(target, str) else target.model for target in rule.targets]
    tags = {tag for target in rule.targets if not isinstance(target, str) for tag in target.tags}
    return names, tags


def _known(names: Sequence[str]) -> str:
    return f"Known: {', '.join(dict.fromkeys(names))}."
