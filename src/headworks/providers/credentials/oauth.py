"""Access tokens by client credentials (RFC 6749, section 4.4), from any server."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from urllib.parse import quote_plus, urlencode

import msgspec

from headworks.domain.config import OAuthAuth
from headworks.providers.credentials.held import Lease, Unobtainable
from headworks.providers.credentials.sources import Source

_PATIENCE = 10.0
_NANOSECONDS = 10**9
_LARGEST = 65_536
_LIFE = 300.0
"""Seconds, where the server does not tell."""


class _Given(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A secret goes to where the operator sends it and nowhere else."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def oauth_source(rule: OAuthAuth, wall_ns: Callable[[], int]) -> Source:
    """Of the server that is written, which tells how long they last."""
    return partial(_token, rule, wall_ns)


def _token(rule: OAuthAuth, wall_ns: Callable[[], int]) -> Lease:
    asked = wall_ns() / _NANOSECONDS
    try:
        given = msgspec.json.decode(_post(rule), type=_Given)
        life = float(given.expires_in) if given.expires_in is not None else _LIFE
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise Unobtainable(f"{rule.token_url} answered with something that is no token.") from None
    return Lease(given.access_token, asked + life)


def _post(rule: OAuthAuth) -> bytes:
    form = {"grant_type": "client_credentials", "scope": rule.scope, "audience": rule.audience}
    shown = base64.b64encode(f"{quote_plus(rule.client_id)}:{quote_plus(rule.client_secret)}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - compiling lets no other scheme than HTTP's through
        rule.token_url,
        urlencode({name: value for name, value in form.items() if value}).encode(),
        {"authorization": f"Basic {shown}", "accept": "application/json"},
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_PATIENCE) as answer:
            return answer.read(_LARGEST)
    except urllib.error.HTTPError as refused:
        with refused:
            words = refused.read(_LARGEST).decode("utf-8", "replace").replace(shown, "[redacted]")
        raise Unobtainable(f"{rule.token_url} answered with {refused.code}: {words}") from None
    except OSError as trouble:
        raise Unobtainable(f"{rule.token_url} cannot be asked: {trouble}") from None
