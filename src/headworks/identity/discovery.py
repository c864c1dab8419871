"""What an issuer publishes of itself (OpenID Connect Discovery): believed only where it says to be the one that was asked."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from headworks.domain.issuer import Issuer, is_guarded
from headworks.identity.resolved import Fetch


class Unreadable(Exception):
    """What an issuer publishes cannot be had, or used. The text is for operators."""


class Published(msgspec.Struct):
    """What every discovery document must hold."""

    issuer: str
    jwks_uri: str


class PublishedProvider(Published):
    """And what signing in takes."""

    authorization_endpoint: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


Document = TypeVar("Document", bound=Published)


async def discovered(issuer: Issuer, fetch: Fetch, kind: type[Document]) -> Document:
    """The document of this issuer, with addresses that nobody can listen in on. Raises `OSError`, `msgspec.DecodeError`, `Unreadable`."""
    base = issuer.issuer.rstrip("/")
    document = msgspec.json.decode(await fetch(f"{base}/.well-known/openid-configuration"), type=kind)
    if document.issuer != issuer.issuer:
        raise Unreadable(f"the discovery document of the issuer {issuer.name} is somebody else's")
    for name, address in msgspec.structs.asdict(document).items():
        if name.endswith(("_endpoint", "_uri")) and not _is_guarded(address, base):
            raise Unreadable(f"the {name} of the issuer {issuer.name} is at an address without TLS")
    return document


def _is_guarded(address: object, base: str) -> bool:
    """An issuer without TLS, on this machine, may have all of its addresses so."""
    assert isinstance(address, str)
    return is_guarded(address) and (address.startswith("https://") or base.startswith("http://"))
