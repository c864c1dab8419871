"""What an operator writes in `headworks.yaml`. It says what is wanted; `wiring.compile` makes a `Snapshot` of it."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.alerts import AlertsRule
from headworks.domain.config.auth import AuthRule, AwsAuth, EntraAuth, GoogleAuth, OAuthAuth
from headworks.domain.config.engine import EngineRule, as_engine
from headworks.domain.config.identity import CertificatesRule, IdentityRule, IssuerRule
from headworks.domain.config.key import KeyRule
from headworks.domain.config.limits import BudgetEntry, LimitEntry, LimitsRule, RolloverEntry, values_of
from headworks.domain.config.model import (
    ModelRule,
    ParametersRule,
    ProfileRule,
    RetryRule,
    RoutingSpec,
    StrategyName,
    TargetRule,
    VersionRule,
    WrittenModel,
    as_rule,
)
from headworks.domain.config.oidc import MappedRole, OidcRule, RolesRule
from headworks.domain.config.passthrough import PassThroughRule
from headworks.domain.config.policy import PolicySpec
from headworks.domain.config.price import PriceRule, TieredPrice, WrittenPrices, WrittenRate, nanos_of
from headworks.domain.config.prompt import PromptRule, TurnRule, VariableRule
from headworks.domain.config.provider import ProviderRule, QuirksRule, TimeoutsRule
from headworks.domain.config.queue import PriorityName, QueueRule
from headworks.domain.config.replicas import KubernetesRule, ReplicasRule, as_pool
from headworks.domain.config.shadows import ShadowsRule
from headworks.domain.config.written import Written, overlay
from headworks.domain.retry import RetryBudgetSettings
from headworks.domain.snapshot import (
    Breaker,
    CacheSettings,
    ClusterSettings,
    ControlSettings,
    CustomerSettings,
    EdgeSettings,
    JournalSettings,
    LogSettings,
)

__all__ = [
    "AuthRule",
    "AwsAuth",
    "BudgetEntry",
    "CertificatesRule",
    "Config",
    "EngineRule",
    "EntraAuth",
    "GoogleAuth",
    "GuardSpec",
    "IdentityRule",
    "IssuerRule",
    "KeyRule",
    "KubernetesRule",
    "LimitEntry",
    "LimitsRule",
    "MappedRole",
    "ModelRule",
    "OAuthAuth",
    "OidcRule",
    "ParametersRule",
    "PassThroughRule",
    "PolicySpec",
    "PriceRule",
    "PriorityName",
    "ProfileRule",
    "PromptRule",
    "ProviderRule",
    "QueueRule",
    "QuirksRule",
    "ReplicasRule",
    "RetryRule",
    "RolesRule",
    "RolloverEntry",
    "RoutingSpec",
    "ShadowsRule",
    "StrategyName",
    "TargetRule",
    "TieredPrice",
    "TimeoutsRule",
    "TurnRule",
    "VariableRule",
    "VersionRule",
    "Written",
    "WrittenModel",
    "WrittenPrices",
    "WrittenRate",
    "as_engine",
    "as_pool",
    "as_rule",
    "nanos_of",
    "overlay",
    "values_of",
]


class GuardSpec(Written, frozen=True):
    """A guard by name: `patterns` are regular expressions that must not occur in a question."""

    kind: Literal["pattern"] = "pattern"
    patterns: tuple[str, ...] = ()
    action: Literal["block"] = "block"
    applies: Literal["all", "named"] = "all"
    """To all callers, or to those only whose key, or a level above it, names it."""


class Config(Written, frozen=True):
    """The whole document. Names are the operator's own: providers, models and keys are maps from name to rule."""

    providers: dict[str, ProviderRule | None] = {}
    models: dict[str, WrittenModel] = {}
    prompts: dict[str, dict[str, PromptRule]] = {}
    """By name and number: text that versions of models put before what callers say."""
    keys: dict[str, KeyRule] = {}
    limits: dict[str, LimitEntry] = {}
    """What all callers together may use, of a model or of all."""
    budgets: dict[str, BudgetEntry] = {}
    """What all callers together may spend."""
    prices: dict[str, PriceRule | Literal["free"]] = {}
    """By `provider/model` or a glob of these; they go before published prices."""
    price_table: str = ""
    """A file made by `headworks prices`, instead of the shipped one."""
    unpriced: Literal["refuse", "free"] = "refuse"
    timeouts: TimeoutsRule = TimeoutsRule()
    retries: RetryRule = RetryRule()
    retry_budget: RetryBudgetSettings = RetryBudgetSettings()
    breaker: Breaker = Breaker()
    server: EdgeSettings = EdgeSettings()
    control: ControlSettings = ControlSettings()
    journal: JournalSettings = JournalSettings()
    logs: LogSettings = LogSettings()
    cache: CacheSettings = CacheSettings()
    customers: CustomerSettings = CustomerSettings()
    shadows: ShadowsRule = ShadowsRule()
    guards: dict[str, GuardSpec] = {}
    policies: dict[str, PolicySpec] = {}
    identity: IdentityRule = IdentityRule()
    alerts: AlertsRule = AlertsRule()
    config_from: Literal["file", "database"] = "file"
    """`database`: gateways run the active revision that is kept there, and of this file only what is read at start."""
    database: str = ""
    """`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`. Left out: `headworks.db` beside the journal's directory."""
    cluster: ClusterSettings = ClusterSettings()
    """Where several gateways count together."""
    open_door: bool = False
    """Serve callers without a key. For a gateway that only you can reach."""
