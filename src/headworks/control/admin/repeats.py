"""Idempotency keys: what was done once is answered again, and not done again.

An answer may hold a new API key. So it is kept encrypted, under a key that is derived from the idempotency key, which is not kept.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headworks.control.admin.operation import Act
from headworks.control.admin.problems import Refusal
from headworks.domain.administration.wire.problem import Mistake
from headworks.ports.administration import Repeat

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
_LONGEST = 255
_SHORTEST = 16
_KEPT = 24 * 3600 * 1_000_000_000
_NONCE = 12


class Sent(NamedTuple):
    """An answer on its way out."""

    status: int
    body: bytes
    headers: dict[str, str]


async def once(act: Act, key: str, asked: bytes, do: Callable[[], Awaitable[Sent]]) -> Sent:
    """Do it, or answer what was answered before. `asked`: everything that makes it the same request."""
    if not (_SHORTEST <= len(key) <= _LONGEST and key.isprintable()):
        detail = f"Send {_SHORTEST} to {_LONGEST} printable characters, a UUID for example."
        raise Refusal("malformed", detail, errors=[Mistake(detail=detail, parameter="Idempotency-Key")])
    now = act.now()
    whose = act.actor.token or act.actor.id
    claim = Repeat(
        actor=whose,
        key=act.office.sealed("idempotency key", whose, key).hex(),
        request=hashlib.sha256(asked).hexdigest(),
        created_at=now,
        expires_at=now + _KEPT,
    )
    before = await act.office.people.claim_repeat(claim)
    if before is not None:
        return _again(act, key, claim, before)
    try:
        sent = await do()
    except BaseException:
        await act.office.people.conclude_repeat(claim)
        raise
    answer = _sealed(act, key, claim, msgspec.json.encode(sent))
    await act.office.people.conclude_repeat(msgspec.structs.replace(claim, status=sent.status, answer=answer))
    return sent


def _again(act: Act, key: str, claim: Repeat, before: Repeat) -> Sent:
    if before.request != claim.request:
        raise Refusal("key_reused", "Another request was sent with this Idempotency-Key. Use a new one for a new request.")
    if not before.status:
        raise Refusal("under_way", "The first request with this Idempotency-Key has no answer yet. Wait, then try again.")
    sealed = base64.b64decode(before.answer)
    said = _cipher(act, key, claim.actor).decrypt(sealed[:_NONCE], sealed[_NONCE:], claim.request.encode())
    sent = msgspec.json.decode(said, type=Sent)
    return sent._replace(headers=sent.headers | {REPLAYED: "true"})


def _sealed(act: Act, key: str, claim: Repeat, said: bytes) -> str:
    nonce = act.office.chance.getrandbits(8 * _NONCE).to_bytes(_NONCE, "big")
    return base64.b64encode(nonce + _cipher(act, key, claim.actor).encrypt(nonce, said, claim.request.encode())).decode()


def _cipher(act: Act, key: str, whose: str) -> AESGCM:
    return AESGCM(act.office.sealed("idempotent answer", whose, key))
