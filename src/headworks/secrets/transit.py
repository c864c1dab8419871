"""A master key that HashiCorp Vault or OpenBao keeps in its transit engine, and never gives away."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

import msgspec

from headworks.secrets.refusal import MasterUnavailable
from headworks.secrets.transit_answers import Decrypted, Encrypted, LoggedIn, advice
from headworks.secrets.transit_place import SCHEME, Place

_KEY_BYTES = 32
_NOT_THIS = (b"message authentication failed", b"invalid ciphertext")
_Answer = TypeVar("_Answer", Encrypted, Decrypted, LoggedIn)


class Post(Protocol):
    """POST to an address: status and body of the answer. Trusts the certificates of `ca_file`, or if empty those of the system.
    Follows no redirect. Raises `OSError`.
    """

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, ca_file: str) -> Awaitable[tuple[int, bytes]]:
        """See above."""
        ...


class TransitMaster:
    """The service wraps and unwraps. Its key may have several versions: each wrapping names its own."""

    def __init__(self, place: Place, post: Post) -> None:
        self._place = place
        self._post = post
        self._token = place.token
        self._path = "/".join(part for part in (place.namespace, place.mount, place.key) if part)

    @property
    def id(self) -> str:
        """Its path, without the address: the service may move."""
        return SCHEME + self._path

    async def wrap(self, key: bytes, about: bytes) -> bytes:
        """See the port. Raises `MasterUnavailable`."""
        asked = {"plaintext": _text(key), "associated_data": _text(about)}
        return (await self._done("encrypt", asked, Encrypted)).data.ciphertext.encode()

    async def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """See the port. Raises `MasterUnavailable`."""
        asked = {"ciphertext": wrapped.decode("ascii", "replace"), "associated_data": _text(about)}
        opened = await self._done("decrypt", asked, Decrypted)
        try:
            return b64decode(opened.data.plaintext, validate=True)
        except binascii.Error:
            raise ValueError("no key came back") from None

    async def is_current(self, wrapped: bytes) -> bool:
        """See the port. What is wrapped now names the version in force. Raises `MasterUnavailable`."""
        return _version(wrapped) == _version(await self.wrap(bytes(_KEY_BYTES), b""))

    async def _done(self, act: str, asked: Mapping[str, str], answer: type[_Answer]) -> _Answer:
        if not self._token:
            await self._log_in()
        path = f"{self._place.mount}/{act}/{self._place.key}"
        status, body = await self._sent(path, asked)
        if status == HTTPStatus.FORBIDDEN and not self._place.token:
            await self._log_in()  # tokens of a role end after a while
            status, body = await self._sent(path, asked)
        if status == HTTPStatus.BAD_REQUEST and any(words in body for words in _NOT_THIS):
            raise ValueError("not wrapped by this key for this secret")
        return self._read(status, body, act, answer)

    async def _log_in(self) -> None:
        role = {"role_id": self._place.role_id, "secret_id": self._place.secret_id}
        self._token = ""
        status, body = await self._sent("auth/approle/login", role)
        self._token = self._read(status, body, "login", LoggedIn).auth.client_token

    async def _sent(self, path: str, asked: Mapping[str, str]) -> tuple[int, bytes]:
        place = self._place
        headers = {"content-type": "application/json", "x-vault-request": "true"}
        if self._token:
            headers["x-vault-token"] = self._token
        if place.namespace:
            headers["x-vault-namespace"] = place.namespace
        try:
            return await self._post(f"{place.address}/v1/{path}", headers, msgspec.json.encode(asked), ca_file=place.ca_file)
        except OSError as trouble:
            raise self._unavailable(
                f"does not answer ({type(trouble).__name__})",
                "See that it is up, that VAULT_ADDR leads there, and that its certificate is trusted (VAULT_CACERT).",
            ) from None

    def _read(self, status: int, body: bytes, act: str, answer: type[_Answer]) -> _Answer:
        if status != HTTPStatus.OK:
            raise self._unavailable(*advice(status, body, act, self._place))
        try:
            return msgspec.json.decode(body, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._unavailable("answers as Vault does not", "See that VAULT_ADDR leads to Vault or OpenBao.") from None

    def _unavailable(self, what: str, to_do: str) -> MasterUnavailable:
        return MasterUnavailable(f"The master key {self.id} cannot be used: Vault at {self._place.address} {what}. {to_do}")

    def __repr__(self) -> str:
        return f"<TransitMaster {self.id}>"


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _version(wrapped: bytes) -> bytes:
    """`vault:v3:…` → `v3`."""
    return wrapped.split(b":", 2)[1] if wrapped.count(b":") > 1 else b""
