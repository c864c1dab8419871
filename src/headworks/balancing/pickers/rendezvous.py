"""Rendezvous hashing: every key has its own ranking of the targets, which others' coming and going does not change."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import log

from headworks.domain.envelope import Envelope
from headworks.domain.target import Target

_SPAN = float(1 << 64)


def ranked(envelope: Envelope, targets: Sequence[Target]) -> list[Target]:
    """All of `targets`, the home of the envelope's `affinity` first. Of many keys, each is home to a share in proportion to its weight.
    The same affinity of two tenants is two keys.
    """
    key = blake2b(f"{envelope.tenant}\0{envelope.affinity}".encode(), digest_size=16).digest()
    return sorted(targets, key=lambda target: (_far(key, target), target.name))


def _far(key: bytes, target: Target) -> float:
    """How far a target is from a key: exponentially distributed, with the weight as rate."""
    drawn = int.from_bytes(blake2b(target.name.encode(), key=key, digest_size=8).digest()) + 1
    return -log(drawn / _SPAN) / (target.weight or 1)
