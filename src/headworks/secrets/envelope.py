"""Sealing and opening: AES-256-GCM under a fresh key per secret and version, bound to whose it is, its name and version."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headworks.domain.secret import SealedSecret, SecretRef
from headworks.ports.secrets import MasterKey

_FORMAT = b"\x01"
_NONCE = 12


class SecretUnreadable(Exception):
    """It cannot be opened: another master key, or it was changed or put in another's place. The text holds nothing of it."""


class Secret:
    """A credential in the open. Nothing shows it but `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled.")


class Envelope:
    """The first master key seals; the others only open what they have sealed before they were replaced."""

    def __init__(self, masters: Sequence[MasterKey]) -> None:
        self._masters = {master.id: master for master in masters}
        self._first = masters[0]

    @property
    def master(self) -> str:
        """Id of the key that seals."""
        return self._first.id

    async def seal(self, ref: SecretRef, secret: Secret) -> SealedSecret:
        """Encipher."""
        key = AESGCM.generate_key(256)
        nonce = secrets.token_bytes(_NONCE)
        hidden = AESGCM(key).encrypt(nonce, secret.reveal().encode(), _FORMAT + ref.words())
        wrapped = await self._first.wrap(key, ref.words())
        return SealedSecret(ref=ref, master=self._first.id, wrapped=wrapped, sealed=_FORMAT + nonce + hidden)

    async def open(self, sealed: SealedSecret) -> Secret:
        """Decipher. Raises `SecretUnreadable`."""
        key = await self._key_of(sealed)
        told, nonce, hidden = sealed.sealed[:1], sealed.sealed[1 : 1 + _NONCE], sealed.sealed[1 + _NONCE :]
        try:
            return Secret(AESGCM(key).decrypt(nonce, hidden, told + sealed.ref.words()).decode())
        except (InvalidTag, ValueError):
            raise _unreadable(sealed, "its ciphertext was changed, or belongs to another secret") from None

    async def rewrap(self, sealed: SealedSecret) -> SealedSecret:
        """The same under the first master key; its ciphertext stays as it is. Raises `SecretUnreadable`."""
        key = await self._key_of(sealed)
        wrapped = await self._first.wrap(key, sealed.ref.words())
        return SealedSecret(ref=sealed.ref, master=self._first.id, wrapped=wrapped, sealed=sealed.sealed)

    async def is_current(self, sealed: SealedSecret) -> bool:
        """Whether it is wrapped by the first master key, in the version that counts now."""
        return sealed.master == self._first.id and await self._first.is_current(sealed.wrapped)

    async def _key_of(self, sealed: SealedSecret) -> bytes:
        master = self._masters.get(sealed.master)
        if master is None:
            raise _unreadable(sealed, f"it is wrapped under the master key {sealed.master}, which is not at hand")
        try:
            return await master.unwrap(sealed.wrapped, sealed.ref.words())
        except ValueError:
            raise _unreadable(sealed, "its key was changed, or belongs to another secret") from None


def _unreadable(sealed: SealedSecret, why: str) -> SecretUnreadable:
    return SecretUnreadable(
        f"The secret '{sealed.ref.name}' (version {sealed.ref.version}) cannot be opened: {why}. "
        "Give back the master key it was made with, or put it again with: headworks secrets put"
    )
