"""Where credentials are kept, and what they are wrapped with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from headworks.domain.secret import SealedSecret


class MasterKey(Protocol):
    """Wraps the keys of secrets: a key at hand, or a key service (KMS, Vault) that never gives its own away."""

    @property
    def id(self) -> str:
        """What is kept beside what it wrapped, to find it again. Never secret."""
        ...

    async def wrap(self, key: bytes, about: bytes) -> bytes:
        """`key` is 32 bytes. `about` is bound to it, and not hidden."""
        ...

    async def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """Raises `ValueError`, without a word of what it holds, where it was not this key or not about this."""
        ...

    async def is_current(self, wrapped: bytes) -> bool:
        """Whether it was wrapped by the version of this key that wraps now."""
        ...


class SecretStore(Protocol):
    """Sealed secrets. Each write is one transaction with its audit record."""

    async def latest(self, owner: str, name: str) -> SealedSecret | None:
        """The one in force; None where there is none."""
        ...

    async def all(self) -> Sequence[SealedSecret]:
        """Those in force, by owner and name."""
        ...

    async def next_version(self, owner: str, name: str) -> int:
        """One more than was ever used for this name."""
        ...

    async def put(self, secret: SealedSecret, *, audit: Mapping[str, str]) -> None:
        """In place of the one in force, whose ciphertext is forgotten. Raises `ports.records.Conflict` where the version is taken."""
        ...

    async def rewrap(self, before: SealedSecret, after: SealedSecret, *, audit: Mapping[str, str]) -> None:
        """The same version under another master key. Raises `Conflict` where it was replaced meanwhile."""
        ...

    async def remove(self, owner: str, name: str, *, audit: Mapping[str, str]) -> None:
        """Forget the ciphertext of all versions. Raises `ports.records.Missing`."""
        ...
