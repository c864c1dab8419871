"""Passwords of administrators: scrypt, off the loop, few at a time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from typing import NamedTuple

from headworks.ports.clock import Chance


class Cost(NamedTuple):
    """Parameters of scrypt: memory is 128·n·r bytes."""

    n: int = 2**15
    r: int = 8
    p: int = 3


COST = Cost()
"""32 MiB and about a fifth of a second: what OWASP names beside argon2id, with the least memory."""
_AT_ONCE = 2
_LENGTH = 32


class Passwords:
    """Makes and checks verifiers: `scrypt$n$r$p$salt$hash`. One for the process."""

    def __init__(self, chance: Chance, cost: Cost = COST) -> None:
        self._chance = chance
        self._cost = cost
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobody = "$".join(("scrypt", *map(str, cost), _text(bytes(16)), _text(bytes(_LENGTH))))

    async def verifier(self, password: str) -> str:
        """What is kept of a password."""
        salt = self._chance.getrandbits(128).to_bytes(16, "big")
        return "$".join(("scrypt", *map(str, self._cost), _text(salt), _text(await self._hash(password, salt, self._cost))))

    async def fits(self, password: str, verifier: str) -> bool:
        """Whether it is this one. Takes as long where there is none: names can't be found out by the time it takes."""
        _, n, r, p, salt, kept = (verifier or self._nobody).split("$")
        made = await self._hash(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
        return hmac.compare_digest(made, base64.b64decode(kept)) and bool(verifier)

    async def _hash(self, password: str, salt: bytes, cost: Cost) -> bytes:
        async with self._turn:
            return await asyncio.to_thread(_scrypt, password.encode(), salt, cost)


def _scrypt(password: bytes, salt: bytes, cost: Cost) -> bytes:
    n, r, p = cost
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=128 * r * (n + p + 2), dklen=_LENGTH)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
