"""The compiled configuration: immutable, swapped by one assignment, alive until the last call pinned to it ends."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from heapq import nlargest
from itertools import islice, pairwise
from typing import Annotated, Literal

import msgspec

from headworks.domain.hedge import Hedge
from headworks.domain.issuer import IdentitySettings
from headworks.domain.limits.limit import Limit
from headworks.domain.money import PriceCard
from headworks.domain.partial import Continuation
from headworks.domain.passthrough import PassThrough
from headworks.domain.policy import PolicyRule
from headworks.domain.principal import Principal
from headworks.domain.profile import UNKNOWN, Profile
from headworks.domain.prompt import Template
from headworks.domain.retry import RetryBudgetSettings, RetryPolicy
from headworks.domain.routing import RoutingRule
from headworks.domain.shape import Parameters
from headworks.domain.spill import Spill
from headworks.domain.target import AskedModel, Target

PROMPT = "prompt"
"""The prompt's beginning, as something to go by."""
LONGEST_NAME = 256
"""Characters of a model's name as callers may write it."""
_LOOKED_AT = 2_000
_COMPARED = 20
"""Comparing two names closely takes some 50 µs on the loop: only so many, of those that share the most pairs of letters."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of models tells of one."""

    name: AskedModel
    created: int = 0
    owner: str = "headworks"
    profile: Profile = UNKNOWN
    price: PriceCard | None = None
    """What its first target costs."""
    live: str = ""
    """Number of the version that is served where no rollout says otherwise; empty where it has none."""
    numbers: tuple[str, ...] = ()
    """Of its versions, ascending."""


class Model(Listed, frozen=True, kw_only=True):
    """A name that callers may ask for, and where it can be had. `fallbacks` are other models' names, tried in order when all
    targets of this one have failed.
    """

    targets: tuple[Target, ...]
    fallbacks: tuple[AskedModel, ...] = ()
    retry: RetryPolicy = RetryPolicy()
    needs: tuple[str, ...] = ()
    """Features that asking for it takes: see `governed.py`."""
    reserve: int = 0
    """Set aside with each request for what cannot be bounded, nano-units."""
    strategy: str = "weighted"
    """How one of the targets is chosen."""
    hash_by: str = PROMPT
    """What the strategy `hashed` goes by: `PROMPT`, or what limits can be told apart by."""
    within: float | None = None
    """Seconds to the first token that its targets have to keep to, where one does."""
    below: int | None = None
    """What one request may come to cost at its targets, where one is as cheap, nano-units."""
    routing: tuple[RoutingRule, ...] = ()
    """The first whose condition holds says which of its targets a request goes to."""
    versions: Mapping[str, Version] = {}
    """By number. Of a model that has some, targets and retries are those of the live one."""
    hedge: Hedge | None = None
    continuation: Continuation | None = None
    spill: Spill | None = None

    @property
    def bounded(self) -> bool:
        """Whether its targets have to keep to something."""
        return self.within is not None or self.below is not None

    @property
    def every_target(self) -> tuple[Target, ...]:
        """Of all versions."""
        more = [target for version in self.versions.values() for target in version.targets if target not in self.targets]
        return (*self.targets, *more) if more else self.targets


class Version(Model, frozen=True, kw_only=True):
    """A model as one of its versions has it: what is planned with once a request is assigned to it."""

    number: str
    digest: str
    """Of what is written of it: see `versions.digest_of`."""
    defaults: Parameters = {}
    fixed: Parameters = {}
    template: Template | None = None
    """Put before what callers say."""
    guards: tuple[str, ...] = ()
    """Names of guards that judge what it is asked, besides those that judge the caller."""


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When a target is left alone. Seconds, counts."""

    failures: int = 5
    """Failures in a row that open the circuit."""
    open_for: float = 10.0
    """Until a probe is let through; doubled at each failed probe up to `open_cap`."""
    open_cap: float = 120.0
    cooldown: float = 1.0
    """Pause after a 429 or 503 that named no time."""
    cooldown_cap: float = 60.0
    error_share: float = 0.5
    """A target of which more than this share of recent attempts failed is ejected: left alone while at least half of its model's are well."""
    samples: Annotated[int, msgspec.Meta(ge=1)] = 10
    """Attempts that must have been seen before that is judged."""
    eject_for: float = 30.0
    """The first time; twice as long the second, three times the third, up to `eject_cap`."""
    eject_cap: float = 300.0
    slower: float = 5.0
    """A target is ejected, too, whose first words take so many times as long as its peers', sent the same model; 0: never."""
    ramp: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """In which the share of a target rises that is new or comes back."""


