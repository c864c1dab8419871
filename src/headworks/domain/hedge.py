"""When a second target is asked the same, because the first is slow to begin."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Hedge(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Streamed answers only: the one that says its first content wins. Never for requests that change or keep anything at a provider."""

    after: Annotated[float, msgspec.Meta(gt=0, lt=15)] | Literal["p95"] = "p95"
    """Seconds without content; `p95`: those after which 95 of the latest 100 answers of this model had begun."""
    budget: Annotated[float, msgspec.Meta(gt=0, le=0.1)] = 0.02
    """Hedges for each such request, at the most: they cost twice."""
