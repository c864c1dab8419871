"""Client keys, as an operator writes them."""

from __future__ import annotations

from headworks.domain.config.written import Written


class LimitsRule(Written, frozen=True):
    """What one key may use. Left out: no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None
    budget: str | int | float | None = None
    """`10 USD`."""


class KeyRule(Written, frozen=True):
    """One client key, by itself (`${ENV}`, `file:/path`) or by its SHA-256 in hex."""

    key: str = ""
    sha256: str = ""
    team: str = ""
    models: tuple[str, ...] | None = None
    """Names or globs; left out: all."""
    features: tuple[str, ...] = ()
    """What it may use beyond the plain request, such as `service_tier` or `web_search`."""
    limits: LimitsRule = LimitsRule()

    def __repr__(self) -> str:
        return f"<KeyRule {self.team or 'without team'}>"  # the key may be written in it
