"""Where credentials come from. Each source asks somebody and waits: it is run in a thread, never on the loop."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from headworks.domain.config import AuthRule, AwsAuth, EntraAuth, GoogleAuth, OAuthAuth
from headworks.providers.credentials.held import Lease, Unobtainable

Source = Callable[[], Lease]
"""Raises `Unobtainable`."""

_SECRETS = ("secret_access_key", "session_token", "client_secret")
_TOKENS = re.compile(r"\b(?:eyJ|ya29\.)[A-Za-z0-9_\-.]{8,}")
_TALKATIVE = ("azure", "msal", "botocore", "google", "urllib3")
_VISIBLE = re.compile(r"[!-~]+")
"""What a header can hold, without spaces."""
_LONGEST = 400


def obtain(rule: AuthRule, wall_ns: Callable[[], int]) -> Lease:
    """Ask for what a rule says. Slow. Raises `Unobtainable`, in the words of whoever was asked, without secrets."""
    _quieten()
    try:
        return _usable(_source_of(rule, wall_ns)())
    except Unobtainable as trouble:
        raise Unobtainable(_told(str(trouble), rule)) from None
    except Exception as trouble:  # noqa: BLE001 - the vendors' libraries raise what they like, and a keeper must go on
        raise Unobtainable(_told(f"{type(trouble).__name__}: {trouble}", rule)) from None


def _usable(lease: Lease) -> Lease:
    """Raises `Unobtainable` for what every request would fail over."""
    value = lease.value
    shown = (value,) if isinstance(value, str) else (value.access_key_id, value.session_token or "-")
    if not all(_VISIBLE.fullmatch(each) for each in shown):
        raise Unobtainable("what was given is no credential: it is empty, or has letters that no header can hold.")
    if lease.ends is not None and not math.isfinite(lease.ends):
        raise Unobtainable("what was given ends at no time that there is.")
    return lease


def _quieten() -> None:
    """The libraries log what they are answered, as it comes: a keeper tells it, without secrets."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _source_of(rule: AuthRule, wall_ns: Callable[[], int]) -> Source:
    # Each imports its vendor's library, which only those have who use it.
    match rule:
        case AwsAuth():
            from headworks.providers.credentials.aws import aws_source  # noqa: PLC0415

            return aws_source(rule)
        case GoogleAuth():
            from headworks.providers.credentials.google import google_source  # noqa: PLC0415

            return google_source(rule)
        case EntraAuth():
            from headworks.providers.credentials.entra import entra_source  # noqa: PLC0415

            return entra_source(rule)
        case OAuthAuth():
            from headworks.providers.credentials.oauth import oauth_source  # noqa: PLC0415

            return oauth_source(rule, wall_ns)


def _told(words: str, rule: AuthRule) -> str:
    for name in _SECRETS:
        secret = getattr(rule, name, "")
        for spelling in (secret, quote_plus(secret), quote(secret), quote(secret, safe="")) if secret else ():
            words = words.replace(spelling, "[redacted]")
    plain = " ".join(_TOKENS.sub("[redacted]", words).split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
