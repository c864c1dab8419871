"""Who besides us may say who somebody is: issuers of JWTs."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec

MOST_LEEWAY = 300.0
"""Seconds that the clocks of two who trust each other may differ."""
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures with a key pair. None that whoever can verify could also make (`HS…`), and not `none`."""


class ClaimNames(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which claims say where somebody belongs: a claim's name, or a path into it with dots. Empty: it is not asked. A claim that is
    named here must be in the token and fit.
    """

    subject: str = "sub"
    team: str = ""
    project: str = ""
    user: str = ""
    """A user's or service account's name or id."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """One issuer, bound to one organisation: nothing that it claims can reach beyond. Times in seconds."""

    name: str
    issuer: str
    """The `iss` claim, to the letter."""
    audience: tuple[str, ...]
    """The token must be meant for one of these."""
    organisation: str
    """Its id: a name could become somebody else's."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    claims: ClaimNames = ClaimNames()
    jwks_uri: str = ""
    """Left out: the issuer's discovery document says it."""
    leeway: float = 30.0
    """How far its clock may differ from ours."""
    max_age: float = 3600.0
    """Its keys count for so long without being read again: a withdrawn one no longer."""
    vouches_by: Literal["token", "certificate"] = "token"

    @property
    def title(self) -> str:
        """What those for whom it vouches are called."""
        return f"{self.name} token" if self.vouches_by == "token" else "client certificate"

    @property
    def prefix(self) -> str:
        """How their ids begin."""
        return f"jwt:{self.name}:" if self.vouches_by == "token" else "x509:"


def is_guarded(url: str) -> bool:
    """Whether an address is one of the web with TLS: whoever can change the keys on their way can make tokens. On this machine it may
    be without.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK))


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who is believed, and for how long without asking."""

    issuers: dict[str, Issuer] = {}
    """By `iss`."""
    certificates: Issuer | None = None
    """Whoever vouches by certificates for clients; None: these are nobody's credential."""
    certified_keys: bool = False
    """A key is good only together with a certificate that leads to a party which it belongs to."""
    stale_for: float = 0.0
    """Seconds for which a key that is known goes on counting while the database is gone; 0: it does not."""
