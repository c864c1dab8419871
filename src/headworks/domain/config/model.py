"""Models, as an operator writes them: a name for callers, and where it can be had."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.price import PriceRule
from headworks.domain.config.provider import TimeoutsRule
from headworks.domain.config.written import Written
from headworks.domain.hedge import Hedge
from headworks.domain.spill import Spill


class RetryRule(Written, frozen=True):
    """How often and how patiently; what is left out is inherited. See `domain.retry.RetryPolicy`."""

    attempts: int | None = None
    base: float | None = None
    cap: float | None = None
    max_retry_after: float | None = None
    deadline: float | None = None


class ProfileRule(Written, frozen=True):
    """What a model can do. Left out: what the shipped lists say."""

    context: int | None = None
    """Tokens that it reads at most."""
    max_output: int | None = None
    """Tokens that it writes at most."""
    serves: tuple[str, ...] | None = None
    """`chat`, `embeddings`, `rerank` …"""
    features: tuple[str, ...] | None = None
    """`tools`, `images`, `json_schema`, `reasoning` …, as in lists of features."""
    deprecated: bool | None = None


class TargetRule(Written, frozen=True):
    """One way to have a model. Targets of the lowest `order` come first, chosen in proportion to `weight`."""

    model: str = ""
    """`provider/model`, the model as the provider calls it."""
    weight: int = 1
    order: int = 0
    price: PriceRule | Literal["free"] | None = None
    max_output: int = 4096
    """Tokens reserved where neither the caller nor a limit caps the answer."""
    region: str = ""
    """Left out, the provider's."""
    timeouts: TimeoutsRule = TimeoutsRule()
    profile: ProfileRule = ProfileRule()
    """What the model can do, where the lists do not know it."""
    inexpressible: Literal["error", "drop", "emulate"] = "drop"
    """What to do about what the target's dialect can't say, or its model can't do."""


class ModelRule(Written, frozen=True):
    """A name that callers may ask for. Short forms: `provider/model`, or a list of these, tried in that order."""

    targets: tuple[TargetRule | str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    """Other models, tried in order when all targets of this one have failed."""
    retry: RetryRule = RetryRule()
    hedge: Hedge | None = None
    """Ask a second target where the first is slow to begin. Left out: never."""
    spill: Spill | None = None
    """Use targets of the next order while those of the lowest are full. Left out: only where none of the lowest is available."""
    reserve: str | int | float | None = None
    """Set aside with each request of a key that has a budget, for what cannot be bounded: web searches, files by reference. `0.50 USD`."""
    owner: str = "headworks"
    """What the list of models says about who owns it."""


WrittenModel = str | tuple[str, ...] | ModelRule


def as_rule(written: WrittenModel) -> ModelRule:
    """The long form of any form."""
    if isinstance(written, ModelRule):
        return written
    models = (written,) if isinstance(written, str) else written
    return ModelRule(targets=tuple(TargetRule(model=model, order=order) for order, model in enumerate(models)))
