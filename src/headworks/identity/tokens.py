"""JWT → principal."""

from __future__ import annotations

from collections.abc import Callable

from headworks.domain.issuer import Issuer
from headworks.domain.snapshot import Snapshot
from headworks.identity.bearers import Bearers
from headworks.identity.jwks import IssuerKeys
from headworks.identity.jwt import Claims, Stated, refused, stated
from headworks.identity.resolved import Fetch, Resolved
from headworks.ports.clock import Clock


class Tokens:
    """Judges JWTs by the issuers of the snapshot. What they have published is remembered, per issuer as it is configured."""

    def __init__(self, bearers: Bearers, fetch: Fetch, clock: Clock, changed: Callable[[], None]) -> None:
        """`changed` is called when an issuer's keys are others than before."""
        self._bearers = bearers
        self._fetch = fetch
        self._clock = clock
        self._changed = changed
        self._keys: dict[Issuer, IssuerKeys] = {}

    async def resolve(self, token: bytes, snapshot: Snapshot) -> Resolved:
        """See `resolved.Judge`."""
        said = stated(token)
        issuer = snapshot.identity.issuers.get(said.issuer)
        if issuer is None or said.algorithm not in issuer.algorithms:
            raise refused("Its issuer or its algorithm is not one that this gateway trusts.")
        claims = await self._proved(token, said, issuer)
        return await self._bearers.resolve(claims, issuer, snapshot)

    async def _proved(self, token: bytes, said: Stated, issuer: Issuer) -> Claims:
        keys = self._keys.get(issuer)
        if keys is None:
            self._keys = {known: keys for known, keys in self._keys.items() if known.issuer != issuer.issuer}
            keys = self._keys[issuer] = IssuerKeys(issuer, self._fetch, self._clock, self._changed)
        return await keys.prove(token, said, issuer)
