"""Kept answers at rest: enciphered for their tenant, on a shelf that knows neither whose they are nor what they are."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

import msgspec

from headworks.domain.kept import KEPT_SECONDS, Kept

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_NS = 10**9
_ENCODER = msgspec.msgpack.Encoder()


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on a shelf. `until` is wall-clock nanoseconds; `customer` is a reference, by which it can be forgotten."""

    id: str
    sealed: bytes
    until: int
    customer: str = ""


class Shelf(Protocol):
    """Where parcels lie."""

    def put(self, parcel: Parcel) -> None:
        """Never waits."""
        ...

    async def get(self, id: str) -> bytes | None:  # noqa: A002 - the field's name
        """What was sealed. Raises `Fault` `responses_unavailable`."""
        ...

    async def remove(self, id: str) -> bool:  # noqa: A002 - the field's name
        """Whether it was there. Raises as `get` does."""
        ...


class SealedResponses:
    """Implements `ports.responses.Responses`. `keys` are 32 bytes each: the first seals, a second one is being replaced."""

    def __init__(self, shelf: Shelf, keys: Sequence[bytes]) -> None:
        self._shelf = shelf
        self._keys = tuple(keys)

    def keep(self, tenant: str, kept: Kept) -> None:
        """See the port."""
        cipher, nonce = _cipher(self._keys[0], tenant), secrets.token_bytes(_NONCE)
        text = _ENCODER.encode((kept.at, kept.customer, bytes(kept.response), [bytes(item) for item in kept.items]))
        sealed = nonce + cipher.encrypt(nonce, text, kept.id.encode())
        until = kept.at + KEPT_SECONDS * _NS
        self._shelf.put(Parcel(id=_place(self._keys[0], tenant, kept.id), sealed=sealed, until=until, customer=kept.customer))

    async def find(self, tenant: str, id: str) -> Kept | None:  # noqa: A002 - the field's name
        """See the port."""
        for key in self._keys:
            sealed = await self._shelf.get(_place(key, tenant, id))
            if sealed is not None:
                return _opened(_cipher(key, tenant), sealed, id)
        return None

    async def forget(self, tenant: str, id: str) -> bool:  # noqa: A002 - the field's name
        """See the port."""
        return any([await self._shelf.remove(_place(key, tenant, id)) for key in self._keys])


def _place(key: bytes, tenant: str, id_: str) -> str:
    """Where a tenant's answer lies: nobody finds another's, or sees whose one is."""
    said = f"{len(tenant)}:{tenant}{id_}".encode()
    return blake2b(said, key=key, digest_size=24).hexdigest()


def _cipher(key: bytes, tenant: str) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 25 ms that only who keeps answers pays

    return AESGCM(blake2b(tenant.encode(), key=key, person=b"kept answers").digest()[:32])


def _opened(cipher: AESGCM, sealed: bytes, id_: str) -> Kept | None:
    """None for what was changed: there is nothing to be had of it."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

    try:
        text = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], id_.encode())
    except InvalidTag:
        return None
    at, customer, response, items = msgspec.msgpack.decode(text, type=tuple[int, str, bytes, list[bytes]])
    return Kept(id=id_, at=at, customer=customer, response=msgspec.Raw(response), items=tuple(map(msgspec.Raw, items)))
