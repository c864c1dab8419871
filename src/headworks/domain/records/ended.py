"""Why a key opens nothing any more, or not now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from headworks.domain.records.key import KeyRecord
from headworks.domain.records.party import Party

_NANOS = 10**9
_KINDS = {"service_account": "service account"}


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """`told` is for whoever holds the key, and names nobody; `detail` is for operators. Sentences."""

    key: str
    """Its id."""
    told: str
    detail: str


def ended(key: KeyRecord, lineage: Sequence[Party], now: int) -> Ended | None:
    """None for a key that is good at `now`, in wall-clock nanoseconds. `lineage`: the parties above it."""
    if key.revoked_at and key.revoked_at <= now:
        at = _written(key.revoked_at)
        place = f" It is replaced by {key.replaced_by}." if key.replaced_by else ""
        told = " Another one has taken its place." if key.replaced_by else ""
        return Ended(key=key.id, told=f"This API key was revoked at {at}.{told}", detail=f"It was revoked at {at}.{place}")
    if key.expires_at and key.expires_at <= now:
        at = _written(key.expires_at)
        return Ended(key=key.id, told=f"This API key expired at {at}.", detail=f"It expired at {at}.")
    for party in lineage:
        kind = _KINDS.get(party.kind, party.kind)
        if party.disabled:
            return Ended(
                key=key.id,
                told=f"The {kind} that this API key belongs to is disabled.",
                detail=f"The {kind} {party.name} ({party.id}) is disabled.",
            )
        if party.expires_at and party.expires_at <= now:
            at = _written(party.expires_at)
            return Ended(
                key=key.id,
                told=f"The {kind} that this API key belongs to expired at {at}.",
                detail=f"The {kind} {party.name} ({party.id}) expired at {at}.",
            )
    return None


def _written(wall_ns: int) -> str:
    return f"{datetime.fromtimestamp(wall_ns // _NANOS, UTC):%Y-%m-%dT%H:%M:%SZ}"
