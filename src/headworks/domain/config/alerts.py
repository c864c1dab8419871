"""Who is told of budgets, as an operator writes it."""

from __future__ import annotations

from typing import Literal

from headworks.domain.config.written import Written


class HookSpec(Written, frozen=True):
    """A destination that takes posts. `url` and `secret` may be `${ENV}` or `file:/path`."""

    url: str = ""
    secret: str = ""
    """What deliveries are signed with."""
    format: Literal["json", "slack"] = "json"
    allow_private: bool = False
    """It may be an address of this machine or of a private network."""

    def __repr__(self) -> str:
        return f"<HookSpec {self.format}>"  # the address of a hook is often its secret


class EmailSpec(Written, frozen=True):
    """A mail server, and who gets the mail."""

    host: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    port: int = 587
    user: str = ""
    password: str = ""
    security: Literal["starttls", "tls", "none"] = "starttls"

    def __repr__(self) -> str:
        return f"<EmailSpec {self.host}:{self.port}>"


class AlertsRule(Written, frozen=True):
    """Where alerts go. Each goes to all of them."""

    webhooks: dict[str, HookSpec] = {}
    email: EmailSpec | None = None
