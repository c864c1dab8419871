"""Master keys: from the environment, from a file, kept by a Vault, or made in the data directory at first use."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headworks.files import make_whole
from headworks.ports.secrets import MasterKey
from headworks.secrets.refusal import MasterRefused
from headworks.secrets.transit import Post, TransitMaster
from headworks.secrets.transit_place import SCHEME, place_of

VARIABLE = "HEADWORKS_MASTER_KEY"
FILE = "master-key"
_BYTES = 32
_NONCE = 12
_OPEN_TO_OTHERS = 0o077


class LocalMaster:
    """AES-256-GCM under 32 random bytes."""

    def __init__(self, secret: bytes) -> None:
        """Raises `MasterRefused` for anything but 32 bytes."""
        if len(secret) != _BYTES:
            raise MasterRefused(
                f"A master key has {_BYTES} bytes, this one {len(secret)}. Make one with: openssl rand -hex {_BYTES}"
            )
        self._cipher = AESGCM(secret)
        self._id = f"local:{sha256(b'headworks master key' + secret).hexdigest()[:16]}"

    @property
    def id(self) -> str:
        """A fingerprint."""
        return self._id

    async def wrap(self, key: bytes, about: bytes) -> bytes:
        """See the port."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, self._bound(about))

    async def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """See the port."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], self._bound(about))
        except (InvalidTag, ValueError):
            raise ValueError("not wrapped by this key for this secret") from None

    async def is_current(self, wrapped: bytes) -> bool:  # noqa: ARG002 - the port's signature
        """See the port: it has no versions."""
        return True

    def _bound(self, about: bytes) -> bytes:
        return self._id.encode() + b"|" + about

    def __repr__(self) -> str:
        return f"<LocalMaster {self._id}>"


def masters_of(directory: Path, env: Mapping[str, str], *, shared: bool, post: Post) -> Sequence[MasterKey]:
    """The master key in force, and after it those that it replaced: HEADWORKS_MASTER_KEY, each 64 hex digits, `file:/path`, or `vault:KEY`
    for one that is asked by `post`, separated by commas. Without it one is made in `directory`, unless replicas share the database.
    Raises `MasterRefused`.
    """
    written = [text.strip() for text in env.get(VARIABLE, "").split(",") if text.strip()]
    if written:
        return tuple(_master_of(text, env, post) for text in written)
    if shared:
        raise MasterRefused(
            f"Several gateways may share this database, so they need the same master key. Set {VARIABLE} on all of them: "
            f"openssl rand -hex {_BYTES}, file:/path of a file that holds it, or {SCHEME}KEY of a Vault."
        )
    return (LocalMaster(_kept(directory / FILE)),)


def _master_of(text: str, env: Mapping[str, str], post: Post) -> MasterKey:
    if text.startswith(SCHEME):
        return TransitMaster(place_of(text, env, _text_of), post)
    if text.startswith("file:"):
        return LocalMaster(_read(Path(text.removeprefix("file:"))))
    return LocalMaster(_bytes_of(text, VARIABLE))


def _bytes_of(text: str, where: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        raise MasterRefused(
            f"{where} is no master key: write {2 * _BYTES} hex digits, from openssl rand -hex {_BYTES}."
        ) from None


def _read(path: Path) -> bytes:
    return _bytes_of(_text_of(str(path)), str(path))


def _text_of(name: str) -> str:
    """Of a file that nobody else may read."""
    path = Path(name)
    try:
        text, mode = path.read_text("utf-8"), path.stat().st_mode
    except (OSError, UnicodeDecodeError):
        raise MasterRefused(f"The file {path} cannot be read. Mend its path or its permissions.") from None
    if mode & _OPEN_TO_OTHERS:
        raise MasterRefused(f"Others may read {path}. Make it yours alone: chmod 600 {path}")
    return text.strip()


def _kept(path: Path) -> bytes:
    """Made once: a second process that comes meanwhile finds the first one's."""
    if not path.exists():
        make_whole(path, secrets.token_hex(_BYTES).encode() + b"\n")
    return _read(path)
