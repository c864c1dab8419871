"""Client keys, as an operator writes them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from headworks.domain.config.limits import LimitsRule
from headworks.domain.config.queue import PriorityName
from headworks.domain.config.written import Written


class KeyRule(Written, frozen=True):
    """One client key, by itself (`${ENV}`, `file:/path`) or by its SHA-256 in hex."""

    key: str = ""
    sha256: str = ""
    team: str = ""
    models: tuple[str, ...] | None = None
    """Names or globs; left out: all."""
    features: tuple[str, ...] | None = None
    """What it may use beyond the plain request, such as `service_tier` or `web_search`: see `domain.features`."""
    endpoints: tuple[str, ...] | None = None
    """Kinds of request; left out: all."""
    providers: tuple[str, ...] | None = None
    """Who may serve it; left out: all."""
    regions: tuple[str, ...] | None = None
    """Where it may be served; left out: anywhere."""
    policies: tuple[str, ...] = ()
    """Those with `applies: named` that apply to it."""
    guards: tuple[str, ...] = ()
    """Those with `applies: named` that judge it."""
    tags: dict[str, str] = {}
    """For policies and reports; callers cannot change them."""
    limits: LimitsRule = LimitsRule()
    priority: PriorityName = "default"
    """The highest class that its requests have where they wait for a model."""
    share: Annotated[float, Meta(gt=0)] = 1.0
    """Of a model that several wait for, where that of most is 1."""

    def __repr__(self) -> str:
        return f"<KeyRule {self.team or 'without team'}>"  # the key may be written in it
