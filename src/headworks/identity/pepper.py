"""The pepper: the secret without which digests of keys are worth nothing. One per installation; replicas share it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from headworks.files import make_whole

VARIABLE = "HEADWORKS_PEPPER"
FILE = "pepper"
_BYTES = 32
_OPEN_TO_OTHERS = 0o077


class PepperRefused(Exception):
    """There is no pepper to work with; the text says what to do. It never holds the pepper."""


class Pepper:
    """One secret. Its fingerprint may be stored and shown."""

    def __init__(self, secret: bytes) -> None:
        self._keyed = hmac.new(secret, digestmod=sha256)
        self.fingerprint = self.digest(b"headworks pepper")[:8].hex()

    def digest(self, key: bytes) -> bytes:
        """HMAC-SHA256 of a key."""
        keyed = self._keyed.copy()
        keyed.update(key)
        return keyed.digest()

    def __repr__(self) -> str:
        return f"<Pepper {self.fingerprint}>"


def peppers_of(directory: Path, env: Mapping[str, str], *, shared: bool) -> tuple[Pepper, ...]:
    """The pepper in force, and after it one that is being replaced, if there is. With `shared`, replicas use one database: then they
    must be given it, for each would make its own. Else it is made in `directory` at the first start. Raises `PepperRefused`.
    """
    written = env.get(VARIABLE, "")
    if written:
        return tuple(_from_text(text.strip()) for text in written.split(",", 1))
    if shared:
        raise PepperRefused(
            f"Several gateways may share this database, so they need the same pepper. Set {VARIABLE} on all of them to the same "
            f"{_BYTES} random bytes: openssl rand -hex {_BYTES}. Who comes from one gateway with SQLite finds its pepper in its data directory."
        )
    return (Pepper(_kept(directory / FILE)),)


def _from_text(text: str) -> Pepper:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = text.encode()
    if len(secret) < _BYTES:
        raise PepperRefused(f"{VARIABLE} is too short: write {_BYTES} random bytes in hex: openssl rand -hex {_BYTES}.")
    return Pepper(secret)


def _kept(path: Path) -> bytes:
    if not path.exists():
        # Gateway and control start together: the first one's counts.
        make_whole(path, secrets.token_hex(_BYTES).encode() + b"\n")
    if path.stat().st_mode & _OPEN_TO_OTHERS:
        raise PepperRefused(f"Others may read {path}. Make it yours alone: chmod 600 {path}")
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) < _BYTES:
        raise PepperRefused(f"{path} is damaged. Restore it from a backup: without it no key made here is known any more.")
    return secret
