"""The public keys of one issuer: found by discovery, remembered for a while, read again when they rotate."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from math import inf

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey

from headworks.domain.errors import Fault
from headworks.domain.issuer import Issuer
from headworks.identity.discovery import Published, Unreadable, discovered
from headworks.identity.judging import verified
from headworks.identity.jwt import Claims, Stated, refused
from headworks.identity.resolved import Fetch
from headworks.ports.clock import Clock

_PAUSE = 5.0
"""Seconds between two readings: tokens with invented key ids must not make us a nuisance to the issuer."""
_MOST_KEYS = 100
_NANOSECONDS = 10**9
_LEAST_RSA_BITS = 2048
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_PUBLIC = frozenset(("kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"))


class _Listed(msgspec.Struct):
    kty: str = ""
    kid: str = ""
    alg: str = ""
    use: str = "sig"
    key_ops: tuple[str, ...] = ("verify",)
    n: str = ""


class _Jwks(msgspec.Struct):
    keys: list[msgspec.Raw]


class _Held(msgspec.Struct, frozen=True):
    key: Key
    kid: str
    algorithm: str


class IssuerKeys:
    """One per issuer. A key id is only ever compared: it is part of no address and no path."""

    def __init__(self, issuer: Issuer, fetch: Fetch, clock: Clock, changed: Callable[[], None]) -> None:
        """`changed` is called when the keys are others than before."""
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._changed = changed
        self._held: tuple[_Held, ...] = ()
        self._text = b""
        self._trouble = ""
        self._read_at = -inf
        self._tried_at = -inf
        self._reading: asyncio.Task[None] | None = None

    async def key(self, kid: str, algorithm: str) -> Key | None:
        """The key that a token names; without a name the only one of that algorithm. Raises `Unreadable`."""
        age = self._clock.now() - self._read_at
        if age >= self._issuer.max_age:
            await self._read_again()
            if self._clock.now() - self._read_at >= self._issuer.max_age:
                raise Unreadable(f"the keys of the issuer {self._issuer.name} could not be read ({self._trouble})")
        elif age >= self._issuer.max_age / 2:
            self._begin()
        found = self._pick(kid, algorithm)
        if found is None and await self._read_again():
            found = self._pick(kid, algorithm)
        return found

    async def prove(self, token: bytes, said: Stated, issuer: Issuer) -> Claims:
        """The claims of a token, by these keys; `issuer` says for whom it must be meant. Raises `Fault`."""
        try:
            key = await self.key(said.kid, said.algorithm)
        except Unreadable as trouble:
            raise Fault("identity_unavailable", detail=str(trouble)) from None
        if key is None:
            raise refused("Its issuer publishes no key that fits it.")
        return verified(token, key, issuer, self._clock.wall_ns() / _NANOSECONDS)

    def _pick(self, kid: str, algorithm: str) -> Key | None:
        fitting = [held for held in self._held if _fits(held, algorithm) and (not kid or held.kid == kid)]
        return fitting[0].key if len(fitting) == 1 or (kid and fitting) else None

    async def _read_again(self) -> bool:
        """Whether they were read; not where that was tried a moment ago."""
        reading = self._begin()
        if reading is None:
            return False
        await asyncio.shield(reading)
        return True

    def _begin(self) -> asyncio.Task[None] | None:
        if self._reading is None and self._clock.now() - self._tried_at >= _PAUSE:
            self._tried_at = self._clock.now()
            self._reading = asyncio.create_task(self._read(), name=f"keys of {self._issuer.name}")
        return self._reading

    async def _read(self) -> None:
        """Keep what was read; after a failure what there was, until it is too old."""
        sent = self._clock.now()
        try:
            text = await self._fetch(self._issuer.jwks_uri or (await discovered(self._issuer, self._fetch, Published)).jwks_uri)
            held = tuple(_usable(text))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, Unreadable) as trouble:
            self._trouble = f"{type(trouble).__name__}: {trouble}"
            return
        finally:
            self._reading = None
        before, self._text = self._text, text
        self._held, self._read_at = held, sent
        if before not in (b"", text):
            self._changed()


def _usable(text: bytes) -> Iterator[_Held]:
    """Public keys for signatures, of kinds that we know; others are passed over."""
    for raw in msgspec.json.decode(text, type=_Jwks).keys[:_MOST_KEYS]:
        try:
            listed = msgspec.json.decode(raw, type=_Listed)
            members = msgspec.json.decode(raw, type=dict[str, object])
            if not _may_verify(listed):
                continue
            key = JWKRegistry.import_key({name: str(value) for name, value in members.items() if name in _PUBLIC})
        except (msgspec.DecodeError, JoseError, ValueError):
            continue  # one key that nobody can read must not take the others away
        yield _Held(key, listed.kid, listed.alg)


def _may_verify(listed: _Listed) -> bool:
    """Whether a key is of a public kind, meant for signatures, and long enough."""
    if listed.kty not in _KINDS.values() or listed.use != "sig" or "verify" not in listed.key_ops:
        return False
    modulus = urlsafe_b64decode(listed.n + "=" * (-len(listed.n) % 4))
    return listed.kty != "RSA" or int.from_bytes(modulus, "big").bit_length() >= _LEAST_RSA_BITS


def _fits(held: _Held, algorithm: str) -> bool:
    """Whether a key is one for the algorithm: a public key must never be taken for a secret of another."""
    if held.algorithm and held.algorithm != algorithm:
        return False
    if held.key.key_type != _KINDS.get(algorithm[:2]):
        return False
    curve = held.key.curve_name if isinstance(held.key, ECKey | OKPKey) else ""
    return curve == _CURVES.get(algorithm, curve)
