"""Who is believed, as an operator writes it."""

from __future__ import annotations

from typing import Literal

from headworks.domain.administration import Passwords
from headworks.domain.config.oidc import OidcRule
from headworks.domain.config.written import Written
from headworks.domain.issuer import Algorithm, ClaimNames


class IssuerRule(Written, frozen=True):
    """An issuer of JWTs that callers may send instead of a key. Times in seconds."""

    issuer: str = ""
    """The `iss` claim, to the letter; with `/.well-known/openid-configuration` behind it, where its keys are found."""
    audience: str | tuple[str, ...] = ()
    """The `aud` claim must hold one of these."""
    organisation: str = ""
    """Its id (`org_…`): whoever comes with such a token belongs to it or below it."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    claims: ClaimNames = ClaimNames()
    """Which claims name the team, the project and the user."""
    jwks_uri: str = ""
    """Where its keys are, if it has no discovery document."""
    leeway: float = 30.0
    """How far its clock may differ."""
    max_age: float = 3600.0
    """For how long its keys count without being read again."""


class CertificatesRule(Written, frozen=True):
    """Whom client certificates speak for, of the authority in `server.client_ca_file`."""

    organisation: str = ""
    """Its id (`org_…`): whoever comes with one belongs to it or below it."""
    claims: ClaimNames = ClaimNames()
    """Which of its names tell the team, the project and the user: `uri`, `dns`, `email`, `subject.CN`, `subject.OU`, …"""
    keys: Literal["free", "certified"] = "free"
    """Whether API keys are good by themselves, or only along with a certificate that leads to a party above them."""


class IdentityRule(Written, frozen=True):
    """Keys in the database, and tokens of others."""

    issuers: dict[str, IssuerRule] = {}
    """By a name of your own, which becomes part of the principal's id."""
    certificates: CertificatesRule | None = None
    on_database_loss: Literal["refuse", "stale"] = "refuse"
    """While the database does not answer: `refuse` its keys, or serve those that are known for `stale_for` seconds."""
    stale_for: float = 60.0
    oidc: dict[str, OidcRule] = {}
    """Providers through which administrators sign in, by a name of your own, which is part of the redirect address."""
    passwords: Passwords = "all"
    """Who may sign in to the control plane by password: `all`, or only the `founder`, who used the one-time link."""
