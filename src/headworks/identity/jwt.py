"""What a JWT says of itself, and how one is refused. Nothing here is proved."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping

import msgspec

from headworks.domain.errors import Fault

LONGEST = 16_384
"""Bytes of a token."""

Claims = Mapping[str, object]


class Stated(msgspec.Struct, frozen=True):
    """What a token says of itself, before anything of it is believed: good for finding out by whom to have it proved."""

    issuer: str
    algorithm: str
    kid: str


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
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        raise refused("It is no signed JWT with an issuer ('iss').") from None


def ends_at(claims: Claims) -> float:
    """The `exp` of proved claims, seconds since the epoch."""
    ends = claims["exp"]
    assert isinstance(ends, int | float)
    return ends


def refused(why: str, what: str = "token") -> Fault:
    """The one refusal of tokens and certificates. `why` is a sentence without anything that they say."""
    told = f"This {what} is refused. {why} Ask its issuer for a new one, made for this gateway."
    return Fault("invalid_api_key", told, detail=f"{what}: {why}")


def _decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
