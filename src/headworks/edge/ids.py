"""Names of exchanges: UUIDs of version 7 (RFC 9562), so that they sort by time."""

from __future__ import annotations

from headworks.ports.clock import Chance

_NS_PER_MS = 1_000_000
_VARIANT = 0b10 << 62
_LOW = (1 << 62) - 1


def exchange_id(wall_ns: int, chance: Chance) -> str:
    """32 hex digits: 48 bits of milliseconds since the epoch, then 74 random bits around version and variant."""
    drawn = chance.getrandbits(74)
    return f"{wall_ns // _NS_PER_MS:012x}7{drawn >> 62:03x}{drawn & _LOW | _VARIANT:016x}"
