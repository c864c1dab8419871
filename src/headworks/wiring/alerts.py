"""Who is told of budgets, as the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headworks.control.alerts import Destination
from headworks.domain.config.alerts import AlertsRule
from headworks.exporters.alerts import EmailRule, Hook, HookRule, Mail
from headworks.wiring.database import resolved


def destinations_of(alerts: AlertsRule, base: Path, environment: Mapping[str, str]) -> tuple[Destination, ...]:
    """With the references in addresses and secrets followed. Raises `OSError` for an unreadable file."""

    def text(written: str) -> str:
        return resolved(written, base, environment)

    hooks = tuple(
        Hook(
            HookRule(
                url=text(spec.url),
                secret=text(spec.secret),
                slack=spec.format == "slack",
                allow_private=spec.allow_private,
            )
        )
        for spec in alerts.webhooks.values()
    )
    mail = alerts.email
    if mail is None:
        return hooks
    rule = EmailRule(
        host=mail.host,
        port=mail.port,
        user=text(mail.user),
        password=text(mail.password),
        sender=mail.sender,
        to=mail.to,
        security=mail.security,
    )
    return (*hooks, Mail(rule))
