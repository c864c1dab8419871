"""Sends alerts by e-mail, through a server that takes them (SMTP)."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

import msgspec

from headworks.domain.alerts import BudgetAlert
from headworks.exporters.alerts.webhook import NotDelivered

_TIMEOUT = 15.0


class EmailRule(msgspec.Struct, frozen=True, kw_only=True):
    """`security` is `starttls`, `tls` or `none`."""

    host: str
    port: int = 587
    user: str = ""
    password: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    security: str = "starttls"

    def __repr__(self) -> str:
        return f"<EmailRule {self.host}:{self.port} → {len(self.to)}>"


class Mail:
    """Delivers to all receivers in one message."""

    def __init__(self, rule: EmailRule) -> None:
        self.rule = rule

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"email:{self.rule.host}:{self.rule.port}"

    def deliver(self, alert: BudgetAlert, wall_ns: int) -> None:  # noqa: ARG002 - every destination is told the time
        """Raises `NotDelivered`."""
        try:
            with self._connected() as server:
                if self.rule.user:
                    server.login(self.rule.user, self.rule.password)
                server.send_message(self._message(alert))
        except (OSError, smtplib.SMTPException) as trouble:
            raise NotDelivered(f"{self.name}: {type(trouble).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        rule = self.rule
        if rule.security == "tls":
            return smtplib.SMTP_SSL(rule.host, rule.port, timeout=_TIMEOUT, context=ssl.create_default_context())
        server = smtplib.SMTP(rule.host, rule.port, timeout=_TIMEOUT)
        if rule.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        return server

    def _message(self, alert: BudgetAlert) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = (
            f"Budget '{_plain(alert.budget)}' of {_plain(alert.owner_name or alert.owner)} at {alert.threshold:.0%}"
        )
        message["From"] = self.rule.sender or self.rule.user
        message["To"] = ", ".join(self.rule.to)
        message["X-Headworks-Alert"] = _plain(alert.id)
        message.set_content(alert.words + "\n")
        return message


def _plain(text: str) -> str:
    """Names are other people's: none of them gets a header of its own."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]
