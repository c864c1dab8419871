"""Putting, getting and removing secrets, and changing the master key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headworks.domain.secret import SealedSecret, SecretRef
from headworks.ports.secrets import SecretStore
from headworks.secrets.envelope import Envelope, Secret


class Vault:
    """The secrets of one owner; of the installation unless said otherwise."""

    def __init__(self, store: SecretStore, envelope: Envelope, owner: str = "") -> None:
        self._store = store
        self._envelope = envelope
        self._owner = owner

    async def put(self, name: str, secret: Secret, *, audit: Mapping[str, str]) -> int:
        """In place of one that is there. The version. Raises `Conflict` where somebody else puts the same at the same time."""
        version = await self._store.next_version(self._owner, name)
        sealed = await self._envelope.seal(SecretRef(owner=self._owner, name=name, version=version), secret)
        await self._store.put(sealed, audit=audit)
        return version

    async def get(self, name: str) -> Secret | None:
        """None where there is none. Raises `SecretUnreadable`."""
        sealed = await self._store.latest(self._owner, name)
        return None if sealed is None else await self._envelope.open(sealed)

    async def listed(self) -> Sequence[SealedSecret]:
        """As they are kept, by name."""
        return [sealed for sealed in await self._store.all() if sealed.ref.owner == self._owner]

    async def remove(self, name: str, *, audit: Mapping[str, str]) -> None:
        """Raises `Missing`."""
        await self._store.remove(self._owner, name, audit=audit)

    async def rotate_master(self, *, audit: Mapping[str, str]) -> int:
        """Wrap the keys of all owners' secrets that are wrapped under another master key, or an older version of it, again. How many.
        May be repeated after a failure. Raises `SecretUnreadable` for the first that cannot be opened, and leaves that one as it is.
        """
        old = [sealed for sealed in await self._store.all() if not await self._envelope.is_current(sealed)]
        for sealed in old:
            await self._store.rewrap(sealed, await self._envelope.rewrap(sealed), audit=audit)
        return len(old)
