"""What operators say of models, checked: a profile that names nothing is a slip."""

from __future__ import annotations

from headworks.domain.config import Config, ProfileRule, TargetRule, as_rule
from headworks.domain.features import ORDINARY
from headworks.wiring.compile.access import ENDPOINTS
from headworks.wiring.compile.bench import Bench
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_NAMES = (("features", "feature", tuple(sorted(ORDINARY))), ("serves", "kind of request", ENDPOINTS))


def check_profiles(bench: Bench, config: Config) -> None:
    """Note what no model could have."""
    for name, written in config.models.items():
        rule, path = as_rule(written), ("models", name)
        _check_targets(bench, rule.targets, path)
        for number, version in rule.versions.items():
            _check_targets(bench, version.targets, (*path, "versions", number))


def _check_targets(bench: Bench, targets: tuple[TargetRule | str, ...], path: Path) -> None:
    for number, target in enumerate(targets):
        if isinstance(target, TargetRule):
            _check(bench, target.profile, (*path, "targets", number, "profile"))


def _check(bench: Bench, profile: ProfileRule, path: Path) -> None:
    for size in ("context", "max_output"):
        if getattr(profile, size) == 0:
            bench.wrong(
                (*path, size), f"A model with a {size} of no tokens could do nothing.", "Leave it out where it is not known."
            )
    for field, what, known in _NAMES:
        for number, name in enumerate(getattr(profile, field) or ()):
            if name not in known:
                bench.wrong((*path, field, number), f"There is no {what} '{name}'.", did_you_mean(name, known))
