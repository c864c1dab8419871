"""Principals of those who hold no key: somebody whom we trust has vouched for what they claim."""

from __future__ import annotations

from hashlib import sha256

from headworks.domain.issuer import Issuer
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.identity.claims import claimed, place_of
from headworks.identity.gate import Gate
from headworks.identity.jwt import Claims, ends_at, refused
from headworks.identity.principals import Compiler, Standing, principal
from headworks.identity.resolved import Resolved
from headworks.ports.clock import Clock

_NANOSECONDS = 10**9
_REMEMBERED = 60.0
"""Seconds for which a judgement may be remembered, at most."""
_FOR_EVER = 4_102_444_800
"""The year 2100: enough for a token, and no number that arithmetic could stumble over."""
_HASHED = 32
"""Hex digits that tell subjects apart: 128 bits."""


class Bearers:
    """Finds out where proved claims lead, of tokens and of certificates."""

    def __init__(self, gate: Gate, compiler: Compiler, clock: Clock) -> None:
        self._gate = gate
        self._compiler = compiler
        self._clock = clock

    async def resolve(self, claims: Claims, issuer: Issuer, snapshot: Snapshot) -> Resolved:
        """Who asks with these claims. Raises `Fault` `invalid_api_key` where they lead nowhere, and `gate.Lost`."""
        lineage, as_of = await place_of(claims, issuer, self._gate)
        standing = self._compiler.standing_of(lineage)
        if standing is None:
            raise refused("What it leads to is disabled.", issuer.vouches_by)
        left = _ends_of(claims, issuer) - self._clock.wall_ns() / _NANOSECONDS
        return Resolved(
            principal=bearer(claims, issuer, standing),
            as_of=as_of,
            until=self._clock.now() + min(left, _REMEMBERED),
            revision=snapshot.revision,
        )


def bearer(claims: Claims, issuer: Issuer, standing: Standing) -> Principal:
    """Who asks with these claims, standing where they lead. Raises `Fault` `invalid_api_key`."""
    ends = _ends_of(claims, issuer) * _NANOSECONDS
    return principal(standing, _id(claims, issuer), issuer.title, min(ends, standing.expires_at or ends))


def _ends_of(claims: Claims, issuer: Issuer) -> int:
    """When they count no longer, seconds since the epoch."""
    return int(min(ends_at(claims), _FOR_EVER)) + int(issuer.leeway)


def _id(claims: Claims, issuer: Issuer) -> str:
    """Unique over issuers; the subject itself, often an e-mail address, is in no log."""
    subjects = claimed(claims, issuer.claims.subject)
    if len(subjects) != 1:
        raise refused("It says nothing of whom it speaks for.", issuer.vouches_by)
    return f"{issuer.prefix}{sha256(subjects[0].encode()).hexdigest()[:_HASHED]}"
