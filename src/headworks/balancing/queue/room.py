"""How busy targets are beyond what the gateway itself has under way there: a `Room` by what is known of loads, and one that knows nothing."""

from __future__ import annotations

from collections.abc import Sequence

from headworks.balancing.load import STALE, LoadBook
from headworks.domain.engine_load import EngineLoad
from headworks.domain.target import Target

FULL = 0.9
"""The share of its memory from which on an engine is taken to be full."""
_LEARNT = 20
"""Answers after which a target's speed is known."""


class KnownLoads:
    """`ports.admission.Room` by the book of loads."""

    def __init__(self, loads: LoadBook) -> None:
        self._loads = loads

    def wait(self, target: Target) -> float:
        """See `Room`."""
        load = self._loads.of(target.name)
        return load.latency.per_token * load.queue(self._loads.now())

    def pressure(self, targets: Sequence[Target]) -> float:
        """See `Room`. 1 at `FULL`."""
        now = self._loads.now()
        loads = self._loads.all([target.name for target in targets])
        known = [load.full for load in loads if load.full is not None and now - load.heard_at <= STALE]
        return sum(known) / len(known) / FULL if known else 0.0

    def said(self, target: Target) -> EngineLoad | None:
        """What its engine said of itself last."""
        return self._loads.of(target.name).engine

    def expected(self, target: Target, tokens: int) -> float | None:
        """Seconds to the first token of so long a prompt, were the target idle; None where its speed is not known."""
        latency = self._loads.of(target.name).latency
        return latency.predict(tokens) if latency.seen >= _LEARNT else None
