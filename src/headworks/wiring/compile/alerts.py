"""Whether alerts can reach anybody. Who they reach, the control process works out for itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from headworks.domain.config.alerts import AlertsRule, EmailSpec
from headworks.wiring.compile.bench import Bench

_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def check_alerts(bench: Bench, alerts: AlertsRule) -> None:
    """Note destinations that are none. Their secrets go into the revision as digests."""
    for name, spec in alerts.webhooks.items():
        path = ("alerts", "webhooks", name)
        url = bench.secret(spec.url, (*path, "url"))
        bench.secret(spec.secret, (*path, "secret"))
        if urlsplit(url).scheme not in {"https", "http"} or not urlsplit(url).hostname:
            bench.wrong((*path, "url"), "This is no address of the web.", "Write https://HOST/PATH, or ${NAME} for one.")
    if alerts.email is not None:
        _check_email(bench, alerts.email)


def _check_email(bench: Bench, mail: EmailSpec) -> None:
    bench.secret(mail.password, ("alerts", "email", "password"))
    if mail.password and mail.security == "none" and mail.host not in _HERE:
        bench.wrong(("alerts", "email", "security"), "The password would travel in the open.", "Write starttls or tls.")
    for field in ("host", "sender", "to"):
        if not getattr(mail, field):
            bench.wrong(("alerts", "email"), f"'{field}' is missing.", "Mail needs host, sender and to.")
