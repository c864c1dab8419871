"""API keys as records: everything but the key."""

from __future__ import annotations

import msgspec

from headworks.domain.records.bounds import Bounds
from headworks.domain.records.top_up import TopUp


class KeyRecord(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One key. Times are wall-clock nanoseconds, 0 for never."""

    id: str
    """`key_` and 32 hex digits."""
    owner: str
    """The party it belongs to."""
    name: str
    prefix: str
    """The beginning that may be shown and searched: `hw-` and eight characters, or the first of an imported one."""
    digest: bytes
    """What it is found by: HMAC-SHA256 of the whole key under the installation's pepper, or, with `imported`, its plain SHA-256."""
    pepper: str = ""
    """Fingerprint of the pepper: there may be two while one is being replaced."""
    imported: bool = False
    bounds: Bounds = Bounds()
    top_ups: tuple[TopUp, ...] = ()
    """As those of a party."""
    expires_at: int = 0
    revoked_at: int = 0
    """From then on it is refused. A rotation gives the old key a time in the future: both are good until then."""
    replaced_by: str = ""
    origin: str = ""
    """Id of the first of the keys that it came in the place of, one after the other; empty: of none."""
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @property
    def counted_as(self) -> str:
        """The id that its limits and budgets count under: a new key in the place of another goes on with what that one has used."""
        return self.origin or self.id

    def valid_at(self, now: int) -> bool:
        """Neither revoked nor expired."""
        return (not self.revoked_at or now < self.revoked_at) and (not self.expires_at or now < self.expires_at)

    def __repr__(self) -> str:
        return f"<KeyRecord {self.id} {self.prefix}…>"
