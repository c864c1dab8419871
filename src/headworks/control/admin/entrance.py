"""The ways in that are configured: identity providers, and who may still use a password."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.domain.administration import Passwords
from headworks.identity.oidc import RelyingParty
from headworks.ports.records import Missing

ROOT = "/admin/v1"


class Entrance(msgspec.Struct, frozen=True, kw_only=True):
    """Made once per process. `parties` are by the names of their providers."""

    url: str = ""
    """What browsers call the control plane: never taken from a request, for a request can say anything."""
    parties: Mapping[str, RelyingParty] = {}
    passwords: Passwords = "all"

    def party(self, name: str) -> RelyingParty:
        """The one through which people sign in under this name. Raises `Missing`."""
        party = self.parties.get(name)
        if party is None or not party.provider.client_id:
            raise Missing(name)
        return party

    def of_issuer(self, issuer: str) -> RelyingParty | None:
        """The one that knows tokens of this issuer for programs."""
        return next((p for p in self.parties.values() if p.provider.issuer.issuer == issuer and p.provider.audience), None)

    def redirect(self, name: str) -> str:
        """Where a provider sends browsers back to, to the letter. Each has its own: so none can pass for another."""
        return f"{self.url}{ROOT}/login/{name}/callback"
