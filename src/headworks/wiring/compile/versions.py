"""Versions of a model: each a model of its own behind the same name, and never another one under the same number."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headworks.domain.config import Config, ModelRule, ParametersRule, VersionRule
from headworks.domain.prompt import Template
from headworks.domain.shape import Parameters
from headworks.domain.snapshot import Model, Version
from headworks.domain.versions import digest_of, model_version
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.prompts import Prompts, check_numbers, refuse_change
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

Make = Callable[[ModelRule, Path], Model]
"""A model of a rule with targets of its own."""


class Versions:
    """One per compilation. `digests` are those of all models' versions and of all prompts, by what they are remembered by."""

    def __init__(self, bench: Bench, config: Config) -> None:
        self._bench = bench
        self._guards = config.guards
        self._prompts = Prompts(bench, config)
        self.digests = self._prompts.digests

    def of(self, name: str, rule: ModelRule, path: Path, make: Make) -> Model:
        """The model as its live version has it, with all versions beside."""
        if rule.targets:
            hint = "Move these targets into a version."
            self._bench.wrong((*path, "targets"), f"'{name}' has versions, and each has targets of its own.", hint, on_key=True)
        check_numbers(self._bench, tuple(rule.versions), (*path, "versions"))
        versions = {number: self._version(name, rule, number, path, make) for number in rule.versions}
        live = versions[self._live(rule, path)]
        said = msgspec.structs.asdict(live)
        model = Model(**{field: said[field] for field in Model.__struct_fields__})
        return msgspec.structs.replace(model, live=live.number, numbers=tuple(versions), versions=versions)

    def _live(self, rule: ModelRule, path: Path) -> str:
        live, numbers = str(rule.live), list(rule.versions)
        if live in rule.versions:
            return live
        if live:
            self._bench.wrong((*path, "live"), f"There is no version {live}.", did_you_mean(live, numbers))
        elif len(numbers) > 1:
            self._bench.wrong(path, f"Which of the versions {', '.join(numbers)} is live?", "Write live: NUMBER.", on_key=True)
        return numbers[-1]

    def _version(self, name: str, rule: ModelRule, number: str, path: Path, make: Make) -> Version:
        below, written = (*path, "versions", number), rule.versions[number]
        if not written.targets:
            self._bench.wrong(below, f"Version {number} of '{name}' has no target.", "Add targets.", on_key=True)
        retry = written.retry if written.retry != type(written.retry)() else rule.retry
        model = make(msgspec.structs.replace(rule, targets=written.targets, retry=retry), below)
        template = self._prompts.find(written.prompt, (*below, "prompt")) if written.prompt else None
        digest = self._digest(written, template)
        self.digests[model_version(name, number)] = digest
        refuse_change(self._bench, model_version(name, number), digest, below)
        self._check(written, below)
        return Version(
            **msgspec.structs.asdict(model),
            number=number,
            digest=digest,
            defaults=_parameters(written.parameters),
            fixed=_parameters(written.fixed),
            template=template,
            guards=written.guards,
        )

    def _digest(self, rule: VersionRule, template: Template | None) -> str:
        """A label says that the prompt may become another one; a number, that it must not."""
        own = template is not None and self._prompts.fixed(rule.prompt)
        return digest_of((rule, template if own else None))

    def _check(self, rule: VersionRule, path: Path) -> None:
        for place, guard in enumerate(rule.guards):
            if guard not in self._guards:
                hint = did_you_mean(guard, self._guards) if self._guards else "Write it under guards."
                self._bench.wrong((*path, "guards", place), f"There is no guard '{guard}'.", hint)
        for name in _parameters(rule.parameters).keys() & _parameters(rule.fixed).keys():
            self._bench.wrong((*path, "parameters", name), f"'{name}' is fixed: a default would never hold.", on_key=True)
        if rule.prompt and not self._prompts.fixed(rule.prompt):
            self._bench.warn(
                (*path, "prompt"),
                f"'{rule.prompt}' follows a label: what this version says changes when the label moves, and no rollout watches that.",
                "Name a number where that matters.",
            )


def _parameters(rule: ParametersRule) -> Parameters:
    return {name: value for name, value in msgspec.structs.asdict(rule).items() if value is not None}
