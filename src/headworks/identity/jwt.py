"""A JWT judged: signed by an issuer's key, with a pinned algorithm, for us, and in time."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping

import msgspec
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError, UnsupportedAlgorithmError
from joserfc.jwk import Key
from joserfc.jws import JWSAlgModel, JWSRegistry  # pyright: ignore[reportPrivateImportUsage] - the overridden method names it

from headworks.domain.errors import Fault
from headworks.domain.issuer import Issuer

LONGEST = 16_384
"""Bytes of a token."""

Claims = Mapping[str, object]


class Stated(msgspec.Struct, frozen=True):
    """What a token says of itself, before anything of it is believed: good for finding out by whom to have it proved."""

    issuer: str
    algorithm: str
    kid: str


class _Pinned(JWSRegistry):
    """The configured algorithms and no others. `EdDSA` is an old name for Ed25519, no weaker: nobody need be warned of it."""

    max_header_length = 4_096

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


class _Header(msgspec.Struct):
    alg: str
    kid: str = ""


class _Payload(msgspec.Struct):
    iss: str


def stated(token: bytes) -> Stated:
    """Raises `Fault` `invalid_api_key` where it cannot be read."""
    if len(token) > LONGEST:
        raise refused(f"It is longer than {LONGEST} bytes.")
    try:
        header, payload, _ = token.split(b".")
        head = msgspec.json.decode(_decoded(header), type=_Header)
        return Stated(msgspec.json.decode(_decoded(payload), type=_Payload).iss, head.alg, head.kid)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise refused("It is no signed JWT with an issuer ('iss').") from None


def verified(token: bytes, key: Key, issuer: Issuer, wall_seconds: float) -> Claims:
    """Its claims, proved. Raises `Fault` `invalid_api_key` that says what is wrong with it, and nothing of what it holds."""
    registry = _Pinned(algorithms=issuer.algorithms, strict_check_header=False)
    try:
        claims = jwt.decode(token, key, registry=registry).claims
    except (JoseError, ValueError):
        raise refused("Its signature does not hold.") from None
    judge(claims, issuer, wall_seconds)
    return claims


def judge(claims: dict[str, object], issuer: Issuer, wall_seconds: float) -> None:
    """Whether they are meant for us, and count now. Raises `Fault` `invalid_api_key`."""
    wanted = jwt.JWTClaimsRegistry(
        now=int(wall_seconds),
        leeway=int(issuer.leeway),
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "values": list(issuer.audience)},
        exp={"essential": True},
    )
    try:
        wanted.validate(claims)
    except ExpiredTokenError:
        raise refused("It has expired.") from None
    except MissingClaimError as trouble:
        raise refused(f"It lacks the claim '{trouble.claim}'.") from None
    except InvalidClaimError as trouble:
        raise refused(f"Its claim '{trouble.claim}' does not fit, here and now.") from None
    except (JoseError, ValueError):
        raise refused("Its claims are none.") from None


def ends_at(claims: Claims) -> float:
    """The `exp` of proved claims, seconds since the epoch."""
    ends = claims["exp"]
    assert isinstance(ends, int | float)
    return ends


def refused(why: str) -> Fault:
    """The one refusal of tokens. `why` is a sentence without anything of the token's."""
    return Fault("invalid_api_key", f"This token is refused. {why} Ask its issuer for a new one, made for this gateway.")


def _decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
