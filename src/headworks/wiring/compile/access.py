"""What a key's rule restricts it to, checked: a restriction to something that is not there is a slip."""

from __future__ import annotations

from collections.abc import Collection

from headworks.domain.config import Config, KeyRule
from headworks.domain.features import KNOWN
from headworks.domain.kind import Kind
from headworks.wiring.compile.bench import Bench
from headworks.wiring.compile.models import Models
from headworks.wiring.config_file.problems import did_you_mean
from headworks.wiring.config_file.tree import Path

ENDPOINTS = tuple(kind.value for kind in Kind if kind is kind.endpoint)


class AccessCheck:
    """One per compilation: what there is to be named."""

    def __init__(self, bench: Bench, config: Config, models: Models) -> None:
        self._bench = bench
        self._known: dict[str, tuple[str, Collection[str]]] = {
            "features": ("feature", (*KNOWN, "*")),
            "endpoints": ("endpoint", ENDPOINTS),
            "providers": ("provider in use", models.providers),
            "regions": ("region", models.regions),
            "policies": ("policy", tuple(config.policies)),
            "guards": ("guard", tuple(config.guards)),
        }

    def check(self, rule: KeyRule, path: Path) -> None:
        """Note names of nothing."""
        for field, (what, known) in self._known.items():
            for number, name in enumerate(getattr(rule, field) or ()):
                if name not in known:
                    self._bench.wrong((*path, field, number), f"There is no {what} '{name}'.", did_you_mean(name, known))
