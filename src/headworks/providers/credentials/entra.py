"""Access tokens of Microsoft Entra ID."""

from __future__ import annotations

from functools import partial
from typing import Any

from headworks.domain.config import EntraAuth
from headworks.providers.credentials.held import Lease
from headworks.providers.credentials.sources import Source

_PATIENCE = 10


def entra_source(rule: EntraAuth) -> Source:
    """Of the application that is written, or azure-identity's default search."""
    return partial(_token, rule)


def _token(rule: EntraAuth) -> Lease:
    with _credential(rule) as credential:
        given = credential.get_token(rule.scope)
    return Lease(given.token, float(given.expires_on))


def _credential(rule: EntraAuth) -> Any:
    from azure.identity import ClientSecretCredential, DefaultAzureCredential  # noqa: PLC0415 - an extra

    options: dict[str, Any] = {"connection_timeout": _PATIENCE, "read_timeout": _PATIENCE, "retry_total": 0}
    if rule.authority:
        options |= {"authority": rule.authority, "disable_instance_discovery": True}  # which knows the public clouds alone
    if rule.client_secret:
        return ClientSecretCredential(rule.tenant, rule.client_id, rule.client_secret, **options)
    if rule.client_id:
        options["managed_identity_client_id"] = rule.client_id
    return DefaultAzureCredential(**options)
