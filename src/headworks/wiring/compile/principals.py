"""Client keys: the SHA-256 of each, and what its holder may have."""

from __future__ import annotations

import hashlib
import re

from headworks.domain.config import Config, KeyRule
from headworks.domain.features import governed_of, ordinary_of
from headworks.domain.patterns import overlap, trouble_of
from headworks.domain.principal import Principal
from headworks.wiring.compile.access import AccessCheck
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.limits import LimitCompiler
from headworks.wiring.compile.models import Models
from headworks.wiring.compile.queues import priority_of
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def compile_keys(bench: Bench, config: Config, models: Models) -> dict[bytes, Principal]:
    """SHA-256 of each key → its holder."""
    holders: dict[bytes, Principal] = {}
    limits = LimitCompiler(bench, models)
    access = AccessCheck(bench, config, models)
    for name, rule in config.keys.items():
        path = ("keys", name)
        counted = limits.rules(name, rule.limits, (*path, "limits"), rule.tags)
        digest = _digest(bench, rule, path)
        _check_models(bench, rule, models, path)
        access.check(rule, path)
        if digest is not None and digest in holders:
            bench.wrong(path, f"'{name}' has the same key as '{holders[digest].id}'.", "Give each its own.", on_key=True)
        elif digest is not None:
            holders[digest] = Principal(
                id=name,
                name=name,
                team=rule.team,
                models=rule.models or (),
                limits=counted.limits,
                soft_budgets=counted.soft_budgets,
                allows_all=rule.models is None,
                features=governed_of((rule.features,)),
                ordinary=ordinary_of((rule.features,)),
                endpoints=rule.endpoints,
                providers=rule.providers,
                regions=rule.regions,
                policies=rule.policies,
                guards=rule.guards,
                tags=rule.tags,
                priority=priority_of(rule.priority),
                share=rule.share,
            )
    return holders


def _digest(bench: Bench, rule: KeyRule, path: Path) -> bytes | None:
    if bool(rule.key) == bool(rule.sha256):
        what = "has both key and sha256" if rule.key else "has neither key nor sha256"
        bench.wrong(path, f"'{path[-1]}' {what}.", "Give exactly one of them.", on_key=True)
        return None
    if rule.sha256:
        if not _SHA256.fullmatch(rule.sha256):
            bench.wrong((*path, "sha256"), "A SHA-256 has 64 hexadecimal digits.", "Get it with: printf %s KEY | sha256sum")
            return None
        return bytes.fromhex(rule.sha256)
    key = bench.key(rule.key, (*path, "key"))
    return hashlib.sha256(key.encode()).digest() if key else None


def _check_models(bench: Bench, rule: KeyRule, models: Models, path: Path) -> None:
    if rule.models == ():
        bench.wrong((*path, "models"), "An empty list allows nothing.", "Leave models out to allow all.")
    names = models.names
    for number, pattern in enumerate(rule.models or ()):
        if trouble := trouble_of(pattern):
            bench.wrong((*path, "models", number), trouble)
        elif not any(overlap(pattern, name) for name in names):
            bench.wrong((*path, "models", number), f"There is no model '{pattern}'.", did_you_mean(pattern, names))
