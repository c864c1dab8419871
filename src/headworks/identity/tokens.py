"""JWT → principal."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from headworks.domain.issuer import Issuer
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot
from headworks.identity.claims import claimed, place_of
from headworks.identity.gate import Gate
from headworks.identity.jwks import IssuerKeys
from headworks.identity.jwt import Claims, Stated, ends_at, refused, stated
from headworks.identity.principals import Compiler, Standing, principal
from headworks.identity.resolved import Fetch, Resolved
from headworks.ports.clock import Clock

_REMEMBERED = 60.0
"""Seconds for which a judgement may be remembered, at most."""
_NANOSECONDS = 10**9
_FOR_EVER = 4_102_444_800
"""The year 2100: enough for a token, and no number that arithmetic could stumble over."""
_HASHED = 32
"""Hex digits that tell subjects apart: 128 bits."""


class Tokens:
    """Judges JWTs by the issuers of the snapshot. What they have published is remembered, per issuer as it is configured."""

    def __init__(self, gate: Gate, compiler: Compiler, fetch: Fetch, clock: Clock, changed: Callable[[], None]) -> None:
        """`changed` is called when an issuer's keys are others than before."""
        self._gate = gate
        self._compiler = compiler
        self._fetch = fetch
        self._clock = clock
        self._changed = changed
        self._keys: dict[Issuer, IssuerKeys] = {}

    async def resolve(self, token: bytes, snapshot: Snapshot) -> Resolved | None:
        """Whom it speaks for; None where a party above is disabled. Raises `Fault` and `gate.Lost`."""
        said = stated(token)
        issuer = snapshot.identity.issuers.get(said.issuer)
        if issuer is None or said.algorithm not in issuer.algorithms:
            raise refused("Its issuer or its algorithm is not one that this gateway trusts.")
        claims = await self._proved(token, said, issuer)
        lineage, as_of = await place_of(claims, issuer, self._gate)
        standing = self._compiler.standing_of(lineage)
        if standing is None:
            return None
        left = _ends(claims, issuer) - self._clock.wall_ns() / _NANOSECONDS
        return Resolved(
            principal=bearer(claims, issuer, standing),
            as_of=as_of,
            until=self._clock.now() + min(left, _REMEMBERED),
            revision=snapshot.revision,
        )

    async def _proved(self, token: bytes, said: Stated, issuer: Issuer) -> Claims:
        keys = self._keys.get(issuer)
        if keys is None:
            self._keys = {known: keys for known, keys in self._keys.items() if known.issuer != issuer.issuer}
            keys = self._keys[issuer] = IssuerKeys(issuer, self._fetch, self._clock, self._changed)
        return await keys.prove(token, said, issuer)


def bearer(claims: Claims, issuer: Issuer, standing: Standing) -> Principal:
    """Who asks with a token of these claims, standing where they lead. Raises `Fault` `invalid_api_key`."""
    ends = _ends(claims, issuer) * _NANOSECONDS
    return principal(standing, _id(claims, issuer), f"{issuer.name} token", min(ends, standing.expires_at or ends))


def _ends(claims: Claims, issuer: Issuer) -> int:
    return int(min(ends_at(claims), _FOR_EVER)) + int(issuer.leeway)


def _id(claims: Claims, issuer: Issuer) -> str:
    """Unique over issuers; the subject itself, often an e-mail address, is in no log."""
    subjects = claimed(claims, issuer.claims.subject)
    if len(subjects) != 1:
        raise refused("It says nothing of whom it speaks for.")
    return f"jwt:{issuer.name}:{sha256(subjects[0].encode()).hexdigest()[:_HASHED]}"
