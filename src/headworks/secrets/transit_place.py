"""Which key of which Vault, as the environment says: by the names that Vault's and OpenBao's own tools read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from headworks.secrets.refusal import MasterRefused

SCHEME = "vault:"
_MOUNT = "transit"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a transit engine, and who asks: a token, or a role with its secret."""

    address: str
    """`https://HOST:PORT`, without a path."""
    mount: str
    key: str
    namespace: str = ""
    ca_file: str = ""
    token: str = ""
    role_id: str = ""
    secret_id: str = ""

    def __repr__(self) -> str:
        return f"<Place {self.mount}/{self.key} at {self.address}>"


def place_of(written: str, env: Mapping[str, str], read: Callable[[str], str]) -> Place:
    """`written` is `vault:KEY` or `vault:MOUNT/KEY`; `read` gives the text of a file. Raises `MasterRefused`."""
    mount, _, key = written.removeprefix(SCHEME).strip("/").rpartition("/")
    if not key:
        raise MasterRefused(f"'{written}' names no key: write {SCHEME}KEY, or {SCHEME}MOUNT/KEY.")

    def given(name: str) -> str:
        text = (env.get(f"VAULT_{name}") or env.get(f"BAO_{name}") or "").strip()
        return read(text.removeprefix("file:")) if text.startswith("file:") else text

    place = Place(
        address=_address(given("ADDR"), written),
        mount=mount or _MOUNT,
        key=key,
        namespace=given("NAMESPACE").strip("/"),
        ca_file=given("CACERT"),
        token=given("TOKEN"),
        role_id=given("ROLE_ID"),
        secret_id=given("SECRET_ID"),
    )
    if not place.token and not (place.role_id and place.secret_id):
        raise MasterRefused(
            f"Nobody says who asks Vault for {written}. Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, or file:/path of a file that holds one."
        )
    return place


def _address(text: str, written: str) -> str:
    if not text:
        raise MasterRefused(f"Nobody says where the Vault of {written} is. Set VAULT_ADDR: https://HOST:8200")
    parts = urlsplit(text)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return text.rstrip("/")
    raise MasterRefused(
        "VAULT_ADDR must begin with https://: what is sent there is a token, and what comes back opens secrets."
    )
