"""Names that callers may ask for: fixed ones, and patterns that stand for many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import msgspec

from headworks.domain.config import Config, ModelRule, TargetRule, WrittenModel, as_rule, nanos_of, overlay
from headworks.domain.governed import features_of_name
from headworks.domain.passthrough import FEATURE as PASSTHROUGH
from headworks.domain.profile import in_common
from headworks.domain.retry import RetryPolicy
from headworks.domain.snapshot import Listed, Model
from headworks.domain.target import AskedModel, Target
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.places import Provider
from headworks.wiring.compile.queues import priority_of, queue_of
from headworks.wiring.compile.routing import Choosing, ChoosingCompiler
from headworks.wiring.compile.targets import Targets, in_proportion
from headworks.wiring.compile.versions import Versions
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_REMEMBERED = 1024

Resolve = Callable[[str], Model | None]


class Pattern(msgspec.Struct, frozen=True):
    """A name with a star, and the targets of whatever takes its place."""

    head: str
    tail: str
    rule: ModelRule
    retry: RetryPolicy
    targets: tuple[tuple[TargetRule, Provider, str], ...]
    choosing: Choosing
    reserve: int = 0

    def star(self, name: str) -> str | None:
        """What the star stands for in a name; None where the name does not fit, or nothing would be left for the star."""
        if len(name) > len(self.head) + len(self.tail) and name.startswith(self.head) and name.endswith(self.tail):
            return name[len(self.head) : len(name) - len(self.tail)]
        return None


class Models:
    """One per compilation: `fixed` and `resolve` go into the snapshot."""

    def __init__(self, bench: Bench, config: Config, maker: Targets) -> None:
        self._bench = bench
        self._targets = maker
        self._choosing = ChoosingCompiler(
            bench, {name for name, rule in config.providers.items() if rule and rule.replicas is not None}
        )
        self._retry = overlay(RetryPolicy(), config.retries)
        self._versions = Versions(bench, config)
        self.fixed: dict[str, Model] = {}
        self._patterns: dict[str, Pattern] = {}
        for name, written in config.models.items():
            path = ("models", name)
            rule = as_rule(written)
            if "*" in name:
                self._add_pattern(name, written, path)
            else:
                self.fixed[name] = self._fixed(name, rule, written, path)
        self._ranked = sorted(self._patterns.values(), key=lambda pattern: len(pattern.head) + len(pattern.tail), reverse=True)
        self._check(config)

    def _fixed(self, name: str, rule: ModelRule, written: WrittenModel, path: Path) -> Model:
        reserve = self._reserve(rule, path)

        def make(written: WrittenModel, below: Path) -> Model:
            own = as_rule(written)
            model = _model(name, own, self._fixed_targets(written, below), overlay(self._retry, own.retry))
            model = msgspec.structs.replace(model, reserve=reserve)
            self._choosing.check_currencies(model, own, path)
            return self._choosing.of(name, own, path).over(model)

        return self._versions.of(name, rule, path, make) if rule.versions else make(written, path)

    @property
    def digests(self) -> Mapping[str, str]:
        """Of all that never changes under the same number."""
        return self._versions.digests

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names with a star."""
        return tuple(self._patterns)

    def known(self) -> tuple[Listed, ...]:
        """Of the names that a star stands for, those of models on their provider's price list."""
        found: dict[str, Listed] = {}
        for pattern in self._ranked:
            for rule, provider, model in pattern.targets:
                for star in self._offered(provider, model):
                    name = f"{pattern.head}{star}{pattern.tail}"
                    if name not in self.fixed and self._fitting(name) is pattern:
                        facts = self._targets.facts(rule, provider, model.replace("*", star))
                        found[name] = Listed(
                            name=AskedModel(name), owner=pattern.rule.owner, profile=facts.profile, price=facts.price
                        )
        return tuple(found.values())

    def _offered(self, provider: Provider, model: str) -> Iterator[str]:
        """What the star of a target's model may be filled with."""
        head, star, tail = model.partition("*")
        if star and provider.offer:
            givens = self._bench.givens
            for name in givens.prices.models(provider.offer, givens.at):
                if len(name) > len(head) + len(tail) and name.startswith(head) and name.endswith(tail):
                    yield name[len(head) : len(name) - len(tail)]

    @property
    def open_providers(self) -> set[str]:
        """Names of the providers whose models are not all known by name."""
        open_ = {provider.name for pattern in self._ranked for _, provider, model in pattern.targets if "*" in model}
        return open_.union(self._passing)

    @property
    def providers(self) -> set[str]:
        """Names of all that serve a model."""
        behind = {provider.name for pattern in self._ranked for _, provider, _ in pattern.targets}
        return behind.union(self._passing, (target.provider for model in self.fixed.values() for target in model.every_target))

    @property
    def regions(self) -> set[str]:
        """Those that targets tell."""
        behind = {rule.region or provider.region for pattern in self._ranked for rule, provider, _ in pattern.targets}
        return (behind | {target.region for model in self.fixed.values() for target in model.every_target}) - {""}

    @property
    def names(self) -> tuple[str, ...]:
        """Fixed ones and patterns, and what requests that are passed through may be about."""
        return (
            *self.fixed,
            *self._patterns,
            *(name for each in self._passing for name in (f"{PASSTHROUGH}/{each}", f"{each}/*")),
        )

    @property
    def _passing(self) -> list[str]:
        """Names of the providers that something may be passed through to."""
        made = self._targets.providers.made
        return [name for name, provider in made.items() if provider is not None and provider.passthrough]

    def knows(self, name: str) -> bool:
        """Whether a caller could ask for this name."""
        return name in self.fixed or self._fitting(name) is not None

    def resolver(self) -> Resolve:
        """Answers for names that are not fixed. Remembers the last thousand, and `Snapshot.find` asks for no endless ones, so that
        callers who invent names fill no memory.
        """
        return lru_cache(_REMEMBERED)(self._resolve)

    def _resolve(self, name: str) -> Model | None:
        pattern = self._fitting(name)
        if pattern is not None:
            return self._from_pattern(name, pattern)
        provider, colon, model = name.partition(":")
        if colon and self._targets.providers.made.get(provider) is not None:
            slashed = f"{provider}/{model}"
            return self.fixed.get(slashed) or self._resolve(slashed)
        return None

    def _fitting(self, name: str) -> Pattern | None:
        """The longest pattern that fits."""
        return next((pattern for pattern in self._ranked if pattern.star(name) is not None), None)

    def _from_pattern(self, name: str, pattern: Pattern) -> Model:
        star = pattern.star(name) or ""
        groups = [self._targets.make(rule, provider, model.replace("*", star)) for rule, provider, model in pattern.targets]
        model = _model(name, pattern.rule, in_proportion(groups), pattern.retry)
        model = pattern.choosing.over(model)
        return msgspec.structs.replace(model, needs=features_of_name(star), reserve=pattern.reserve)

    def _add_pattern(self, name: str, written: WrittenModel, path: Path) -> None:
        if name.count("*") > 1:
            self._bench.wrong(path, f"'{name}' has more than one star.", on_key=True)
            return
        if as_rule(written).versions:
            self._bench.wrong(
                (*path, "versions"), f"'{name}' stands for many models, and each has versions of its own.", on_key=True
            )
            return
        head, _, tail = name.partition("*")
        targets = [
            (target, *found)
            for target, below in _rules(written, path)
            if (found := self._targets.provider_of(target, below)) is not None
        ]
        for _, provider, _ in targets:
            self._bench.holds_until(self._bench.givens.prices.changes_after(provider.prices, self._bench.givens.at))
        rule = as_rule(written)
        retry, choosing = overlay(self._retry, rule.retry), self._choosing.of(name, rule, path)
        self._patterns[name] = Pattern(head, tail, rule, retry, tuple(targets), choosing, self._reserve(rule, path))

    def _reserve(self, rule: ModelRule, path: Path) -> int:
        try:
            return nanos_of(rule.reserve) if rule.reserve is not None else 0
        except ValueError as trouble:
            self._bench.wrong((*path, "reserve"), f"'{rule.reserve}' {trouble}.")
            return 0

    def _fixed_targets(self, written: WrittenModel, path: Path) -> tuple[Target, ...]:
        groups: dict[str, tuple[Target, ...]] = {}
        for target_rule, below in _rules(written, path):
            if "*" in target_rule.model:
                self._bench.wrong(below, f"'{target_rule.model}' has a star, but the name '{path[-1]}' has none to fill it.")
                continue
            targets = self._targets.checked(target_rule, below)
            if targets and targets[0].written in groups:
                self._bench.wrong(
                    below, f"'{targets[0].written}' is listed twice.", "Give one of them a larger weight instead."
                )
            elif targets:
                groups[targets[0].written] = targets
        return in_proportion(list(groups.values()))

    def _check(self, config: Config) -> None:
        for name, written in config.models.items():
            rule, path = as_rule(written), ("models", name)
            if not (rule.targets or rule.versions):
                self._bench.wrong(
                    path, f"'{name}' has no target.", "Add targets, or write provider/model behind the name.", on_key=True
                )
            if rule.live != "" and not rule.versions:
                self._bench.wrong((*path, "live"), f"'{name}' has no versions.", "Add them, or leave live out.", on_key=True)
            if rule.spill is not None and len({target.order for target, _ in _rules(written, path)}) < 2:  # noqa: PLR2004 - from one to another
                self._bench.wrong(
                    (*path, "spill"),
                    f"All targets of '{name}' have one order: there is none to spill to.",
                    "Give some 'order: 1'.",
                )
            if rule.retry.attempts == 0:
                self._bench.wrong((*path, "retry", "attempts"), "At least one attempt is needed.")
            for number, fallback in enumerate(rule.fallbacks):
                below = (*path, "fallbacks", number)
                if fallback == name:
                    self._bench.wrong(below, f"'{name}' cannot fall back to itself.")
                elif not self.knows(fallback):
                    self._bench.wrong(below, f"There is no model '{fallback}'.", did_you_mean(fallback, config.models))


def _model(name: str, rule: ModelRule, targets: tuple[Target, ...], retry: RetryPolicy) -> Model:
    return Model(
        name=AskedModel(name),
        targets=targets,
        fallbacks=tuple(AskedModel(fallback) for fallback in rule.fallbacks),
        retry=retry,
        owner=rule.owner,
        hedge=rule.hedge,
        continuation=rule.continuation,
        spill=rule.spill,
        queue=queue_of(name, rule.queue),
        priority=priority_of(rule.priority or "system"),
        profile=in_common(target.profile for target in targets),
        price=targets[0].price if targets else None,
    )


def _rules(written: WrittenModel, path: Path) -> list[tuple[TargetRule, Path]]:
    """The targets of a model in their long form, each with where its name stands."""
    rules: list[tuple[TargetRule, Path]] = []
    for number, target in enumerate(as_rule(written).targets):
        if isinstance(target, str):
            rules.append((TargetRule(model=target), (*path, "targets", number)))
        elif isinstance(written, str):
            rules.append((target, path))
        elif isinstance(written, ModelRule):
            below = (*path, "targets", number)
            rules.append((target, (*below, "model") if target.model else below))
        else:
            rules.append((target, (*path, number)))
    return rules
