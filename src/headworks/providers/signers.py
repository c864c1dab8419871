"""Ways to show a provider a key: each turns the key into request headers. A new scheme is a new line here.

Some providers are rather asked with a credential that changes: their ways name who gives it, and how a key is shown where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from headworks.domain.config import AuthRule, AwsAuth, EntraAuth, GoogleAuth, OAuthAuth

Signer = Callable[[str], dict[str, str]]
"""Key → headers (lower-case names)."""


def bearer(key: str) -> dict[str, str]:
    """RFC 6750, as OpenAI and nearly everybody."""
    return {"authorization": f"Bearer {key}"}


def x_api_key(key: str) -> dict[str, str]:
    """As Anthropic."""
    return {"x-api-key": key}


def api_key(key: str) -> dict[str, str]:
    """As Azure."""
    return {"api-key": key}


def x_goog_api_key(key: str) -> dict[str, str]:
    """As Google."""
    return {"x-goog-api-key": key}


def unsigned(_key: str) -> dict[str, str]:
    """No credential: the way there is guarded otherwise (mutual TLS, a header of the operator's)."""
    return {}


SIGNERS: Mapping[str, Signer] = {
    "bearer": bearer,
    "x-api-key": x_api_key,
    "api-key": api_key,
    "x-goog-api-key": x_goog_api_key,
    "none": unsigned,
    "aws": bearer,
    "google": x_goog_api_key,
    "entra": api_key,
    "oauth": bearer,
}

OBTAINED: Mapping[str, type[AuthRule]] = {"aws": AwsAuth, "google": GoogleAuth, "entra": EntraAuth, "oauth": OAuthAuth}
"""Signers of credentials that change, and what is written of them."""
