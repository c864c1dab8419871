"""An issuer of tokens in this process, with keys that rotate and documents that can be counted."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from headworks.domain.issuer import Issuer

URL = "https://login.example.com/realms/acme"


@functools.cache
def rsa(number: int = 0, bits: int = 2048) -> RSAKey:
    del number
    return RSAKey.generate_key(bits, private=True)


@functools.cache
def elliptic(number: int = 0) -> ECKey:
    del number
    return ECKey.generate_key("P-256", private=True)


class FakeIssuer:
    """Publishes its discovery document and its keys. `fetched` lists every address that was asked for."""

    def __init__(self, **keys: Key) -> None:
        """By key id."""
        self.keys: dict[str, Key] = dict(keys or {"k1": elliptic()})
        self.extra: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.says_it_is = URL
        self.jwks_uri = "https://login.example.com/keys"
        self.down = False
        self.garbled = False

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if self.down:
            raise OSError("no route to host")
        if self.garbled:
            return b'{"issuer": "\xff", "keys": "\xff"}'
        if url == f"{URL}/.well-known/openid-configuration":
            return msgspec.json.encode({"issuer": self.says_it_is, "jwks_uri": self.jwks_uri, "token_endpoint": "x"})
        if url == self.jwks_uri:
            return msgspec.json.encode({"keys": [*self.published(), *self.extra]})
        raise OSError(f"404 {url}")

    def published(self) -> list[dict[str, Any]]:
        return [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.keys.items()]

    def token(self, wall_seconds: float, kid: str | None = "k1", **changes: Any) -> bytes:
        """A good token for five minutes, but for what `changes` says; None leaves a claim out."""
        claims: dict[str, Any] = {
            "iss": URL,
            "aud": "headworks",
            "sub": "alice@example.com",
            "iat": int(wall_seconds),
            "exp": int(wall_seconds) + 300,
            "team": "research",
        }
        claims.update(changes)
        return signed({k: v for k, v in claims.items() if v is not None}, self.keys[kid or "k1"], kid)


def signed(claims: dict[str, Any], key: Key, kid: str | None, algorithm: str = "", **header: Any) -> bytes:
    natural = {"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519", "oct": "HS256"}
    algorithm = algorithm or natural[key.key_type]
    head = {"alg": algorithm, **({"kid": kid} if kid is not None else {}), **header}
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of the old name EdDSA
        return jwt.encode(head, claims, key, registry=registry).encode()


def trusted(**changes: Any) -> Issuer:
    """How the configuration names the issuer."""
    rule = Issuer(name="login", issuer=URL, audience=("headworks",), organisation="org_acme")
    return msgspec.structs.replace(rule, **changes)


__all__ = ["URL", "FakeIssuer", "JWKRegistry", "OKPKey", "elliptic", "rsa", "signed", "trusted"]
