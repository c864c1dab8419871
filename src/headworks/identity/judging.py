"""A JWT judged: signed by an issuer's key, with a pinned algorithm, for us, and in time. Importing it loads joserfc, which weighs 10 MB."""

from __future__ import annotations

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError, UnsupportedAlgorithmError
from joserfc.jwk import Key
from joserfc.jws import JWSAlgModel, JWSRegistry  # pyright: ignore[reportPrivateImportUsage] - the overridden method names it

from headworks.domain.issuer import Issuer
from headworks.identity.jwt import Claims, refused


class _Pinned(JWSRegistry):
    """The configured algorithms and no others. `EdDSA` is an old name for Ed25519, no weaker: nobody need be warned of it."""

    max_header_length = 4_096

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


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