class Cors(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Which web pages may call us. No origins: none."""

    origins: tuple[str, ...] = ()
    headers: tuple[str, ...] = (
        "authorization",
        "content-type",
        "x-api-key",
        "anthropic-version",
        "anthropic-beta",
        "idempotency-key",
        "x-stainless-*",
    )
    expose: tuple[str, ...] = (
        "x-request-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "idempotent-replayed",
        "x-headworks-model",
        "x-headworks-provider",
        "x-headworks-version",
        "x-headworks-cost",
        "x-headworks-cache",
        "x-headworks-attempts",
        "x-headworks-downgrades",
    )
    """All that the gateway itself says in headers."""
    max_age: int = 600
    credentials: bool = False


class EdgeSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The front door. Sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: int = 4455
    max_header_bytes: int = 32_768
    max_body_bytes: int = 33_554_432
    max_upload_bytes: int = 536_870_912
    """Of a form with files. Never less than of any other body."""
    upload_ahead_bytes: int = 33_554_432
    """Of the files of a form, put aside before it is sent on: up to so many it can be sent again, and its fields may stand behind them."""
    uploads_aside_bytes: int = 2_147_483_648
    """Of all forms put aside at one time, by one process. As it is at start."""
    max_connections: int = 10_000
    header_timeout: float = 10.0
    """From a connection's first byte of a request to the end of its headers."""
    body_timeout: float = 60.0
    """For the whole body."""
    idle_timeout: float = 75.0
    """Between requests on a kept connection."""
    request_timeout: float = 900.0
    """From headers to the last byte of the answer."""
    write_timeout: float = 60.0
    """How long a client may take none of what we have for it."""
    write_high_water: int = 262_144
    drain: float = 30.0
    """After SIGTERM: how long answers under way may go on."""
    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    client_certificates: Literal["required", "optional"] = "required"
    """With `client_ca_file`: whether one may come without."""
    client_crl_file: str = ""
    cors: Cors = Cors()


class ControlSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The back door: metrics, admin. Loopback unless told otherwise."""

    host: str = "127.0.0.1"
    port: int = 4456
    url: str = ""
    """What people's browsers call it, as in `https://headworks.example.com`; empty: by its address on this machine."""


class JournalSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where the record of exchanges is kept. `on_full` is `refuse` (stop serving) or `drop` (stop journaling, loudly)."""

    directory: str = ""
    segment_bytes: int = 67_108_864
    segment_seconds: float = 3600.0
    keep_days: float = 30.0
    on_full: str = "refuse"


class LogSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line a request on standard output. `format` is `json`, `human` or `auto` (human on a terminal, else JSON);
    `detail` is `off`, `summary` or `full` (stages, tries and notes too).
    """

    format: str = "auto"
    detail: str = "summary"


class CacheSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Exact answers kept in memory. Off unless asked for."""

    enabled: bool = False
    seconds: float = 300.0
    max_bytes: int = 67_108_864
    zero_retention: bool = False
    """No answer outlives its request: of an Idempotency-Key only what it was used for is known."""


class ClusterSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where several gateways count together. Without `url` each counts by itself."""

    url: str = ""
    """`valkey://`, `valkeys://` (TLS) or `valkey+unix://`; it may hold a password."""
    timeout_ms: float = 20.0
    """How long a request waits for the server."""
    local_allowance: float = 0.05
    """The part of each limit with `on_loss: closed` that one gateway may let pass by itself while the server can't be asked."""


class ShadowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What rollouts may ask of candidates besides."""

    concurrent: int = 4
    """Shadows under way at once."""
    waiting: int = 16
    """Those that wait for their turn. Beyond that they are dropped."""
    limits: tuple[Limit, ...] = ()
    """Of all shadows together, hard budgets among them."""
    soft_budgets: tuple[Limit, ...] = ()


KEPT = "kept"


class CustomerSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is kept of the customers that callers name. `names` is `none` (references alone) or `kept` (names too, enciphered)."""

    names: str = "none"


class GuardRule(msgspec.Struct, frozen=True, kw_only=True):
    """One judge. `kind` names it; `patterns` are regular expressions (RE syntax of Python) that must not occur in a question."""

    name: str
    kind: str = "pattern"
    patterns: tuple[str, ...] = ()
    action: str = "block"
    named: bool = False
    """It judges only the callers of whom a level names it."""


def _nothing(_name: str) -> Model | None:
    return None


def _climbs(name: str) -> bool:
    """Whether a part of it stands for another folder."""
    return "." in name and any(part in (".", "..") for part in name.replace("\\", "/").split("/"))


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a request needs to know of the configuration. `revision` is the content hash of the document and price table.

    `principals` maps the SHA-256 of a configured key to its holder. `resolve` answers for names outside `models`
    (wildcards such as `openai/*`), bounded and cached by its maker; `known` are those of which it is known that their provider has them.
    With `open_door` no key is asked for.
    """

    revision: str
    models: Mapping[str, Model] = {}
    principals: Mapping[bytes, Principal] = {}
    resolve: Callable[[str], Model | None] = _nothing
    patterns: tuple[str, ...] = ()
    known: tuple[Listed, ...] = ()
    passthrough: Mapping[str, PassThrough] = {}
    """By provider: what may be asked of it beyond what is known here."""
    mounts: Mapping[bytes, bytes] = {}
    """Beginnings of paths of our own → what of a provider they stand for: `files` → `openai/v1`."""
    edge: EdgeSettings = EdgeSettings()
    control: ControlSettings = ControlSettings()
    journal: JournalSettings = JournalSettings()
    logs: LogSettings = LogSettings()
    cache: CacheSettings = CacheSettings()
    customers: CustomerSettings = CustomerSettings()
    shadows: ShadowSettings = ShadowSettings()
    limits: tuple[Limit, ...] = ()
    """Of all callers together, whoever they are, hard budgets among them."""
    soft_budgets: tuple[Limit, ...] = ()
    """Likewise."""
    guards: tuple[GuardRule, ...] = ()
    policies: tuple[PolicyRule, ...] = ()
    breaker: Breaker = Breaker()
    retry_budget: RetryBudgetSettings = RetryBudgetSettings()
    unpriced: str = "refuse"
    """What happens to a model without a price: `refuse`, or `free` (explicitly allowed at zero)."""
    open_door: bool = False
    database: str = ""
    """Its address as it was at start, which may hold a password; empty: beside the journal."""
    identity: IdentitySettings = IdentitySettings()
    cluster: ClusterSettings = ClusterSettings()

    def find(self, name: str) -> Model | None:
        """The model of that name, or None. A pattern is no name, one longer than `LONGEST_NAME` is nobody's, and one that patterns would
        answer for must lead to no other path where a provider's address holds it.
        """
        if len(name) > LONGEST_NAME:
            return None
        return self.models.get(name) or (None if "*" in name or _climbs(name) else self.resolve(name))

    def names_for(self, principal: Principal) -> list[str]:
        """What this caller may ask for, in few words and sorted: fixed names, patterns as they are written (`openai/*`), and the names
        and narrower patterns of its own that one of these answers for.
        """
        allowed = {name for name in (*self.models, *self.patterns) if principal.may_use(name)}
        own = (name for name in principal.named if name not in allowed and self.resolve(name) is not None)
        return sorted(allowed.union(own))

    def listed_for(self, principal: Principal) -> list[Listed]:
        """The models that this caller may ask for by these very names, sorted by them: the configured ones, those that patterns answer
        for as far as they are known, and those that its key names. Patterns themselves only match.
        """
        own = (model for name in principal.named if name not in self.models and (model := self.find(name)) is not None)
        allowed = (model for model in (*self.known, *self.models.values()) if principal.may_use(model.name))
        listed = {model.name: model for model in (*own, *allowed)}
        return [listed[name] for name in sorted(listed)]

    def suggest(self, name: str, principal: Principal) -> list[str]:
        """Up to three allowed names that look like `name`."""
        if len(name) > LONGEST_NAME:
            return []
        pairs = set(pairwise(name))
        known = islice((model for model in self.models if principal.may_use(model)), _LOOKED_AT)
        likely = nlargest(_COMPARED, known, key=lambda model: len(pairs.intersection(pairwise(model))))
        return difflib.get_close_matches(name, likely, n=3, cutoff=0.5)

    def __repr__(self) -> str:
        return f"<Snapshot rev {self.revision[:12]} · {len(self.models)} models · {len(self.principals)} keys>"
