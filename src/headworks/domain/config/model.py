"""Models, as an operator writes them: a name for callers, and where it can be had."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.price import PriceRule
from headworks.domain.config.provider import TimeoutsRule
from headworks.domain.config.queue import PriorityName, QueueRule
from headworks.domain.config.written import Written
from headworks.domain.hedge import Hedge
from headworks.domain.partial import Continuation
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
    """One way to have a model. Targets of the lowest `order` come first."""

    model: str = ""
    """`provider/model`, the model as the provider calls it."""
    weight: int | None = None
    """In proportion to which targets of one order are chosen. Left out, 1; if none of a model's has one, they are chosen by seconds."""
    order: int = 0
    price: PriceRule | Literal["free"] | None = None
    max_output: int = 4096
    """Tokens reserved where neither the caller nor a limit caps the answer."""
    region: str = ""
    """Left out, the provider's."""
    tags: tuple[str, ...] = ()
    """Words of your own by which routing rules name it."""
    data_classes: tuple[str, ...] | None = None
    """Classes of data that it may be shown, beside what is in none. Left out, the provider's."""
    timeouts: TimeoutsRule = TimeoutsRule()
    profile: ProfileRule = ProfileRule()
    """What the model can do, where the lists do not know it."""
    inexpressible: Literal["error", "drop", "emulate"] = "drop"
    """What to do about what the target's dialect can't say, or its model can't do."""


class ParametersRule(Written, frozen=True):
    """Parameters by the names that they have at OpenAI; each is said in the words of the language that a target speaks."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    max_tokens: int | None = None
    """Of the answer."""
    stop: tuple[str, ...] | None = None
    reasoning_effort: str | None = None
    """`low`, `medium`, `high`, …"""


class VersionRule(Written, frozen=True):
    """One version of a model. Whatever has served is never changed: a change is another number."""

    targets: tuple[TargetRule | str, ...] = ()
    parameters: ParametersRule = ParametersRule()
    """Hold where the caller says nothing."""
    fixed: ParametersRule = ParametersRule()
    """Hold whatever the caller says."""
    prompt: str = ""
    """Put before what callers say: `NAME@NUMBER`, or `NAME@LABEL`."""
    guards: tuple[str, ...] = ()
    """Names of guards that judge what it is asked, besides those that judge the caller."""
    retry: RetryRule = RetryRule()


StrategyName = Literal[
    "weighted", "ordered", "least_busy", "power_of_two", "cheapest", "fastest", "sticky", "hashed", "balanced"
]
"""How one of a model's targets is chosen."""


class RoutingSpec(Written, frozen=True):
    """Where requests of a model go for which an expression holds. The first rule that holds decides."""

    name: str = ""
    """What it is called in records and refusals. Left out, the model's name and its number."""
    when: str = ""
    """An expression of CEL over a request's facts; left out, it always holds."""
    to: tuple[str, ...] = ()
    """Targets by `provider/model` (a star stands for anything) or by their tags. Left out, all of the model's."""
    strategy: StrategyName | None = None
    """How one of these is chosen. Left out, as the model says."""
    deny: str = ""
    """Such requests are refused, and callers are told this."""
    priority: PriorityName | None = None
    """The highest class that such requests have where they wait, whatever key and model say."""
    zone: str = "UTC"
    """IANA time zone of the facts `date`, `time`, `hour` and `weekday`."""


class ModelRule(Written, frozen=True):
    """A name that callers may ask for. Short forms: `provider/model`, or a list of these, tried in that order."""

    targets: tuple[TargetRule | str, ...] = ()
    strategy: StrategyName | None = None
    """How one of the targets of an order is chosen. Left out, by `weight` where one is written, else by seconds (`balanced`)."""
    hash_by: str = "prompt"
    """What the strategy `hashed` goes by: the prompt's beginning, or `session`, `customer`, `tag:NAME`, `team` …"""
    within: float | None = None
    """Seconds to the first token: slower targets are left out while one keeps to it."""
    below: str | int | float | None = None
    """What one request may come to cost: dearer targets are left out while one is as cheap. `0.02 USD`."""
    routing: tuple[RoutingSpec, ...] = ()
    """By a request's facts, to which of the targets it goes."""
    fallbacks: tuple[str, ...] = ()
    """Other models, tried in order when all targets of this one have failed."""
    retry: RetryRule = RetryRule()
    hedge: Hedge | None = None
    continuation: Continuation | None = None
    queue: QueueRule | None = None
    """Left out, requests do not wait here: they go to the targets as they come."""
    priority: PriorityName | None = None
    """The highest class that its requests have where they wait."""
    """Ask a second target where the first is slow to begin. Left out: never."""
    spill: Spill | None = None
    """Use targets of the next order while those of the lowest are full. Left out: only where none of the lowest is available."""
    reserve: str | int | float | None = None
    """Set aside with each request of a key that has a budget, for what cannot be bounded: web searches, files by reference. `0.50 USD`."""
    owner: str = "headworks"
    """What the list of models says about who owns it."""
    versions: dict[str, VersionRule] = {}
    """By number, ascending. A model with versions has no targets of its own."""
    live: str | int = ""
    """Number of the version that is served where no rollout says otherwise. Left out: the only one."""


WrittenModel = str | tuple[str, ...] | ModelRule


def as_rule(written: WrittenModel) -> ModelRule:
    """The long form of any form."""
    if isinstance(written, ModelRule):
        return written
    models = (written,) if isinstance(written, str) else written
    return ModelRule(targets=tuple(TargetRule(model=model, order=order) for order, model in enumerate(models)))
