"""Principals of those who hold no key: somebody whom we trust has vouched for what they claim."""

from __future__ import annotations

from hashlib import sha256

from headworks.domain.issuer import Issuer
from headworks.domain.principal import Principal
from headworks.identity.claims import claimed
from headworks.identity.jwt import Claims, ends_at, refused
from headworks.identity.principals import Standing, principal

NANOSECONDS = 10**9
REMEMBERED = 60.0
"""Seconds for which a judgement may be remembered, at most."""
_FOR_EVER = 4_102_444_800
"""The year 2100: enough for a token, and no number that arithmetic could stumble over."""
_HASHED = 32
"""Hex digits that tell subjects apart: 128 bits."""


def bearer(claims: Claims, issuer: Issuer, standing: Standing) -> Principal:
    """Who asks with these claims, standing where they lead. Raises `Fault` `invalid_api_key`."""
    ends = ends_of(claims, issuer) * NANOSECONDS
    return principal(standing, _id(claims, issuer), issuer.title, min(ends, standing.expires_at or ends))


def ends_of(claims: Claims, issuer: Issuer) -> int:
    """When they count no longer, seconds since the epoch."""
    return int(min(ends_at(claims), _FOR_EVER)) + int(issuer.leeway)


def _id(claims: Claims, issuer: Issuer) -> str:
    """Unique over issuers; the subject itself, often an e-mail address, is in no log."""
    subjects = claimed(claims, issuer.claims.subject)
    if len(subjects) != 1:
        raise refused("It says nothing of whom it speaks for.", issuer.vouches_by)
    return f"{issuer.prefix}{sha256(subjects[0].encode()).hexdigest()[:_HASHED]}"
