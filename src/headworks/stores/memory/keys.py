"""Keys that stand in the configuration."""

from __future__ import annotations

import hashlib

from headworks.domain.principal import Principal
from headworks.domain.snapshot import Snapshot


class SnapshotKeys:
    """`ports.stores.Keys` over the snapshot alone: every answer is known without waiting."""

    def peek(self, key: bytes, snapshot: Snapshot) -> Principal | None:
        """Only a digest is ever compared."""
        return snapshot.principals.get(hashlib.sha256(key).digest())

    async def find(self, key: bytes, snapshot: Snapshot, peer: str = "") -> Principal | None:  # noqa: ARG002 - the port's signature
        """The same, for there is nowhere else to look."""
        return self.peek(key, snapshot)

    async def certified(self, certificate: bytes, snapshot: Snapshot) -> Principal | None:  # noqa: ARG002 - the port's signature
        """Nobody: certificates lead to parties, which a configuration has none of."""
        return None
