"""Providers, as an operator writes them."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.auth import AuthRule
from headworks.domain.config.engine import EngineRule
from headworks.domain.config.passthrough import PassThroughRule
from headworks.domain.config.replicas import ReplicasRule
from headworks.domain.config.written import Written
from headworks.domain.target import Tls


class TimeoutsRule(Written, frozen=True):
    """Seconds; what is left out is inherited. See `domain.target.Timeouts`."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None
    pool: float | None = None


class QuirksRule(Written, frozen=True):
    """Corrections to what the catalogue says of a provider's habits. See `domain.target.Quirks`."""

    max_tokens_field: str | None = None
    seed_field: str | None = None
    call_id_length: int | None = None
    stream_usage: bool | None = None
    drop: tuple[str, ...] | None = None
    no_system_after_first: bool | None = None
    developer_role: bool | None = None
    reasoning_field: str | None = None
    usage_in: str | None = None
    reasoning_beside_output: bool | None = None
    framing: str | None = None
    prefill: Literal["", "turn", "prefix", "flags"] | None = None
    vectors_by: str | None = None


class ProviderRule(Written, frozen=True):
    """One account with one provider. With an empty rule, everything comes from the catalogue's row of that name.

    `api_key` and the values of `headers` may be `${ENV}`, `${ENV:-default}` or `file:/path`.
    """

    type: str = ""
    """A row of the catalogue; left out, the provider's own name."""
    base_url: str = ""
    """With or without `/v1`; left out, the catalogue's."""
    replicas: ReplicasRule | tuple[str, ...] | None = None
    """Several machines that serve alike, instead of `base_url`: each is a target of its own wherever a model names this provider."""
    engine: EngineRule | str | None = None
    """What runs there, whose metrics are asked how busy it is: a word, or more of it."""
    resource: str = ""
    """The name that Azure puts into its host names."""
    location: str = ""
    """What the provider calls the place that serves: a region of AWS, a location of Google Cloud."""
    project: str = ""
    """The project of Google Cloud that is asked and pays."""
    api_key: str = ""
    """Left out, it is taken from the provider's usual environment variable."""
    auth: AuthRule | None = None
    """A credential that changes, instead of a key: who gives it, and by what."""
    headers: dict[str, str] = {}
    """Sent with every request, beside the usual ones."""
    dialects: tuple[str, ...] = ()
    """Those to speak with it, preferred first; left out, all that the catalogue names."""
    tls: Tls = Tls()
    proxy: str | None = None
    """URL of a forward proxy; empty for none; left out, `HTTPS_PROXY` and `NO_PROXY` decide."""
    region: str = ""
    """Where it serves, in your own words (`eu`, `us-east`): what `regions` of keys and policies go by. Left out, `location`."""
    data_classes: tuple[str, ...] = ()
    """Classes of data that it may be shown, beside what is in none: see `data_class` among the facts."""
    tenant: str = ""
    """Who alone uses this account, and may name files and other things in it by their own ids: the id of an organisation, `key:NAME`, or `*`
    where all callers are one house. Left out, tenants share it.
    """
    timeouts: TimeoutsRule = TimeoutsRule()
    max_connections: int | None = None
    quirks: QuirksRule = QuirksRule()
    passthrough: dict[str, PassThroughRule | None] = {}
    """Methods and paths that callers may be passed through to, beside the catalogue's: `POST /v1/ocr`."""
    mounts: tuple[str, ...] = ()
    """Beginnings of what is passed through that are served at the gateway's own paths, too: `files`, `batches`."""
    prices: str = ""
    """Id of the published price list to use instead of the catalogue's choice."""

    def __repr__(self) -> str:
        return f"<ProviderRule {self.type or 'by its name'}>"  # the key may be written in it
