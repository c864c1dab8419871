"""What Vault's transit engine and its AppRole login answer. Their own words are not repeated: ours say what to do."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from headworks.secrets.transit_place import Place

_Advice = tuple[str, str]


class Ciphertext(msgspec.Struct):
    """`vault:v1:…`: the version of the key that made it, and what it made."""

    ciphertext: str


class Plaintext(msgspec.Struct):
    """Base64."""

    plaintext: str

    def __repr__(self) -> str:
        return "<Plaintext>"


class Auth(msgspec.Struct):
    """Who has logged in."""

    client_token: str

    def __repr__(self) -> str:
        return "<Auth>"


class Encrypted(msgspec.Struct):
    """Of `encrypt`."""

    data: Ciphertext


class Decrypted(msgspec.Struct):
    """Of `decrypt`."""

    data: Plaintext


class LoggedIn(msgspec.Struct):
    """Of a login."""

    auth: Auth


_ROLE_REFUSED: _Advice = (
    "refuses the role",
    "See VAULT_ROLE_ID and VAULT_SECRET_ID: the secret may have ended or been used up.",
)
_MOVED: _Advice = ("sends us elsewhere", "Let VAULT_ADDR name the active node, or a balancer before it.")
_OTHER: _Advice = (
    "answers {status}",
    "Its log says why. The key must be one that encrypts and derives nothing, such as aes256-gcm96.",
)
_BY_WORDS: dict[bytes, _Advice] = {
    b"sealed": ("is sealed", "Unseal it: vault operator unseal"),
    b"encryption key not found": ("has no such key", "Make it: vault write -f {mount}/keys/{key}"),
    b"disallowed by policy": (
        "opens nothing of that version of its key any more",
        "Lower min_decryption_version at {mount}/keys/{key}/config, run headworks secrets rotate-master, and raise it again.",
    ),
}
_BY_STATUS: dict[int, _Advice] = {
    HTTPStatus.FORBIDDEN: (
        "permits no {act}",
        "The token has ended, or its policy lacks 'update' on {mount}/encrypt/{key} and {mount}/decrypt/{key}.",
    ),
    HTTPStatus.NOT_FOUND: ("has no such engine", "Enable it: vault secrets enable -path={mount} transit"),
    HTTPStatus.TOO_MANY_REQUESTS: ("has had enough requests for now", "Try again later, or raise its quota."),
}


def advice(status: int, body: bytes, act: str, place: Place) -> _Advice:
    """What a refusal means, and what to do about it. `act` is `encrypt`, `decrypt`, or `login`."""
    what, to_do = _fitting(status, body, act)
    facts = {"status": status, "act": act, "mount": place.mount, "key": place.key}
    return what.format(**facts), to_do.format(**facts)


def _fitting(status: int, body: bytes, act: str) -> _Advice:
    if act == "login" and status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
        return _ROLE_REFUSED
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _MOVED
    said = (found for words, found in _BY_WORDS.items() if words in body)
    return next(said, None) or _BY_STATUS.get(status, _OTHER)
