"""Who holds a key: one index for the keys of the configuration, those of the records, and tokens.

A principal that is known costs one digest and one look into a dict. What is not known is looked up once, however many ask; what has
changed is not served; where the database is silent or gone, the configuration says what counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from math import inf

from headworks.domain.errors import Fault
from headworks.domain.gauges import DirectoryGauges
from headworks.domain.principal import Principal
from headworks.domain.records import Ended, ended
from headworks.domain.snapshot import Snapshot
from headworks.identity.bearers import Bearers
from headworks.identity.cache import Known, PrincipalCache
from headworks.identity.certificates import Certificates
from headworks.identity.feed import SILENCE, Feed
from headworks.identity.gate import Gate, Lost
from headworks.identity.keys import Digests, looks_like_token, unknown
from headworks.identity.misses import Guesses, Misses
from headworks.identity.principals import Compiler
from headworks.identity.resolved import Fetch, Judge, Resolved
from headworks.ports.clock import Clock
from headworks.ports.records import Lookups

REMEMBERED = 10_000
_TRIES = 5

Looked = Principal | Ended | None
Resolve = Callable[[], Awaitable[Resolved | Ended | None]]


class Directory:
    """`ports.stores.Keys` over snapshot, records and issuers. `feed.follow` must run beside it."""

    def __init__(self, lookups: Lookups, digests: Digests, fetch: Fetch, clock: Clock, most: int = REMEMBERED) -> None:
        self._cache = PrincipalCache(most)
        self._misses = Misses(clock, most)
        self._guesses = Guesses(clock)
        self._gate = Gate(lookups, clock)
        self._compiler = Compiler()
        self._fetch = fetch
        self._judge: Judge | None = None
        self._bearers = Bearers(self._gate, self._compiler, clock)
        self._certificates = Certificates(self._bearers)
        self._digests = digests
        self._clock = clock
        self._now = clock.now
        self._entries = self._cache.entries
        self._flights: dict[bytes, asyncio.Task[Looked]] = {}
        self.feed = Feed(lookups, self._cache, self._misses, clock)

    def gauges(self) -> DirectoryGauges:
        """What is remembered, and how fresh that is."""
        age = self._now() - self.feed.proven
        return DirectoryGauges(entries=len(self._entries), change=self.feed.number, age=age if age < inf else None)

    def peek(self, key: bytes, snapshot: Snapshot) -> Principal | None:
        """Who holds it, if that is known and proved."""
        digest = sha256(key).digest()
        return snapshot.principals.get(digest) or self._known(digest, snapshot)

    async def certified(self, certificate: bytes, snapshot: Snapshot) -> Principal | None:
        """Whom a client certificate speaks for. Raises `Fault` where that cannot be said now, or it leads nowhere."""
        digest = b"certificate " + sha256(certificate).digest()  # longer than those of keys: nobody sends one for the other
        known = self._known(digest, snapshot)
        if known is not None:
            return known
        try:
            return _held(await self._flight(digest, lambda: self._certificates.resolve(certificate, snapshot)), snapshot)
        except Lost:
            return self._without_database(self._entries.get(digest), snapshot)

    def _known(self, digest: bytes, snapshot: Snapshot) -> Principal | None:
        known = self._entries.get(digest)
        if known is None or known.marked:
            return None
        now = self._now()
        if now - self.feed.proven > SILENCE and now - known.proven > SILENCE:
            return None
        if known.revision and (now > known.until or known.revision != snapshot.revision):
            return None
        self._entries.move_to_end(digest)
        return known.principal

    async def find(self, key: bytes, snapshot: Snapshot, peer: str = "") -> Principal | None:
        """Who holds it; None where nobody does, and the door is open. Raises `Fault` where that cannot be said now, or `peer` has guessed
        too often, or to say why a key, or a token, opens nothing.
        """
        found = self.peek(key, snapshot) or await self._looked_for(key, snapshot, peer)
        if found is None and not snapshot.open_door:
            raise unknown(key)
        return found

    async def _looked_for(self, key: bytes, snapshot: Snapshot, peer: str) -> Principal | None:
        digest = sha256(key).digest()
        remembered = self._entries.get(digest)
        if remembered is not None and self._gate.lost:
            return self._without_database(remembered, snapshot)
        try:
            if looks_like_token(key):
                return await self._token(digest, key, snapshot)
            return _held(await self._key(digest, key, peer), snapshot)
        except Lost:
            return self._without_database(remembered, snapshot)

    async def _token(self, digest: bytes, token: bytes, snapshot: Snapshot) -> Principal | None:
        """Without a bucket: before a token is proved it costs no question."""
        if not snapshot.identity.issuers:
            return None
        judge = self._judge = self._judge or self._new_judge()
        return _held(await self._flight(digest, lambda: judge.resolve(token, snapshot)), snapshot)

    def _new_judge(self) -> Judge:
        from headworks.identity.tokens import Tokens  # noqa: PLC0415 - joserfc weighs 10 MB, and most gateways trust no issuer

        return Tokens(self._bearers, self._fetch, self._clock, self._cache.mark_tokens)

    async def _key(self, digest: bytes, key: bytes, peer: str) -> Looked:
        candidates = self._digests.candidates(key)
        if not candidates:
            return None
        if digest not in self._entries:
            if self._misses.knows(digest, self.feed.since if self.feed.silent else -inf):
                return self._misses.why(digest)
            self._guesses.admit(peer)
        looked = await self._flight(digest, lambda: self._resolve(key, candidates))
        if looked is None:  # whoever has a key that has ended is no guesser
            self._guesses.charge(peer)
        return looked

    async def _resolve(self, key: bytes, candidates: tuple[bytes, ...]) -> Resolved | Ended | None:
        found = await self._gate.ask(lambda lookups: lookups.key_by_digest(candidates))
        if found is None or not self._digests.proves(key, found.key):
            return None
        over = ended(found.key, found.lineage, self._clock.wall_ns())
        if over is not None:
            return over
        principal = self._compiler.principal_of(found)
        return None if principal is None else Resolved(principal=principal, as_of=found.as_of)

    async def _flight(self, digest: bytes, resolve: Resolve) -> Looked:
        """One look-up for all who ask at the same time; it outlives any of them."""
        flight = self._flights.get(digest)
        if flight is None:
            flight = self._flights[digest] = asyncio.create_task(self._look_up(digest, resolve), name="look up a key")
            flight.add_done_callback(lambda done: self._landed(digest, done))
        return await asyncio.shield(flight)

    def _landed(self, digest: bytes, flight: asyncio.Task[Looked]) -> None:
        del self._flights[digest]
        if not flight.cancelled():
            flight.exception()  # who asked has it; nobody may be left to ask

    async def _look_up(self, digest: bytes, resolve: Resolve) -> Looked:
        for _ in range(_TRIES):
            sent, generation, number = self._now(), self._misses.generation, self.feed.number
            resolved = await self._told(digest, resolve)
            if not isinstance(resolved, Resolved) or self._over(resolved.principal):
                why = resolved if isinstance(resolved, Ended) else None
                self._cache.drop(digest)
                self._misses.remember(digest, generation, sent, why)
                return why
            by_name = bool(resolved.revision)
            as_of = min(resolved.as_of, number) if by_name else resolved.as_of
            if not self.feed.recent.outdates(resolved.principal, as_of, by_name=by_name):
                known = Known(resolved.principal, sent, as_of, resolved.until, resolved.revision)
                self._cache.put(digest, known)
                return resolved.principal
        raise Fault("overloaded", "What this key may do is being changed just now. Try again in a second.", retry_after=1.0)

    async def _told(self, digest: bytes, resolve: Resolve) -> Resolved | Ended | None:
        """What it comes to. Who is refused is not known any more, not even where the database is gone a moment later."""
        try:
            return await resolve()
        except Fault as refused:
            if refused.code == "invalid_api_key":
                self._cache.drop(digest)
            raise

    def _over(self, principal: Principal) -> bool:
        return 0 < principal.expires_at <= self._clock.wall_ns()

    def _without_database(self, known: Known | None, snapshot: Snapshot) -> Principal | None:
        """What the configuration says of a database that is gone."""
        if known is not None and not known.marked and known.revision in ("", snapshot.revision):
            proven = max(self.feed.proven, known.proven)
            now = self._now()
            if now <= known.until and now - proven <= snapshot.identity.stale_for:
                return known.principal
        raise Fault("identity_unavailable", retry_after=1.0)


def _held(looked: Looked, snapshot: Snapshot) -> Principal | None:
    """Whoever holds a key has proved it, and is told what became of it. An open door lets them in as anybody."""
    if not isinstance(looked, Ended):
        return looked
    if snapshot.open_door:
        return None
    raise Fault(
        "invalid_api_key", f"{looked.told} Ask an administrator for a new one.", detail=f"{looked.key}: {looked.detail}"
    )
