"""JWT → principal."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.issuer import Issuer
from headworks.domain.snapshot import Snapshot
from headworks.identity.bearers import NANOSECONDS, REMEMBERED, bearer, ends_of
from headworks.identity.claims import place_of
from headworks.identity.gate import Gate
from headworks.identity.jwks import IssuerKeys
from headworks.identity.jwt import Claims, Stated, refused, stated
from headworks.identity.principals import Compiler
from headworks.identity.resolved import Fetch, Resolved
from headworks.ports.clock import Clock


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
        left = ends_of(claims, issuer) - self._clock.wall_ns() / NANOSECONDS
        return Resolved(
            principal=bearer(claims, issuer, standing),
            as_of=as_of,
            until=self._clock.now() + min(left, REMEMBERED),
            revision=snapshot.revision,
        )

    async def _proved(self, token: bytes, said: Stated, issuer: Issuer) -> Claims:
        keys = self._keys.get(issuer)
        if keys is None:
            self._keys = {known: keys for known, keys in self._keys.items() if known.issuer != issuer.issuer}
            keys = self._keys[issuer] = IssuerKeys(issuer, self._fetch, self._clock, self._changed)
        return await keys.prove(token, said, issuer)
