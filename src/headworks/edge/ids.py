"""Names of exchanges: UUIDs of version 7 (RFC 9562), so that they sort by time."""

from __future__ import annotations

from headworks.ports.clock import Chance

_NS_PER_MS = 1_000_000
_MARKS = 0x7 << 76 | 0b10 << 62
"""Version and variant."""
_RANDOM = (1 << 80) - 1 & ~(0xF << 76 | 0b11 << 62)


def exchange_id(wall_ns: int, chance: Chance) -> str:
    """32 hex digits: 48 bits of milliseconds since the epoch, then 74 random bits around version and variant."""
    return (wall_ns // _NS_PER_MS << 80 | chance.getrandbits(80) & _RANDOM | _MARKS).to_bytes(16, "big").hex()
