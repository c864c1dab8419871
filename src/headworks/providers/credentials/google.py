"""Access tokens of Google Cloud, from wherever its own tools find a credential."""

from __future__ import annotations

from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from headworks.domain.config import GoogleAuth
from headworks.providers.credentials.held import Lease, Unobtainable
from headworks.providers.credentials.sources import Source

_PATIENCE = 10


def google_source(rule: GoogleAuth) -> Source:
    """Of the file that is written, or the application default credentials."""
    return partial(_refreshed, rule)


def _refreshed(rule: GoogleAuth) -> Lease:
    from google.auth.transport.requests import Request  # noqa: PLC0415 - an extra

    found = _found(rule)
    found.refresh(partial(Request(), timeout=_PATIENCE))
    ends = found.expiry  # UTC, though it does not say so
    return Lease(found.token, ends.replace(tzinfo=UTC).timestamp() if ends is not None else None)


def _found(rule: GoogleAuth) -> Any:
    from google import auth  # noqa: PLC0415 - an extra

    scopes = list(rule.scopes)
    if not rule.file:
        return auth.default(scopes=scopes)[0]
    try:
        facts: dict[str, Any] = msgspec.json.decode(Path(rule.file).read_bytes(), type=dict[str, Any])
    except OSError as trouble:
        raise Unobtainable(f"{rule.file} cannot be read: {trouble.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unobtainable(f"{rule.file} is no file of a credential of Google.") from None
    return _made(facts, scopes)


def _made(facts: dict[str, Any], scopes: list[str]) -> Any:
    """By the kinds of file that name no program to run."""
    from google.auth import aws, identity_pool  # noqa: PLC0415 - an extra
    from google.oauth2 import credentials, service_account  # noqa: PLC0415 - likewise

    match facts.get("type"):
        case "service_account":
            return service_account.Credentials.from_service_account_info(facts, scopes=scopes)
        case "authorized_user":
            return credentials.Credentials.from_authorized_user_info(facts, scopes=scopes)
        case "external_account" if "executable" not in facts.get("credential_source", {}):
            federated = aws if "environment_id" in facts.get("credential_source", {}) else identity_pool
            return federated.Credentials.from_info(facts, scopes=scopes)
        case kind:
            raise Unobtainable(f"A file of type {kind!r} is not understood: give a service account's, or one of a federation.")
