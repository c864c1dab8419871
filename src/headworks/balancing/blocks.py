"""Chained hashes of a prompt's blocks: as many equal leading ones as two prompts have in common at their beginning."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

BYTES = 1024
"""Of a block. Shorter ones cost more hashing for no better choice."""
MOST = 256
"""Blocks that are looked at."""
_DIGEST = 8


def chained(leads: Sequence[bytes], salt: bytes) -> tuple[int, ...]:
    """Of the prompt as it came, its fields in the order in which models read them; the last block may be short. Stable over processes.
    Prompts of different salts have no block in common.
    """
    data = leads[0] if len(leads) == 1 else b"".join(leads)
    link = blake2b(salt, digest_size=_DIGEST).digest()
    hashes: list[int] = []
    for start in range(0, min(len(data), BYTES * MOST), BYTES):
        link = blake2b(link + data[start : start + BYTES], digest_size=_DIGEST).digest()
        hashes.append(int.from_bytes(link, "little"))
    return tuple(hashes)
