"""Chained hashes of a prompt's blocks: as many equal leading ones as two prompts have in common at their beginning."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from struct import unpack

BYTES = 1024
"""Of a block. Shorter ones cost more hashing for no better choice."""
MOST = 256
"""Blocks that are looked at."""
_DIGEST = 8
"""Bytes of a hash that are kept. SHA-256 is what most processors have an instruction for."""


def chained(leads: Sequence[bytes], salt: bytes) -> tuple[int, ...]:
    """Of the prompt as it came, its fields in the order in which models read them; the last block may be short. Stable over processes.
    Prompts of different salts have no block in common.
    """
    data = leads[0] if len(leads) == 1 else _beginning(leads)
    chain, digests = sha256(b"%d:%b" % (len(salt), salt)), list[bytes]()
    for start in range(0, min(len(data), BYTES * MOST), BYTES):
        chain.update(data[start : start + BYTES])
        digests.append(chain.copy().digest()[:_DIGEST])
    return unpack(f"<{len(digests)}Q", b"".join(digests))


def tokens_a_block(leads: Sequence[bytes], blocks: int, tokens: int) -> float:
    """Of a prompt of so many tokens. Of a longer one than is looked at nobody knows that they have all of it."""
    whole = sum(map(len, leads)) / BYTES
    return tokens / max(whole, blocks) if blocks else 0.0


def _beginning(leads: Sequence[bytes]) -> bytes:
    """No more than is looked at."""
    pieces, left = list[bytes](), BYTES * MOST
    for lead in leads:
        pieces.append(lead[:left])
        left -= len(pieces[-1])
    return b"".join(pieces)
